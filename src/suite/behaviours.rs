//! What the manual pages promise of functions, a case each: id, function, calls.

use super::Item;
use crate::program::MARKER;

/// Makes a case of each row.
pub(super) fn items() -> Vec<Item> {
    let made = |(id, function, calls): &(&str, &'static str, &str)| {
        let calls: String = calls.split(';').map(|call| format!("{}\n", call.trim())).collect();
        Item::of_manual((*id).into(), function, &format!("{MARKER}\n{calls}"))
    };
    BEHAVIOURS.iter().map(made).collect()
}

/// The calls of a row are parted by semicolons.
const BEHAVIOURS: &[(&str, &str, &str)] = &[
    // Counts.
    ("new/makes-one-reference", "SSL_SESSION_new", "s0 = SSL_SESSION_new(); SSL_SESSION_free(s0)"),
    (
        "new/two-are-two",
        "SSL_SESSION_new",
        "s0 = SSL_SESSION_new(); s1 = SSL_SESSION_new(); SSL_SESSION_up_ref(s0); SSL_SESSION_free(s1)",
    ),
    ("up_ref/returns-1", "SSL_SESSION_up_ref", "s0 = SSL_SESSION_new(); SSL_SESSION_up_ref(s0)"),
    (
        "up_ref/adds-each-time",
        "SSL_SESSION_up_ref",
        "s0 = SSL_SESSION_new(); SSL_SESSION_up_ref(s0); SSL_SESSION_up_ref(s0); SSL_SESSION_up_ref(s0)",
    ),
    (
        "up_ref/of-a-dup",
        "SSL_SESSION_up_ref",
        "s0 = SSL_SESSION_new(); s1 = SSL_SESSION_dup(s0); SSL_SESSION_up_ref(s1); SSL_SESSION_free(s0); SSL_SESSION_free(s1)",
    ),
    (
        "free/takes-one",
        "SSL_SESSION_free",
        "s0 = SSL_SESSION_new(); SSL_SESSION_up_ref(s0); SSL_SESSION_up_ref(s0); SSL_SESSION_free(s0)",
    ),
    (
        "free/last-destroys",
        "SSL_SESSION_free",
        "s0 = SSL_SESSION_new(); SSL_SESSION_up_ref(s0); SSL_SESSION_free(s0); SSL_SESSION_free(s0)",
    ),
    ("free/of-NULL-does-nothing", "SSL_SESSION_free", "s0 = SSL_SESSION_new(); SSL_SESSION_free(NULL)"),
    (
        "free/of-NULL-takes-no-reference",
        "SSL_SESSION_free",
        "s0 = SSL_SESSION_new(); SSL_SESSION_up_ref(s0); SSL_SESSION_free(NULL); SSL_SESSION_get_time(s0)",
    ),
    (
        "dup/count-is-1",
        "SSL_SESSION_dup",
        "s0 = SSL_SESSION_new(); SSL_SESSION_up_ref(s0); SSL_SESSION_up_ref(s0); s1 = SSL_SESSION_dup(s0); SSL_SESSION_free(s1)",
    ),
    (
        "dup/leaves-the-count-of-its-source",
        "SSL_SESSION_dup",
        "s0 = SSL_SESSION_new(); SSL_SESSION_up_ref(s0); s1 = SSL_SESSION_dup(s0); SSL_SESSION_free(s0)",
    ),
    (
        "dup/outlives-its-source",
        "SSL_SESSION_dup",
        "s0 = SSL_SESSION_new(); SSL_SESSION_set1_id(s0, \"a\"); s1 = SSL_SESSION_dup(s0); SSL_SESSION_free(s0); SSL_SESSION_get_id(s1)",
    ),
    (
        "dup/is-not-cached",
        "SSL_SESSION_dup",
        "c0 = pooled_context(TLS_server_method()); s0 = SSL_SESSION_new(); SSL_SESSION_set1_id(s0, \"a\"); SSL_CTX_add_session(c0, s0); s1 = SSL_SESSION_dup(s0); SSL_SESSION_free(s1); SSL_CTX_sess_number(c0)",
    ),
    (
        "dup/of-a-cached-one-can-be-cached-elsewhere",
        "SSL_SESSION_dup",
        "c0 = pooled_context(TLS_server_method()); c1 = pooled_context(TLS_server_method()); s0 = SSL_SESSION_new(); SSL_CTX_add_session(c0, s0); s1 = SSL_SESSION_dup(s0); SSL_CTX_add_session(c1, s1); SSL_CTX_flush_sessions(c0, 0); SSL_CTX_sess_number(c1)",
    ),
    // Bytes.
    ("i2d/length-first", "i2d_SSL_SESSION", "s0 = sample_session(tls12_full); b0 = i2d_SSL_SESSION(s0)"),
    ("i2d/of-a-blank-session", "i2d_SSL_SESSION", "s0 = SSL_SESSION_new(); b0 = i2d_SSL_SESSION(s0)"),
    (
        "d2i/makes-one-reference",
        "d2i_SSL_SESSION",
        "s0 = sample_session(tls12_full); b0 = i2d_SSL_SESSION(s0); s1 = d2i_SSL_SESSION(b0); SSL_SESSION_up_ref(s1)",
    ),
    (
        "d2i/there-and-back",
        "d2i_SSL_SESSION",
        "s0 = sample_session(tls12_full); b0 = i2d_SSL_SESSION(s0); s1 = d2i_SSL_SESSION(b0); b1 = i2d_SSL_SESSION(s1); SSL_SESSION_get_id(s1)",
    ),
    (
        "d2i/into-an-existing-session",
        "d2i_SSL_SESSION",
        "s0 = sample_session(tls12_full); b0 = i2d_SSL_SESSION(s0); s1 = SSL_SESSION_new(); SSL_SESSION_up_ref(s1); d2i_into(s1, b0); SSL_SESSION_get_id(s1)",
    ),
    (
        "d2i/refuses-what-is-cut",
        "d2i_SSL_SESSION",
        "s0 = sample_session(tls12_full); b0 = i2d_SSL_SESSION(s0); delete_bytes(b0, 60, 1); s1 = d2i_SSL_SESSION(b0)",
    ),
    ("d2i/refuses-nothing", "d2i_SSL_SESSION", "b0 = bytes(\"\"); s1 = d2i_SSL_SESSION(b0)"),
    ("print/of-a-session", "SSL_SESSION_print", "s0 = sample_session(tls12_full); b0 = SSL_SESSION_print(s0)"),
    (
        "print_keylog/of-a-session",
        "SSL_SESSION_print_keylog",
        "s0 = sample_session(tls12_full); b0 = SSL_SESSION_print_keylog(s0)",
    ),
    // Caches.
    (
        "cache/takes-a-reference",
        "SSL_CTX_add_session",
        "c0 = pooled_context(TLS_server_method()); s0 = SSL_SESSION_new(); SSL_SESSION_set1_id(s0, \"a\"); SSL_CTX_add_session(c0, s0); SSL_CTX_sess_number(c0)",
    ),
    (
        "cache/again-is-refused",
        "SSL_CTX_add_session",
        "c0 = pooled_context(TLS_server_method()); s0 = SSL_SESSION_new(); SSL_SESSION_set1_id(s0, \"a\"); SSL_CTX_add_session(c0, s0); SSL_CTX_add_session(c0, s0); SSL_CTX_sess_number(c0)",
    ),
    (
        "cache/equal-id-displaces",
        "SSL_CTX_add_session",
        "c0 = pooled_context(TLS_server_method()); s0 = SSL_SESSION_new(); s1 = SSL_SESSION_new(); SSL_SESSION_set1_id(s0, \"a\"); SSL_SESSION_set1_id(s1, \"a\"); SSL_CTX_add_session(c0, s0); SSL_CTX_add_session(c0, s1); SSL_CTX_sess_number(c0); SSL_CTX_sessions(c0)",
    ),
    (
        "cache/evicts-oldest",
        "SSL_CTX_sess_set_cache_size",
        "c0 = pooled_context(TLS_server_method()); SSL_CTX_sess_set_cache_size(c0, 2); s0 = SSL_SESSION_new(); SSL_SESSION_set1_id(s0, \"a\"); SSL_CTX_add_session(c0, s0); s1 = SSL_SESSION_new(); SSL_SESSION_set1_id(s1, \"b\"); SSL_CTX_add_session(c0, s1); s2 = SSL_SESSION_new(); SSL_SESSION_set1_id(s2, \"c\"); SSL_CTX_add_session(c0, s2); SSL_CTX_sess_number(c0); SSL_CTX_sess_cache_full(c0); SSL_CTX_sessions(c0)",
    ),
    (
        "cache/size-0-is-unlimited",
        "SSL_CTX_sess_set_cache_size",
        "c0 = pooled_context(TLS_server_method()); SSL_CTX_sess_set_cache_size(c0, 0); s0 = SSL_SESSION_new(); SSL_SESSION_set1_id(s0, \"a\"); SSL_CTX_add_session(c0, s0); s1 = SSL_SESSION_new(); SSL_SESSION_set1_id(s1, \"b\"); SSL_CTX_add_session(c0, s1); s2 = SSL_SESSION_new(); SSL_SESSION_set1_id(s2, \"c\"); SSL_CTX_add_session(c0, s2); SSL_CTX_sess_number(c0)",
    ),
    (
        "cache/remove-gives-back",
        "SSL_CTX_remove_session",
        "c0 = pooled_context(TLS_server_method()); s0 = SSL_SESSION_new(); SSL_SESSION_set1_id(s0, \"a\"); SSL_CTX_add_session(c0, s0); SSL_CTX_remove_session(c0, s0); SSL_CTX_sess_number(c0); SSL_SESSION_is_resumable(s0)",
    ),
    (
        "cache/remove-of-NULL",
        "SSL_CTX_remove_session",
        "c0 = pooled_context(TLS_server_method()); SSL_CTX_remove_session(c0, NULL)",
    ),
    (
        "cache/remove-of-a-stranger",
        "SSL_CTX_remove_session",
        "c0 = pooled_context(TLS_server_method()); s0 = SSL_SESSION_new(); SSL_SESSION_set1_id(s0, \"a\"); SSL_CTX_remove_session(c0, s0); SSL_SESSION_is_resumable(s0)",
    ),
    (
        "cache/remove-tells-the-callback",
        "SSL_CTX_sess_set_remove_cb",
        "c0 = pooled_context(TLS_server_method()); SSL_CTX_sess_set_remove_cb(c0, remove_cb_records); s0 = SSL_SESSION_new(); SSL_SESSION_set1_id(s0, \"a\"); SSL_CTX_add_session(c0, s0); SSL_CTX_remove_session(c0, s0)",
    ),
    (
        "cache/flush-of-the-expired",
        "SSL_CTX_flush_sessions",
        "c0 = pooled_context(TLS_server_method()); s0 = SSL_SESSION_new(); SSL_SESSION_set1_id(s0, \"a\"); SSL_SESSION_set_timeout(s0, 10); SSL_CTX_add_session(c0, s0); s1 = SSL_SESSION_new(); SSL_SESSION_set1_id(s1, \"b\"); SSL_SESSION_set_timeout(s1, 1000); SSL_CTX_add_session(c0, s1); SSL_CTX_flush_sessions(c0, now + 100); SSL_CTX_sess_number(c0); SSL_CTX_sessions(c0)",
    ),
    (
        "cache/flush-of-all",
        "SSL_CTX_flush_sessions",
        "c0 = pooled_context(TLS_server_method()); s0 = SSL_SESSION_new(); SSL_SESSION_set1_id(s0, \"a\"); SSL_CTX_add_session(c0, s0); s1 = SSL_SESSION_new(); SSL_SESSION_set1_id(s1, \"b\"); SSL_CTX_add_session(c0, s1); SSL_CTX_flush_sessions(c0, 0); SSL_CTX_sess_number(c0)",
    ),
    (
        "cache/flush-of-the-last-reference",
        "SSL_CTX_flush_sessions",
        "c0 = pooled_context(TLS_server_method()); s0 = SSL_SESSION_new(); SSL_SESSION_set1_id(s0, \"a\"); SSL_CTX_add_session(c0, s0); SSL_SESSION_free(s0); SSL_CTX_flush_sessions(c0, 0)",
    ),
    (
        "cache/goes-with-its-context",
        "SSL_CTX_free",
        "c0 = SSL_CTX_new(TLS_server_method()); s0 = SSL_SESSION_new(); SSL_SESSION_set1_id(s0, \"a\"); SSL_CTX_add_session(c0, s0); SSL_CTX_free(c0); SSL_SESSION_get_id(s0)",
    ),
    (
        "cache/smaller-size-keeps-what-is-there",
        "SSL_CTX_sess_set_cache_size",
        "c0 = pooled_context(TLS_server_method()); s0 = SSL_SESSION_new(); SSL_SESSION_set1_id(s0, \"a\"); SSL_CTX_add_session(c0, s0); s1 = SSL_SESSION_new(); SSL_SESSION_set1_id(s1, \"b\"); SSL_CTX_add_session(c0, s1); s2 = SSL_SESSION_new(); SSL_SESSION_set1_id(s2, \"c\"); SSL_CTX_add_session(c0, s2); SSL_CTX_sess_set_cache_size(c0, 1); SSL_CTX_sess_number(c0); SSL_CTX_sessions(c0)",
    ),
    (
        "cache/negative-size-is-refused",
        "SSL_CTX_sess_set_cache_size",
        "c0 = pooled_context(TLS_server_method()); SSL_CTX_sess_set_cache_size(c0, -5); SSL_CTX_sess_get_cache_size(c0)",
    ),
    (
        "cache/flush-of-all-takes-the-latest",
        "SSL_CTX_flush_sessions",
        "c0 = pooled_context(TLS_server_method()); s0 = SSL_SESSION_new(); SSL_SESSION_set1_id(s0, \"a\"); SSL_SESSION_set_time(s0, 0x7fffffffff); SSL_CTX_add_session(c0, s0); SSL_CTX_flush_sessions(c0, 0); SSL_CTX_sess_number(c0)",
    ),
    (
        "cache/remove-callback-can-be-cleared",
        "SSL_CTX_sess_set_remove_cb",
        "c0 = pooled_context(TLS_server_method()); SSL_CTX_sess_set_remove_cb(c0, remove_cb_records); SSL_CTX_sess_set_remove_cb(c0, NULL); s0 = SSL_SESSION_new(); SSL_SESSION_set1_id(s0, \"a\"); SSL_CTX_add_session(c0, s0); SSL_CTX_remove_session(c0, s0)",
    ),
    (
        "cache/another-version-is-another-session",
        "SSL_CTX_remove_session",
        "c0 = pooled_context(TLS_server_method()); s0 = SSL_SESSION_new(); SSL_SESSION_set1_id(s0, \"a\"); SSL_SESSION_set_protocol_version(s0, TLS1_2_VERSION); SSL_CTX_add_session(c0, s0); s1 = SSL_SESSION_new(); SSL_SESSION_set1_id(s1, \"a\"); SSL_SESSION_set_protocol_version(s1, TLS1_3_VERSION); SSL_CTX_remove_session(c0, s1); SSL_CTX_sess_number(c0)",
    ),
    ("ctx/free-of-NULL", "SSL_CTX_free", "c0 = pooled_context(TLS_server_method()); SSL_CTX_free(NULL)"),
    (
        "ctx/up_ref-returns-1",
        "SSL_CTX_up_ref",
        "c0 = SSL_CTX_new(TLS_server_method()); SSL_CTX_up_ref(c0); SSL_CTX_free(c0); SSL_CTX_sess_number(c0)",
    ),
    // Connections.
    (
        "ssl/has-no-session-at-first",
        "SSL_get_session",
        "c0 = pooled_context(TLS_client_method()); x0 = SSL_new(c0); s0 = SSL_get1_session(x0)",
    ),
    (
        "ssl/set_session-takes-a-reference",
        "SSL_set_session",
        "c0 = pooled_context(TLS_client_method()); x0 = SSL_new(c0); s0 = SSL_SESSION_new(); SSL_set_session(x0, s0)",
    ),
    (
        "ssl/set_session-again-changes-nothing",
        "SSL_set_session",
        "c0 = pooled_context(TLS_client_method()); x0 = SSL_new(c0); s0 = SSL_SESSION_new(); SSL_set_session(x0, s0); SSL_set_session(x0, s0)",
    ),
    (
        "ssl/set_session-gives-the-one-before-back",
        "SSL_set_session",
        "c0 = pooled_context(TLS_client_method()); x0 = SSL_new(c0); s0 = SSL_SESSION_new(); s1 = SSL_SESSION_new(); SSL_set_session(x0, s0); SSL_set_session(x0, s1)",
    ),
    (
        "ssl/set_session-of-NULL-clears",
        "SSL_set_session",
        "c0 = pooled_context(TLS_client_method()); x0 = SSL_new(c0); s0 = SSL_SESSION_new(); SSL_set_session(x0, s0); SSL_set_session(x0, NULL); s1 = SSL_get1_session(x0)",
    ),
    (
        "ssl/get_session-borrows",
        "SSL_get_session",
        "c0 = pooled_context(TLS_client_method()); x0 = SSL_new(c0); s0 = SSL_SESSION_new(); SSL_set_session(x0, s0); s1 = SSL_get_session(x0); SSL_SESSION_get_time(s1)",
    ),
    (
        "ssl/get1_session-takes-a-reference",
        "SSL_get1_session",
        "c0 = pooled_context(TLS_client_method()); x0 = SSL_new(c0); s0 = SSL_SESSION_new(); SSL_set_session(x0, s0); s1 = SSL_get1_session(x0); SSL_free(x0); SSL_SESSION_free(s1)",
    ),
    (
        "ssl/free-gives-back",
        "SSL_free",
        "c0 = pooled_context(TLS_client_method()); x0 = SSL_new(c0); s0 = SSL_SESSION_new(); SSL_set_session(x0, s0); SSL_free(x0); SSL_SESSION_get_time(s0)",
    ),
    ("ssl/free-of-NULL", "SSL_free", "c0 = pooled_context(TLS_client_method()); x0 = SSL_new(c0); SSL_free(NULL)"),
    (
        "ssl/clear-gives-back",
        "SSL_clear",
        "c0 = pooled_context(TLS_client_method()); x0 = SSL_new(c0); s0 = SSL_SESSION_new(); SSL_set_session(x0, s0); SSL_clear(x0)",
    ),
    (
        "ssl/copy_session_id-shares",
        "SSL_copy_session_id",
        "c0 = pooled_context(TLS_client_method()); x0 = SSL_new(c0); x1 = SSL_new(c0); s0 = SSL_SESSION_new(); SSL_set_session(x0, s0); SSL_copy_session_id(x1, x0)",
    ),
    (
        "ssl/one-session-on-four",
        "SSL_set_session",
        "c0 = pooled_context(TLS_client_method()); x0 = SSL_new(c0); x1 = SSL_new(c0); x2 = SSL_new(c0); x3 = SSL_new(c0); s0 = SSL_SESSION_new(); SSL_set_session(x0, s0); SSL_set_session(x1, s0); SSL_set_session(x2, s0); SSL_set_session(x3, s0); SSL_SESSION_free(s0); SSL_free(x0); SSL_free(x1); SSL_free(x2)",
    ),
    (
        "ssl/new-callback-can-be-cleared",
        "SSL_CTX_sess_set_new_cb",
        "c0 = pooled_context(TLS_server_method()); c1 = pooled_context(TLS_client_method()); SSL_CTX_set_session_cache_mode(c1, SSL_SESS_CACHE_CLIENT); SSL_CTX_sess_set_new_cb(c1, new_cb_keeps); SSL_CTX_sess_set_new_cb(c1, NULL); x0 = SSL_new(c1); x1 = SSL_new(c0); handshake(x0, x1)",
    ),
];
