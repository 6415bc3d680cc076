/*
 * The library's memory: each block ends at a page that cannot be touched, and a block that is free cannot be touched at all.
 * The call that runs is in memory that the parent sees.
 */
static int *step;

static struct block {
    char *pages, *start;
    size_t size, length;
    int freed;
} blocks[65536];
static size_t made;

static struct block *block_at(const void *start)
{
    size_t i;

    for (i = made; i-- > 0;)
        if (blocks[i].start == start)
            return &blocks[i];
    return NULL;
}

static void *guarded_malloc(size_t size, const char *file, int line)
{
    const size_t page = 4096;
    struct block *block = &blocks[made];

    (void)file, (void)line;
    if (size == 0 || made == sizeof(blocks) / sizeof(blocks[0]))
        return NULL;
    block->length = (size + page - 1) / page * page;
    block->pages = mmap(NULL, block->length + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block->pages == MAP_FAILED || mprotect(block->pages, block->length, PROT_READ | PROT_WRITE) != 0) {
        printf("call %d: %zu bytes are asked for\n  expected: no more memory than there is\n  actual:   more\n", *step, size);
        stop();
    }
#if defined(__x86_64__)
    block->start = block->pages + block->length - size;
#else
    block->start = block->pages + block->length - (size + 15) / 16 * 16;
#endif
    block->size = size;
    memset(block->pages, 0xfb, (size_t)(block->start - block->pages));
    memset(block->start, 0xcb, size);
    made++;
    return block->start;
}

/* Bytes before a block that were written. */
static void look_before(const struct block *block)
{
    const char *at;

    for (at = block->pages; at < block->start; at++)
        if ((unsigned char)*at != 0xfb) {
            printf("call %d: bytes before a block\n  expected: they are as they were\n  actual:   they are written\n", *step);
            stop();
        }
}

static void guarded_free(void *start, const char *file, int line)
{
    struct block *block = block_at(start);

    if (start == NULL)
        return;
    if (block == NULL || block->freed) {
        printf("call %d: %s at %s:%d\n  expected: each block is freed once\n  actual:   %s\n", *step, "free", file, line,
            block == NULL ? "an address that is no block's is freed" : "a block that is free is freed");
        stop();
    }
    look_before(block);
    block->freed = 1;
    mprotect(block->pages, block->length, PROT_NONE);
}

static void *guarded_realloc(void *start, size_t size, const char *file, int line)
{
    struct block *old = block_at(start);
    void *block = size == 0 ? NULL : guarded_malloc(size, file, line);

    if (block != NULL && old != NULL)
        memcpy(block, start, old->size < size ? old->size : size);
    if (start != NULL && (block != NULL || size == 0))
        guarded_free(start, file, line);
    return block;
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    const char *address = info->si_addr;
    const char *what = "memory that is not its own is touched";
    size_t i;

    (void)context;
    for (i = 0; i < made; i++)
        if (address >= blocks[i].pages && address < blocks[i].pages + blocks[i].length + 4096)
            what = blocks[i].freed ? "a block that is free is touched" : "memory beyond the end of a block is touched";
    printf("call %d: signal %d\n  expected: the call returns\n  actual:   %s\n", *step, signal, what);
    stop();
}
