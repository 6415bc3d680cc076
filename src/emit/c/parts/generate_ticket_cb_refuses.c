static int generate_ticket_cb_refuses(SSL *ssl, void *argument)
{
    (void)ssl, (void)argument;
    happens("generate_ticket", 0, NULL, NULL);
    return 0;
}
