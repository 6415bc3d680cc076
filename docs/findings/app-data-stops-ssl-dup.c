/*
 * SSL_dup() of a connection with application data fails while no ex_data index for connections is registered.
 *
 * As in app-data-stops-dup.c, of sessions: CRYPTO_dup_ex_data() is the same for both.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations app-data-stops-ssl-dup.c -lssl -lcrypto && ./a.out
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
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    SSL *ssl = context == NULL ? NULL : SSL_new(context), *without, *before, *after;
    unsigned long error;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (ssl == NULL || (without = SSL_dup(ssl)) == NULL || !SSL_set_app_data(ssl, &data))
        return 2;
    ERR_clear_error();

    /* Nobody in this process has registered an index yet. */
    before = SSL_dup(ssl);
    error = ERR_peek_error();
    printf("expected: a connection with the same application data\n");
    if (before != NULL)
        printf("actual:   a connection with %s data\n", SSL_get_app_data(before) == &data ? "the same" : "other");
    else
        printf("actual:   NULL, first error: %s\n", error == 0 ? "none" : ERR_reason_error_string(error));

    /* Any index will do: this one has no callbacks and is never used. The connection is the same as before. */
    if (SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL) <= 0)
        return 2;
    after = SSL_dup(ssl);
    printf("and after the registration of an index that nobody uses: %s\n",
           after == NULL ? "NULL" : SSL_get_app_data(after) == &data ? "a connection with the same data"
                                                                     : "a connection with other data");
    if (after == NULL)
        return 2; /* The cause is another one. */
    SSL_free(after);
    SSL_free(before);
    SSL_free(without);
    SSL_free(ssl);
    SSL_CTX_free(context);
    return before == NULL;
}
