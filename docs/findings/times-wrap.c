/*
 * A session's time before 1970, and a time or a timeout of more than 584 years, do not read back as they were set.
 *
 * From 3.2 on libssl keeps both in 64 bits as nanoseconds without a sign. The seconds are multiplied by 10^9 modulo
 * 2^64 and divided again when read. The setters check for none of that and report success.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations times-wrap.c -lssl -lcrypto && ./a.out
 *
 * For a `long` of 64 bits. Exit status: 1 OpenSSL does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>

int main(void)
{
    const long before_1970 = -1;
    const long far = (long)18446744074LL; /* 2^64 nanoseconds, rounded up to a second */
    SSL_SESSION *session = SSL_SESSION_new();
    long set_time, read_time, set_timeout, read_timeout;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (session == NULL || sizeof(long) < 8)
        return 2;
    set_time = SSL_SESSION_set_time(session, before_1970);
    read_time = SSL_SESSION_get_time(session);
    set_timeout = SSL_SESSION_set_timeout(session, far);
    read_timeout = SSL_SESSION_get_timeout(session);
    SSL_SESSION_free(session);

    printf("expected: what is set is what is read, or the setter returns 0\n");
    printf("actual:   set_time(%ld) returns %ld, then get_time returns %ld\n", before_1970, set_time, read_time);
    printf("          set_timeout(%ld) returns %ld, then get_timeout returns %ld\n", far, set_timeout, read_timeout);
    return (set_time != 0 && read_time != before_1970) || (set_timeout != 0 && read_timeout != far);
}
