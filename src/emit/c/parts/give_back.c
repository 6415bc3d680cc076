/* What was kept of it first is given back. */
static void give_back(SSL_SESSION *session)
{
    int i;

    for (i = kept_first; i < kept_end; i++) {
        if (kept[i] != session)
            continue;
        for (kept_end--; i < kept_end; i++) {
            kept[i] = kept[i + 1];
            kept_by[i] = kept_by[i + 1];
        }
        kept_by[kept_end] = 0;
        SSL_SESSION_free(session);
        return;
    }
}
