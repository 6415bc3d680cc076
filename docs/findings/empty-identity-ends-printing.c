/*
 * SSL_SESSION_print() ends in the middle where the identity of a pre-shared key has no bytes.
 *
 * BIO_printf() returns 0 for a string of no bytes, which SSL_SESSION_print() takes for a failure.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations empty-identity-ends-printing.c -lssl -lcrypto && ./a.out
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
    0x02, 0x1c, 0x20, 0xa4, 0x05, 0x04, 0x03, 0x63, 0x74, 0x78, 0xa8, 0x02,
    0x04, 0x00,
};

int main(void)
{
    const unsigned char *at = stored;
    SSL_SESSION *session = d2i_SSL_SESSION(NULL, &at, (long)sizeof(stored));
    BIO *bio = BIO_new(BIO_s_mem());
    char text[4096];
    int returned, length, whole;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (session == NULL || bio == NULL)
        return 2;
    ERR_clear_error();
    returned = SSL_SESSION_print(bio, session);
    length = BIO_read(bio, text, (int)sizeof(text) - 1);
    text[length > 0 ? length : 0] = 0;
    whole = strstr(text, "Verify return code") != NULL;
    printf("expected: 1, and the text up to its end\n");
    printf("actual:   %d, %s, and the text %s\n", returned, ERR_peek_error() == 0 ? "no error" : "an error",
        whole ? "up to its end" : "up to the identity");
    BIO_free(bio);
    SSL_SESSION_free(session);
    return returned != 1 && !whole;
}
