/* The last bytes, as many as these where there are so many. */
static struct bytes last(struct bytes all, size_t length)
{
    if (all.length > length) {
        all.at = (const unsigned char *)all.at + (all.length - length);
        all.length = length;
    }
    return all;
}
