/* Writes a session in DER into a BIO. */
static struct bytes to_der_bio(SSL_SESSION *session)
{
    BIO *bio = BIO_new(BIO_s_mem());

    return written(bio, i2d_SSL_SESSION_bio(bio, session));
}
