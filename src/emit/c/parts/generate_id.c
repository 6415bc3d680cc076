/* A session id of at most so many bytes, counted. */
static int generate_id(unsigned char *id, unsigned int *length, unsigned int most)
{
    static unsigned char number;

    happens("generate_id", 0, NULL, NULL);
    if (*length > most)
        *length = most;
    memset(id, 0xa5, *length);
    memset(id, 0, 7);
    id[0] = number++;
    return 1;
}
