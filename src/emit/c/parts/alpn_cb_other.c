static int alpn_cb_other(SSL *ssl, const unsigned char **out, unsigned char *out_length,
                         const unsigned char *list, unsigned int length, void *argument)
{
    (void)ssl, (void)list, (void)argument;
    happens("alpn_select", length, NULL, NULL);
    *out = (const unsigned char *)"other";
    *out_length = 5;
    return SSL_TLSEXT_ERR_OK;
}
