/* A session that both sides agreed on by other means: a new one, or a reference to one that is kept. */
static SSL_SESSION *agreed_before(SSL *ssl, int shares)
{
    static const unsigned char suite[] = { 0x13, 0x02 };
    unsigned char key[48];
    SSL_SESSION *session;
    int i;

    for (i = kept_first; shares && i < kept_end; i++) {
        if (kept_by[i] == 2 && SSL_SESSION_up_ref(kept[i]))
            return kept[i];
    }
    session = SSL_SESSION_new();
    memset(key, 0x5d, sizeof(key));
    SSL_SESSION_set1_master_key(session, key, sizeof(key));
    SSL_SESSION_set_cipher(session, SSL_CIPHER_find(ssl, suite));
    SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION);
    if (shares && SSL_SESSION_up_ref(session)) {
        kept_by[kept_end] = 2;
        kept[kept_end++] = session;
    }
    return session;
}
