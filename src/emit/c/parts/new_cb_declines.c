static int new_cb_declines(SSL *ssl, SSL_SESSION *session)
{
    unsigned int length;

    (void)ssl;
    SSL_SESSION_get_id(session, &length);
    happens("new_session", (int)length, NULL, session);
    return 0;
}
