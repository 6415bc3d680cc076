/* The alerts that a client and a server have sent and heard, and why they have failed. */
static struct failure {
    SSL *ssl;
    unsigned int sent, heard;
    int reason;
} failures[2];

static void informed(const SSL *ssl, int what, int value)
{
    struct failure *failure = &failures[ssl == failures[1].ssl];

    if (what == SSL_CB_WRITE_ALERT)
        failure->sent = value;
    if (what == SSL_CB_READ_ALERT)
        failure->heard = value;
}

static void watch_alerts(SSL *client, SSL *server)
{
    memset(failures, 0, sizeof(failures));
    failures[0].ssl = client;
    failures[1].ssl = server;
    SSL_set_info_callback(client, informed);
    SSL_set_info_callback(server, informed);
    ERR_clear_error();
}

/* Notes the error that a side has raised just now. */
static int acted(int server, int returned)
{
    unsigned long error = ERR_peek_last_error();

    if (error != 0 && failures[server].reason == 0)
        failures[server].reason = ERR_GET_REASON(error) == ERR_R_INTERNAL_ERROR ? 0xc0103
            : ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE                     ? 0xc0100
                                                                                : ERR_GET_REASON(error);
    ERR_clear_error();
    return returned;
}

static void tell_alerts(void)
{
    unsigned int alerts;
    int at;

    for (at = 0; at < 2; at++) {
        alerts = failures[at].sent << 16 | failures[at].heard;
        if (alerts != 0 || failures[at].reason != 0)
            happens(at == 0 ? "client_failed" : "server_failed", failures[at].reason, (void *)(uintptr_t)alerts, NULL);
        SSL_set_info_callback(failures[at].ssl, NULL);
    }
}
