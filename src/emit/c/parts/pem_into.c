/* Reads PEM into a session: 0, -1 where the library refuses, -2 where it returns another session. */
static long long pem_into(SSL_SESSION *session, struct bytes text)
{
    BIO *bio = BIO_new_mem_buf(text.length == 0 ? "" : text.at, (int)text.length);
    SSL_SESSION *variable = session;
    SSL_SESSION *returned = PEM_read_bio_SSL_SESSION(bio, &variable, no_password, NULL);

    BIO_free(bio);
    if (variable != session || (returned != NULL && returned != session))
        return -2;
    return returned == NULL ? -1 : 0;
}
