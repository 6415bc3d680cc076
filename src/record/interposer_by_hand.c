
int i2d_SSL_SESSION(void *session, unsigned char **to) {
    static void *kept;
    void *caller = __builtin_return_address(0);
    int (*real)(void *, unsigned char **) = (int (*)(void *, unsigned char **))find(&kept, "i2d_SSL_SESSION", (void *)i2d_SSL_SESSION, caller);
    struct call call;
    if (in_library || is_own(caller, (void *)real))
        return real(session, to);
    begin(&call, "i2d_SSL_SESSION");
    put_pointer(&call, 's', session);
    unsigned char *given = to ? *to : NULL;
    int was = enter(&call);
    int length = real(session, to);
    leave(&call, was);
    if (length > 0 && to)
        put_digest(&call, given ? given : *to, length);
    put(&call, " = i:%d", length);
    finish(&call);
    return length;
}

static void *read_der(const char *name, void *(*real)(void **, const unsigned char **, long, void *, const char *), void **into,
                      const unsigned char **from, long length, void *libctx, const char *properties) {
    struct call call;
    begin(&call, into && *into ? "d2i_into" : name);
    const unsigned char *given = from ? *from : NULL;
    void *old = into ? *into : NULL;
    int was = enter(&call);
    void *made = real(into, from, length, libctx, properties);
    leave(&call, was);
    if (old)
        put_pointer(&call, 's', old);
    if (made && given && from)
        put_digest(&call, given, *from - given);
    put(&call, " = s:%llx", (unsigned long long)(uintptr_t)made);
    finish(&call);
    return made;
}

void *d2i_SSL_SESSION(void **into, const unsigned char **from, long length) {
    static void *kept;
    void *caller = __builtin_return_address(0);
    void *real = find(&kept, "d2i_SSL_SESSION", (void *)d2i_SSL_SESSION, caller);
    if (in_library || is_own(caller, real))
        return ((void *(*)(void **, const unsigned char **, long))real)(into, from, length);
    return read_der("d2i_SSL_SESSION", (void *(*)(void **, const unsigned char **, long, void *, const char *))real, into, from, length, NULL, NULL);
}

void *d2i_SSL_SESSION_ex(void **into, const unsigned char **from, long length, void *libctx, const char *properties) {
    static void *kept;
    void *caller = __builtin_return_address(0);
    void *(*real)(void **, const unsigned char **, long, void *, const char *) =
        (void *(*)(void **, const unsigned char **, long, void *, const char *))find(&kept, "d2i_SSL_SESSION_ex", (void *)d2i_SSL_SESSION_ex, caller);
    if (in_library || is_own(caller, (void *)real))
        return real(into, from, length, libctx, properties);
    return read_der("d2i_SSL_SESSION_ex", real, into, from, length, libctx, properties);
}

void *PEM_read_bio_SSL_SESSION(void *bio, void **into, void *password, void *data) {
    static void *kept;
    void *caller = __builtin_return_address(0);
    void *(*real)(void *, void **, void *, void *) = (void *(*)(void *, void **, void *, void *))find(&kept, "PEM_read_bio_SSL_SESSION", (void *)PEM_read_bio_SSL_SESSION, caller);
    struct call call;
    if (is_own(caller, (void *)real))
        return real(bio, into, password, data);
    void *old = into ? *into : NULL;
    begin(&call, old ? "pem_into" : "PEM_read_bio_SSL_SESSION");
    if (old)
        put_pointer(&call, 's', old);
    int was = enter(&call);
    void *made = real(bio, into, password, data);
    leave(&call, was);
    put(&call, " = s:%llx", (unsigned long long)(uintptr_t)made);
    finish(&call);
    return made;
}

void *SSL_CTX_new_ex(void *libctx, const char *properties, const void *method) {
    static void *kept;
    void *caller = __builtin_return_address(0);
    void *(*real)(void *, const char *, const void *) = (void *(*)(void *, const char *, const void *))find(&kept, "SSL_CTX_new_ex", (void *)SSL_CTX_new_ex, caller);
    struct call call;
    if (is_own(caller, (void *)real))
        return real(libctx, properties, method);
    begin(&call, "SSL_CTX_new");
    put_method(&call, method, caller);
    int was = enter(&call);
    void *made = real(libctx, properties, method);
    leave(&call, was);
    put(&call, " = c:%llx", (unsigned long long)(uintptr_t)made);
    finish(&call);
    return made;
}

