/* What libsessdiff_session.so has: names, types and meaning are those of <openssl/ssl.h> of OpenSSL 3.6, before or after which it may be
 * included. The manual pages of the functions say what they do. */
#ifndef SESSDIFF_SESSION_H
#define SESSDIFF_SESSION_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ssl_session_st SSL_SESSION;
typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;
typedef struct ssl_method_st SSL_METHOD;
typedef struct ssl_cipher_st SSL_CIPHER;
typedef struct crypto_ex_data_st CRYPTO_EX_DATA;
typedef struct bio_st BIO;
typedef struct bio_method_st BIO_METHOD;
typedef struct x509_st X509;
typedef struct evp_pkey_st EVP_PKEY;
typedef struct ossl_init_settings_st OPENSSL_INIT_SETTINGS;
typedef struct ossl_lib_ctx_st OSSL_LIB_CTX;
typedef struct lhash_st OPENSSL_LHASH;
struct lhash_st_SSL_SESSION;

typedef void CRYPTO_EX_new(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp);
typedef void CRYPTO_EX_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp);
typedef int CRYPTO_EX_dup(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **from_d, int idx, long argl, void *argp);
typedef int i2d_of_void(const void *, unsigned char **);
typedef void *d2i_of_void(void **, const unsigned char **, long);
typedef int pem_password_cb(char *buf, int size, int rwflag, void *userdata);
typedef void (*OPENSSL_LH_DOALL_FUNCARG)(void *, void *);

/* The library. */
int OPENSSL_init_ssl(uint64_t opts, const OPENSSL_INIT_SETTINGS *settings);
unsigned long OpenSSL_version_num(void);
const char *OpenSSL_version(int type);
void CRYPTO_free(void *ptr, const char *file, int line);
int CRYPTO_get_ex_new_index(int class_index, long argl, void *argp, CRYPTO_EX_new *new_func, CRYPTO_EX_dup *dup_func,
                            CRYPTO_EX_free *free_func);

/* Errors. */
void ERR_new(void);
void ERR_set_error(int lib, int reason, const char *fmt, ...);
unsigned long ERR_get_error(void);
unsigned long ERR_peek_error(void);
unsigned long ERR_peek_last_error(void);
void ERR_clear_error(void);

/* Sessions. */
SSL_SESSION *SSL_SESSION_new(void);
SSL_SESSION *SSL_SESSION_dup(const SSL_SESSION *src);
int SSL_SESSION_up_ref(SSL_SESSION *ses);
void SSL_SESSION_free(SSL_SESSION *ses);

int SSL_SESSION_set1_id(SSL_SESSION *s, const unsigned char *sid, unsigned int sid_len);
const unsigned char *SSL_SESSION_get_id(const SSL_SESSION *s, unsigned int *len);
int SSL_SESSION_set1_id_context(SSL_SESSION *s, const unsigned char *sid_ctx, unsigned int sid_ctx_len);
const unsigned char *SSL_SESSION_get0_id_context(const SSL_SESSION *s, unsigned int *len);
long SSL_SESSION_set_time(SSL_SESSION *s, long t);
long SSL_SESSION_get_time(const SSL_SESSION *s);
time_t SSL_SESSION_set_time_ex(SSL_SESSION *s, time_t t);
time_t SSL_SESSION_get_time_ex(const SSL_SESSION *s);
long SSL_SESSION_set_timeout(SSL_SESSION *s, long t);
long SSL_SESSION_get_timeout(const SSL_SESSION *s);
int SSL_SESSION_set_protocol_version(SSL_SESSION *s, int version);
int SSL_SESSION_get_protocol_version(const SSL_SESSION *s);
int SSL_SESSION_set_cipher(SSL_SESSION *s, const SSL_CIPHER *cipher);
const SSL_CIPHER *SSL_SESSION_get0_cipher(const SSL_SESSION *s);
int SSL_SESSION_set1_master_key(SSL_SESSION *sess, const unsigned char *in, size_t len);
size_t SSL_SESSION_get_master_key(const SSL_SESSION *sess, unsigned char *out, size_t outlen);
int SSL_SESSION_set1_hostname(SSL_SESSION *s, const char *hostname);
const char *SSL_SESSION_get0_hostname(const SSL_SESSION *s);
int SSL_SESSION_set1_alpn_selected(SSL_SESSION *s, const unsigned char *alpn, size_t len);
void SSL_SESSION_get0_alpn_selected(const SSL_SESSION *s, const unsigned char **alpn, size_t *len);
int SSL_SESSION_set_max_early_data(SSL_SESSION *s, uint32_t max_early_data);
uint32_t SSL_SESSION_get_max_early_data(const SSL_SESSION *s);
int SSL_SESSION_set1_ticket_appdata(SSL_SESSION *ss, const void *data, size_t len);
int SSL_SESSION_get0_ticket_appdata(SSL_SESSION *ss, void **data, size_t *len);
int SSL_SESSION_has_ticket(const SSL_SESSION *s);
unsigned long SSL_SESSION_get_ticket_lifetime_hint(const SSL_SESSION *s);
void SSL_SESSION_get0_ticket(const SSL_SESSION *s, const unsigned char **tick, size_t *len);
unsigned int SSL_SESSION_get_compress_id(const SSL_SESSION *s);
uint8_t SSL_SESSION_get_max_fragment_length(const SSL_SESSION *sess);
int SSL_SESSION_is_resumable(const SSL_SESSION *s);
int SSL_SESSION_set_ex_data(SSL_SESSION *ss, int idx, void *data);
void *SSL_SESSION_get_ex_data(const SSL_SESSION *ss, int idx);
X509 *SSL_SESSION_get0_peer(SSL_SESSION *s);

