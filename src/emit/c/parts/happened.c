static char events_seen[64][40];
static int happened;

/* The free callbacks of one session come in no documented order. */
static void happens(const char *what, int index, void *value)
{
    char event[40];
    int at = happened;

    if (happened == 64)
        return;
    if (index == 0)
        snprintf(event, sizeof(event), "%s ", what);
    else
        snprintf(event, sizeof(event), "%s:%d:%llx ", what, index, (unsigned long long)(uintptr_t)value);
    for (; at > 0 && strncmp(event, "free", 4) == 0 && strncmp(events_seen[at - 1], "free", 4) == 0
         && strcmp(event, events_seen[at - 1]) < 0; at--)
        memcpy(events_seen[at], events_seen[at - 1], sizeof(event));
    memcpy(events_seen[at], event, sizeof(event));
    happened++;
}

static void events(int at, const char *expected)
{
    char seen[64 * 40] = "";
    int i;

    for (i = 0; i < happened; i++)
        strcat(seen, events_seen[i]);
    if (strcmp(expected, seen) == 0)
        return;
    printf("call %d: callbacks\n  expected: %s\n  actual:   %s\n", at, expected, seen);
    stop();
}
