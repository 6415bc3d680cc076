static int server_name_cb_refuses(SSL *ssl, int *alert, void *argument)
{
    (void)ssl, (void)alert, (void)argument;
    happens("server_name", 0, NULL, NULL);
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}
