/* How many bytes the last call took; -2 where the session is not also where it should be put. */
static long long taken_ex;

/* Makes a session of DER, by way of a pointer to NULL. */
static SSL_SESSION *from_der_ex(struct bytes der)
{
    const unsigned char *at = der.at;
    SSL_SESSION *session = NULL;
    SSL_SESSION *returned = d2i_SSL_SESSION_ex(&session, &at, (long)der.length, NULL, NULL);

    taken_ex = session == returned ? at - (const unsigned char *)der.at : -2;
    return returned;
}
