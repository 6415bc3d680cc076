static int ticket_key_cb_second(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *ctx, EVP_MAC_CTX *mac, int seals)
{
    (void)ssl;
    return ticket_key(name, iv, ctx, mac, seals, 2);
}
