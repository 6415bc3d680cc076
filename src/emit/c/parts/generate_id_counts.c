static int generate_id_counts(SSL *ssl, unsigned char *id, unsigned int *length)
{
    (void)ssl;
    return generate_id(id, length, 32);
}
