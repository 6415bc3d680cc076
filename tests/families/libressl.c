/* A session as LibreSSL has it: OpenSSL's names and types, indices that begin with 0, and no memory to be given. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
    int references;
    long timeout, time;
    unsigned char id[32], context[32];
    unsigned id_length, context_length;
    void *values[32];
    /* One more than the highest index that was set. */
    int set;
} SSL_SESSION;

typedef void on_change(void *, void *, void *, int, long, void *);
typedef int on_dup(void *, void *, void *, int, long, void *);

static struct { long l; void *p; on_change *new, *free; on_dup *dup; } indices[32];
static int last = -1;
static unsigned long error;

const char *OpenSSL_version(int which) { (void)which; return "LibreSSL 3.1.0"; }
unsigned long OpenSSL_version_num(void) { return 0x20000000L; }
int OPENSSL_init_ssl(uint64_t options, const void *settings) { (void)options, (void)settings; return 1; }
unsigned long ERR_peek_error(void) { return error; }
unsigned long ERR_peek_last_error(void) { return error; }
void ERR_clear_error(void) { error = 0; }

/* It is there, and does nothing. */
int CRYPTO_set_mem_functions(void *m, void *r, void *f) { (void)m, (void)r, (void)f; return 0; }
/* Its classes have other numbers. */
int CRYPTO_get_ex_new_index(int c, long l, void *p, on_change *n, on_dup *d, on_change *f) { abort(); }

int SSL_CTX_get_ex_new_index(long l, void *p, on_change *n, on_dup *d, on_change *f)
{
    (void)l, (void)p, (void)n, (void)d, (void)f;
    return 0;
}

int SSL_SESSION_get_ex_new_index(long l, void *p, on_change *n, on_dup *d, on_change *f)
{
    last++;
    indices[last].l = l, indices[last].p = p, indices[last].new = n, indices[last].dup = d, indices[last].free = f;
    return last;
}

int SSL_SESSION_set_ex_data(SSL_SESSION *s, int index, void *value)
{
    if (index < 0 || index >= 32) return 0;
    s->values[index] = value;
    if (s->set <= index) s->set = index + 1;
    return 1;
}
void *SSL_SESSION_get_ex_data(const SSL_SESSION *s, int index) { return index < 0 || index >= 32 ? NULL : s->values[index]; }

SSL_SESSION *SSL_SESSION_new(void)
{
    SSL_SESSION *s = calloc(1, sizeof *s);
    s->references = 1;
    s->timeout = 304;
    s->time = time(NULL);
    for (int i = 0; i <= last; i++)
        if (indices[i].new) indices[i].new(s, NULL, s->values, i, indices[i].l, indices[i].p);
    return s;
}

SSL_SESSION *SSL_SESSION_dup(const SSL_SESSION *from)
{
    SSL_SESSION *s = SSL_SESSION_new();
    s->timeout = FORGETS ? s->timeout : from->timeout;
    s->time = from->time;
    memcpy(s->id, from->id, sizeof s->id), s->id_length = from->id_length;
    memcpy(s->context, from->context, sizeof s->context), s->context_length = from->context_length;
    s->set = from->set;
    for (int i = 0; i <= last && i < from->set; i++) {
        void *value = from->values[i];
        if (indices[i].dup && !indices[i].dup(s->values, (void *)from->values, &value, i, indices[i].l, indices[i].p)) {
            abort();
        }
        s->values[i] = value;
    }
    return s;
}

int SSL_SESSION_up_ref(SSL_SESSION *s) { s->references += TAKEN; return 1; }

void SSL_SESSION_free(SSL_SESSION *s)
{
    if (!s || --s->references) return;
    for (int i = 0; i <= last; i++)
        if (indices[i].free) indices[i].free(s, s->values[i], s->values, i, indices[i].l, indices[i].p);
    free(s);
}

static int set(unsigned char *to, unsigned *to_length, const unsigned char *from, unsigned length)
{
    if (length > 32) { error = 0x14000122; return 0; }
    if (length) memmove(to, from, length);
    *to_length = length;
    return 1;
}

int SSL_SESSION_set1_id(SSL_SESSION *s, const unsigned char *id, unsigned n) { return set(s->id, &s->id_length, id, n); }
const unsigned char *SSL_SESSION_get_id(const SSL_SESSION *s, unsigned *n) { if (n) *n = s->id_length; return s->id; }
long SSL_SESSION_set_time(SSL_SESSION *s, long time) { return s ? s->time = time : 0; }
long SSL_SESSION_get_time(const SSL_SESSION *s) { return s ? s->time : 0; }
long SSL_SESSION_set_timeout(SSL_SESSION *s, long timeout) { return s ? s->timeout = timeout, 1 : 0; }
long SSL_SESSION_get_timeout(const SSL_SESSION *s) { return s ? s->timeout : 0; }
