/* The first bytes, as many as these where there are so many. */
static struct bytes first(struct bytes all, size_t length)
{
    if (all.length > length)
        all.length = length;
    return all;
}
