static int renegotiate_abbreviated(SSL *server)
{
    return renegotiated(server, SSL_renegotiate_abbreviated);
}
