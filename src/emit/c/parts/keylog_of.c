/* Writes a line of a key log. */
static struct bytes keylog_of(SSL_SESSION *session)
{
    BIO *bio = BIO_new(BIO_s_mem());

    return written(bio, SSL_SESSION_print_keylog(bio, session));
}
