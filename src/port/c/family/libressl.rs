//! LibreSSL: OpenSSL's names and types, as OpenSSL had them before 1.1, and later ones as they were added.
//!
//! There is no memory to be given: what is there to do it does nothing. The first index of application data is 0, as nobody has taken it.

use std::ffi::{c_int, c_long, c_void};
use std::ptr;
use std::sync::OnceLock;

use super::{Find, Prototype, Seam, UNCACHED, functions};
use crate::native::Family;
use crate::op::Kind;
use crate::port::c::library::{CRYPTO_EX_INDEX_SSL_CTX, CRYPTO_EX_INDEX_SSL_SESSION, Probes};
use crate::port::c::memory;
use crate::port::c::prototypes::{Api, CRYPTO_EX_dup_fn, CRYPTO_EX_free_fn, CRYPTO_EX_new_fn};

pub(super) static SEAM: Seam = Seam {
    family: Family::LibreSsl,
    names: |name| vec![name.into()],
    same: Some(&SAME),
    own: &[Indices::LIST],
    adapt,
    // What is in a cache is listed by another hash table, and there are no handshakes yet. A session without a version is refused, and no
    // function gives it one (`SSL_set_session`, ssl/ssl_sess.c of LibreSSL 3.1.0).
    shared: Some(UNCACHED.without(Kind::SetSession)),
    probes: Probes { memory: false, ex_data: true, count: true },
    marker: None,
    block_size: |block| memory::size_of(block),
};

/// Lists what has OpenSSL's types and does what they say. What a session is written as is the family's own, and some of its functions
/// are stubs: `SSL_SESSION_is_resumable`, `SSL_SESSION_get_compress_id` and those of early data.
const SAME: [&str; 49] = [
    "OPENSSL_init_ssl",
    "OpenSSL_version",
    "OpenSSL_version_num",
    "ERR_peek_error",
    "ERR_peek_last_error",
    "ERR_clear_error",
    "CRYPTO_free",
    "TLS_method",
    "TLS_server_method",
    "TLS_client_method",
    "SSL_CTX_new",
    "SSL_CTX_up_ref",
    "SSL_CTX_free",
    "SSL_CTX_ctrl",
    "SSL_CTX_set_timeout",
    "SSL_CTX_get_timeout",
    "SSL_CTX_set_session_id_context",
    "SSL_CTX_flush_sessions",
    "SSL_CTX_remove_session",
    "SSL_CTX_sess_set_remove_cb",
    "SSL_new",
    "SSL_free",
    "SSL_clear",
    "SSL_set_session",
    "SSL_get_session",
    "SSL_get1_session",
    "SSL_set_session_id_context",
    "SSL_set_SSL_CTX",
    "SSL_get_SSL_CTX",
    "SSL_SESSION_new",
    "SSL_SESSION_dup",
    "SSL_SESSION_up_ref",
    "SSL_SESSION_free",
    "SSL_SESSION_set1_id",
    "SSL_SESSION_get_id",
    "SSL_SESSION_set1_id_context",
    "SSL_SESSION_get0_id_context",
    "SSL_SESSION_get_master_key",
    "SSL_SESSION_set_time",
    "SSL_SESSION_get_time",
    "SSL_SESSION_set_timeout",
    "SSL_SESSION_get_timeout",
    "SSL_SESSION_get_protocol_version",
    "SSL_SESSION_has_ticket",
    "SSL_SESSION_get_ticket_lifetime_hint",
    "SSL_SESSION_set_ex_data",
    "SSL_SESSION_get_ex_data",
    "SSL_SESSION_get0_peer",
    "i2d_X509",
];

functions! {
    /// Holds what stands for `CRYPTO_get_ex_new_index`, whose classes have other numbers here.
    Indices {
        of_sessions: SSL_SESSION_get_ex_new_index as fn(c_long, *mut c_void, CRYPTO_EX_new_fn, CRYPTO_EX_dup_fn, CRYPTO_EX_free_fn) -> c_int;
        of_contexts: SSL_CTX_get_ex_new_index as fn(c_long, *mut c_void, CRYPTO_EX_new_fn, CRYPTO_EX_dup_fn, CRYPTO_EX_free_fn) -> c_int;
    }
}

static INDICES: OnceLock<Indices> = OnceLock::new();

fn adapt(api: &mut Api, find: Find<'_>) {
    if let Some(indices) = Indices::find(find) {
        // SAFETY: no callbacks, so none that follows a pointer.
        INDICES.get_or_init(|| unsafe {
            // In OpenSSL it is that of `SSL_SESSION_set_app_data`, which the header uses without asking for it.
            (indices.of_sessions)(0, ptr::null_mut(), None, None, None);
            indices
        });
        api.CRYPTO_get_ex_new_index = Some(registered);
    }
}

/// Does what `CRYPTO_get_ex_new_index` does for the two classes that are asked for; -1: there is no such class here.
unsafe extern "C" fn registered(
    class: c_int,
    argl: c_long,
    argp: *mut c_void,
    new: CRYPTO_EX_new_fn,
    dup: CRYPTO_EX_dup_fn,
    free: CRYPTO_EX_free_fn,
) -> c_int {
    let Some(indices) = INDICES.get() else { return -1 };
    let register = match class {
        CRYPTO_EX_INDEX_SSL_SESSION => indices.of_sessions,
        CRYPTO_EX_INDEX_SSL_CTX => indices.of_contexts,
        _ => return -1,
    };
    // SAFETY: as the caller says.
    unsafe { register(argl, argp, new, dup, free) }
}
