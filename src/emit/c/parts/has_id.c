/* Whether a context has a session with this version and id in its cache; with NULL, any id of this length. */
static int looked_version, looked_found;
static const unsigned char *looked_id;
static unsigned int looked_length;

static void look(void *each, void *unused)
{
    unsigned int length;
    const unsigned char *id = SSL_SESSION_get_id(each, &length);

    (void)unused;
    looked_found |= SSL_SESSION_get_protocol_version(each) == looked_version && length == looked_length
        && (looked_id == NULL || memcmp(id, looked_id, length) == 0);
}

static int has_id(SSL_CTX *context, int version, const unsigned char *id, unsigned int length)
{
    looked_version = version, looked_id = id, looked_length = length, looked_found = 0;
    OPENSSL_LH_doall_arg((OPENSSL_LHASH *)SSL_CTX_sessions(context), look, NULL);
    return looked_found;
}
