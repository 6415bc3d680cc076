/* Makes a session of PEM. */
static SSL_SESSION *from_pem(struct bytes text)
{
    BIO *bio = BIO_new_mem_buf(text.length == 0 ? "" : text.at, (int)text.length);
    SSL_SESSION *session = PEM_read_bio_SSL_SESSION(bio, NULL, no_password, NULL);

    BIO_free(bio);
    return session;
}
