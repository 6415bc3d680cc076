/* The client that sends early data in its handshake, and how far it has come. */
static SSL *sends_early_data;
static int early_data_sent, early_data_read_all;
static size_t early_data_read;

static void send_early_data(SSL *client)
{
    sends_early_data = client;
}

/* The session must allow it, and be young enough; both sides must speak TLS 1.3. */
static void begin_early_data(SSL *client, SSL *server)
{
    SSL_SESSION *session = SSL_get_session(client);

    early_data_sent = early_data_read_all = 0;
    early_data_read = 0;
    if (client != sends_early_data || session == NULL || SSL_SESSION_get_max_early_data(session) < 5
            || SSL_SESSION_get_protocol_version(session) != TLS1_3_VERSION || !SSL_SESSION_is_resumable(session)
            || time(NULL) < SSL_SESSION_get_time(session)
            || (unsigned long)(time(NULL) - SSL_SESSION_get_time(session)) >= SSL_SESSION_get_ticket_lifetime_hint(session)
            || SSL_get_max_proto_version(client) == TLS1_2_VERSION || SSL_get_max_proto_version(server) == TLS1_2_VERSION)
        sends_early_data = NULL;
}

static int client_goes_on(SSL *client)
{
    size_t written;

    if (sends_early_data == NULL || early_data_sent)
        return SSL_do_handshake(client);
    early_data_sent = 1;
    SSL_write_early_data(client, "early", 5, &written);
    return 0;
}

static int server_goes_on(SSL *server)
{
    char room[16];
    size_t length;

    while (sends_early_data != NULL && !early_data_read_all) {
        switch (SSL_read_early_data(server, room, sizeof(room), &length)) {
        case SSL_READ_EARLY_DATA_SUCCESS:
            early_data_read += length;
            break;
        case SSL_READ_EARLY_DATA_FINISH:
            early_data_read_all = 1;
            break;
        default:
            return 0;
        }
    }
    return SSL_do_handshake(server);
}

static int early_data_taken(SSL *client, SSL *server)
{
    int sent = sends_early_data != NULL;

    sends_early_data = NULL;
    if (!sent)
        return 0;
    return (SSL_get_early_data_status(client) == SSL_EARLY_DATA_ACCEPTED ? 16 : 0)
        + (SSL_get_early_data_status(server) == SSL_EARLY_DATA_ACCEPTED && early_data_read == 5 ? 32 : 0);
}
