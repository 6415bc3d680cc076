//! The table of operations: every call a program can make, its name in C and its operands.
//!
//! Opcodes are append-only: a new row takes the next free number, and the number of a row that goes is never used
//! again. So a stored program keeps its meaning for ever. What an op *means* is not here: it is in exhaustive matches
//! in `plan.rs` and `exec.rs`, which the compiler lists when a row is added.

mod bytes;
mod handshake;
mod kinds;
mod operand;
mod sharing;
mod simpler;
mod slots;
mod text;
mod wire;
mod words;

use std::sync::LazyLock;

pub use bytes::{Bytes, CString, MAX_BYTES};
pub use handshake::{
    Few, GenerateId, GetCallback, MaxVersion, NewCallback, NotResumableCallback, Options, PskCallback, Verify,
};
pub use kinds::Kinds;
pub use operand::{Number, Operand, Room, Time};
use operand::{Print, print_call};
pub use sharing::{CacheMode, Closed, Method, RemoveCallback};
pub(crate) use sharing::{session_ops, sharing_ops};
pub use simpler::Simpler;
pub use slots::{CONNECTIONS, CONTEXTS, ConnectionSlot, ContextSlot, SLOTS, Slot, Variable};
use text::Separated;
pub use text::{Cursor, Expected, TextError};
pub use wire::Wire;
pub use words::{Cipher, ExIndex, ProtocolVersion, Sample};

/// No op has more operands, its result counted; a test holds it to that.
const MOST_OPERANDS: usize = 4;

