static void runs_on(void)
{
    static const char release[] = RELEASE " ";
    const char *version = OpenSSL_version(OPENSSL_VERSION);

    printf("%s, expected as EXPECTED\n", version);
    if (OpenSSL_version_num() < 0x10101000UL || strncmp(version, release, sizeof(release) - 1) != 0)
        printf("this is another release: what differs need not be a fault\n");
    fflush(stdout);
}
