/*
 * SSL_SESSION_set_ex_data() at index -1 succeeds for NULL, and leaves an error in the queue all the same.
 *
 * Nothing is stored at index -1. The stack reports the index and returns NULL for the pointer that it stored;
 * CRYPTO_set_ex_data() compares that with the pointer it was given. With NULL the two are equal: a success.
 * With any other pointer they differ and the call fails, as it should.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations success-with-an-error.c -lssl -lcrypto && ./a.out
 *
 * Exit status: 1 OpenSSL does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

/* The result, and the first error that the call left in the queue; 0 if none. */
static int set(SSL_SESSION *session, void *value, unsigned long *error)
{
    int result;

    ERR_clear_error();
    result = SSL_SESSION_set_ex_data(session, -1, value);
    *error = ERR_peek_error();
    printf("          %d for %s, first error: %s\n", result, value == NULL ? "NULL" : "a pointer",
           *error == 0 ? "none" : ERR_reason_error_string(*error));
    return result;
}

int main(void)
{
    static int data;
    SSL_SESSION *session = SSL_SESSION_new();
    unsigned long null_error, data_error;
    int null_result;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (session == NULL)
        return 2;
    printf("expected: 1 and no error, or 0 and an error, for both\n");
    printf("actual:\n");
    null_result = set(session, NULL, &null_error);
    set(session, &data, &data_error);
    SSL_SESSION_free(session);
    return null_result == 1 && null_error != 0;
}
