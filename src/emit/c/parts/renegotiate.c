static int renegotiate(SSL *server)
{
    return renegotiated(server, SSL_renegotiate);
}
