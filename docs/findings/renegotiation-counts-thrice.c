/*
 * One renegotiation, which the server asks for. The server's context counts three that were started, the client's one.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations renegotiation-counts-thrice.c -lssl -lcrypto && ./a.out
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

int main(void)
{
    SSL_CTX *server_context = SSL_CTX_new(TLS_server_method()), *client_context = SSL_CTX_new(TLS_client_method());
    SSL *server, *client;
    long started, asked_for;
    int flight;
    char byte;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (server_context == NULL || client_context == NULL || !certify(server_context)
        || !SSL_CTX_set_max_proto_version(client_context, TLS1_2_VERSION))
        return 2;
    server = SSL_new(server_context);
    client = SSL_new(client_context);
    if (server == NULL || client == NULL || !connect_in_memory(client, server) || !SSL_renegotiate(server)
        || SSL_do_handshake(server) != 1)
        return 2;
    /* Both read until there is nothing to read: the handshake is in what they read. */
    for (flight = 0; flight < 5; flight++) {
        SSL_read(client, &byte, 1);
        SSL_read(server, &byte, 1);
    }
    started = SSL_CTX_sess_connect_renegotiate(client_context);
    asked_for = SSL_CTX_sess_accept_renegotiate(server_context);
    if (SSL_renegotiate_pending(server) || started != 1 || SSL_CTX_sess_accept_good(server_context) != 2)
        return 2;
    printf("expected: 1\nactual:   %ld\n", asked_for);
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(client_context);
    SSL_CTX_free(server_context);
    return asked_for == 1 ? 0 : 1;
}
