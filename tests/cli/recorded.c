/* What tests/cli/record.rs records: each word does a few calls, which the test knows. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static SSL_SESSION *kept;
static int told;

/* Keeps the first session that it is told of. */
static int keep(SSL *ssl, SSL_SESSION *session) {
    (void)ssl;
    told++;
    if (kept)
        return 0;
    kept = session;
    return 1;
}

static void give_certificate(SSL_CTX *context) {
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    X509 *certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

/* Makes a handshake in memory, and lets the client read the tickets. */
static int shake(SSL *client, SSL *server) {
    BIO *here, *there;
    char byte;
    if (!BIO_new_bio_pair(&here, 0, &there, 0))
        return 0;
    SSL_set_bio(client, here, here);
    SSL_set_bio(server, there, there);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    for (int turn = 0; turn < 20; turn++) {
        SSL_do_handshake(client);
        SSL_do_handshake(server);
    }
    SSL_read(client, &byte, 1);
    return SSL_is_init_finished(client) && SSL_is_init_finished(server);
}

static int resume(void) {
    SSL_CTX *theirs = SSL_CTX_new(TLS_server_method()), *ours = SSL_CTX_new(TLS_client_method());
    give_certificate(theirs);
    SSL_CTX_set_session_cache_mode(ours, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(ours, keep);
    int failed = 0;
    for (int turn = 0; turn < 2; turn++) {
        SSL *client = SSL_new(ours), *server = SSL_new(theirs);
        if (turn == 1) {
            SSL_set_session(client, kept);
            SSL_SESSION_free(kept);
        }
        failed |= !shake(client, server);
        failed |= SSL_session_reused(client) != turn;
        SSL_shutdown(client);
        SSL_free(client);
        SSL_free(server);
    }
    SSL_CTX_free(ours);
    SSL_CTX_free(theirs);
    return failed || told < 2;
}

static int leak(int frees) {
    SSL_SESSION *session = SSL_SESSION_new();
    SSL_SESSION_set1_id(session, (const unsigned char *)"a\0b", 3);
    SSL_SESSION_up_ref(session);
    SSL_SESSION_set_timeout(session, 77);
    SSL_SESSION *copy = SSL_SESSION_dup(session);
    SSL_SESSION_free(copy);
    SSL_SESSION_free(session);
    if (frees)
        SSL_SESSION_free(session);
    return 7;
}

static int print(void) {
    SSL_SESSION *session = SSL_SESSION_new();
    SSL_SESSION_print_fp(stderr, session);
    SSL_SESSION_print_fp(stderr, session);
    SSL_SESSION_free(session);
    return 0;
}

/* Compares what calls leave in errno and in the queue of errors, and what the functions for callbacks return. */
static int unchanged(void) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_SESSION *session = SSL_SESSION_new();
    unsigned char id[SSL_MAX_SSL_SESSION_ID_LENGTH + 1] = {0};
    ERR_clear_error();
    errno = 77;
    int is_set = SSL_SESSION_set1_id(session, id, sizeof id);
    int left = errno;
    SSL_SESSION_up_ref(session);
    unsigned long error = ERR_get_error();
    SSL_CTX_sess_set_new_cb(context, keep);
    int is_ours = SSL_CTX_sess_get_new_cb(context) == keep;
    SSL_SESSION_free(session);
    SSL_SESSION_free(session);
    SSL_CTX_free(context);
    return !(is_set == 0 && left == 77 && ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_get_error() == 0 && is_ours);
}

static void *work(void *argument) {
    for (int turn = 0; turn < 100; turn++) {
        SSL_SESSION *session = SSL_SESSION_new();
        SSL_SESSION_set_timeout(session, 5);
        SSL_SESSION_free(session);
    }
    return argument;
}

static int threads(void) {
    pthread_t all[4];
    for (int at = 0; at < 4; at++)
        pthread_create(&all[at], NULL, work, NULL);
    for (int at = 0; at < 4; at++)
        pthread_join(all[at], NULL);
    return 0;
}

static int forks(void) {
    int status = 1;
    SSL_SESSION *session = SSL_SESSION_new();
    pid_t child = fork();
    SSL_SESSION_free(session);
    if (child == 0)
        _exit(0);
    waitpid(child, &status, 0);
    return status;
}

int main(int count, char **words) {
    const char *word = count > 1 ? words[1] : "";
    if (!strcmp(word, "resume"))
        return resume();
    if (!strcmp(word, "leak") || !strcmp(word, "free"))
        return leak(!strcmp(word, "free"));
    if (!strcmp(word, "print"))
        return print();
    if (!strcmp(word, "unchanged"))
        return unchanged();
    if (!strcmp(word, "threads"))
        return threads();
    if (!strcmp(word, "fork"))
        return forks();
    if (!strcmp(word, "wait")) {
        SSL_SESSION_new();
        puts("waits");
        fflush(stdout);
        pause();
    }
    return 64;
}
