/* A new session belongs to a context. */
static SSL_SESSION *new_session(void)
{
    static SSL_CTX *context;
    SSL_SESSION *session;

    if (context == NULL && (context = SSL_CTX_new(TLS_method())) == NULL)
        exit(2);
    session = NEW(context);
MARK
    return session;
}
#define SSL_SESSION_new() new_session()
