/* Three indices: 1 tells births and deaths, 2 adds one to what is duplicated, 3 refuses to duplicate odd values. */
static int destroyed;
static char marks[4];

static void on_new(void *session, void *value, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)data;
    if (session == NULL || value != NULL || argl != index || argp != &marks[index])
        happens("wrong", index, NULL, NULL);
    happens("new", 0, NULL, session);
}

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
static int on_dup(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **value, int index, long argl, void *argp)
{
    void **place = value;
#else
static int on_dup(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void *value, int index, long argl, void *argp)
{
    void **place = (void **)value;
#endif
    if (to == from || argl != index || argp != &marks[index])
        happens("wrong", index, NULL, NULL);
    happens("dup", index, *place, NULL);
    if (index == 2)
        *place = (void *)((uintptr_t)*place + 1);
    return index != 3 || (uintptr_t)*place % 2 == 0;
}

static void on_free(void *session, void *value, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)data;
    if (session == NULL || argl != index || argp != &marks[index])
        happens("wrong", index, NULL, NULL);
    happens("free", index, value, session);
    destroyed += index == 1;
}

static void register_indices(void)
{
    if (SSL_SESSION_get_ex_new_index(1, &marks[1], on_new, on_dup, on_free) != 1
        || SSL_SESSION_get_ex_new_index(2, &marks[2], NULL, on_dup, on_free) != 2
        || SSL_SESSION_get_ex_new_index(3, &marks[3], NULL, on_dup, NULL) != 3) {
        printf("the indices are not 1, 2 and 3\n");
        exit(2);
    }
}