/// Makes the enum of ops, the enum of their kinds, and both codecs, from the table. Nothing semantic belongs in it.
macro_rules! ops {
    ($( $(#[$doc:meta])* $code:literal $kind:ident $name:literal [$($dst:ident: $made:ty)?] ($($operand:ident: $type:ty),*); )*) => {
        /// One call with its operands.
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub enum Op {
            $( $(#[$doc])* #[allow(missing_docs)] $kind { $($dst: $made,)? $($operand: $type),* }, )*
        }

        /// Which call, without its operands.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum Kind {
            $( $(#[$doc])* $kind, )*
        }

        impl Kind {
            /// Every row of the table, in order.
            pub const ALL: &'static [Kind] = &[$(Kind::$kind),*];

            /// The name in C, or the harness's own word.
            pub const fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name),* }
            }

            /// The first byte of the op on the wire.
            pub const fn opcode(self) -> u8 {
                match self { $(Kind::$kind => $code),* }
            }

            /// The row with this opcode.
            pub const fn from_opcode(code: u8) -> Option<Kind> {
                match code { $($code => Some(Kind::$kind),)* _ => None }
            }

            /// The row with this name.
            pub fn from_name(name: &str) -> Option<Kind> {
                match name { $($name => Some(Kind::$kind),)* _ => None }
            }

            /// Whether the call's result goes into a variable: `s0 = NAME(...)`.
            pub const fn has_result(self) -> bool {
                match self { $(Kind::$kind => ops!(@has $($dst)?)),* }
            }

            /// Whether it is about contexts, connections or time.
            pub fn is_shared(self) -> bool {
                static SHARED: LazyLock<Kinds> = LazyLock::new(|| {
                    // Any op of the kind tells: which it is does not depend on its operands.
                    let any = |kind: &Kind| kind.take_wire(&mut Wire::new(&[0; 32]));
                    let shared = |kind: &Kind| any(kind).is_some_and(|op| op.is_shared());
                    Kind::ALL.iter().copied().filter(shared).fold(Kinds::NONE, Kinds::with)
                });
                SHARED.contains(self)
            }

            /// The op with these operands, read in table order from the wire.
            pub fn take_wire(self, wire: &mut Wire<'_>) -> Option<Op> {
                match self {
                    $(Kind::$kind => Some(Op::$kind {
                        $($dst: <$made>::take_wire(wire)?,)?
                        $($operand: <$type>::take_wire(wire)?),*
                    })),*
                }
            }

            /// The op whose operands follow at `cursor`; `result` is where the slot before the `=` is.
            pub fn parse(self, result: Option<Cursor<'_>>, cursor: &mut Cursor<'_>) -> Result<Op, TextError> {
                cursor.expect('(')?;
                let mut operands = Separated::default();
                match self {
                    $(Kind::$kind => {
                        $( let $dst = <$made>::parse(&mut result.ok_or_else(|| cursor.error(Expected::Result))?)?; )?
                        $( let $operand = operands.next::<$type>(cursor)?; )*
                        operands.end(cursor)?;
                        Ok(Op::$kind { $($dst,)? $($operand),* })
                    })*
                }
            }
        }

        impl Op {
            /// Which call this is.
            pub const fn kind(&self) -> Kind {
                match self { $(Op::$kind { .. } => Kind::$kind),* }
            }

            /// Whether it is about contexts, connections or time.
            pub const fn is_shared(&self) -> bool {
                matches!(self, sharing_ops!())
            }

            /// The same call with one operand simpler, the simplest first.
            pub fn simpler(&self) -> Vec<Op> {
                let mut simpler = Vec::new();
                match self {
                    $(Op::$kind { $($operand,)* .. } => {
                        $(for value in Simpler::simpler($operand) {
                            let mut changed = self.clone();
                            if let Op::$kind { $operand: place, .. } = &mut changed {
                                *place = value;
                                simpler.push(changed);
                            }
                        })*
                    })*
                }
                simpler
            }

            /// The slots of sessions it names, that of the result first.
            pub fn slots_mut(&mut self) -> Vec<&mut Slot> {
                match self {
                    $(Op::$kind { $($dst,)? $($operand),* } => {
                        let slots: Vec<Option<&mut Slot>> =
                            vec![$(Simpler::slot_mut($dst),)? $(Simpler::slot_mut($operand)),*];
                        slots.into_iter().flatten().collect()
                    })*
                }
            }

            /// The variables it names, of every kind, that of the result first.
            pub fn variables(&self) -> impl Iterator<Item = Variable> {
                // As many as an op has operands, its result counted.
                let mut named = [None; MOST_OPERANDS];
                match self {
                    $(Op::$kind { $($dst,)? $($operand),* } => {
                        let all: &[Option<Variable>] =
                            &[$(Simpler::variable($dst),)? $(Simpler::variable($operand)),*];
                        named[..all.len()].copy_from_slice(all);
                    })*
                }
                named.into_iter().flatten()
            }

            /// The variable of its result, if it has one.
            pub fn result(&self) -> Option<Variable> {
                self.variables().next().filter(|_| self.kind().has_result())
            }

            /// Appends opcode and operands.
            pub fn put_wire(&self, out: &mut Vec<u8>) {
                out.push(self.kind().opcode());
                match self {
                    $(Op::$kind { $($dst,)? $($operand),* } => {
                        $($dst.put_wire(out);)?
                        $($operand.put_wire(out);)*
                    })*
                }
            }
        }

        impl std::fmt::Display for Op {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(Op::$kind { $($dst,)? $($operand),* } => {
                        $(write!(f, "{} = ", $dst)?;)?
                        let operands: &[&dyn Print] = &[$($operand),*];
                        print_call(f, $name, operands)
                    })*
                }
            }
        }
    };
    (@has) => { false };
    (@has $dst:ident) => { true };
}

