static void remove_cb_up_refs(SSL_CTX *context, SSL_SESSION *session)
{
    (void)context;
    happens("remove", 0, NULL, session);
    if (kept_end < 4096 && SSL_SESSION_up_ref(session))
        kept[kept_end++] = session;
}
