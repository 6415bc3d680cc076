/* A copy of what a call may read, which ends at a page that cannot be touched. */
static const void *lent(const void *bytes, size_t length)
{
    char *copy = guarded_malloc(length + 1, NULL, 0);

    if (copy == NULL)
        exit(2);
    return memcpy(copy + 1, bytes, length);
}
