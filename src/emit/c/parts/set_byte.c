/* Changes a byte, if it is there. */
static void set_byte(struct bytes *held, size_t at, unsigned char value)
{
    if (at < held->length)
        ((unsigned char *)held->at)[at] = value;
}
