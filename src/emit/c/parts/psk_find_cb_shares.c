static int psk_find_cb_shares(SSL *ssl, const unsigned char *id, size_t length, SSL_SESSION **session)
{
    happens("psk_find", 0, NULL, NULL);
    *session = length == 13 && memcmp(id, "agreed before", 13) == 0 ? agreed_before(ssl, 1) : NULL;
    return 1;
}