/* A suite is found by its code alone: the connection may be NULL. */
const SSL_CIPHER *SSL_CIPHER_find(SSL *ssl, const unsigned char *ptr);
uint16_t SSL_CIPHER_get_protocol_id(const SSL_CIPHER *c);

/* Bytes. A certificate, and a public key, is any DER of a sequence. */
int i2d_SSL_SESSION(const SSL_SESSION *in, unsigned char **pp);
SSL_SESSION *d2i_SSL_SESSION(SSL_SESSION **a, const unsigned char **pp, long length);
SSL_SESSION *d2i_SSL_SESSION_ex(SSL_SESSION **a, const unsigned char **pp, long length, OSSL_LIB_CTX *libctx, const char *propq);
int ASN1_i2d_bio(i2d_of_void *i2d, BIO *out, const void *x);
void *ASN1_d2i_bio(void *(*xnew)(void), d2i_of_void *d2i, BIO *in, void **x);
int PEM_write_bio_SSL_SESSION(BIO *out, const SSL_SESSION *x);
SSL_SESSION *PEM_read_bio_SSL_SESSION(BIO *out, SSL_SESSION **x, pem_password_cb *cb, void *u);
int SSL_SESSION_print(BIO *fp, const SSL_SESSION *ses);
int SSL_SESSION_print_keylog(BIO *bp, const SSL_SESSION *x);
X509 *d2i_X509(X509 **a, const unsigned char **in, long len);
int i2d_X509(const X509 *a, unsigned char **out);
void X509_free(X509 *a);
EVP_PKEY *d2i_PUBKEY(EVP_PKEY **a, const unsigned char **in, long len);
int i2d_PUBKEY(const EVP_PKEY *a, unsigned char **out);
void EVP_PKEY_free(EVP_PKEY *pkey);
const char *X509_verify_cert_error_string(long n);

const BIO_METHOD *BIO_s_mem(void);
BIO *BIO_new(const BIO_METHOD *type);
BIO *BIO_new_mem_buf(const void *buf, int len);
int BIO_up_ref(BIO *a);
int BIO_free(BIO *a);
int BIO_read(BIO *b, void *data, int dlen);
int BIO_write(BIO *b, const void *data, int dlen);
long BIO_ctrl(BIO *bp, int cmd, long larg, void *parg);

/* Contexts, which cache sessions. A connection holds its context, and does nothing. */
const SSL_METHOD *TLS_method(void);
const SSL_METHOD *TLS_server_method(void);
const SSL_METHOD *TLS_client_method(void);
SSL_CTX *SSL_CTX_new(const SSL_METHOD *meth);
int SSL_CTX_up_ref(SSL_CTX *ctx);
void SSL_CTX_free(SSL_CTX *);
long SSL_CTX_ctrl(SSL_CTX *ctx, int cmd, long larg, void *parg);
long SSL_CTX_set_timeout(SSL_CTX *ctx, long t);
long SSL_CTX_get_timeout(const SSL_CTX *ctx);
int SSL_CTX_set_session_id_context(SSL_CTX *ctx, const unsigned char *sid_ctx, unsigned int sid_ctx_len);
void SSL_CTX_sess_set_remove_cb(SSL_CTX *ctx, void (*remove_session_cb)(struct ssl_ctx_st *ctx, SSL_SESSION *sess));
void SSL_CTX_sess_set_new_cb(SSL_CTX *ctx, int (*new_session_cb)(struct ssl_st *ssl, SSL_SESSION *sess));
int SSL_CTX_add_session(SSL_CTX *ctx, SSL_SESSION *session);
int SSL_CTX_remove_session(SSL_CTX *, SSL_SESSION *session);
void SSL_CTX_flush_sessions(SSL_CTX *ctx, long tm);
void SSL_CTX_flush_sessions_ex(SSL_CTX *ctx, time_t tm);
struct lhash_st_SSL_SESSION *SSL_CTX_sessions(SSL_CTX *ctx);
void OPENSSL_LH_doall_arg(OPENSSL_LHASH *lh, OPENSSL_LH_DOALL_FUNCARG func, void *arg);
void *OPENSSL_LH_retrieve(OPENSSL_LHASH *lh, const void *data);
SSL *SSL_new(SSL_CTX *ctx);
void SSL_free(SSL *ssl);
SSL_SESSION *SSL_get_session(const SSL *ssl);

/* The macros of OpenSSL's header. */
#ifndef SSL_CTX_sess_number
# define SSL_CTX_sess_number(ctx) SSL_CTX_ctrl(ctx, 20, 0, NULL)
# define SSL_CTX_sess_set_cache_size(ctx, t) SSL_CTX_ctrl(ctx, 42, t, NULL)
# define SSL_CTX_sess_get_cache_size(ctx) SSL_CTX_ctrl(ctx, 43, 0, NULL)
# define SSL_CTX_set_session_cache_mode(ctx, m) SSL_CTX_ctrl(ctx, 44, m, NULL)
# define SSL_CTX_get_session_cache_mode(ctx) SSL_CTX_ctrl(ctx, 45, 0, NULL)
# define SSL_SESSION_get_ex_new_index(l, p, newf, dupf, freef) CRYPTO_get_ex_new_index(2, l, p, newf, dupf, freef)
#endif

#ifdef __cplusplus
}
#endif

#endif
