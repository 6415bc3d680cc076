/* The first difference ends the program: what follows would rely on what is not so. */
static void stop(void)
{
    fflush(stdout);
    _exit(1);
}
