/* A session that both sides agreed on by other means: a new one, or a reference to one that is kept. */
static SSL_SESSION *agreed_before(SSL *ssl, int shares)
{
    static const unsigned char suite[] = { 0x13, 0x02 };
    static int kept_at = -1;
    unsigned char key[48];
    SSL_SESSION *session;

    if (shares && kept_at >= kept_first && kept_at < kept_end) {
        SSL_SESSION_up_ref(kept[kept_at]);
        return kept[kept_at];
    }
    session = SSL_SESSION_new();
    memset(key, 0x5d, sizeof(key));
    SSL_SESSION_set1_master_key(session, key, sizeof(key));
    SSL_SESSION_set_cipher(session, SSL_CIPHER_find(ssl, suite));
    SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION);
    if (shares && SSL_SESSION_up_ref(session)) {
        kept_at = kept_end;
        kept[kept_end++] = session;
    }
    return session;
}
