/* A session by wolfSSL's names, in a library that lets itself be given memory. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct { int type; unsigned references; unsigned timeout; unsigned char id[32]; unsigned length; } WOLFSSL_SESSION;

static void *(*allocate)(size_t) = malloc;
static void (*release)(void *) = free;

int wolfSSL_SetAllocators(void *(*m)(size_t), void (*f)(void *), void *(*r)(void *, size_t))
{
    (void)r;
    allocate = m;
    release = f;
    return 0;
}

int wolfSSL_Init(void) { return 1; }
const char *wolfSSL_lib_version(void) { return "5.5.4"; }
unsigned long wolfSSL_ERR_peek_error(void) { return 0; }
unsigned long wolfSSL_ERR_peek_last_error(void) { return 0; }
void wolfSSL_ERR_clear_error(void) {}

WOLFSSL_SESSION *wolfSSL_SESSION_new(void)
{
    WOLFSSL_SESSION *s = allocate(sizeof *s);
    memset(s, 0, sizeof *s);
    s->references = 1;
    return s;
}

int wolfSSL_SESSION_up_ref(WOLFSSL_SESSION *s) { s->references++; return 1; }

void wolfSSL_SESSION_free(WOLFSSL_SESSION *s)
{
    if (s && --s->references == 0 && !LEAKS) release(s);
}

/* Its name has no `wolf` before it. */
int SSL_SESSION_set1_id(WOLFSSL_SESSION *s, const unsigned char *id, unsigned length)
{
    if (length > 32) return 0;
    if (length) memmove(s->id, id, length);
    s->length = length;
    return 1;
}

const unsigned char *wolfSSL_SESSION_get_id(const WOLFSSL_SESSION *s, unsigned *length) { *length = s->length; return s->id; }
long wolfSSL_SESSION_get_time(const WOLFSSL_SESSION *s) { (void)s; return 0; }
long wolfSSL_SESSION_get_timeout(const WOLFSSL_SESSION *s) { return s ? s->timeout : 0; }

/* Its name has `SSL_` twice. */
long wolfSSL_SSL_SESSION_set_timeout(WOLFSSL_SESSION *s, long timeout)
{
    if (!s || timeout < 0) return -173;
    s->timeout = timeout;
    return 1;
}

int wolfSSL_SESSION_get_master_key(const WOLFSSL_SESSION *s, unsigned char *out, int room)
{
    (void)s;
    if (room > 48) room = 48;
    if (room > 0) memset(out, 0, room);
    return room ? room : 48;
}

unsigned long wolfSSL_SESSION_get_ticket_lifetime_hint(const WOLFSSL_SESSION *s) { return s->timeout; }

#ifdef I2D_X509
int wolfSSL_i2d_X509(const void *certificate, unsigned char **to) { (void)certificate, (void)to; return -1; }
#endif
