/* Keeps a reference; by: 1 for the new callback of a server, 3 for that of a client, 0 for nobody that looks for it. */
static void keep(SSL_SESSION *session, int by)
{
    if (kept_end == 4096)
        exit(2);
    kept_by[kept_end] = by;
    kept[kept_end++] = session;
}
