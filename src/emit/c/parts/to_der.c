/* What the last call wrote: its length or 1; -2 where the ways of writing do not agree. */
static long long wrote;

/* Writes a session in DER: asks for the length, writes into a buffer of that length, and into one that the library makes. */
static struct bytes to_der(SSL_SESSION *session)
{
    struct bytes der = { NULL, 0 };
    unsigned char *begin, *at, *made = NULL;
    int length = i2d_SSL_SESSION(session, NULL);

    wrote = length;
    if (length <= 0)
        return der;
    begin = at = malloc((size_t)length);
    if (i2d_SSL_SESSION(session, &at) != length || at - begin != length || i2d_SSL_SESSION(session, &made) != length
        || memcmp(begin, made, (size_t)length) != 0)
        wrote = -2;
    OPENSSL_free(made);
    der.at = begin;
    der.length = (size_t)length;
    return der;
}
