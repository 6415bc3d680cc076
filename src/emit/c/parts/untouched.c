static int untouched(const unsigned char *from, size_t length)
{
    while (length-- > 0)
        if (from[length] != 0xa5)
            return 0;
    return 1;
}
