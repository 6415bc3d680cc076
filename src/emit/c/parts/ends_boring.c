/* A new session is marked with application data, which is freed with it. */
static int destroyed;
static int mark = -1;

static void on_free(void *parent, void *value, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)parent, (void)data, (void)argl, (void)argp;
    destroyed += index == mark && value != NULL;
}

/* No program uses the index of the mark, and each may use those before it. */
static void register_indices(void)
{
    while (mark < 10)
        if ((mark = SSL_SESSION_get_ex_new_index(0, NULL, NULL, NULL, on_free)) < 0) {
            printf("there is no index\n");
            exit(2);
        }
}
