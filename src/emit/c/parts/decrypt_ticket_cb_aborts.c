static SSL_TICKET_RETURN decrypt_ticket_cb_aborts(SSL *ssl, SSL_SESSION *session, const unsigned char *key_name,
                                                size_t length, SSL_TICKET_STATUS status, void *argument)
{
    (void)ssl, (void)session, (void)key_name, (void)length, (void)argument;
    happens("decrypt_ticket", status, NULL, NULL);
    return SSL_TICKET_RETURN_ABORT;
}
