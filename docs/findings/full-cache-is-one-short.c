/*
 * A session cache holds one session fewer than its size.
 *
 * SSL_CTX_add_session() makes room before it lists the new session, which the table of the cache has already: it evicts
 * when there are as many sessions as the size says, not when there are more.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations full-cache-is-one-short.c -lssl -lcrypto && ./a.out
 *
 * Exit status: 1 OpenSSL does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>

enum { SIZE = 3 };

int main(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    unsigned char id;
    long cached;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (ctx == NULL)
        return 2;
    SSL_CTX_sess_set_cache_size(ctx, SIZE);
    for (id = 0; id < SIZE; id++) {
        SSL_SESSION *session = SSL_SESSION_new();

        if (session == NULL || SSL_SESSION_set1_id(session, &id, 1) != 1 || SSL_CTX_add_session(ctx, session) != 1)
            return 2;
        SSL_SESSION_free(session);
    }
    cached = SSL_CTX_sess_number(ctx);
    printf("expected: %d cached, the size\n", SIZE);
    printf("actual:   %ld cached\n", cached);
    SSL_CTX_free(ctx);
    return cached != SIZE;
}
