static void happens(const char *what, int index, void *value, void *session)
{
    (void)what;
    (void)index;
    (void)value;
    (void)session;
}
