/* What a callback may give: a session with a suite and a key, of TLS 1.3 where that is asked. */
static int complete(SSL_SESSION *session, int tls13)
{
    return (!tls13 || SSL_SESSION_get_protocol_version(session) == TLS1_3_VERSION)
           && SSL_SESSION_get0_cipher(session) != NULL && SSL_SESSION_get_master_key(session, NULL, 0) > 0;
}
