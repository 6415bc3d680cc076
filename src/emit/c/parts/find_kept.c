/* What the new callback kept of a server's, under this id or, with any, the first. */
static SSL_SESSION *find_kept(const unsigned char *id, int length, int any)
{
    unsigned int at_length;
    const unsigned char *at;
    int i;

    happens("get_session", length, NULL, NULL);
    for (i = kept_first; i < kept_end; i++) {
        if (kept_by[i] != 1)
            continue;
        at = SSL_SESSION_get_id(kept[i], &at_length);
        if (any || (at_length == (unsigned int)length && memcmp(at, id, at_length) == 0))
            return kept[i];
    }
    return NULL;
}
