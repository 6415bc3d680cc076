/*
 * SSL_SESSION_dup() fails for a session whose ticket has no bytes.
 *
 * A client takes no empty ticket from a handshake, but d2i_SSL_SESSION() reads one and i2d_SSL_SESSION() writes it
 * again. The copy is made with OPENSSL_memdup(), which has nothing to allocate for 0 bytes and returns NULL; that is
 * taken for a lack of memory. Releases from 3.2 on do not even leave an error in the queue.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations empty-ticket-stops-dup.c -lssl -lcrypto && ./a.out
 *
 * Exit status: 1 OpenSSL does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

/* SSL_SESSION in DER, as short as it may be. */
static const unsigned char with_empty_ticket[] = {
    0x30, 0x13,
    0x02, 0x01, 0x01,       /* version of the structure */
    0x02, 0x02, 0x03, 0x03, /* TLS 1.2 */
    0x04, 0x02, 0xc0, 0x2f, /* ECDHE-RSA-AES128-GCM-SHA256 */
    0x04, 0x00,             /* session id */
    0x04, 0x00,             /* master key */
    0xaa, 0x02, 0x04, 0x00, /* [10] ticket: there, and empty */
};

int main(void)
{
    const unsigned char *at = with_empty_ticket;
    SSL_SESSION *session = d2i_SSL_SESSION(NULL, &at, sizeof(with_empty_ticket)), *copy;
    unsigned long error;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (session == NULL || i2d_SSL_SESSION(session, NULL) <= 0)
        return 2;
    ERR_clear_error();

    copy = SSL_SESSION_dup(session);
    error = ERR_peek_error();
    printf("expected: a copy, and no error\n");
    printf("actual:   %s, first error: %s\n", copy != NULL ? "a copy" : "NULL",
           error == 0 ? "none" : ERR_reason_error_string(error));
    SSL_SESSION_free(copy);
    SSL_SESSION_free(session);
    return copy == NULL;
}
