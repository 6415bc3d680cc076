/*
 * SSL_SESSION_set1_id() and SSL_SESSION_set1_id_context() of wolfSSL refuse what is too long without an error in the queue.
 *
 *     cc -Wall -Werror -I INCLUDE wolf-long-id-is-silent.c LIBRARY && ./a.out
 *
 * Exit status: 1 the library does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
#include <wolfssl/options.h>
#include <wolfssl/openssl/ssl.h>
#include <wolfssl/openssl/err.h>

int main(void)
{
    static const unsigned char bytes[33];
    SSL_SESSION *session = NULL;
    int of_id, of_context;
    unsigned long error;

    printf("wolfSSL %s\n", wolfSSL_lib_version());
    if (wolfSSL_Init() != WOLFSSL_SUCCESS || (session = SSL_SESSION_new()) == NULL)
        return 2;
    ERR_clear_error();
    of_id = SSL_SESSION_set1_id(session, bytes, sizeof(bytes));
    of_context = SSL_SESSION_set1_id_context(session, bytes, sizeof(bytes));
    error = ERR_peek_error();
    SSL_SESSION_free(session);
    printf("expected: returns 0 and 0, an error\nactual:   returns %d and %d, error %lu\n", of_id, of_context, error);
    if (of_id != 0 || of_context != 0)
        return 2;
    return error == 0;
}
