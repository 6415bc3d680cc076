/*
 * SSL_SESSION_set_time() returns the time that it was given, not 1.
 *
 * For the time 0 the result is 0, which is also what it returns for NULL instead of a session.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations set-time-returns-the-time.c -lssl -lcrypto && ./a.out
 *
 * Exit status: 1 OpenSSL does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>

int main(void)
{
    SSL_SESSION *session = SSL_SESSION_new();
    const long seconds = 1234567890;
    long result, result_of_0, result_of_null;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (session == NULL)
        return 2;
    result = SSL_SESSION_set_time(session, seconds);
    if (SSL_SESSION_get_time(session) != seconds)
        return 2;
    result_of_0 = SSL_SESSION_set_time(session, 0);
    if (SSL_SESSION_get_time(session) != 0)
        return 2;
    result_of_null = SSL_SESSION_set_time(NULL, seconds);
    SSL_SESSION_free(session);

    printf("expected: 1 for %ld, 1 for 0, and 0 for no session\n", seconds);
    printf("actual:   %ld for %ld, %ld for 0, and %ld for no session\n", result, seconds, result_of_0, result_of_null);
    return result != 1 || result_of_0 != 1;
}
