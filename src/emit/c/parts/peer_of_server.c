/* The client of a server's last handshake. */
static SSL *peer_of_server(SSL *server)
{
    int at = pairs;

    while (peer_of[at - 1].server != server)
        at--;
    return peer_of[at - 1].client;
}
