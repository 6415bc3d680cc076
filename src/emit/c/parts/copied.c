/* Sixteen bytes that must stay as they are before what is copied out, and as many after. */
static unsigned char copied[16 + 1024 + 16];

static int untouched(const unsigned char *from, size_t length)
{
    while (length-- > 0)
        if (from[length] != 0xa5)
            return 0;
    return 1;
}
