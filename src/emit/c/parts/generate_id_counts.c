static int generate_id_counts(SSL *ssl, unsigned char *id, unsigned int *length)
{
    static unsigned char number;

    (void)ssl;
    happens("generate_id", 0, NULL);
    if (*length > 32)
        *length = 32;
    memset(id, 0xa5, *length);
    id[0] = number++;
    return 1;
}
