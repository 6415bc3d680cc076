static SSL_TICKET_RETURN decrypt_ticket_cb_uses(SSL *ssl, SSL_SESSION *session, const unsigned char *key_name,
                                                size_t length, SSL_TICKET_STATUS status, void *argument)
{
    (void)ssl, (void)key_name, (void)length, (void)argument;
    happens("decrypt_ticket", status, NULL, NULL);
    return session != NULL ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_IGNORE_RENEW;
}
