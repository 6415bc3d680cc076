/* The cipher suite with this code. */
static const SSL_CIPHER *cipher(unsigned int code)
{
    static SSL *ssl;
    unsigned char bytes[2];

    if (ssl == NULL)
        ssl = SSL_new(SSL_CTX_new(TLS_method()));
    bytes[0] = (unsigned char)(code >> 8);
    bytes[1] = (unsigned char)code;
    return SSL_CIPHER_find(ssl, bytes);
}