static const char *name_of_control(int command) {
    switch (command) {
#define CONTROL(name, number) case number: return #name;
        CONTROLS
#undef CONTROL
    default: return NULL;
    }
}

long SSL_CTX_ctrl(void *context, int command, long number, void *pointer) {
    static void *kept;
    void *caller = __builtin_return_address(0);
    long (*real)(void *, int, long, void *) = (long (*)(void *, int, long, void *))find(&kept, "SSL_CTX_ctrl", (void *)SSL_CTX_ctrl, caller);
    const char *name = name_of_control(command);
    struct call call;
    if (!name || is_own(caller, (void *)real))
        return real(context, command, number, pointer);
    begin(&call, name);
    put_pointer(&call, 'c', context);
    if (strstr(name, "_set_"))
        put_integer(&call, number);
    int was = enter(&call);
    long result = real(context, command, number, pointer);
    leave(&call, was);
    put(&call, " = i:%ld", result);
    finish(&call);
    return result;
}

long SSL_ctrl(void *ssl, int command, long number, void *pointer) {
    static void *kept;
    void *caller = __builtin_return_address(0);
    long (*real)(void *, int, long, void *) = (long (*)(void *, int, long, void *))find(&kept, "SSL_ctrl", (void *)SSL_ctrl, caller);
    struct call call;
    /* SSL_CTRL_SET_TLSEXT_HOSTNAME */
    if (command != 55 || is_own(caller, (void *)real))
        return real(ssl, command, number, pointer);
    begin(&call, "SSL_set_tlsext_host_name");
    put_pointer(&call, 'x', ssl);
    put_string(&call, pointer);
    int was = enter(&call);
    long result = real(ssl, command, number, pointer);
    leave(&call, was);
    put(&call, " = i:%ld", result);
    finish(&call);
    return result;
}

long SSL_CTX_callback_ctrl(void *context, int command, void *callback) {
    static void *kept;
    void *caller = __builtin_return_address(0);
    long (*real)(void *, int, void *) = (long (*)(void *, int, void *))find(&kept, "SSL_CTX_callback_ctrl", (void *)SSL_CTX_callback_ctrl, caller);
    struct call call;
    /* SSL_CTRL_SET_TLSEXT_SERVERNAME_CB */
    if (command != 53 || is_own(caller, (void *)real)) {
        /* SSL_CTRL_SET_TLSEXT_TICKET_KEY_CB */
        if (command == 72)
            count("SSL_CTX_set_tlsext_ticket_key_cb", caller, (void *)real);
        return real(context, command, callback);
    }
    begin(&call, "SSL_CTX_set_tlsext_servername_callback");
    put_pointer(&call, 'c', context);
    callback = watched(&call, users_of_server_name, ours_of_server_name, callback);
    int was = enter(&call);
    long result = real(context, command, callback);
    leave(&call, was);
    put(&call, " = i:%ld", result);
    finish(&call);
    return result;
}

#define GETS(name, kind) \
    void *name(void *context) { \
        static void *kept; \
        void *caller = __builtin_return_address(0); \
        void *(*real)(void *) = (void *(*)(void *))find(&kept, #name, (void *)name, caller); \
        count(#name, caller, (void *)real); \
        return unwatched(users_of_##kind, ours_of_##kind, real(context)); \
    }

GETS(SSL_CTX_sess_get_new_cb, new)
GETS(SSL_CTX_sess_get_remove_cb, remove)
GETS(SSL_CTX_sess_get_get_cb, get)

TALKS(SSL_do_handshake)
TALKS(SSL_connect)
TALKS(SSL_accept)
TALKS(SSL_read)
TALKS(SSL_read_ex)
TALKS(SSL_peek)
TALKS(SSL_peek_ex)
TALKS(SSL_write)
TALKS(SSL_write_ex)
TALKS(SSL_read_early_data)
TALKS(SSL_write_early_data)
