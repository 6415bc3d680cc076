/* The protocol that the server has selected. */
static struct bytes alpn_of(SSL *ssl)
{
    const unsigned char *at;
    unsigned int length;

    SSL_get0_alpn_selected(ssl, &at, &length);
    return (struct bytes){ at, length };
}
