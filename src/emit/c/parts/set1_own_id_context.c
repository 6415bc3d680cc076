/* Sets what the session lends to the session again. */
static int set1_own_id_context(SSL_SESSION *session)
{
    unsigned int length = 0;
    const unsigned char *own = SSL_SESSION_get0_id_context(session, &length);

    return SSL_SESSION_set1_id_context(session, own, length);
}
