/*
 * SSL_SESSION_dup() of a session with application data fails while no ex_data index for sessions is registered.
 *
 * SSL_SESSION_set_app_data() needs no registration: index 0 is set aside for it. But the list of registered indices,
 * in which index 0 is set aside, is made by the first registration only. Without a list the number of indices is -1,
 * and CRYPTO_dup_ex_data() has an answer for "none" and for "some", not for -1: it fails.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations app-data-stops-dup.c -lssl -lcrypto && ./a.out
 *
 * Exit status: 1 OpenSSL does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

int main(void)
{
    static int data;
    SSL_SESSION *session = SSL_SESSION_new(), *before, *after;
    unsigned long error;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (session == NULL || !SSL_SESSION_set_app_data(session, &data))
        return 2;
    ERR_clear_error();

    /* Nobody in this process has registered an index yet. */
    before = SSL_SESSION_dup(session);
    error = ERR_peek_error();
    printf("expected: a copy with the same application data\n");
    if (before != NULL)
        printf("actual:   a copy with %s data\n", SSL_SESSION_get_app_data(before) == &data ? "the same" : "other");
    else
        printf("actual:   NULL, first error: %s\n", error == 0 ? "none" : ERR_reason_error_string(error));

    /* Any index will do: this one has no callbacks and is never used. The session is the same as before. */
    if (SSL_SESSION_get_ex_new_index(0, NULL, NULL, NULL, NULL) <= 0)
        return 2;
    after = SSL_SESSION_dup(session);
    printf("and after the registration of an index that nobody uses: %s\n",
           after == NULL ? "NULL" : SSL_SESSION_get_app_data(after) == &data ? "a copy with the same data"
                                                                             : "a copy with other data");
    if (after == NULL)
        return 2; /* The cause is another one. */
    SSL_SESSION_free(after);
    SSL_SESSION_free(before);
    SSL_SESSION_free(session);
    return before == NULL;
}
