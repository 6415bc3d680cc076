/* What a program of the manual pages' kind does with sessions, with the header and the library of the crate `session` alone. */
#include "sessdiff_session.h"

#include <stdio.h>
#include <string.h>

static int line_of_failure;
#define CHECK(what)                                \
    do {                                           \
        if (!(what) && line_of_failure == 0) {     \
            line_of_failure = __LINE__;            \
            printf("line %d: " #what "\n", __LINE__); \
        }                                          \
    } while (0)

static int removed, freed;

static void on_remove(SSL_CTX *c, SSL_SESSION *s)
{
    (void)c;
    (void)s;
    removed++;
}

/* The session is being destroyed: a getter has no answer, and says so by the error queue. */
static void on_free(void *parent, void *value, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)data;
    (void)index;
    CHECK(argl == 7 && argp == &removed);
    if (value != NULL)
        freed++;
    CHECK(ERR_peek_error() == 0);
    CHECK(SSL_SESSION_get_time(parent) == 0);
    CHECK(ERR_peek_error() != 0);
    ERR_clear_error();
}

static void of_one_session(void)
{
    unsigned int length = 0;
    unsigned char key[64];
    SSL_SESSION *s = SSL_SESSION_new();
    CHECK(SSL_SESSION_set1_id(s, (const unsigned char *)"an id", 5) == 1);
    CHECK(memcmp(SSL_SESSION_get_id(s, &length), "an id", 5) == 0 && length == 5);
    CHECK(SSL_SESSION_set1_id(s, key, 33) == 0 && ERR_get_error() != 0 && ERR_peek_error() == 0);
    CHECK(SSL_SESSION_set1_hostname(s, "example.org") == 1);
    CHECK(SSL_SESSION_set_timeout(s, -1) == 0 && SSL_SESSION_set_timeout(s, 100) == 1);
    CHECK(SSL_SESSION_get_timeout(NULL) == 0 && SSL_SESSION_get_master_key(s, key, sizeof key) == 0);

    SSL_SESSION *copy = SSL_SESSION_dup(s);
    CHECK(SSL_SESSION_up_ref(copy) == 1);
    SSL_SESSION_free(s);
    CHECK(strcmp(SSL_SESSION_get0_hostname(copy), "example.org") == 0 && SSL_SESSION_get_timeout(copy) == 100);
    SSL_SESSION_free(copy);
    CHECK(SSL_SESSION_get_timeout(copy) == 100);
    SSL_SESSION_free(copy);
    SSL_SESSION_free(NULL);
}

static void of_bytes(void)
{
    const unsigned char code[] = { 0x13, 0x01 };
    unsigned char *der = NULL;
    SSL_SESSION *s = SSL_SESSION_new(), *read = NULL;
    CHECK(i2d_SSL_SESSION(s, &der) == 0 && der == NULL);
    CHECK(SSL_SESSION_set_cipher(s, SSL_CIPHER_find(NULL, code)) == 1);
    CHECK(SSL_SESSION_set_protocol_version(s, 0x304) == 1);
    int length = i2d_SSL_SESSION(s, &der);
    CHECK(length > 0 && der != NULL);
    const unsigned char *at = der;
    CHECK(d2i_SSL_SESSION(&read, &at, length) == read && read != NULL && at == der + length);
    CHECK(SSL_CIPHER_get_protocol_id(SSL_SESSION_get0_cipher(read)) == 0x1301);
    CRYPTO_free(der, __FILE__, __LINE__);

    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    CHECK(PEM_write_bio_SSL_SESSION(bio, read) == 1 && BIO_ctrl(bio, 3, 0, &text) > 0);
    CHECK(strncmp(text, "-----BEGIN SSL SESSION PARAMETERS-----", 38) == 0);
    CHECK(PEM_read_bio_SSL_SESSION(bio, &read, NULL, NULL) == read);
    BIO_free(bio);
    SSL_SESSION_free(read);
    SSL_SESSION_free(s);
}

static void of_a_cache(void)
{
    SSL_CTX *c = SSL_CTX_new(TLS_server_method());
    SSL_SESSION *s = SSL_SESSION_new();
    int index = SSL_SESSION_get_ex_new_index(7, &removed, NULL, NULL, on_free);
    CHECK(index == 1 && SSL_SESSION_set_ex_data(s, index, &freed) == 1);
    SSL_CTX_sess_set_remove_cb(c, on_remove);
    SSL_SESSION_set1_id(s, (const unsigned char *)"b", 1);
    CHECK(SSL_CTX_add_session(c, s) == 1 && SSL_CTX_add_session(c, s) == 0 && SSL_CTX_sess_number(c) == 1);
    SSL_SESSION_free(s);
    CHECK(freed == 0 && SSL_SESSION_is_resumable(s) == 1);
    SSL_CTX_free(c);
    CHECK(removed == 1 && freed == 1);
}

int main(void)
{
    CHECK(OPENSSL_init_ssl(0, NULL) == 1 && OpenSSL_version_num() >> 28 == 3);
    of_one_session();
    of_bytes();
    of_a_cache();
    printf("%s\n", line_of_failure == 0 ? "well" : "ill");
    return line_of_failure != 0;
}
