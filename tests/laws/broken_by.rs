//! A planted bug for each law.

/// Lists the laws, each with a planted bug that breaks it and no other, and a program in which it does. Of `dup-of-dup` see
/// [`a_duplicate_of_a_duplicate_is_one_in_the_place_of_its_source`].
pub const BROKEN_BY: [(&str, &str, &str); 21] = [
    ("up-ref-and-free", "free-of-one-changes-timeout", SESSION),
    ("context-up-ref-and-free", "context-up-ref-does-nothing", CACHED),
    ("connection-up-ref-and-free", "ssl-free-of-one-forgets-session", CONNECTION),
    ("free-of-null", "free-null-changes-timeouts", SESSION),
    (
        "order-of-frees",
        "free-order-changes-timeout",
        "s0 = sample_session(tls12_full)\ns1 = sample_session(tls13_ticket)\ns2 = SSL_SESSION_new()\n\
         SSL_SESSION_free(s0)\nSSL_SESSION_free(s1)\nSSL_SESSION_get_timeout(s2)\n",
    ),
    ("a-stranger", "timeout-writes-others", SESSION),
    ("a-strange-context", "context-timeout-is-everybodys", CACHED),
    ("reading", "master-key-read-changes-timeout", SESSION),
    ("setting-twice", "hostname-set-again-is-lost", HOSTNAME),
    ("a-failed-setter", "id-written-on-failure", SESSION),
    ("removing-a-stranger", "remove-of-nothing-empties-cache", CACHED),
    ("dup-and-free", "dup-uncaches-source", CACHED),
    ("dup-for-source", "dup-ignores-later-hostname", HOSTNAME),
    ("dup-of-dup", "dup-of-dup-ignores-later-hostname", HOSTNAME),
    ("get1-is-get0-and-up-ref", "get1-changes-timeout", CONNECTION),
    ("der-twice", "der-written-changes-timeout", SESSION),
    ("offering-never-fails", "handshake-refuses-unresumable", OFFERED),
    ("resumable-resumes", "handshake-resumes-in-silence", HANDSHAKE),
    ("lifetime-of-a-chain", "resumption-renews-time", BY_ID),
    ("no-lifetime", "handshake-forgets-hint", BY_TICKET),
    ("handshakes-are-counted", "handshake-server-is-never-done", HANDSHAKE),
];

const SESSION: &str = "s0 = sample_session(tls12_full)\nSSL_SESSION_get_timeout(s0)\nSSL_SESSION_get_max_early_data(s0)\n\
    SSL_SESSION_get_id(s0)\nSSL_SESSION_get_timeout(s0)\nSSL_SESSION_get_max_early_data(s0)\nSSL_SESSION_get_id(s0)\n";

const HOSTNAME: &str = "s0 = SSL_SESSION_new()\ns1 = SSL_SESSION_dup(s0)\nSSL_SESSION_set1_hostname(s1, \"example.org\")\n\
    SSL_SESSION_get0_hostname(s1)\nSSL_SESSION_set1_hostname(s0, \"example.org\")\nSSL_SESSION_get0_hostname(s0)\n";

const CACHED: &str = "c0 = SSL_CTX_new(TLS_server_method())\ns0 = SSL_SESSION_new()\nSSL_SESSION_set1_id(s0, \"a\")\n\
    SSL_CTX_add_session(c0, s0)\nSSL_CTX_get_timeout(c0)\nSSL_CTX_sess_number(c0)\nSSL_CTX_get_timeout(c0)\n\
    SSL_CTX_sess_number(c0)\n";

const CONNECTION: &str = "c0 = SSL_CTX_new(TLS_client_method())\nx0 = SSL_new(c0)\ns0 = SSL_SESSION_new()\n\
    SSL_set_session(x0, s0)\ns1 = SSL_get1_session(x0)\nSSL_SESSION_get_timeout(s1)\ns2 = SSL_get1_session(x0)\n\
    SSL_SESSION_get_timeout(s2)\n";

const HANDSHAKE: &str = "c0 = SSL_CTX_new(TLS_server_method())\nc1 = SSL_CTX_new(TLS_client_method())\n\
    x0 = SSL_new(c1)\nx1 = SSL_new(c0)\nhandshake(x0, x1)\n";

const OFFERED: &str = "c0 = SSL_CTX_new(TLS_server_method())\nc1 = SSL_CTX_new(TLS_client_method())\n\
    x0 = SSL_new(c1)\nx1 = SSL_new(c0)\ns0 = SSL_SESSION_new()\nSSL_set_session(x0, s0)\nhandshake(x0, x1)\n";

const BY_ID: &str = "c0 = SSL_CTX_new(TLS_server_method())\nc1 = SSL_CTX_new(TLS_client_method())\n\
    SSL_CTX_set_max_proto_version(c1, TLS1_2_VERSION)\nSSL_CTX_set_options(c0, SSL_OP_NO_TICKET)\nx0 = SSL_new(c1)\n\
    x1 = SSL_new(c0)\nhandshake(x0, x1)\n";

const BY_TICKET: &str = "c0 = SSL_CTX_new(TLS_server_method())\nc1 = SSL_CTX_new(TLS_client_method())\n\
    SSL_CTX_set_max_proto_version(c1, TLS1_2_VERSION)\nx0 = SSL_new(c1)\nx1 = SSL_new(c0)\nhandshake(x0, x1)\n";
