/* A session that is kept from here on, if there is one. */
static SSL_SESSION *kept_of(SSL_SESSION *session)
{
    if (session != NULL)
        keep(session, 0);
    return session;
}
