static char events_seen[64][40];
static int happened;

static void happens(const char *what, int index, void *value)
{
    if (happened == 64)
        return;
    if (index == 0)
        snprintf(events_seen[happened++], 40, "%s ", what);
    else
        snprintf(events_seen[happened++], 40, "%s:%d:%llx ", what, index, (unsigned long long)(uintptr_t)value);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The callbacks of one call come in no documented order. */
static void events(int at, const char *expected)
{
    char seen[64 * 40] = "";
    int i;

    qsort(events_seen, (size_t)happened, 40, by_text);
    for (i = 0; i < happened; i++)
        strcat(seen, events_seen[i]);
    if (strcmp(expected, seen) == 0)
        return;
    printf("call %d: callbacks\n  expected: %s\n  actual:   %s\n", at, expected, seen);
    stop();
}
