/* Sixteen bytes that must stay as they are before what is copied out, and as many after. */
static unsigned char copied[16 + 1024 + 16];
