static int alpn_cb_h2(SSL *ssl, const unsigned char **out, unsigned char *out_length,
                         const unsigned char *list, unsigned int length, void *argument)
{
    unsigned int at;

    (void)ssl, (void)argument;
    happens("alpn_select", length, NULL, NULL);
    for (at = 0; at < length; at += 1 + list[at])
        if (list[at] == 2 && memcmp(list + at + 1, "h2", 2) == 0) {
            *out = list + at + 1;
            *out_length = 2;
            return SSL_TLSEXT_ERR_OK;
        }
    return SSL_TLSEXT_ERR_NOACK;
}
