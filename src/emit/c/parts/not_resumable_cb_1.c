static int not_resumable_cb_1(SSL *ssl, int is_forward_secure)
{
    (void)ssl, (void)is_forward_secure;
    happens("not_resumable", 0, NULL, NULL);
    return 1;
}
