static void begin_early_data(SSL *client, SSL *server)
{
    (void)client;
    (void)server;
}

static int client_goes_on(SSL *client)
{
    return SSL_do_handshake(client);
}

static int server_goes_on(SSL *server)
{
    return SSL_do_handshake(server);
}

static int early_data_taken(SSL *client, SSL *server)
{
    (void)client;
    (void)server;
    return 0;
}
