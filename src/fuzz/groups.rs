//! How a finding crashes: through one function for the call and one for the class, so that services that group crashes by
//! their stack keep one group for each pair of them.

use crate::op::Kind;
use crate::oracle::Class;

macro_rules! functions {
    ($enter:ident($on:ty), $next:expr; $($item:ident $name:ident)*) => {
        mod $enter {
            use super::*;

            $(
                #[inline(never)]
                pub(super) fn $name(class: Class, text: &str) -> ! {
                    let next: fn(Class, &str, &str) -> ! = $next;
                    next(class, text, stringify!($name))
                }
            )*
        }

        fn $enter(on: $on, class: Class, text: &str) -> ! {
            match on {
                $(<$on>::$item => $enter::$name(class, text),)*
            }
        }
    };
}

// The function names are what a stack shows; the compiler wants one for each row of the table of operations.
functions! { call(Kind), in_class;
    New ssl_session_new
    Dup ssl_session_dup
    UpRef ssl_session_up_ref
    Free ssl_session_free
    Set1Id ssl_session_set1_id
    GetId ssl_session_get_id
    Set1IdContext ssl_session_set1_id_context
    Get0IdContext ssl_session_get0_id_context
    SetTime ssl_session_set_time
    GetTime ssl_session_get_time
    SetTimeEx ssl_session_set_time_ex
    GetTimeEx ssl_session_get_time_ex
    SetTimeout ssl_session_set_timeout
    GetTimeout ssl_session_get_timeout
    SetProtocolVersion ssl_session_set_protocol_version
    GetProtocolVersion ssl_session_get_protocol_version
    SetCipher ssl_session_set_cipher
    Get0Cipher ssl_session_get0_cipher
    Set1MasterKey ssl_session_set1_master_key
    GetMasterKey ssl_session_get_master_key
    Set1Hostname ssl_session_set1_hostname
    Get0Hostname ssl_session_get0_hostname
    Set1AlpnSelected ssl_session_set1_alpn_selected
    Get0AlpnSelected ssl_session_get0_alpn_selected
    SetMaxEarlyData ssl_session_set_max_early_data
    GetMaxEarlyData ssl_session_get_max_early_data
    Set1TicketAppdata ssl_session_set1_ticket_appdata
    Get0TicketAppdata ssl_session_get0_ticket_appdata
    HasTicket ssl_session_has_ticket
    Get0Ticket ssl_session_get0_ticket
    GetTicketLifetimeHint ssl_session_get_ticket_lifetime_hint
    GetCompressId ssl_session_get_compress_id
    GetMaxFragmentLength ssl_session_get_max_fragment_length
    Get0Peer ssl_session_get0_peer
    IsResumable ssl_session_is_resumable
    SetExData ssl_session_set_ex_data
    GetExData ssl_session_get_ex_data
    SampleSession sample_session
    AdvanceClock advance_clock
    CtxNew ssl_ctx_new
    CtxPooled pooled_context
    CtxUpRef ssl_ctx_up_ref
    CtxFree ssl_ctx_free
    CtxSetCacheMode ssl_ctx_set_session_cache_mode
    CtxGetCacheMode ssl_ctx_get_session_cache_mode
    CtxSetCacheSize ssl_ctx_sess_set_cache_size
    CtxGetCacheSize ssl_ctx_sess_get_cache_size
    CtxSetTimeout ssl_ctx_set_timeout
    CtxGetTimeout ssl_ctx_get_timeout
    CtxSetIdContext ssl_ctx_set_session_id_context
    CtxAdd ssl_ctx_add_session
    CtxRemove ssl_ctx_remove_session
    CtxFlush ssl_ctx_flush_sessions
    CtxFlushEx ssl_ctx_flush_sessions_ex
    SessNumber ssl_ctx_sess_number
    SessConnect ssl_ctx_sess_connect
    SessConnectGood ssl_ctx_sess_connect_good
    SessConnectRenegotiate ssl_ctx_sess_connect_renegotiate
    SessAccept ssl_ctx_sess_accept
    SessAcceptGood ssl_ctx_sess_accept_good
    SessAcceptRenegotiate ssl_ctx_sess_accept_renegotiate
    SessHits ssl_ctx_sess_hits
    SessCbHits ssl_ctx_sess_cb_hits
    SessMisses ssl_ctx_sess_misses
    SessTimeouts ssl_ctx_sess_timeouts
    SessCacheFull ssl_ctx_sess_cache_full
    CtxSessions ssl_ctx_sessions
    CtxSetRemoveCb ssl_ctx_sess_set_remove_cb
    TakeKept take_kept
    SslNew ssl_new
    SslUpRef ssl_up_ref
    SslFree ssl_free
    SslClear ssl_clear
    SslDup ssl_dup
    SetSession ssl_set_session
    GetSession ssl_get_session
    Get0Session ssl_get0_session
    Get1Session ssl_get1_session
    CopySessionId ssl_copy_session_id
    SessionReused ssl_session_reused
    SslSetIdContext ssl_set_session_id_context
    SetSslCtx ssl_set_ssl_ctx
    Forget forget
    Handshake handshake
    SslShutdown ssl_shutdown
    CtxSetMaxVersion ssl_ctx_set_max_proto_version
    CtxSetOptions ssl_ctx_set_options
    CtxClearOptions ssl_ctx_clear_options
    CtxSetNumTickets ssl_ctx_set_num_tickets
    NewSessionTicket ssl_new_session_ticket
    CtxSetVerify ssl_ctx_set_verify
    UseCertificate use_certificate
    CtxSetNewCb ssl_ctx_sess_set_new_cb
    CtxSetGetCb ssl_ctx_sess_set_get_cb
    CtxSetNotResumableCb ssl_ctx_set_not_resumable_session_callback
    CtxSetGenerateId ssl_ctx_set_generate_session_id
    CtxSetPskUseCb ssl_ctx_set_psk_use_session_callback
    CtxSetPskFindCb ssl_ctx_set_psk_find_session_callback
    GetPeerCertChain ssl_get_peer_cert_chain
    SslSetShutdown ssl_set_shutdown
}

