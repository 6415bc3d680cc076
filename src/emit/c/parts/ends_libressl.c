/* LibreSSL has a function, whose first index is 0: in OpenSSL that one is taken. */
#undef SSL_SESSION_get_ex_new_index
int SSL_SESSION_get_ex_new_index(long, void *, CRYPTO_EX_new *, CRYPTO_EX_dup *, CRYPTO_EX_free *);

static int after_the_first(long argl, void *argp, CRYPTO_EX_new *born, CRYPTO_EX_dup *copied, CRYPTO_EX_free *freed)
{
    static int first = -1;

    if (first < 0)
        first = SSL_SESSION_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return SSL_SESSION_get_ex_new_index(argl, argp, born, copied, freed);
}
#define SSL_SESSION_get_ex_new_index after_the_first

