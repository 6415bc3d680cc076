static int new_cb_declines(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl, (void)session;
    happens("new_session", 0, NULL);
    return 0;
}
