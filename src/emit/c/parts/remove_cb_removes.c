/* The library calls for a session that is not there, too: once is enough. */
static void remove_cb_removes(SSL_CTX *context, SSL_SESSION *session)
{
    static int within;

    happens("remove", 0, NULL, session);
    if (within++ == 0)
        SSL_CTX_remove_session(context, session);
    within--;
}
