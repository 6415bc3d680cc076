/*
 * A server asks its client for a certificate after the handshake. SSL_clear leaves what it asked with, and the next handshake of that
 * server, in which it asks again, is refused.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations clear-keeps-the-request.c -lssl -lcrypto && ./a.out
 *
 * Exit status: 1 OpenSSL does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

/* A new key, and a certificate that nobody has signed but itself. */
static int certify(SSL_CTX *context)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    int used = key != NULL && certificate != NULL && ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1)
        && X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL
        && X509_gmtime_adj(X509_getm_notAfter(certificate), 86400) != NULL && X509_set_pubkey(certificate, key)
        && X509_sign(certificate, key, EVP_sha256()) && SSL_CTX_use_certificate(context, certificate)
        && SSL_CTX_use_PrivateKey(context, key);

    X509_free(certificate);
    EVP_PKEY_free(key);
    return used;
}

/* A handshake in memory; whether both sides have finished. */
static int connect_in_memory(SSL *client, SSL *server)
{
    BIO *a = BIO_new(BIO_s_mem()), *b = BIO_new(BIO_s_mem());
    int client_is_done = 0, server_is_done = 0, flight;

    if (a == NULL || b == NULL || !BIO_up_ref(a) || !BIO_up_ref(b))
        return 0;
    SSL_set_bio(client, a, b);
    SSL_set_bio(server, b, a);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    for (flight = 0; flight < 5 && !(client_is_done && server_is_done); flight++) {
        client_is_done = client_is_done || SSL_do_handshake(client) == 1;
        server_is_done = server_is_done || SSL_do_handshake(server) == 1;
    }
    return client_is_done && server_is_done;
}

static int takes_any(int ok, X509_STORE_CTX *chain)
{
    (void)ok;
    (void)chain;
    return 1;
}

int main(void)
{
    SSL_CTX *server_context = SSL_CTX_new(TLS_server_method()), *client_context = SSL_CTX_new(TLS_client_method());
    SSL *server, *client, *fresh;
    int again, with_another;
    char byte;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (server_context == NULL || client_context == NULL || !certify(server_context))
        return 2;
    SSL_CTX_set_verify(server_context, SSL_VERIFY_PEER, takes_any);
    SSL_CTX_set_post_handshake_auth(client_context, 1);
    server = SSL_new(server_context);
    fresh = SSL_new(server_context);
    client = SSL_new(client_context);
    if (server == NULL || fresh == NULL || client == NULL || !connect_in_memory(client, server)
        || SSL_version(server) != TLS1_3_VERSION || !SSL_verify_client_post_handshake(server)
        || SSL_do_handshake(server) != 1)
        return 2;
    /* The client answers with no certificate, and the server reads that. */
    SSL_read(client, &byte, 1);
    SSL_read(server, &byte, 1);
    SSL_set_session(client, NULL);
    if (!SSL_clear(client) || !SSL_clear(server))
        return 2;
    ERR_clear_error();
    again = connect_in_memory(client, server);
    printf("expected: the handshake ends well\nactual:   %s\n",
        again ? "the handshake ends well" : ERR_reason_error_string(ERR_peek_error()));
    /* The client can: it is the server. */
    SSL_set_session(client, NULL);
    if (!SSL_clear(client))
        return 2;
    with_another = connect_in_memory(client, fresh);
    SSL_free(client);
    SSL_free(fresh);
    SSL_free(server);
    SSL_CTX_free(client_context);
    SSL_CTX_free(server_context);
    return !with_another ? 2 : again ? 0 : 1;
}
