/* What the new callback of a server (by: 1) or of a client (by: 3) kept first, under this id unless that is NULL. */
static SSL_SESSION *kept_under(const unsigned char *id, int length, int by)
{
    unsigned int at_length;
    const unsigned char *at;
    int i;

    for (i = kept_first; i < kept_end; i++) {
        if (kept_by[i] != by)
            continue;
        at = SSL_SESSION_get_id(kept[i], &at_length);
        if (id == NULL || (at_length == (unsigned int)length && memcmp(at, id, at_length) == 0))
            return kept[i];
    }
    return NULL;
}
