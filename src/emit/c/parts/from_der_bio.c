/* Makes a session of DER that a BIO gives. */
static SSL_SESSION *from_der_bio(struct bytes der)
{
    BIO *bio = BIO_new_mem_buf(der.length == 0 ? "" : der.at, (int)der.length);
    SSL_SESSION *session = d2i_SSL_SESSION_bio(bio, NULL);

    BIO_free(bio);
    return session;
}
