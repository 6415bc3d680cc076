/* Tells whether a text is in these bytes. */
static int has(struct bytes all, const char *text)
{
    size_t length = strlen(text), at;

    for (at = 0; at + length <= all.length; at++)
        if (memcmp((const char *)all.at + at, text, length) == 0)
            return 1;
    return 0;
}
