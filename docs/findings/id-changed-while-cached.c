/*
 * The id of a session is changed while it is cached: the cache keeps a pointer to it without a reference.
 *
 * The hash of a cache goes by the id, and SSL_SESSION_set1_id() does not tell it. SSL_CTX_flush_sessions() gives back the
 * cache's reference and takes the session out of the list, but does not find it in the hash. This program only counts
 * what is left there, while it still owns the session: it touches nothing that was freed.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations id-changed-while-cached.c -lssl -lcrypto && ./a.out
 *
 * Exit status: 1 OpenSSL does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
#include <unistd.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>

int main(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_SESSION *session = SSL_SESSION_new();
    long left;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (context == NULL || session == NULL || !SSL_SESSION_set1_id(session, (const unsigned char *)"a", 1)
        || SSL_CTX_add_session(context, session) != 1 || !SSL_SESSION_set1_id(session, (const unsigned char *)"b", 1))
        return 2;
    SSL_CTX_flush_sessions(context, 0);
    left = SSL_CTX_sess_number(context);
    printf("expected: 0 sessions cached after all were flushed\nactual:   %ld\n", left);
    fflush(stdout);
    /* Neither is freed: the context would look at the session again. */
    _exit(left == 0 ? 0 : 1);
}
