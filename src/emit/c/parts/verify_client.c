/* Asks a client for its certificate, lets it answer, and lets it read the tickets that come then. */
static int verify_client(SSL *server)
{
    int returned = SSL_verify_client_post_handshake(server);
    SSL *client = peer_of_server(server);
    char byte;

    if (returned == 1) {
        watch_alerts(client, server);
        acted(1, SSL_do_handshake(server));
        acted(0, SSL_read(client, &byte, 1));
        acted(1, SSL_read(server, &byte, 1));
        acted(0, SSL_read(client, &byte, 1)); /* the tickets */
        tell_alerts();
    }
    ERR_clear_error();
    return returned;
}
