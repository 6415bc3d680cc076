/* The library's clock stands still. */
int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    (void)zone;
    at->tv_sec = now;
    at->tv_usec = 250000;
    return 0;
}

time_t time(time_t *at)
{
    if (at != NULL)
        *at = now;
    return now;
}
