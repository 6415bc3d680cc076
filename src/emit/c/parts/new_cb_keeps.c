static int new_cb_keeps(SSL *ssl, SSL_SESSION *session)
{
    happens("new_session", 0, NULL);
    if (kept_end == 4096)
        return 0;
    kept_by[kept_end] = SSL_is_server(ssl);
    kept[kept_end++] = session;
    return 1;
}
