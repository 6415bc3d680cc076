/*
 * SSL_SESSION_get0_id_context() of wolfSSL returns the session id.
 *
 * The id context is there: SSL_SESSION_set1_id_context() keeps it, and nothing reads it.
 *
 *     cc -Wall -Werror -I INCLUDE wolf-id-context-is-id.c LIBRARY && ./a.out
 *
 * Exit status: 1 the library does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
#include <string.h>
#include <wolfssl/options.h>
#include <wolfssl/openssl/ssl.h>

int main(void)
{
    static const unsigned char id[] = "the id", context[] = "a context";
    unsigned int length = 0;
    const unsigned char *read;
    SSL_SESSION *session = NULL;

    printf("wolfSSL %s\n", wolfSSL_lib_version());
    if (wolfSSL_Init() != WOLFSSL_SUCCESS || (session = SSL_SESSION_new()) == NULL)
        return 2;
    if (SSL_SESSION_set1_id(session, id, sizeof(id) - 1) != 1 ||
        SSL_SESSION_set1_id_context(session, context, sizeof(context) - 1) != 1)
        return 2;
    read = SSL_SESSION_get0_id_context(session, &length);
    printf("expected: %s\nactual:   %.*s\n", context, (int)length, read == NULL ? "" : (const char *)read);
    if (read != NULL && length == sizeof(context) - 1 && memcmp(read, context, length) == 0)
        return 0;
    return read != NULL && length == sizeof(id) - 1 && memcmp(read, id, length) == 0 ? 1 : 2;
}
