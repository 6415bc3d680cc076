/* Copies bytes. */
static struct bytes bytes_of(const void *at, size_t length)
{
    struct bytes copy = { NULL, length };

    if (length > 0)
        copy.at = memcpy(malloc(length), at, length);
    return copy;
}
