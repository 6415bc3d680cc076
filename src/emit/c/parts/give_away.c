/* What was kept of it last is not kept any more: whoever is given it has it. */
static void give_away(SSL_SESSION *session)
{
    int i = kept_end - 1;

    while (i >= kept_first && kept[i] != session)
        i--;
    if (i < kept_first)
        return;
    for (kept_end--; i < kept_end; i++) {
        kept[i] = kept[i + 1];
        kept_by[i] = kept_by[i + 1];
    }
    kept_by[kept_end] = 0;
}
