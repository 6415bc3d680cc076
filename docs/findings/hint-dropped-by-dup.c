/*
 * SSL_SESSION_dup() does not copy the ticket lifetime hint of a session that has no ticket.
 *
 * A hint without a ticket can be read with d2i_SSL_SESSION(). The function that duplicates can leave the ticket out,
 * as a handshake asks it to; a session that has none takes the same branch, and the branch sets the hint to 0.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations hint-dropped-by-dup.c -lssl -lcrypto && ./a.out
 *
 * Exit status: 1 OpenSSL does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>

/* SSL_SESSION in DER. */
static const unsigned char with_hint_only[] = {
    0x30, 0x15,
    0x02, 0x01, 0x01,                   /* version of the structure */
    0x02, 0x02, 0x03, 0x03,             /* TLS 1.2 */
    0x04, 0x02, 0xc0, 0x2f,             /* ECDHE-RSA-AES128-GCM-SHA256 */
    0x04, 0x00,                         /* session id */
    0x04, 0x00,                         /* master key */
    0xa9, 0x04, 0x02, 0x02, 0x02, 0x58, /* [9] lifetime hint: 600 seconds */
};

int main(void)
{
    const unsigned char *at = with_hint_only;
    SSL_SESSION *session = d2i_SSL_SESSION(NULL, &at, sizeof(with_hint_only)), *copy;
    unsigned long hint, copied;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (session == NULL || SSL_SESSION_has_ticket(session) || (copy = SSL_SESSION_dup(session)) == NULL)
        return 2;
    hint = SSL_SESSION_get_ticket_lifetime_hint(session);
    copied = SSL_SESSION_get_ticket_lifetime_hint(copy);
    printf("expected: %lu in the session, %lu in its copy\n", hint, hint);
    printf("actual:   %lu in the session, %lu in its copy\n", hint, copied);
    SSL_SESSION_free(copy);
    SSL_SESSION_free(session);
    return copied != hint;
}
