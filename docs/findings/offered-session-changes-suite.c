/*
 * A session of TLS 1.3 is resumed with another cipher suite of the same digest. The session that the client offered, which others
 * share, has that suite afterwards.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations offered-session-changes-suite.c -lssl -lcrypto && ./a.out
 *
 * Exit status: 1 OpenSSL does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
#include <string.h>
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

#define FIRST "TLS_AES_128_GCM_SHA256"
#define SECOND "TLS_CHACHA20_POLY1305_SHA256"

/* The suite of a session. */
static const char *suite(const SSL_SESSION *session)
{
    return SSL_CIPHER_get_name(SSL_SESSION_get0_cipher(session));
}

int main(void)
{
    SSL_CTX *server_context = SSL_CTX_new(TLS_server_method()), *client_context = SSL_CTX_new(TLS_client_method());
    SSL *servers[2], *clients[2];
    SSL_SESSION *session;
    const char *before, *after;
    char byte;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (server_context == NULL || client_context == NULL || !certify(server_context)
        || !SSL_CTX_set_ciphersuites(server_context, FIRST) || (servers[0] = SSL_new(server_context)) == NULL
        || (clients[0] = SSL_new(client_context)) == NULL || !connect_in_memory(clients[0], servers[0]))
        return 2;
    /* There is nothing to read but the ticket. */
    SSL_read(clients[0], &byte, 1);
    session = SSL_get1_session(clients[0]);
    before = suite(session);
    if (!SSL_SESSION_is_resumable(session) || !SSL_CTX_set_ciphersuites(server_context, SECOND ":" FIRST)
        || !SSL_CTX_set_ciphersuites(client_context, SECOND) || (servers[1] = SSL_new(server_context)) == NULL
        || (clients[1] = SSL_new(client_context)) == NULL || !SSL_set_session(clients[1], session)
        || !connect_in_memory(clients[1], servers[1]) || !SSL_session_reused(clients[1]))
        return 2;
    after = suite(session);
    printf("expected: %s, with which the session was made\nactual:   %s\n", before, after);
    SSL_SESSION_free(session);
    SSL_free(clients[0]);
    SSL_free(clients[1]);
    SSL_free(servers[0]);
    SSL_free(servers[1]);
    SSL_CTX_free(client_context);
    SSL_CTX_free(server_context);
    return strcmp(before, after) == 0 ? 0 : 1;
}
