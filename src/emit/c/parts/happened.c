static char events_seen[64][48];
static int freed[64];
static int happened;

/* Sessions in the order of their birth. */
static void *born[4096];
static int births;

static int number_of(void *session)
{
    int at = births;

    while (at > 0 && born[at - 1] != session)
        at--;
    return at - 1;
}

/* The free callbacks of one session come in no documented order. */
static void happens(const char *what, int index, void *value, void *session)
{
    char event[48], of[16] = "";
    int at = happened, number;

    if (strcmp(what, "new") == 0 && births < 4096)
        born[births++] = session;
    number = session == NULL ? -1 : number_of(session);
    if (happened == 64)
        return;
    if (number >= 0)
        snprintf(of, sizeof(of), "#%d", number);
    if (index == 0)
        snprintf(event, sizeof(event), "%s%s ", what, of);
    else
        snprintf(event, sizeof(event), "%s:%d:%llx%s ", what, index, (unsigned long long)(uintptr_t)value, of);
    freed[at] = strncmp(event, "free", 4) == 0 ? number : -2;
    for (; at > 0 && freed[at] != -2 && freed[at - 1] == freed[at] && strcmp(event, events_seen[at - 1]) < 0; at--)
        memcpy(events_seen[at], events_seen[at - 1], sizeof(event));
    memcpy(events_seen[at], event, sizeof(event));
    happened++;
}

static void events(int at, const char *expected)
{
    char seen[64 * 48] = "";
    int i;

    for (i = 0; i < happened; i++)
        strcat(seen, events_seen[i]);
    if (strcmp(expected, seen) == 0)
        return;
    printf("call %d: callbacks\n  expected: %s\n  actual:   %s\n", at, *expected == 0 ? "nothing" : expected,
           *seen == 0 ? "nothing" : seen);
    stop();
}
