/* Writes a session for people to read. */
static struct bytes printed(SSL_SESSION *session)
{
    BIO *bio = BIO_new(BIO_s_mem());

    return written(bio, SSL_SESSION_print(bio, session));
}
