/*
 * d2i_SSL_SESSION() reads a time that does not fit into 64 bits as another one.
 *
 * The integer is -(2^64 - 1). It is taken, and the session is one second old in 1970.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations time-is-another.c -lssl -lcrypto && ./a.out
 *
 * Exit status: 1 OpenSSL does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
#include <string.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

static const unsigned char stored[] = {
    0x30, 0x3d, 0x02, 0x01, 0x01, 0x02, 0x02, 0x03, 0x03, 0x04, 0x02, 0xc0,
    0x2f, 0x04, 0x04, 0x69, 0x64, 0x69, 0x64, 0x04, 0x10, 0x6b, 0x65, 0x79,
    0x20, 0x6b, 0x65, 0x79, 0x20, 0x6b, 0x65, 0x79, 0x20, 0x6b, 0x65, 0x79,
    0x20, 0xa1, 0x0b, 0x02, 0x09, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x01, 0xa2, 0x04, 0x02, 0x02, 0x1c, 0x20, 0xa4, 0x05, 0x04, 0x03,
    0x63, 0x74, 0x78,
};

int main(void)
{
    const unsigned char *at = stored;
    SSL_SESSION *session = d2i_SSL_SESSION(NULL, &at, (long)sizeof(stored));

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    printf("expected: NULL\n");
    if (session == NULL) {
        printf("actual:   NULL\n");
        return 0;
    }
    printf("actual:   a session, its time is %ld\n", (long)SSL_SESSION_get_time(session));
    SSL_SESSION_free(session);
    return 1;
}
