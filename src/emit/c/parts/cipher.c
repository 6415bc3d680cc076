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

static long long cipher_of(SSL_SESSION *session)
{
    const SSL_CIPHER *found = SSL_SESSION_get0_cipher(session);

    return found == NULL ? -1 : SSL_CIPHER_get_protocol_id(found);
}
