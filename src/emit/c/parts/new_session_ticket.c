/* Sends one more ticket, and reads it. */
static int new_session_ticket(SSL *server)
{
    int returned = SSL_new_session_ticket(server);
    char byte;

    if (returned == 1) {
        SSL_do_handshake(server);
        SSL_read((SSL *)SSL_get_app_data(server), &byte, 1);
    }
    ERR_clear_error();
    return returned;
}
