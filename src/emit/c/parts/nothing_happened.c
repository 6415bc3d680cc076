static void happens(const char *what, int index, void *value)
{
    (void)what;
    (void)index;
    (void)value;
}
