/* Lets a context open what another one has sealed. */
static long copy_ticket_keys(SSL_CTX *to, SSL_CTX *from)
{
    unsigned char keys[80];

    return SSL_CTX_get_tlsext_ticket_keys(from, keys, sizeof(keys)) == 1
        ? SSL_CTX_set_tlsext_ticket_keys(to, keys, sizeof(keys))
        : 0;
}
