static int alpn_cb_first(SSL *ssl, const unsigned char **out, unsigned char *out_length,
                         const unsigned char *list, unsigned int length, void *argument)
{
    (void)ssl, (void)argument;
    happens("alpn_select", length, NULL, NULL);
    *out = list + 1;
    *out_length = list[0];
    return SSL_TLSEXT_ERR_OK;
}
