static void runs_on(void)
{
    const char *version = VERSION;

    printf("BEFORE%s, expected as EXPECTED\n", version);
    if (strstr(TESTED, version) == NULL)
        printf("this is another version: what differs need not be a fault\n");
    fflush(stdout);
}
