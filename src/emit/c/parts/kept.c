/* What callbacks keep, in order. */
static SSL_SESSION *kept[4096];
static int kept_first, kept_end;

static SSL_SESSION *take_kept(void)
{
    return kept_first < kept_end ? kept[kept_first++] : NULL;
}
