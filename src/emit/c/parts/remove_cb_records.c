static void remove_cb_records(SSL_CTX *context, SSL_SESSION *session)
{
    (void)context, (void)session;
    happens("remove", 0, NULL, session);
}
