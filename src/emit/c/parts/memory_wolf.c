/* Nobody says who asks for memory. */
static void *(*given_malloc)(size_t, const char *, int);
static void *(*given_realloc)(void *, size_t, const char *, int);
static void (*given_free)(void *, const char *, int);

static void *own_malloc(size_t size)
{
    return given_malloc(size, "the library", 0);
}

static void *own_realloc(void *block, size_t size)
{
    return given_realloc(block, size, "the library", 0);
}

static void own_free(void *block)
{
    given_free(block, "the library", 0);
}

static int CRYPTO_set_mem_functions(void *(*m)(size_t, const char *, int), void *(*r)(void *, size_t, const char *, int),
                                    void (*f)(void *, const char *, int))
{
    given_malloc = m;
    given_realloc = r;
    given_free = f;
    return wolfSSL_SetAllocators(own_malloc, own_free, own_realloc) == 0;
}
