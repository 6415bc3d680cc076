/* Finds the element with this tag in the DER of a session: its contents, or NULL. */
static struct bytes element(SSL_SESSION *session, int tag)
{
    struct bytes found = { NULL, 0 };
    struct bytes der = read_der(session);
    const unsigned char *at = der.at, *end = at + der.length;
    long length;
    int of, class;

    if (at == NULL || (ASN1_get_object(&at, &length, &of, &class, end - at) & 0x80) != 0)
        return found;
    while (at < end && (ASN1_get_object(&at, &length, &of, &class, end - at) & 0x80) == 0) {
        if (class == V_ASN1_CONTEXT_SPECIFIC && of == tag) {
            found.at = at;
            found.length = (size_t)length;
        }
        at += length;
    }
    return found;
}
