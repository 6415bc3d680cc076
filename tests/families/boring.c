/* A session as BoringSSL's header types it. What is returned in fewer than 64 bits has garbage above them, as a register may. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GARBAGE UINT64_C(0xdead000000000000)

typedef struct { int unused; } SSL_CTX;
typedef struct {
    uint32_t references;
    uint16_t version;
    uint32_t timeout;
    uint64_t time;
    uint8_t id[32], context[32];
    unsigned id_length, context_length;
    void *values[32];
} SSL_SESSION;

static uint32_t error;

const char *OpenSSL_version(int which) { (void)which; return "BoringSSL"; }
int OPENSSL_init_ssl(uint64_t options, const void *settings) { (void)options, (void)settings; return 1; }
uint64_t ERR_peek_error(void) { return error | GARBAGE; }
uint64_t ERR_peek_last_error(void) { return error | GARBAGE; }
void ERR_clear_error(void) { error = 0; }

const void *TLS_method(void) { static const int method; return &method; }
SSL_CTX *SSL_CTX_new(const void *method) { return method ? calloc(1, sizeof(SSL_CTX)) : NULL; }

SSL_SESSION *SSL_SESSION_new(const SSL_CTX *context)
{
    /* Whoever gives none is answered as by the real one. */
    volatile int unused = context->unused;
    uint64_t *block = calloc(1, 8 + sizeof(SSL_SESSION));
    SSL_SESSION *s = (SSL_SESSION *)(block + 1);
    (void)unused;
    *block = sizeof(SSL_SESSION);
    s->references = 1;
    s->timeout = TIMEOUT;
    s->time = time(NULL);
    return s;
}

int SSL_SESSION_up_ref(SSL_SESSION *s) { s->references += TAKEN; return 1; }

static int set(uint8_t *to, unsigned *to_length, const uint8_t *from, size_t length)
{
    if (length > 32) { error = 0x10000122; return 0; }
    if (length) memmove(to, from, length);
    *to_length = length;
    return 1;
}

int SSL_SESSION_set1_id(SSL_SESSION *s, const uint8_t *id, size_t n) { return set(s->id, &s->id_length, id, n); }
const uint8_t *SSL_SESSION_get_id(const SSL_SESSION *s, unsigned *n) { *n = s->id_length; return s->id; }
uint64_t SSL_SESSION_set_time(SSL_SESSION *s, uint64_t time) { return s ? s->time = time : 0; }
uint64_t SSL_SESSION_get_time(const SSL_SESSION *s) { return s ? s->time : 0; }
uint64_t SSL_SESSION_set_timeout(SSL_SESSION *s, uint32_t timeout)
{
    if (s) s->timeout = timeout;
    return (s ? 1 : 0) | GARBAGE;
}
uint64_t SSL_SESSION_get_timeout(const SSL_SESSION *s) { return s->timeout | GARBAGE; }

int SSL_SESSION_set_protocol_version(SSL_SESSION *s, uint16_t version)
{
    switch (version) {
    case 0x301: case 0x302: case 0x303: case 0x304: case 0xfeff: case 0xfefd:
        s->version = version;
        return 1;
    }
    return 0;
}
uint64_t SSL_SESSION_get_protocol_version(const SSL_SESSION *s) { return s->version | GARBAGE; }

static void (*freed)(void *, void *, void *, int, long, void *);
static int last;
int SSL_SESSION_get_ex_new_index(long l, void *p, int *unused, void *dup, void (*f)(void *, void *, void *, int, long, void *))
{
    (void)l, (void)p, (void)unused, (void)dup;
    freed = f;
    return ++last;
}
int SSL_SESSION_set_ex_data(SSL_SESSION *s, int index, void *value) { s->values[index] = value; return 1; }

/* Nobody says which session it was of. */
static void end(SSL_SESSION *s)
{
    if (s->values[last]) freed(NULL, s->values[last], NULL, last, 0, NULL);
    free((uint64_t *)s - 1);
}

void SSL_SESSION_free(SSL_SESSION *s)
{
    if (s && --s->references == 0) end(s);
}

/* It has OpenSSL's name, and neither its type nor its meaning. */
int CRYPTO_get_ex_new_index(void *class_, int *index, long l, void *p, void *free_) { abort(); }
int SSL_CTX_sess_number(void *context) { abort(); }
