/* Writes a session in PEM. */
static struct bytes to_pem(SSL_SESSION *session)
{
    BIO *bio = BIO_new(BIO_s_mem());

    return written(bio, PEM_write_bio_SSL_SESSION(bio, session));
}
