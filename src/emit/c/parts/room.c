/* Room for what a call writes, which ends at a page that cannot be touched. */
static void *room(size_t length)
{
    char *room = guarded_malloc(length + 1, NULL, 0);

    if (room == NULL)
        exit(2);
    return room + 1;
}
