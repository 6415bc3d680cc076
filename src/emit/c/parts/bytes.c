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

static void bytes(int at, const char *what, const void *expected, size_t length, struct bytes actual)
{
    if (actual.length == length && (actual.at == NULL) == (expected == NULL)
        && (length == 0 || memcmp(actual.at, expected, length) == 0))
        return;
    printf("call %d: %s\n", at, what);
    print("expected:", expected, length);
    print("actual:  ", actual.at, actual.length);
    stop();
}
