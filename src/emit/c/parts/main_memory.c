int main(void)
{
    const int faulty[] = { SIGSEGV, SIGBUS };
    struct sigaction action;
    int status = 0;
    size_t i;
    pid_t child;

    runs_on();
    step = mmap(NULL, sizeof(*step), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (step == MAP_FAILED || (child = fork()) < 0)
        return 2;
    if (child == 0) {
        if (CRYPTO_set_mem_functions(guarded_malloc, guarded_realloc, guarded_free) != 1)
            _exit(2);
REGISTER
        memset(&action, 0, sizeof(action));
        action.sa_sigaction = on_fault;
        action.sa_flags = SA_SIGINFO;
        for (i = 0; i < sizeof(faulty) / sizeof(faulty[0]); i++)
            sigaction(faulty[i], &action, NULL);
        calls();
        for (i = 0; i < made; i++)
            if (!blocks[i].freed)
                look_before(&blocks[i]);
        /* From here on nothing is the library's doing. */
        fflush(stdout);
        *step = -1;
        _exit(0);
    }
    for (i = 0; i < 300 && waitpid(child, &status, WNOHANG) == 0; i++)
        usleep(10000);
    if (i == 300) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        printf("call %d\n  expected: the call returns\n  actual:   it does not return within 3 seconds\n", *step);
    } else if (WIFSIGNALED(status))
        printf("call %d: signal %d\n  expected: the call returns\n  actual:   the process is ended\n", *step,
            WTERMSIG(status));
    else if (*step != -1 && WEXITSTATUS(status) != 1)
        printf("call %d: status %d\n  expected: the call returns\n  actual:   the process is ended\n", *step,
            WEXITSTATUS(status));
    status = *step != -1;
    printf(status == 0 ? "as expected\n" : "not as expected\n");
    return status;
}
