/*
 * A TLS 1.3 client that gives its session application data loses the connection when the next ticket arrives.
 *
 * The client duplicates its session for every ticket, with the function behind SSL_SESSION_dup(), and that fails for
 * the reason shown by app-data-stops-dup.c. A server sends two tickets unless told otherwise: data set in the callback
 * for new sessions, at the first ticket, is enough. "./a.out register" registers an index before, and all is well.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations app-data-ends-connection.c -lssl -lcrypto && ./a.out
 *
 * Exit status: 1 OpenSSL does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

static int tickets;

static int new_session(SSL *ssl, SSL_SESSION *session)
{
    tickets++;
    SSL_SESSION_set_app_data(session, &tickets);
    return 0; /* The session stays the library's. */
}

/* A context for a server with a key and a self-signed certificate, made on the spot. */
static SSL_CTX *server_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    EVP_PKEY_CTX *generator = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, NULL);
    X509 *certificate = X509_new();
    EVP_PKEY *key = NULL;
    int ready = EVP_PKEY_keygen_init(generator) > 0 && EVP_PKEY_keygen(generator, &key) > 0
                && X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL
                && X509_gmtime_adj(X509_getm_notAfter(certificate), 3600) != NULL
                && X509_set_pubkey(certificate, key) && X509_sign(certificate, key, NULL) > 0
                && SSL_CTX_use_certificate(context, certificate) > 0 && SSL_CTX_use_PrivateKey(context, key) > 0;

    X509_free(certificate);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(generator);
    return ready ? context : NULL;
}

int main(int argc, char **argv)
{
    SSL_CTX *server_ctx = server_context(), *client_ctx = SSL_CTX_new(TLS_client_method());
    SSL *server, *client;
    BIO *server_end, *client_end;
    char byte;
    int turn, got;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (argc > 1 && SSL_SESSION_get_ex_new_index(0, NULL, NULL, NULL, NULL) <= 0)
        return 2;
    if (server_ctx == NULL || client_ctx == NULL || !BIO_new_bio_pair(&server_end, 0, &client_end, 0))
        return 2;
    SSL_CTX_set_session_cache_mode(client_ctx, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(client_ctx, new_session);
    server = SSL_new(server_ctx);
    client = SSL_new(client_ctx);
    SSL_set_bio(server, server_end, server_end);
    SSL_set_bio(client, client_end, client_end);
    SSL_set_accept_state(server);
    SSL_set_connect_state(client);
    for (turn = 0; turn < 10; turn++) {
        SSL_do_handshake(client);
        SSL_do_handshake(server);
    }
    if (!SSL_is_init_finished(server) || SSL_version(client) != TLS1_3_VERSION || SSL_write(server, "x", 1) != 1)
        return 2;
    ERR_clear_error();

    got = SSL_read(client, &byte, 1); /* Reads the tickets, then the byte. */
    printf("expected: 1 byte after 2 tickets\n");
    printf("actual:   SSL_read returns %d after %d ticket%s\n", got, tickets, tickets == 1 ? "" : "s");
    ERR_print_errors_fp(stdout);
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
    return got == 1 ? 0 : tickets == 1 ? 1 : 2;
}
