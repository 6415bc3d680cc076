int main(void)
{
    const int faulty[] = { SIGSEGV, SIGBUS };
    struct sigaction action;
    int status = 0;
    size_t i;
    pid_t child;

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
        alarm(3);
        calls();
        for (i = 0; i < made; i++)
            if (!blocks[i].freed)
                look_before(&blocks[i]);
        /* From here on nothing is the library's doing. */
        fflush(stdout);
        *step = -1;
        _exit(0);
    }
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status))
        printf("call %d: signal %d\n  expected: the call returns\n  actual:   %s\n", *step, WTERMSIG(status),
            WTERMSIG(status) == SIGALRM ? "it does not return within 3 seconds" : "the process is ended");
    else if (*step != -1 && WEXITSTATUS(status) != 1)
        printf("call %d: status %d\n  expected: the call returns\n  actual:   the process is ended\n", *step,
            WEXITSTATUS(status));
    status = *step != -1;
    printf(status == 0 ? "as expected\n" : "not as expected\n");
    return status;
}
