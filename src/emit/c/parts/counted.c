/* How many of the library's allocations live. */
static long live;

static void *counted_malloc(size_t size, const char *file, int line)
{
    void *block = size == 0 ? NULL : malloc(size);

    (void)file, (void)line;
    live += block != NULL;
    return block;
}

static void counted_free(void *block, const char *file, int line)
{
    (void)file, (void)line;
    live -= block != NULL;
    free(block);
}

static void *counted_realloc(void *block, size_t size, const char *file, int line)
{
    if (block == NULL)
        return counted_malloc(size, file, line);
    if (size == 0) {
        counted_free(block, file, line);
        return NULL;
    }
    return realloc(block, size);
}
