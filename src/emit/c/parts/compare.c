/* The first difference ends the program: what follows would rely on what is not so. */
static void stop(void)
{
    fflush(stdout);
    _exit(1);
}

static void number(int at, const char *what, long long expected, long long actual)
{
    if (expected == actual)
        return;
    printf("call %d: %s\n  expected: %lld\n  actual:   %lld\n", at, what, expected, actual);
    stop();
}

static void print(const char *word, const void *bytes, size_t length)
{
    size_t i;

    printf("  %s ", word);
    if (bytes == NULL)
        printf("NULL");
    for (i = 0; bytes != NULL && i < length; i++)
        printf("%02x", ((const unsigned char *)bytes)[i]);
    printf(" (%zu bytes)\n", length);
}

static void bytes(int at, const char *what, const void *expected, size_t expected_length, const void *actual, size_t length)
{
    if (expected_length == length && (expected == NULL) == (actual == NULL)
        && (length == 0 || memcmp(expected, actual, length) == 0))
        return;
    printf("call %d: %s\n", at, what);
    print("expected:", expected, expected_length);
    print("actual:  ", actual, length);
    stop();
}
