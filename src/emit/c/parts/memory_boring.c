/* The library takes no memory. That a call ends the process shows all the same. */
static int CRYPTO_set_mem_functions(void *(*m)(size_t, const char *, int), void *(*r)(void *, size_t, const char *, int),
                                    void (*f)(void *, const char *, int))
{
    (void)m, (void)r, (void)f;
    return 1;
}
