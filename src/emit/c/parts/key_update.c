/* Updates keys; the other side reads that, and answers where it is asked to. */
static int key_update(SSL *ssl, int kind)
{
    int returned = SSL_key_update(ssl, kind), server = SSL_is_server(ssl), at = pairs;
    SSL *other;
    char byte;

    if (returned == 1) {
        while (peer_of[at - 1].server != ssl && peer_of[at - 1].client != ssl)
            at--;
        other = server ? peer_of[at - 1].client : peer_of[at - 1].server;
        watch_alerts(server ? other : ssl, server ? ssl : other);
        acted(server, SSL_do_handshake(ssl));
        acted(!server, SSL_read(other, &byte, 1));
        if (kind == SSL_KEY_UPDATE_REQUESTED && SSL_is_init_finished(other))
            acted(!server, SSL_write(other, "u", 1)); /* the answer goes with what is written next */
        if (kind == SSL_KEY_UPDATE_REQUESTED)
            acted(server, SSL_read(ssl, &byte, 1));
        tell_alerts();
    }
    ERR_clear_error();
    return returned;
}
