static int alpn_cb_refuses(SSL *ssl, const unsigned char **out, unsigned char *out_length,
                         const unsigned char *list, unsigned int length, void *argument)
{
    (void)ssl, (void)out, (void)out_length, (void)list, (void)argument;
    happens("alpn_select", length, NULL, NULL);
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}
