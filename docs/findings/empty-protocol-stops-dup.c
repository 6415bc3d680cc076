/*
 * SSL_SESSION_dup() returns NULL for a session whose selected protocol has no bytes.
 *
 * SSL_SESSION_set1_alpn_selected() stores no such protocol, but d2i_SSL_SESSION() does, and i2d_SSL_SESSION() writes it again.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations empty-protocol-stops-dup.c -lssl -lcrypto && ./a.out
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
    0x30, 0x3c, 0x02, 0x01, 0x01, 0x02, 0x02, 0x03, 0x03, 0x04, 0x02, 0xc0,
    0x2f, 0x04, 0x04, 0x69, 0x64, 0x69, 0x64, 0x04, 0x10, 0x6b, 0x65, 0x79,
    0x20, 0x6b, 0x65, 0x79, 0x20, 0x6b, 0x65, 0x79, 0x20, 0x6b, 0x65, 0x79,
    0x20, 0xa1, 0x06, 0x02, 0x04, 0x5f, 0x5e, 0x10, 0x00, 0xa2, 0x04, 0x02,
    0x02, 0x1c, 0x20, 0xa4, 0x05, 0x04, 0x03, 0x63, 0x74, 0x78, 0xb0, 0x02,
    0x04, 0x00,
};

int main(void)
{
    const unsigned char *at = stored;
    SSL_SESSION *session = d2i_SSL_SESSION(NULL, &at, (long)sizeof(stored)), *copy;
    int length;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (session == NULL)
        return 2;
    length = i2d_SSL_SESSION(session, NULL);
    ERR_clear_error();
    copy = SSL_SESSION_dup(session);
    printf("expected: a copy\n");
    printf("actual:   %s, first error: %s\n", copy == NULL ? "NULL" : "a copy",
        ERR_peek_error() == 0 ? "none" : ERR_reason_error_string(ERR_peek_error()));
    SSL_SESSION_free(copy);
    SSL_SESSION_free(session);
    return length <= 0 ? 2 : copy == NULL;
}
