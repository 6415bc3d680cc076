/*
 * The library that `sessdiff record` preloads. Every session call of a program is written to a file of its process, one line each,
 * and then made. The program sees the results, errno and the queue of errors of the call alone. Nothing is allocated, and nothing
 * is written to where the program writes.
 *
 *     THREAD DEPTH PLACE NAME OPERAND... [= RESULT]
 *
 * DEPTH counts the calls around this one: a callback runs inside a call. PLACE is `-` outside of every call, `<` where the line of the
 * call around it is still to come, `>` where it has been written. An operand is a letter, a colon and a value.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The longest line, the most bytes of an operand, the deepest call. */
#define LINE 3072
#define BYTES 1024
#define DEEPEST 16
/* The first number that the file may have: programs close the small ones. */
#define LEAST_FILE 500

#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))

struct call {
    char text[LINE];
    unsigned length;
    int written;
    int error;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[2048];
static char own_name[64];
static int file = -1;
static struct stat own_file;
static pid_t owner;
static unsigned long long bytes_written;
static int is_full;
/* What the library says of its version. */
static const char *version;

THREAD_LOCAL int depth;
THREAD_LOCAL char places[DEEPEST + 1];
THREAD_LOCAL unsigned lines;
/* Says that the library runs, and no callback of the program that is watched. */
THREAD_LOCAL int in_library;

/* Takes a file for this process, whose first line says of which it is a fork. */
static void take_file(void) {
    char path[2048 + 80], parent[sizeof own_name], line[160];
    unsigned long long at = bytes_written;
    snprintf(parent, sizeof parent, "%s", own_name);
    owner = getpid();
    file = -1;
    bytes_written = 0;
    is_full = 0;
    for (int number = 0; number < 1000 && file < 0; number++) {
        snprintf(own_name, sizeof own_name, "%ld.%d", (long)owner, number);
        snprintf(path, sizeof path, "%s/%s", folder, own_name);
        int low = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
        if (low < 0 && errno != EEXIST)
            return;
        if (low >= 0) {
            file = fcntl(low, F_DUPFD_CLOEXEC, LEAST_FILE);
            if (file < 0)
                file = low;
            else
                close(low);
        }
    }
    if (file < 0 || fstat(file, &own_file) != 0)
        return;
    int length = parent[0] ? snprintf(line, sizeof line, "0 0 - forked n:%s i:%llu\n", parent, at)
                           : snprintf(line, sizeof line, "0 0 - library n:%.100s\n", version ? version : "");
    if (write(file, line, (size_t)length) == length)
        bytes_written = (unsigned long long)length;
}

/* Tells whether the file is still ours: the program may have closed it, and the number may be another file's. */
static int is_ours(void) {
    struct stat now;
    return file >= 0 && fstat(file, &now) == 0 && now.st_dev == own_file.st_dev && now.st_ino == own_file.st_ino;
}

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void in_parent(void) { pthread_mutex_unlock(&lock); }

static void in_child(void) {
    int error = errno;
    if (is_ours()) {
        close(file);
        take_file();
    } else if (folder[0]) {
        owner = 0;
    }
    pthread_mutex_unlock(&lock);
    errno = error;
}

__attribute__((constructor)) static void start(void) {
    const char *named = getenv("SESSDIFF_RECORD");
    if (named && strlen(named) < sizeof folder)
        strcpy(folder, named);
    if (folder[0]) {
        char path[2048 + 16];
        snprintf(path, sizeof path, "%s/loaded", folder);
        int loaded = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (loaded >= 0)
            close(loaded);
        pthread_atfork(before_fork, in_parent, in_child);
    }
}

static void put(struct call *call, const char *format, ...) {
    va_list values;
    va_start(values, format);
    int length = vsnprintf(call->text + call->length, sizeof call->text - call->length, format, values);
    va_end(values);
    if (length > 0 && (size_t)length < sizeof call->text - call->length)
        call->length += (unsigned)length;
}

static void begin(struct call *call, const char *name) {
    call->error = errno;
    call->length = 0;
    call->written = 0;
    put(call, "%s", name);
}

static void put_pointer(struct call *call, char letter, const void *pointer) {
    put(call, " %c:%llx", letter, (unsigned long long)(uintptr_t)pointer);
}

static void put_integer(struct call *call, long long value) { put(call, " i:%lld", value); }

static void put_time(struct call *call, long long value) { put(call, " t:%lld:%lld", value, (long long)time(NULL)); }

/* Writes bytes as they are, or only how many there are where that is more than an op can spell. */
static void put_bytes(struct call *call, const void *bytes, size_t length) {
    if (bytes == NULL) {
        put(call, " b-");
        return;
    }
    if (length > BYTES) {
        put(call, " l:%llu", (unsigned long long)length);
        return;
    }
    put(call, " b:");
    for (size_t at = 0; at < length; at++)
        put(call, "%02x", ((const unsigned char *)bytes)[at]);
}

/* Writes as many zeros as there are bytes. */
static void put_secret(struct call *call, const void *bytes, size_t length) {
    static const char zeros[BYTES];
    put_bytes(call, bytes ? zeros : NULL, length);
}

static void put_string(struct call *call, const char *text) { put_bytes(call, text, text ? strlen(text) : 0); }

/* Writes a digest of bytes that hold keys: FNV-1a. */
static void put_digest(struct call *call, const void *bytes, long length) {
    unsigned long long digest = 0xcbf29ce484222325ull;
    for (long at = 0; at < length; at++)
        digest = (digest ^ ((const unsigned char *)bytes)[at]) * 0x100000001b3ull;
    put(call, " d:%llx", digest);
}

/* Appends the line to the file of the process, unless there are too many. Inside of more calls than can be told nothing is. */
static void write_line(struct call *call) {
    char line[LINE + 64];
    if (!folder[0] || depth > DEEPEST)
        return;
    char place = depth == 0 ? '-' : places[depth];
    int length = snprintf(line, sizeof line, "%ld %d %c %s\n", (long)syscall(SYS_gettid), depth, place, call->text);
    if (length <= 0 || (size_t)length >= sizeof line)
        return;
    pthread_mutex_lock(&lock);
    if (owner != getpid() || !is_ours())
        take_file();
    if (file >= 0 && !is_full) {
        if (bytes_written + (unsigned long long)length > LIMIT) {
            is_full = 1;
            length = snprintf(line, sizeof line, "0 0 - full\n");
        }
        if (write(file, line, (size_t)length) == length)
            bytes_written += (unsigned long long)length;
    }
    pthread_mutex_unlock(&lock);
    lines++;
}

/* Writes the line before the call is made: what it frees may be somebody else's when it has returned. */
static void write_before(struct call *call) {
    write_line(call);
    call->written = 1;
}

static int enter(struct call *call) {
    int was = in_library;
    depth++;
    in_library = 1;
    if (depth <= DEEPEST)
        places[depth] = call->written ? '>' : '<';
    errno = call->error;
    return was;
}

static void leave(struct call *call, int was) {
    call->error = errno;
    depth--;
    in_library = was;
}

static void finish(struct call *call) {
    if (!call->written)
        write_line(call);
    errno = call->error;
}

static int note_library(struct dl_phdr_info *info, size_t size, void *name) {
    (void)size;
    if (strstr(info->dlpi_name, "libssl") && strlen(info->dlpi_name) < 4096) {
        strcpy(name, info->dlpi_name);
        return 1;
    }
    return 0;
}

/* Finds a function behind ours: in the order of the loader, then as whoever calls finds it, then in what is named libssl. */
static void *look_up(const char *name, void *self, void *caller) {
    char path[4096] = "";
    Dl_info where;
    void *found = dlsym(RTLD_NEXT, name);
    if (found && found != self)
        return found;
    if (caller && dladdr(caller, &where) && where.dli_fname) {
        void *handle = dlopen(where.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
        found = handle ? dlsym(handle, name) : NULL;
        if (found && found != self)
            return found;
    }
    dl_iterate_phdr(note_library, path);
    void *handle = path[0] ? dlopen(path, RTLD_LAZY | RTLD_NOLOAD) : NULL;
    found = handle ? dlsym(handle, name) : NULL;
    return found == self ? NULL : found;
}

static void *find(void **kept, const char *name, void *self, void *caller) {
    void *found = __atomic_load_n(kept, __ATOMIC_ACQUIRE);
    if (found)
        return found;
    int error = errno;
    found = look_up(name, self, caller);
    if (!found) {
        static const char said[] = "sessdiff record: the program calls what its library does not have: ";
        ssize_t ignored = write(2, said, sizeof said - 1);
        ignored = write(2, name, strlen(name));
        ignored = write(2, "\n", 1);
        (void)ignored;
        abort();
    }
    if (!version) {
        const char *(*of)(int) = (const char *(*)(int))look_up("OpenSSL_version", NULL, caller);
        version = of ? of(0) : "";
    }
    __atomic_store_n(kept, found, __ATOMIC_RELEASE);
    errno = error;
    return found;
}

/*
 * Tells whether a call is not the program's: the library makes it itself. What it ends a function with returns to whoever called that,
 * which is one of ours.
 */
static int is_own(void *caller, void *real) {
    Dl_info here, there, ours;
    if (!dladdr(caller, &here) || !dladdr(real, &there) || !dladdr((void *)is_own, &ours))
        return 0;
    return here.dli_fbase == there.dli_fbase || (in_library && here.dli_fbase == ours.dli_fbase);
}

/* Tells it of a call by which a BIO of the program may use or end a connection: what is within no other call is the program's. */
static int is_own_within(void *caller, void *real) { return in_library && is_own(caller, real); }

/* Calls a function of the library that takes a connection and changes nothing. */
static int ask(void **kept, const char *name, void *ssl, void *caller) {
    return ((int (*)(void *))find(kept, name, NULL, caller))(ssl);
}

/* Writes which side a method is for. */
static void put_method(struct call *call, const void *method, void *caller) {
    static const char *const names[] = {"TLS_server_method", "TLS_client_method", "TLS_method"};
    static void *kept[3];
    for (int at = 0; at < 3; at++) {
        if (((void *(*)(void))find(&kept[at], names[at], NULL, caller))() == method) {
            put(call, " m:%s", at == 0 ? "server" : at == 1 ? "client" : "any");
            return;
        }
    }
    put(call, " m:other");
}

/* Writes the two bytes of a cipher suite. */
static void put_cipher(struct call *call, const void *cipher, void *caller) {
    static void *kept;
    if (!cipher)
        put(call, " b-");
    else
        put_integer(call, ((uint16_t (*)(const void *))find(&kept, "SSL_CIPHER_get_protocol_id", NULL, caller))(cipher));
}

/* Makes a call that may go on with a handshake, and tells what became of that. */
static long talk(void **kept, const char *name, void *self, void *caller, void *ssl, long a, long b, long c) {
    static void *finished, *server, *version, *reused, *error;
    long (*real)(void *, long, long, long) = (long (*)(void *, long, long, long))find(kept, name, self, caller);
    struct call call;
    if (is_own_within(caller, (void *)real))
        return real(ssl, a, b, c);
    begin(&call, "handshake");
    int before = ask(&finished, "SSL_is_init_finished", ssl, caller);
    unsigned had = lines;
    int was = enter(&call);
    long result = real(ssl, a, b, c);
    leave(&call, was);
    int after = ask(&finished, "SSL_is_init_finished", ssl, caller);
    int why = 0;
    if (!before && !after && (int)result <= 0)
        why = ((int (*)(const void *, int))find(&error, "SSL_get_error", NULL, caller))(ssl, (int)result);
    if (!before && (after || why == 1 || why == 5)) {
        put_pointer(&call, 'x', ssl);
        put_integer(&call, ask(&server, "SSL_is_server", ssl, caller));
        put_integer(&call, ask(&version, "SSL_version", ssl, caller));
        put_integer(&call, after && ask(&reused, "SSL_session_reused", ssl, caller));
        put(&call, " = i:%d", after);
        finish(&call);
    } else if (lines != had) {
        begin(&call, "talked");
        put_pointer(&call, 'x', ssl);
        finish(&call);
    }
    errno = call.error;
    return result;
}

#define TALKS(name) \
    long name(void *ssl, long a, long b, long c) { \
        static void *kept; \
        return talk(&kept, #name, (void *)name, __builtin_return_address(0), ssl, a, b, c); \
    }

/* Counts a call that no op spells. Its operands are words, at most six, as the ABI of System V hands them on. */
static void count(const char *name, void *caller, void *real) {
    struct call call;
    if (is_own(caller, real))
        return;
    begin(&call, "unspelled");
    put(&call, " n:%s", name);
    finish(&call);
}

#define COUNTS(name) \
    long name(long a, long b, long c, long d, long e, long f) { \
        static void *kept; \
        void *caller = __builtin_return_address(0); \
        void *real = find(&kept, #name, (void *)name, caller); \
        count(#name, caller, real); \
        int was = in_library; \
        in_library = 1; \
        long result = ((long (*)(long, long, long, long, long, long))real)(a, b, c, d, e, f); \
        in_library = was; \
        return result; \
    }

/* Finds the place of a callback of the program among those of its kind, -1 for none. */
static int place_of(void **users, void *user) {
    int found = -1;
    pthread_mutex_lock(&lock);
    for (int at = 0; at < CALLBACKS && found < 0; at++) {
        if (!users[at])
            users[at] = user;
        if (users[at] == user)
            found = at;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

/* Returns what is called in the place of a callback of the program: the callback itself where there are too many of them. */
static void *watched(struct call *call, void **users, void *const *ours, void *user) {
    if (!user) {
        put(call, " f:-1");
        return NULL;
    }
    int at = place_of(users, user);
    put(call, " f:%d", at < 0 ? CALLBACKS : at);
    return at < 0 ? user : ours[at];
}

/* Returns the callback of the program that one of ours stands for. */
static void *unwatched(void **users, void *const *ours, void *callback) {
    for (int at = 0; at < CALLBACKS; at++)
        if (ours[at] == callback)
            return users[at];
    return callback;
}

/* Begins and ends what the program does in a callback. */
static int call_back(struct call *call) {
    int was = in_library;
    write_line(call);
    in_library = 0;
    errno = call->error;
    return was;
}

static void called_back(struct call *call, int was) {
    call->error = errno;
    in_library = was;
}
