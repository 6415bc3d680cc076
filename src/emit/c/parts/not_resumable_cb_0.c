static int not_resumable_cb_0(SSL *ssl, int is_forward_secure)
{
    (void)ssl, (void)is_forward_secure;
    happens("not_resumable", 0, NULL, NULL);
    return 0;
}
