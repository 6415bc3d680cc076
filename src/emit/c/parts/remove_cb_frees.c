/* What was kept of it first is given back. */
static void remove_cb_frees(SSL_CTX *context, SSL_SESSION *session)
{
    int i;

    (void)context;
    happens("remove", 0, NULL, session);
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
