/* Sets what the session lends to the session again. */
static int set1_own_id(SSL_SESSION *session)
{
    unsigned int length = 0;
    const unsigned char *own = SSL_SESSION_get_id(session, &length);

    return SSL_SESSION_set1_id(session, own, length);
}
