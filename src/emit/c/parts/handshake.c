/* Who shook hands with whom: application data would do, but SSL_dup fails for a connection that has some. */
static struct pair {
    SSL *server, *client;
} peer_of[256];
static int pairs;

/* A handshake in memory: 1 for a client that has finished, plus 2 for such a server, plus 4 and 8 where they resumed. */
static int handshake(SSL *client, SSL *server)
{
    BIO *a = BIO_new(BIO_s_mem()), *b = BIO_new(BIO_s_mem());
    int client_is_done = 0, server_is_done = 0, flight;
    char byte;

    BIO_up_ref(a);
    BIO_up_ref(b);
    SSL_set_bio(client, a, b);
    SSL_set_bio(server, b, a);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    pairs += pairs < 256;
    peer_of[pairs - 1] = (struct pair){ server, client };
#ifdef GROUPS
    SSL_set1_groups_list(client, GROUPS);
    SSL_set1_groups_list(server, GROUPS);
#endif
    use_certificate(server);
    watch_alerts(client, server);
    begin_early_data(client, server);
    for (flight = 0; flight < 5 && !(client_is_done && server_is_done); flight++) {
        client_is_done = client_is_done || acted(0, client_goes_on(client)) == 1;
        server_is_done = server_is_done || acted(1, server_goes_on(server)) == 1;
    }
    if (client_is_done)
        acted(0, SSL_read(client, &byte, 1)); /* the tickets */
    tell_alerts();
    ERR_clear_error();
    return client_is_done + 2 * server_is_done + 4 * SSL_session_reused(client) + 8 * SSL_session_reused(server)
        + (client_is_done && server_is_done ? early_data_taken(client, server) : 0);
}
