/* Takes bytes out, as many as there are. */
static void delete_bytes(struct bytes *held, size_t at, size_t count)
{
    unsigned char *bytes = (unsigned char *)held->at;

    if (at > held->length)
        at = held->length;
    if (count > held->length - at)
        count = held->length - at;
    if (count > 0)
        memmove(bytes + at, bytes + at + count, held->length - at - count);
    held->length -= count;
}
