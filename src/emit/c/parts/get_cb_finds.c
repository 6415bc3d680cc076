static SSL_SESSION *get_cb_finds(SSL *ssl, const unsigned char *id, int length, int *copy)
{
    (void)ssl, (void)copy;
    return find_kept(id, length, 0);
}
