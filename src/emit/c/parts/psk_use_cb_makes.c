static int psk_use_cb_makes(SSL *ssl, const EVP_MD *digest, const unsigned char **id, size_t *length,
    SSL_SESSION **session)
{
    (void)digest;
    happens("psk_use", 0, NULL, NULL);
    *id = (const unsigned char *)"agreed before";
    *length = 13;
    *session = agreed_before(ssl, 0);
    return 1;
}
