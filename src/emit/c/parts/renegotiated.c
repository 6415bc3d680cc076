/* Makes the handshake that a server asks for, by one of two functions, if the one before has finished. */
static int renegotiated(SSL *server, int (*asked)(SSL *))
{
    int returned = SSL_is_init_finished(server) ? asked(server) : 0, at;
    SSL *client = peer_of_server(server);
    char byte;

    if (returned == 1) {
        use_certificate(server);
        watch_alerts(client, server);
        acted(1, SSL_do_handshake(server));
        for (at = 0; at < 5; at++) {
            acted(0, SSL_read(client, &byte, 1));
            acted(1, SSL_read(server, &byte, 1));
        }
        tell_alerts();
    }
    ERR_clear_error();
    return returned;
}
