/* Puts bytes in. */
static void insert_bytes(struct bytes *held, size_t at, const void *value, size_t count)
{
    unsigned char *bytes = malloc(held->length + count + 1);

    if (at > held->length)
        at = held->length;
    if (at > 0)
        memcpy(bytes, held->at, at);
    if (count > 0)
        memcpy(bytes + at, value, count);
    if (held->length > at)
        memcpy(bytes + at + count, (const unsigned char *)held->at + at, held->length - at);
    held->at = bytes;
    held->length += count;
}
