/* What the last call returned that wrote into a BIO. */
static long long wrote_bio;

/* Takes what was written into a BIO. */
static struct bytes written(BIO *bio, int returned)
{
    struct bytes text = { NULL, 0 };
    char *at = NULL;
    long length = BIO_get_mem_data(bio, &at);

    wrote_bio = returned;
    if (length > 0) {
        text.at = memcpy(malloc((size_t)length), at, (size_t)length);
        text.length = (size_t)length;
    }
    BIO_free(bio);
    return text;
}
