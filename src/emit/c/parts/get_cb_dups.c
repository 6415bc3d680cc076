static SSL_SESSION *get_cb_dups(SSL *ssl, const unsigned char *id, int length, int *copy)
{
    SSL_SESSION *found = find_kept(id, length, 0);

    (void)ssl;
    *copy = 0;
    return found == NULL ? NULL : SSL_SESSION_dup(found);
}
