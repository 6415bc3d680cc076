/*
 * SSL_SESSION_set1_master_key() refuses a key that is too long without leaving an error in the queue.
 *
 * Its neighbour SSL_SESSION_set1_id() leaves one for an id that is too long. A caller that prints the queue when a
 * setter fails has nothing to print for the key.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations long-master-key-is-silent.c -lssl -lcrypto && ./a.out
 *
 * Exit status: 1 OpenSSL does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

static const char *reason(unsigned long error)
{
    return error == 0 ? "none" : ERR_reason_error_string(error);
}

int main(void)
{
    /* No release takes so many bytes; which length is the limit is in no header and on no page. */
    static const unsigned char bytes[65536];
    SSL_SESSION *session = SSL_SESSION_new();
    unsigned long id_error, key_error;
    int id_result, key_result;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (session == NULL)
        return 2;
    ERR_clear_error();
    id_result = SSL_SESSION_set1_id(session, bytes, SSL_MAX_SSL_SESSION_ID_LENGTH + 1);
    id_error = ERR_peek_error();
    ERR_clear_error();
    key_result = SSL_SESSION_set1_master_key(session, bytes, sizeof(bytes));
    key_error = ERR_peek_error();
    SSL_SESSION_free(session);

    printf("expected: 0 and an error for an id and for a key that is too long\n");
    printf("actual:   set1_id returns %d, first error: %s\n", id_result, reason(id_error));
    printf("          set1_master_key returns %d, first error: %s\n", key_result, reason(key_error));
    if (id_result != 0 || id_error == 0)
        return 2; /* There is nothing to compare with. */
    return key_result == 0 && key_error == 0;
}
