/*
 * What wolfSSL defines otherwise than OpenSSL: a new session without time, a timeout of 32 bits, what a wrong one is answered with, a time
 * that is checked.
 *
 *     cc -Wall -Werror -I INCLUDE wolf-defines-otherwise.c LIBRARY && ./a.out
 *
 * Exit status: 1 all of it is otherwise, 0 some of it is not, 2 this program could not find out.
 */
#include <stdio.h>
#include <wolfssl/options.h>
#include <wolfssl/openssl/ssl.h>

static int same;

static void show(const char *what, long openssl, long here)
{
    printf("%s: OpenSSL %ld, here %ld\n", what, openssl, here);
    same += openssl == here;
}

int main(void)
{
    SSL_SESSION *session = NULL;

    printf("wolfSSL %s\n", wolfSSL_lib_version());
    if (wolfSSL_Init() != WOLFSSL_SUCCESS || (session = SSL_SESSION_new()) == NULL)
        return 2;
    show("the timeout of a new session", 304, (long)SSL_SESSION_get_timeout(session));
    show("SSL_SESSION_set_timeout(-1)", 0, (long)SSL_SESSION_set_timeout(session, -1));
    SSL_SESSION_set_timeout(session, 0x1FFFFFFFFL);
    show("a timeout of 0x1ffffffff", 0x1FFFFFFFFL, (long)SSL_SESSION_get_timeout(session));
    show("SSL_SESSION_set_time(-5)", -5, (long)SSL_SESSION_set_time(session, -5));
    SSL_SESSION_free(session);
    return same == 0;
}
