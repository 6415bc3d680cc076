/* The end of a session is that of its block. */
static int destroyed;
static void *live_sessions[4096];
static int noted_sessions;

static SSL_SESSION *noted(SSL_SESSION *session)
{
    if (session != NULL && noted_sessions < 4096)
        live_sessions[noted_sessions++] = session;
    return session;
}

static void *plain_malloc(size_t size)
{
    return malloc(size);
}

static void *plain_realloc(void *block, size_t size)
{
    return realloc(block, size);
}

static void noting_free(void *block)
{
    int i;

    for (i = 0; block != NULL && i < noted_sessions; i++)
        if (live_sessions[i] == block) {
            live_sessions[i] = NULL;
            destroyed++;
        }
    free(block);
}

static void register_indices(void)
{
    if (wolfSSL_SetAllocators(plain_malloc, noting_free, plain_realloc) != 0)
        exit(2);
}
