/* Sends one more ticket, and reads it. */
static int new_session_ticket(SSL *server)
{
    int returned = SSL_new_session_ticket(server);
    int at;
    char byte;

    if (returned == 1) {
        for (at = pairs; peer_of[at - 1].server != server;)
            at--;
        watch_alerts(peer_of[at - 1].client, server);
        acted(1, SSL_do_handshake(server));
        acted(0, SSL_read(peer_of[at - 1].client, &byte, 1));
        tell_alerts();
    }
    ERR_clear_error();
    return returned;
}
