/* Sends one more ticket, and reads it. */
static int new_session_ticket(SSL *server)
{
    int returned = SSL_new_session_ticket(server);
    int at;
    char byte;

    if (returned == 1) {
        SSL_do_handshake(server);
        for (at = pairs; peer_of[at - 1].server != server;)
            at--;
        SSL_read(peer_of[at - 1].client, &byte, 1);
    }
    ERR_clear_error();
    return returned;
}