/// Ends with a panic whose stack names the call and the class.
///
/// # Panics
/// Always.
pub fn end(on: Kind, class: Class, text: &str) -> ! {
    call(on, class, text)
}

fn in_class(class: Class, text: &str, on: &str) -> ! {
    match class {
        Class::Memory => memory(text, on),
        Class::Hang => hang(text, on),
        Class::Leak => leak(text, on),
        Class::Count => count(text, on),
        Class::Callback => callback(text, on),
        Class::Contents => contents(text, on),
        Class::Cache => cache(text, on),
        Class::Return => returned(text, on),
    }
}

// Each body is a line of its own, so that no two of them can be merged into one.

#[inline(never)]
fn memory(text: &str, on: &str) -> ! {
    panic!("{text}\n[{on}]")
}

#[inline(never)]
fn hang(text: &str, on: &str) -> ! {
    panic!("{text}\n[{on}]")
}

#[inline(never)]
fn leak(text: &str, on: &str) -> ! {
    panic!("{text}\n[{on}]")
}

#[inline(never)]
fn count(text: &str, on: &str) -> ! {
    panic!("{text}\n[{on}]")
}

#[inline(never)]
fn callback(text: &str, on: &str) -> ! {
    panic!("{text}\n[{on}]")
}

#[inline(never)]
fn contents(text: &str, on: &str) -> ! {
    panic!("{text}\n[{on}]")
}

#[inline(never)]
fn cache(text: &str, on: &str) -> ! {
    panic!("{text}\n[{on}]")
}

#[inline(never)]
fn returned(text: &str, on: &str) -> ! {
    panic!("{text}\n[{on}]")
}

#[cfg(test)]
mod tests {
    use std::backtrace::Backtrace;
    use std::sync::{Arc, Mutex};

    use super::*;

    const CLASSES: [&str; 8] = ["memory", "hang", "leak", "count", "callback", "contents", "cache", "returned"];

    /// The names on the stack of a finding, those of this room only.
    fn stack(on: Kind, class: Class) -> Vec<String> {
        let seen = Arc::new(Mutex::new(String::new()));
        let (keep, here) = (Arc::clone(&seen), std::thread::current().id());
        std::panic::set_hook(Box::new(move |_| {
            if std::thread::current().id() == here {
                *keep.lock().unwrap() = Backtrace::force_capture().to_string();
            }
        }));
        let ended = std::panic::catch_unwind(|| end(on, class, "found"));
        drop(std::panic::take_hook());
        assert!(ended.is_err());
        let seen = seen.lock().unwrap().clone();
        // `  7: path::of::name`, or without a path, as the debug information has it.
        let names = seen.lines().filter_map(|line| line.split_once(": ")).map(|(_, path)| path.rsplit("::").next());
        let of_this_room =
            |name: &&str| CLASSES.contains(name) || Kind::ALL.iter().any(|kind| kind.name().to_lowercase() == **name);
        names.flatten().filter(of_this_room).map(String::from).collect()
    }

    /// One test: the hook is the process's.
    #[test]
    fn each_call_and_each_class_has_a_stack_of_its_own() {
        let mut stacks = std::collections::HashSet::new();
        let classes = [
            Class::Memory,
            Class::Hang,
            Class::Leak,
            Class::Count,
            Class::Callback,
            Class::Contents,
            Class::Cache,
            Class::Return,
        ];
        for on in Kind::ALL {
            for class in classes {
                let stack = stack(*on, class);
                assert!(stack.len() == 2, "{on:?} {class}: {stack:?}");
                assert!(stacks.insert(stack.clone()), "{on:?} {class}: {stack:?}");
            }
        }
    }
}
