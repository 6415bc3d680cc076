static int generate_id_short(SSL *ssl, unsigned char *id, unsigned int *length)
{
    (void)ssl;
    return generate_id(id, length, 8);
}
