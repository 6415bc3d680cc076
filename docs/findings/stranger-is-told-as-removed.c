/*
 * SSL_CTX_remove_session of a session that was never in the cache returns 0, and tells the remove callback of it all the same, and the
 * session cannot be resumed any more.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations stranger-is-told-as-removed.c -lssl -lcrypto && ./a.out
 *
 * Exit status: 1 OpenSSL does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
#include <openssl/ssl.h>

static int told;

static void removed(SSL_CTX *context, SSL_SESSION *session)
{
    (void)context;
    (void)session;
    told++;
}

int main(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_SESSION *session = SSL_SESSION_new();
    int before, returned, after;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (context == NULL || session == NULL || !SSL_SESSION_set1_id(session, (const unsigned char *)"id", 2))
        return 2;
    SSL_CTX_sess_set_remove_cb(context, removed);
    before = SSL_SESSION_is_resumable(session);
    returned = SSL_CTX_remove_session(context, session);
    after = SSL_SESSION_is_resumable(session);
    printf("expected: returns 0, told of 0, resumable %d as before\n", before);
    printf("actual:   returns %d, told of %d, resumable %d\n", returned, told, after);
    SSL_SESSION_free(session);
    SSL_CTX_free(context);
    return returned == 0 && told == 0 && after == before ? 0 : 1;
}
