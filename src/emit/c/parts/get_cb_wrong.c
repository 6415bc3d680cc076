static SSL_SESSION *get_cb_wrong(SSL *ssl, const unsigned char *id, int length, int *copy)
{
    (void)ssl;
    *copy = 1;
    return find_kept(id, length, 1);
}
