static int new_cb_keeps(SSL *ssl, SSL_SESSION *session)
{
    unsigned int length;

    SSL_SESSION_get_id(session, &length);
    happens("new_session", (int)length, NULL, session);
    if (kept_end == 4096)
        return 0;
    kept_by[kept_end] = SSL_is_server(ssl) ? 1 : 3;
    kept[kept_end++] = session;
    return 1;
}
