/* Sends one more ticket, and reads it. */
static int new_session_ticket(SSL *server)
{
    int returned = SSL_new_session_ticket(server);
    SSL *client = peer_of_server(server);
    char byte;

    if (returned == 1) {
        watch_alerts(client, server);
        acted(1, SSL_do_handshake(server));
        acted(0, SSL_read(client, &byte, 1));
        tell_alerts();
    }
    ERR_clear_error();
    return returned;
}
