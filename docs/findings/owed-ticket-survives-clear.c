/*
 * SSL_new_session_ticket() asks for a ticket, which goes out with what is sent next. SSL_clear() does not forget it: the next
 * handshake of that connection makes sessions without ids, which go into no cache and are told to no callback. With SSL_OP_NO_TICKET,
 * where the id is the ticket, the client breaks off.
 *
 *     cc -Wall -Werror -Wno-deprecated-declarations owed-ticket-survives-clear.c -lssl -lcrypto && ./a.out
 *
 * Exit status: 1 OpenSSL does this, 0 it does not, 2 this program could not find out.
 */
#include <stdio.h>
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

static int told;

static int new_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl, (void)session;
    told++;
    return 0;
}

/* Whether the client reads what the server sends, tickets first. */
static int reads(SSL *client, SSL *server)
{
    char byte;

    return SSL_write(server, "a", 1) == 1 && SSL_read(client, &byte, 1) == 1;
}

/* A second handshake of the same two; with `asks`, the server has asked for a ticket before they were cleared. */
static int again(SSL_CTX *contexts[2], int asks, int *read)
{
    SSL *server = SSL_new(contexts[0]), *client = SSL_new(contexts[1]);
    int made = server != NULL && client != NULL && connect_in_memory(client, server) && SSL_version(server) == TLS1_3_VERSION;

    made = made && (!asks || SSL_new_session_ticket(server)) && SSL_clear(client) && SSL_clear(server);
    told = 0;
    made = made && connect_in_memory(client, server);
    *read = made && reads(client, server);
    SSL_free(client);
    SSL_free(server);
    return made;
}

int main(void)
{
    SSL_CTX *contexts[2] = { SSL_CTX_new(TLS_server_method()), SSL_CTX_new(TLS_client_method()) };
    int plain, asked, read, stateful, stateful_asked;

    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    if (contexts[0] == NULL || contexts[1] == NULL || !certify(contexts[0]))
        return 2;
    SSL_CTX_set_session_cache_mode(contexts[0], SSL_SESS_CACHE_SERVER);
    SSL_CTX_sess_set_new_cb(contexts[0], new_session);
    if (!again(contexts, 0, &read) || !read)
        return 2;
    plain = told;
    if (!again(contexts, 1, &read) || !read)
        return 2;
    asked = told;
    SSL_CTX_set_options(contexts[0], SSL_OP_NO_TICKET);
    if (!again(contexts, 0, &stateful) || !stateful || !again(contexts, 1, &stateful_asked))
        return 2;
    printf("expected: %d new sessions\nactual:   %d\n", plain, asked);
    printf("and with SSL_OP_NO_TICKET\nexpected: 1 byte read\nactual:   %s\n", stateful_asked ? "1 byte read" : "none");
    SSL_CTX_free(contexts[0]);
    SSL_CTX_free(contexts[1]);
    return plain > 0 && asked == 0;
}
