/* Reads DER into a session: how many bytes were taken, -1 where the library refuses, -2 where it returns another session. */
static long long d2i_into(SSL_SESSION *session, struct bytes der)
{
    const unsigned char *at = der.at;
    SSL_SESSION *variable = session;
    SSL_SESSION *returned = d2i_SSL_SESSION(&variable, &at, (long)der.length);

    if (variable != session || (returned != NULL && returned != session))
        return -2;
    return returned == NULL ? -1 - (at - (const unsigned char *)der.at) : at - (const unsigned char *)der.at;
}
