/*
 * The callback for server names that a client's context has is called in the client's handshake, too, and its refusal ends that.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations client-asks-itself-for-its-server.c -lssl -lcrypto && ./a.out
 *
 * Exit status: 1 OpenSSL does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

static int calls;

static int refuses(SSL *connection, int *alert, void *argument)
{
    (void)connection;
    (void)alert;
    (void)argument;
    calls++;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

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
    SSL_CTX *serving = SSL_CTX_new(TLS_server_method()), *asking = SSL_CTX_new(TLS_client_method());
    SSL *server, *client;
    int done;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (serving == NULL || asking == NULL || !certify(serving))
        return 2;
    SSL_CTX_set_tlsext_servername_callback(asking, refuses);
    server = SSL_new(serving);
    client = SSL_new(asking);
    if (server == NULL || client == NULL)
        return 2;
    done = connect_in_memory(client, server);
    printf("expected: called 0 times, the handshake ends well\nactual:   called %d times, the handshake %s\n", calls,
        done ? "ends well" : "fails");
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(serving);
    SSL_CTX_free(asking);
    return calls == 0 && done ? 0 : 1;
}
