static int generate_ticket_cb_sets(SSL *ssl, void *argument)
{
    (void)argument;
    happens("generate_ticket", 0, NULL, NULL);
    return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), "of a ticket", 11);
}
