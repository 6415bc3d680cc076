/*
 * What BoringSSL and AWS-LC define otherwise than OpenSSL: the timeout of a new session, the width of a timeout, which versions there are.
 *
 *     cc -Wall -Werror -I INCLUDE boring-defines-otherwise.c LIBRARY && ./a.out
 *
 * Exit status: 1 all of it is otherwise, 0 some of it is not, 2 this program could not find out.
 */
#include <stdio.h>
#include <openssl/ssl.h>

static int same;

static void show(const char *what, long openssl, long here)
{
    printf("%s: OpenSSL %ld, here %ld\n", what, openssl, here);
    same += openssl == here;
}

int main(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    SSL_SESSION *session = context == NULL ? NULL : SSL_SESSION_new(context);

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (session == NULL)
        return 2;
    show("the timeout of a new session", 304, (long)SSL_SESSION_get_timeout(session));
    SSL_SESSION_set_timeout(session, (uint32_t)0x1FFFFFFFFL);
    show("a timeout of 0x1ffffffff", 0x1FFFFFFFFL, (long)SSL_SESSION_get_timeout(session));
    show("SSL_SESSION_set_protocol_version(0x9999)", 1, SSL_SESSION_set_protocol_version(session, 0x9999));
    show("SSL_CTX_get_timeout after 0 was set", 0, (SSL_CTX_set_timeout(context, 0), (long)SSL_CTX_get_timeout(context)));
    SSL_SESSION_free(session);
    SSL_CTX_free(context);
    return same == 0;
}
