/* Gives no password, where a person would be asked for one. */
static int no_password(char *buffer, int size, int writes, void *data)
{
    (void)buffer, (void)size, (void)writes, (void)data;
    return -1;
}
