/*
 * With SSL_SESS_CACHE_UPDATE_TIME a session that is added again gets a new time, and stays where it was in the list that is
 * ordered by expiry: an expired session behind it is not flushed.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations added-again-stays-behind.c -lssl -lcrypto && ./a.out
 *
 * Exit status: 1 OpenSSL does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
#include <time.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>

static SSL_SESSION *session(const char *id, long time, long timeout)
{
    SSL_SESSION *made = SSL_SESSION_new();

    SSL_SESSION_set1_id(made, (const unsigned char *)id, 1);
    SSL_SESSION_set_time(made, time);
    SSL_SESSION_set_timeout(made, timeout);
    return made;
}

int main(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    long now = (long)time(NULL), left;
    /* They end in 50 seconds and in 100. */
    SSL_SESSION *renewed = session("a", now - 10000, 10050), *expiring = session("b", now, 100);

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (context == NULL || SSL_CTX_add_session(context, renewed) != 1 || SSL_CTX_add_session(context, expiring) != 1)
        return 2;
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_UPDATE_TIME);
    /* From here on the first ends in 10050 seconds. */
    if (SSL_CTX_add_session(context, renewed) != 0 || SSL_SESSION_get_time(renewed) < now)
        return 2;
    SSL_CTX_flush_sessions(context, now + 200);
    left = SSL_CTX_sess_number(context);
    printf("expected: 1 session left, that which is not expired\nactual:   %ld left\n", left);
    SSL_SESSION_free(renewed);
    SSL_SESSION_free(expiring);
    SSL_CTX_free(context);
    return left == 1 ? 0 : 1;
}
