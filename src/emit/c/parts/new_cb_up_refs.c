static int new_cb_up_refs(SSL *ssl, SSL_SESSION *session)
{
    happens("new_session", 0, NULL);
    if (kept_end < 4096 && SSL_SESSION_up_ref(session)) {
        kept_by[kept_end] = SSL_is_server(ssl);
        kept[kept_end++] = session;
    }
    return 0;
}
