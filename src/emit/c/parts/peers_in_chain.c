/* How many certificates of the chain are the very one that the session has of its peer. */
static int peers_in_chain(SSL *ssl)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    X509 *peer = SSL_get_session(ssl) == NULL ? NULL : SSL_SESSION_get0_peer(SSL_get_session(ssl));
    int at, peers = 0;

    for (at = 0; at < sk_X509_num(chain); at++)
        peers += sk_X509_value(chain, at) == peer;
    return peers;
}
