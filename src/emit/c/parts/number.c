static void number(int at, const char *what, long long expected, long long actual)
{
    if (expected == actual)
        return;
    printf("call %d: %s\n  expected: %lld\n  actual:   %lld\n", at, what, expected, actual);
    stop();
}
