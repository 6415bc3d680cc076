static int ticket_key_cb_refuses(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *ctx, EVP_MAC_CTX *mac, int seals)
{
    int given = ticket_key(name, iv, ctx, mac, seals, 1);

    (void)ssl;
    return seals ? 0 : given;
}
