/*
 * A session that is added to the caches of two contexts: freeing the first context never ends.
 *
 * A session has one pair of links. The second SSL_CTX_add_session() takes it out of the list of the first cache with the
 * ends of the second, and puts it into the second; the first keeps it at its own ends, and looks for a next one for ever.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations one-session-in-two-caches.c -lssl -lcrypto && ./a.out
 *
 * Exit status: 1 OpenSSL does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
#include <unistd.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <signal.h>

static void too_long(int signal)
{
    static const char said[] = "expected: SSL_CTX_free returns\nactual:   it does not within 2 seconds\n";

    (void)signal;
    if (write(1, said, sizeof(said) - 1) < 0)
        _exit(2);
    _exit(1);
}

int main(void)
{
    SSL_CTX *first = SSL_CTX_new(TLS_server_method()), *second = SSL_CTX_new(TLS_server_method());
    SSL_SESSION *session = SSL_SESSION_new();

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    fflush(stdout);
    if (first == NULL || second == NULL || session == NULL
        || !SSL_SESSION_set1_id(session, (const unsigned char *)"a", 1)
        || SSL_CTX_add_session(first, session) != 1 || SSL_CTX_add_session(second, session) != 1)
        return 2;
    signal(SIGALRM, too_long);
    alarm(2);
    SSL_CTX_free(first);
    alarm(0);
    printf("SSL_CTX_free returned\n");
    return 0;
}