ops! {
    /// A new session.
    0x01 New "SSL_SESSION_new" [dst: Slot] ();
    /// A copy of a session.
    0x02 Dup "SSL_SESSION_dup" [dst: Slot] (src: Slot);
    /// One more reference.
    0x03 UpRef "SSL_SESSION_up_ref" [] (s: Slot);
    /// One reference less; `NULL` does nothing.
    0x04 Free "SSL_SESSION_free" [] (s: Option<Slot>);
    /// The session id, at most 32 bytes.
    0x05 Set1Id "SSL_SESSION_set1_id" [] (s: Slot, id: Bytes);
    /// Reads the session id.
    0x06 GetId "SSL_SESSION_get_id" [] (s: Slot);
    /// The session id context, at most 32 bytes.
    0x07 Set1IdContext "SSL_SESSION_set1_id_context" [] (s: Slot, context: Bytes);
    /// Reads the session id context.
    0x08 Get0IdContext "SSL_SESSION_get0_id_context" [] (s: Slot);
    /// Seconds since 1970.
    0x09 SetTime "SSL_SESSION_set_time" [] (s: Option<Slot>, time: Time);
    /// Reads the time.
    0x0a GetTime "SSL_SESSION_get_time" [] (s: Option<Slot>);
    /// Seconds since 1970, since OpenSSL 3.3.
    0x0b SetTimeEx "SSL_SESSION_set_time_ex" [] (s: Option<Slot>, time: Time);
    /// Reads the time, since OpenSSL 3.3.
    0x0c GetTimeEx "SSL_SESSION_get_time_ex" [] (s: Option<Slot>);
    /// Seconds.
    0x0d SetTimeout "SSL_SESSION_set_timeout" [] (s: Option<Slot>, timeout: i64);
    /// Reads the timeout.
    0x0e GetTimeout "SSL_SESSION_get_timeout" [] (s: Option<Slot>);
    /// Any integer is taken.
    0x0f SetProtocolVersion "SSL_SESSION_set_protocol_version" [] (s: Slot, version: ProtocolVersion);
    /// Reads the protocol version.
    0x10 GetProtocolVersion "SSL_SESSION_get_protocol_version" [] (s: Slot);
    /// A cipher suite or NULL.
    0x11 SetCipher "SSL_SESSION_set_cipher" [] (s: Slot, cipher: Option<Cipher>);
    /// Reads the cipher suite.
    0x12 Get0Cipher "SSL_SESSION_get0_cipher" [] (s: Slot);
    /// The master key or resumption secret.
    0x13 Set1MasterKey "SSL_SESSION_set1_master_key" [] (s: Slot, key: Bytes);
    /// Copies at most so many bytes of the master key; 0 asks for its length.
    0x14 GetMasterKey "SSL_SESSION_get_master_key" [] (s: Slot, room: Room);
    /// The server name; `NULL` clears.
    0x15 Set1Hostname "SSL_SESSION_set1_hostname" [] (s: Slot, hostname: CString);
    /// Reads the server name.
    0x16 Get0Hostname "SSL_SESSION_get0_hostname" [] (s: Slot);
    /// The application protocol; `NULL` and empty clear.
    0x17 Set1AlpnSelected "SSL_SESSION_set1_alpn_selected" [] (s: Slot, alpn: Bytes);
    /// Reads the application protocol.
    0x18 Get0AlpnSelected "SSL_SESSION_get0_alpn_selected" [] (s: Slot);
    /// Bytes.
    0x19 SetMaxEarlyData "SSL_SESSION_set_max_early_data" [] (s: Slot, bytes: u32);
    /// Reads the limit of early data.
    0x1a GetMaxEarlyData "SSL_SESSION_get_max_early_data" [] (s: Slot);
    /// Data to be carried in the ticket; `NULL` and empty clear.
    0x1b Set1TicketAppdata "SSL_SESSION_set1_ticket_appdata" [] (s: Slot, data: Bytes);
    /// Reads the data carried in the ticket.
    0x1c Get0TicketAppdata "SSL_SESSION_get0_ticket_appdata" [] (s: Slot);
    /// Whether there is a ticket of at least one byte.
    0x1d HasTicket "SSL_SESSION_has_ticket" [] (s: Slot);
    /// Reads the ticket.
    0x1e Get0Ticket "SSL_SESSION_get0_ticket" [] (s: Slot);
    /// Reads the ticket's lifetime hint.
    0x1f GetTicketLifetimeHint "SSL_SESSION_get_ticket_lifetime_hint" [] (s: Slot);
    /// Reads the compression method.
    0x20 GetCompressId "SSL_SESSION_get_compress_id" [] (s: Slot);
    /// Reads the maximum fragment length.
    0x21 GetMaxFragmentLength "SSL_SESSION_get_max_fragment_length" [] (s: Slot);
    /// Reads the peer's certificate.
    0x22 Get0Peer "SSL_SESSION_get0_peer" [] (s: Slot);
    // 0x23 is never used: it is '#', the first byte of a program in text.
    /// Whether the session could be resumed.
    0x24 IsResumable "SSL_SESSION_is_resumable" [] (s: Slot);
    /// A pointer-sized value of the application's.
    0x25 SetExData "SSL_SESSION_set_ex_data" [] (s: Slot, index: ExIndex, value: Number);
    /// Reads a value of the application's.
    0x26 GetExData "SSL_SESSION_get_ex_data" [] (s: Slot, index: ExIndex);
    /// The harness's own word: a session as a handshake leaves it, read with `d2i_SSL_SESSION` from a fixed DER.
    0x27 SampleSession "sample_session" [dst: Slot] (sample: Sample);

    /// The harness's own word: so many seconds pass.
    0x28 AdvanceClock "advance_clock" [] (seconds: u32);
    /// A new context.
    0x29 CtxNew "SSL_CTX_new" [dst: ContextSlot] (method: Method);
    /// The harness's own word: a context that was made before and is as a new one. Making one takes 500 times as long as a session.
    0x2a CtxPooled "pooled_context" [dst: ContextSlot] (method: Method);
    /// One more reference.
    0x2b CtxUpRef "SSL_CTX_up_ref" [] (c: ContextSlot);
    /// One reference less; `NULL` does nothing.
    0x2c CtxFree "SSL_CTX_free" [] (c: Option<ContextSlot>);
    /// Who caches what; returns the mode before.
    0x2d CtxSetCacheMode "SSL_CTX_set_session_cache_mode" [] (c: ContextSlot, mode: CacheMode);
    /// Reads the mode.
    0x2e CtxGetCacheMode "SSL_CTX_get_session_cache_mode" [] (c: ContextSlot);
    /// How many sessions are cached, 0 without limit; returns the size before.
    0x2f CtxSetCacheSize "SSL_CTX_sess_set_cache_size" [] (c: ContextSlot, size: i64);
    /// Reads the size.
    0x30 CtxGetCacheSize "SSL_CTX_sess_get_cache_size" [] (c: ContextSlot);
    /// Seconds, for sessions that are established; returns the timeout before.
    0x31 CtxSetTimeout "SSL_CTX_set_timeout" [] (c: ContextSlot, timeout: i64);
    /// Reads the timeout.
    0x32 CtxGetTimeout "SSL_CTX_get_timeout" [] (c: ContextSlot);
    /// The session id context of connections made afterwards, at most 32 bytes.
    0x33 CtxSetIdContext "SSL_CTX_set_session_id_context" [] (c: ContextSlot, context: Bytes);
    /// Puts a session into the cache; 1 if it was not there.
    0x34 CtxAdd "SSL_CTX_add_session" [] (c: ContextSlot, s: Slot);
    /// Takes a session out of the cache; 1 if one with its id was there.
    0x35 CtxRemove "SSL_CTX_remove_session" [] (c: ContextSlot, s: Option<Slot>);
    /// Takes out what is expired at this time; 0 is the end of time.
    0x36 CtxFlush "SSL_CTX_flush_sessions" [] (c: ContextSlot, time: Time);
    /// As above, since OpenSSL 3.4.
    0x37 CtxFlushEx "SSL_CTX_flush_sessions_ex" [] (c: ContextSlot, time: Time);
    /// How many sessions are cached.
    0x38 SessNumber "SSL_CTX_sess_number" [] (c: ContextSlot);
    /// Handshakes begun as client.
    0x39 SessConnect "SSL_CTX_sess_connect" [] (c: ContextSlot);
    /// Handshakes finished as client.
    0x3a SessConnectGood "SSL_CTX_sess_connect_good" [] (c: ContextSlot);
    /// Renegotiations as client.
    0x3b SessConnectRenegotiate "SSL_CTX_sess_connect_renegotiate" [] (c: ContextSlot);
    /// Handshakes begun as server.
    0x3c SessAccept "SSL_CTX_sess_accept" [] (c: ContextSlot);
    /// Handshakes finished as server.
    0x3d SessAcceptGood "SSL_CTX_sess_accept_good" [] (c: ContextSlot);
    /// Renegotiations as server.
    0x3e SessAcceptRenegotiate "SSL_CTX_sess_accept_renegotiate" [] (c: ContextSlot);
    /// Sessions resumed.
    0x3f SessHits "SSL_CTX_sess_hits" [] (c: ContextSlot);
    /// Sessions that the callback found.
    0x40 SessCbHits "SSL_CTX_sess_cb_hits" [] (c: ContextSlot);
    /// Sessions that were not found.
    0x41 SessMisses "SSL_CTX_sess_misses" [] (c: ContextSlot);
    /// Sessions that were found and expired.
    0x42 SessTimeouts "SSL_CTX_sess_timeouts" [] (c: ContextSlot);
    /// Sessions that went because the cache was full.
    0x43 SessCacheFull "SSL_CTX_sess_cache_full" [] (c: ContextSlot);
    /// What is cached.
    0x44 CtxSessions "SSL_CTX_sessions" [] (c: ContextSlot);
    /// What is called when a session leaves the cache.
    0x45 CtxSetRemoveCb "SSL_CTX_sess_set_remove_cb" [] (c: ContextSlot, callback: RemoveCallback);
    /// The harness's own word: the session that a callback kept first.
    0x46 TakeKept "take_kept" [dst: Slot] ();

    /// A new connection.
    0x47 SslNew "SSL_new" [dst: ConnectionSlot] (c: ContextSlot);
    /// One more reference.
    0x48 SslUpRef "SSL_up_ref" [] (x: ConnectionSlot);
    /// One reference less; `NULL` does nothing.
    0x49 SslFree "SSL_free" [] (x: Option<ConnectionSlot>);
    /// Makes the connection ready for another handshake.
    0x4a SslClear "SSL_clear" [] (x: ConnectionSlot);
    /// Before a handshake a copy that shares the session; then a reference of `x` more, and `dst` stays empty.
    0x4b SslDup "SSL_dup" [dst: ConnectionSlot] (x: ConnectionSlot);
    /// The session to be used; `NULL` clears.
    0x4c SetSession "SSL_set_session" [] (x: ConnectionSlot, s: Option<Slot>);
    /// Borrows the session.
    0x4d GetSession "SSL_get_session" [dst: Slot] (x: ConnectionSlot);
    /// Borrows the session, by its newer name.
    0x4e Get0Session "SSL_get0_session" [dst: Slot] (x: ConnectionSlot);
    /// A reference to the session.
    0x4f Get1Session "SSL_get1_session" [dst: Slot] (x: ConnectionSlot);
    /// Gives `to` the session of `from`.
    0x50 CopySessionId "SSL_copy_session_id" [] (to: ConnectionSlot, from: ConnectionSlot);
    /// Whether the handshake resumed a session.
    0x51 SessionReused "SSL_session_reused" [] (x: ConnectionSlot);
    /// The session id context, at most 32 bytes.
    0x52 SslSetIdContext "SSL_set_session_id_context" [] (x: ConnectionSlot, context: Bytes);
    /// Another context; `NULL` is the one it was made from.
    0x53 SetSslCtx "SSL_set_SSL_CTX" [] (x: ConnectionSlot, c: Option<ContextSlot>);
    /// The harness's own word: the program loses what the slot holds, and can never give it back.
    0x54 Forget "forget" [] (s: Slot);
    /// The harness's own word: a handshake in memory, to its end or until one side refuses.
    0x55 Handshake "handshake" [] (client: ConnectionSlot, server: ConnectionSlot);
    /// Says that nothing more is sent.
    0x56 SslShutdown "SSL_shutdown" [] (x: ConnectionSlot);
    /// The newest version that connections made from here on speak.
    0x57 CtxSetMaxVersion "SSL_CTX_set_max_proto_version" [] (c: ContextSlot, version: MaxVersion);
    /// What connections made from here on do otherwise.
    0x58 CtxSetOptions "SSL_CTX_set_options" [] (c: ContextSlot, options: Options);
    /// What they do no more.
    0x59 CtxClearOptions "SSL_CTX_clear_options" [] (c: ContextSlot, options: Options);
    /// How many tickets a server sends after a full TLS 1.3 handshake.
    0x5a CtxSetNumTickets "SSL_CTX_set_num_tickets" [] (c: ContextSlot, tickets: Few);
    /// One more ticket, which the server sends and its client reads.
    0x5b NewSessionTicket "SSL_new_session_ticket" [] (x: ConnectionSlot);
    /// Whether servers ask for a certificate, which the harness's callback takes.
    0x5c CtxSetVerify "SSL_CTX_set_verify" [] (c: ContextSlot, mode: Verify);
    /// The harness's own word: a client gets a certificate and its key.
    0x5d UseCertificate "use_certificate" [] (x: ConnectionSlot);
    /// Who is told of sessions that can be resumed.
    0x5e CtxSetNewCb "SSL_CTX_sess_set_new_cb" [] (c: ContextSlot, callback: NewCallback);
    /// Who is asked for a session that is not in the cache.
    0x5f CtxSetGetCb "SSL_CTX_sess_set_get_cb" [] (c: ContextSlot, callback: GetCallback);
    /// Who says whether a session is to be resumed.
    0x60 CtxSetNotResumableCb "SSL_CTX_set_not_resumable_session_callback" [] (c: ContextSlot, callback: NotResumableCallback);
    /// Who makes session ids.
    0x61 CtxSetGenerateId "SSL_CTX_set_generate_session_id" [] (c: ContextSlot, callback: GenerateId);
    /// Who gives a client a session that was agreed on by other means.
    0x62 CtxSetPskUseCb "SSL_CTX_set_psk_use_session_callback" [] (c: ContextSlot, callback: PskCallback);
    /// Who gives a server such a session.
    0x63 CtxSetPskFindCb "SSL_CTX_set_psk_find_session_callback" [] (c: ContextSlot, callback: PskCallback);
    /// The certificates that the peer of the connection's session showed.
    0x64 GetPeerCertChain "SSL_get_peer_cert_chain" [] (x: ConnectionSlot);
    /// What is said and heard of the end of the connection.
    0x65 SslSetShutdown "SSL_set_shutdown" [] (x: ConnectionSlot, mode: Closed);
}

impl std::fmt::Debug for Op {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opcodes_are_unique_and_never_the_text_marker() {
        let mut seen = [false; 256];
        for kind in Kind::ALL {
            let code = kind.opcode();
            assert!(!std::mem::replace(&mut seen[usize::from(code)], true), "{code:#x} is used twice");
            assert_ne!(code, b'#');
            assert_eq!(Kind::from_opcode(code), Some(*kind));
            assert_eq!(Kind::from_name(kind.name()), Some(*kind));
            // Whether there is room for its operands.
            let any = kind.take_wire(&mut Wire::new(&[0; 64])).expect("64 bytes are enough for any");
            assert_eq!(any.result().is_some(), kind.has_result());
        }
    }
}
