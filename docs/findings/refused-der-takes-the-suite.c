/*
 * d2i_SSL_SESSION() refuses DER without leaving an error in the queue, and has changed the session that it was given.
 *
 * The suite is one that the library does not know. The session keeps its id and has no suite any more.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations refused-der-takes-the-suite.c -lssl -lcrypto && ./a.out
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
    0x30, 0x38, 0x02, 0x01, 0x01, 0x02, 0x02, 0x03, 0x03, 0x04, 0x02, 0xc0,
    0x2f, 0x04, 0x04, 0x69, 0x64, 0x69, 0x64, 0x04, 0x10, 0x6b, 0x65, 0x79,
    0x20, 0x6b, 0x65, 0x79, 0x20, 0x6b, 0x65, 0x79, 0x20, 0x6b, 0x65, 0x79,
    0x20, 0xa1, 0x06, 0x02, 0x04, 0x5f, 0x5e, 0x10, 0x00, 0xa2, 0x04, 0x02,
    0x02, 0x1c, 0x20, 0xa4, 0x05, 0x04, 0x03, 0x63, 0x74, 0x78,
};

/* The same with a suite that nobody knows. */
static const unsigned char unknown[] = {
    0x30, 0x38, 0x02, 0x01, 0x01, 0x02, 0x02, 0x03, 0x03, 0x04, 0x02, 0xff,
    0xff, 0x04, 0x04, 0x69, 0x64, 0x69, 0x64, 0x04, 0x10, 0x6b, 0x65, 0x79,
    0x20, 0x6b, 0x65, 0x79, 0x20, 0x6b, 0x65, 0x79, 0x20, 0x6b, 0x65, 0x79,
    0x20, 0xa1, 0x06, 0x02, 0x04, 0x5f, 0x5e, 0x10, 0x00, 0xa2, 0x04, 0x02,
    0x02, 0x1c, 0x20, 0xa4, 0x05, 0x04, 0x03, 0x63, 0x74, 0x78,
};

static SSL_SESSION *read_session(SSL_SESSION **into, const unsigned char *der, size_t length)
{
    return d2i_SSL_SESSION(into, &der, (long)length);
}

int main(void)
{
    SSL_SESSION *session = read_session(NULL, stored, sizeof(stored)), *returned;
    int before, after, raised;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (session == NULL)
        return 2;
    before = SSL_SESSION_get0_cipher(session) != NULL;
    ERR_clear_error();
    returned = read_session(&session, unknown, sizeof(unknown));
    raised = ERR_peek_error() != 0;
    after = SSL_SESSION_get0_cipher(session) != NULL;
    printf("expected: NULL, an error, and the session as it was\n");
    printf("actual:   %s, %s, and the session %s\n", returned == NULL ? "NULL" : "a session", raised ? "an error" : "no error",
        before == after ? "as it was" : "without a suite");
    SSL_SESSION_free(session);
    if (!before || returned != NULL)
        return 2;
    return !raised && !after;
}
