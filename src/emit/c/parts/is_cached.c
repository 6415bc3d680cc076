/* Whether a context has this very session in its cache. */
static int is_cached(SSL_CTX *context, SSL_SESSION *session)
{
    return OPENSSL_LH_retrieve((OPENSSL_LHASH *)SSL_CTX_sessions(context), session) == session;
}
