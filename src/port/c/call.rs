//! The calls of a C library: made from the table of ops where the operands say everything, by hand where they do not.

use std::ffi::{c_char, c_int, c_long, c_uint, c_ulong, c_void};
use std::ptr;

use openssl_sys::{OPENSSL_STACK, SSL, SSL_CIPHER, SSL_CTX, SSL_SESSION};

use super::super::{Chain, Moment, Returned};
use super::library::Clocking;
use super::prototypes::{
    GEN_SESSION_CB, get_session_cb, new_session_cb, not_resumable_session_callback, remove_session_cb,
};
use super::{CPort, GUARD, callbacks, clock, handshake_callbacks};
use crate::op::{
    CacheMode, Cipher, Closed, ConnectionSlot, ContextSlot, ExIndex, Few, GenerateId, GetCallback, NewCallback,
    NotResumableCallback, Number, Op, ProtocolVersion, RemoveCallback, Room, Sample, Slot, Suites, Time, Variable,
    block_ops, for_each_op, getters, plain_ops, serial_ops,
};
use crate::plan::clock::{START_SECONDS, seconds};
use crate::samples::{self, UNTOUCHED};
use crate::trace::SAME;

/// Turns an operand into what it is in a call.
trait InCall {
    type Value;

    /// Returns the value for a call on `port`, `passed` seconds after the program began.
    fn in_call(&self, port: &CPort, passed: u64) -> Self::Value;
}

macro_rules! in_calls {
    ($($type:ty => $value:ty: |$operand:ident, $port:ident, $passed:ident| $make:expr;)*) => {$(
        impl InCall for $type {
            type Value = $value;

            #[inline(always)]
            fn in_call(&self, $port: &CPort, $passed: u64) -> $value {
                let $operand = self;
                $make
            }
        }
    )*};
}

in_calls! {
    Slot => *mut SSL_SESSION: |s, port, _passed| port.session(*s);
    Option<Slot> => *mut SSL_SESSION: |s, port, _passed| s.map_or(ptr::null_mut(), |s| port.session(s));
    ContextSlot => *mut SSL_CTX: |c, port, _passed| port.contexts.get(*c);
    ConnectionSlot => *mut SSL: |x, port, _passed| port.connection(*x);
    Option<ConnectionSlot> => *mut SSL: |x, port, _passed| x.map_or(ptr::null_mut(), |x| port.connection(x));
    i64 => i64: |value, _port, _passed| *value;
    u32 => u32: |value, _port, _passed| *value;
    u16 => u16: |value, _port, _passed| *value;
    Time => i64: |time, _port, passed| seconds(*time, passed);
    ProtocolVersion => c_int: |version, _port, _passed| version.0;
    Option<Cipher> => *const SSL_CIPHER: |cipher, port, _passed| cipher.map_or(ptr::null(), |one| port.library.cipher(one));
    ExIndex => c_int: |index, _port, _passed| index.number();
    Number => *mut c_void: |value, _port, _passed| ptr::without_provenance_mut(value.0 as usize);
    CacheMode => u16: |mode, _port, _passed| mode.bits();
    Few => u8: |number, _port, _passed| number.get();
    Closed => u8: |mode, _port, _passed| mode.bits();
    RemoveCallback => remove_session_cb: |callback, _port, _passed| callbacks::remove(*callback);
    NewCallback => new_session_cb: |callback, _port, _passed| handshake_callbacks::new(*callback);
    GetCallback => get_session_cb: |callback, _port, _passed| handshake_callbacks::get(*callback);
    NotResumableCallback => not_resumable_session_callback: |callback, _port, _passed| handshake_callbacks::not_resumable(*callback);
    Suites => *const c_char: |suites, _port, _passed| suites.list().as_ptr();
    GenerateId => GEN_SESSION_CB: |callback, _port, _passed| handshake_callbacks::generate(*callback);
}

/// Turns what a C function returns into [`Returned`].
pub(super) trait Outcome {
    fn returned(self) -> Returned<'static>;
}

impl Outcome for () {
    fn returned(self) -> Returned<'static> {
        Returned::Nothing
    }
}

macro_rules! outcomes {
    ($($type:ty),*) => {$(
        impl Outcome for $type {
            #[inline(always)]
            fn returned(self) -> Returned<'static> {
                Returned::Number(self as i64)
            }
        }
    )*};
}

outcomes!(u8, c_int, c_uint, c_long, c_ulong, usize);

/// Makes the call of one row, or nothing where it is made by hand.
macro_rules! row {
    ($port:ident $passed:ident $lent:ident $name:ident $operands:tt own) => {
        Returned::Nothing
    };
    ($port:ident $passed:ident $lent:ident $name:ident $operands:tt by_hand $($prototype:tt)*) => {
        Returned::Nothing
    };
    ($port:ident $passed:ident $lent:ident $name:ident $operands:tt if $condition:ident $($rest:tt)*) => {
        row!($port $passed $lent $name $operands $($rest)*)
    };
    ($port:ident $passed:ident $lent:ident $name:ident ($c:ident: ContextSlot,) ctrl $command:literal) => {
        Returned::Number($port.context_number(*$c, $command, 0))
    };
    ($port:ident $passed:ident $lent:ident $name:ident ($c:ident: ContextSlot, $value:ident: $type:tt,) ctrl $command:literal) => {
        Returned::Number($port.context_number(*$c, $command, $value.in_call($port, $passed) as c_long))
    };
    ($port:ident $passed:ident $lent:ident $name:ident ($($operands:tt)*) fn($($type:ty),*) -> $result:ty) => {
        arguments!($port $passed $lent $name [] $($operands)*)
    };
}

/// Turns operands into arguments, one after the other: bytes are a pointer and a length.
macro_rules! arguments {
    ($port:ident $passed:ident $lent:ident $name:ident [$($done:expr,)*]) => {
        Outcome::returned(call!($port, $name($($done),*)))
    };
    ($port:ident $passed:ident $lent:ident $name:ident [$($done:expr,)*] $operand:ident: Bytes, $($rest:tt)*) => {
        arguments!($port $passed $lent $name [$($done,)* $lent.0.cast(), $lent.1 as _,] $($rest)*)
    };
    ($port:ident $passed:ident $lent:ident $name:ident [$($done:expr,)*] $operand:ident: CString, $($rest:tt)*) => {
        arguments!($port $passed $lent $name [$($done,)* $lent.0.cast(),] $($rest)*)
    };
    ($port:ident $passed:ident $lent:ident $name:ident [$($done:expr,)*] $operand:ident: $type:tt, $($rest:tt)*) => {
        arguments!($port $passed $lent $name [$($done,)* $operand.in_call($port, $passed) as _,] $($rest)*)
    };
}

macro_rules! define_calls {
    ($($section:ident { $(
        $(#[$doc:meta])* $code:literal $kind:ident $name:ident [$($dst:ident: $made:tt)?]
            ($($operand:ident: $type:tt),*) $facts:tt {$($c:tt)*};
    )* })*) => {
        impl CPort {
            /// Makes a call as its row of the table says.
            #[inline]
            #[allow(unused_variables, trivial_numeric_casts, reason = "not every row uses every operand")]
            fn call_as_listed(&mut self, op: &Op, passed: u64) -> Returned<'static> {
                let lent = self.scratch.lend(op.argument());
                let port = &*self;
                let returned = match op {
                    $($(Op::$kind { $($operand,)* .. } => row!(port passed lent $name ($($operand: $type,)*) $($c)*),)*)*
                };
                self.take_back(op.argument());
                returned
            }
        }
    };
}

for_each_op!(define_calls);

/// Matches the ops whose row says all that there is to a call. Some of them hand references over, which is the plan's
/// concern.
macro_rules! as_listed {
    () => {
        Op::UpRef { .. }
            | Op::Free { .. }
            | Op::Set1Id { .. }
            | Op::SetProtocolVersion { .. }
            | Op::SetExData { .. }
            | Op::CtxUpRef { .. }
            | Op::CtxSetTimeout { .. }
            | Op::CtxAdd { .. }
            | Op::CtxRemove { .. }
            | Op::CtxFlush { .. }
            | Op::CtxFlushEx { .. }
            | Op::SslUpRef { .. }
            | Op::SslFree { .. }
            | Op::SetSession { .. }
            | Op::CopySessionId { .. }
            | Op::SslShutdown { .. }
            | Op::SslSetShutdown { .. }
            | Op::CtxSetRemoveCb { .. }
            | Op::CtxSetNewCb { .. }
            | Op::CtxSetGetCb { .. }
            | Op::CtxSetNotResumableCb { .. }
            | Op::CtxSetGenerateId { .. }
            | plain_ops!()
            // The getters of NULL: those of sessions are read by `Port::read`.
            | getters!()
    };
}

impl CPort {
    /// Sets what a session lends, and what is no value in C.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few ops that do this; the others do not")]
    fn set_lent(&mut self, op: &Op) -> Returned<'static> {
        let returned = match op {
            Op::Set1OwnId { s } => {
                let (session, mut length) = (self.session(*s), 0);
                let id = call!(self, SSL_SESSION_get_id(session, &mut length));
                call!(self, SSL_SESSION_set1_id(session, id, length))
            }
            Op::Set1OwnIdContext { s } => {
                let (session, mut length) = (self.session(*s), 0);
                let context = call!(self, SSL_SESSION_get0_id_context(session, &mut length));
                call!(self, SSL_SESSION_set1_id_context(session, context, length))
            }
            Op::SslSetTicketExt { x, .. } => {
                let (ticket, length) = self.scratch.lend(op.argument());
                let ssl = self.connection(*x);
                let returned = call!(self, SSL_set_session_ticket_ext(ssl, ticket.cast_mut().cast(), length as c_int));
                self.take_back(op.argument());
                returned
            }
            _ => unreachable!("{op} lends nothing"),
        };
        Returned::Number(returned.into())
    }

    fn clear(&mut self, x: ConnectionSlot) -> Returned<'static> {
        self.credentials.forget_agreed(x);
        call!(self, SSL_clear(self.connection(x))).returned()
    }

    /// Makes a call.
    #[inline]
    pub(super) fn make_call(&mut self, op: &Op, moment: &mut Moment<'_>) -> Returned<'_> {
        match op {
            Op::New { dst } => self.new_session(*dst),
            Op::Dup { dst, src } => self.keep_new(*dst, call!(self, SSL_SESSION_dup(self.session(*src)))),
            Op::SampleSession { dst, sample } => self.sample(*dst, *sample),
            Op::GetExData { s, index } => {
                let value = call!(self, SSL_SESSION_get_ex_data(self.session(*s), index.number()));
                Returned::Number(value as usize as i64)
            }
            Op::Set1OwnId { .. } | Op::Set1OwnIdContext { .. } | Op::SslSetTicketExt { .. } => self.set_lent(op),
            Op::GetMasterKey { s, room } => self.copy_master_key(*s, *room),
            Op::AdvanceClock { .. } | Op::TurnBackClock { .. } => {
                clock::set_passed(moment.passed);
                Returned::Nothing
            }
            Op::Forget { .. } | Op::CtxSessions { .. } => Returned::Nothing,
            Op::TakeKept { dst } => self.keep(*dst, callbacks::take().unwrap_or(ptr::null_mut())),
            Op::GetSession { dst, x } | Op::Get0Session { dst, x } => {
                self.keep(*dst, call!(self, SSL_get_session(self.connection(*x))))
            }
            Op::Get1Session { dst, x } => self.keep(*dst, call!(self, SSL_get1_session(self.connection(*x)))),
            Op::CtxNew { dst, method } => Returned::Number(self.make_context(*dst, *method, false).into()),
            Op::CtxNewDtls { dst, method } => Returned::Number(self.make_datagram_context(*dst, *method).into()),
            Op::CtxPooled { dst, method } => Returned::Number(self.make_context(*dst, *method, true).into()),
            Op::CtxFree { c } => {
                self.release_context(*c, moment.last);
                Returned::Nothing
            }
            Op::SslNew { dst, c } => self.new_connection(*dst, *c),
            Op::SslClear { x } => self.clear(*x),
            Op::SslDup { dst, x } => self.dup_connection(*dst, *x),
            Op::SetSslCtx { x, c } => self.set_context(*x, *c),
            Op::GetPeerCertChain { x } => Returned::Chain(self.peer_cert_chain(*x)),
            serial_ops!() => self.serial_call(op, moment.tape),
            Op::Handshake { client, server } => Returned::Number(self.handshake(*client, *server, moment)),
            Op::NewSessionTicket { x } => Returned::Number(self.new_session_ticket(*x, moment.tape)),
            Op::KeyUpdate { x, update } => Returned::Number(self.key_update(*x, *update)),
            Op::VerifyClient { x } => Returned::Number(self.verify_client(*x, moment.tape)),
            Op::Renegotiate { x } => Returned::Number(self.renegotiate(*x, true, moment.tape)),
            Op::RenegotiateAbbreviated { x } => Returned::Number(self.renegotiate(*x, false, moment.tape)),
            Op::SetPostHandshakeAuth { x, allowed } => {
                call!(self, SSL_set_post_handshake_auth(self.connection(*x), c_int::from(allowed.get())));
                Returned::Nothing
            }
            Op::SslSetHostName { x, name } => Returned::Number(self.set_host_name(*x, name)),
            Op::GetAlpnSelected { x } => self.alpn_selected(*x),
            Op::SendEarlyData { x } => self.credentials.send_early(*x),
            Op::UseCertificate { x } => Returned::Number(self.use_certificate(*x)),
            Op::CtxCopyTicketKeys { to, from } => self.copy_ticket_keys(*to, *from),
            Op::CtxSetMaxVersion { c, .. }
            | Op::CtxSetOptions { c, .. }
            | Op::CtxClearOptions { c, .. }
            | Op::CtxSetVerify { c, .. }
            | Op::CtxSetServerNameCb { c, .. }
            | Op::CtxSetTicketKeys { c, .. }
            | Op::CtxSetAlpnSelectCb { c, .. }
            | Op::CtxSetTicketCb { c, .. }
            | Op::CtxSetTicketKeyCb { c, .. }
            | Op::CtxSetPskUseCb { c, .. }
            | Op::CtxSetPskFindCb { c, .. } => self.make_setting(op, *c),
            block_ops!() | Op::CtxSetNameBlock { .. } => {
                let of = op.variables().find_map(|of| if let Variable::Context(c) = of { Some(c) } else { None });
                of.map_or(Returned::Nothing, |c| self.make_setting(op, c))
            }
            as_listed!() => {
                self.note_setting(op);
                self.call_as_listed(op, moment.passed)
            }
        }
    }

    /// Gives a context a setting by hand, and notes that it has to be put back.
    fn make_setting(&mut self, op: &Op, c: ContextSlot) -> Returned<'static> {
        self.contexts.changes(c, op.kind().of_words().unwrap_or(op.kind()));
        self.set(op, self.contexts.get(c))
    }

    /// Notes what has to be put back of a context.
    fn note_setting(&mut self, op: &Op) {
        if let Op::CtxSetNumTickets { c, .. }
        | Op::CtxSetAlpnProtos { c, .. }
        | Op::CtxSetCiphersuites { c, .. }
        | Op::CtxSetMaxEarlyData { c, .. }
        | Op::CtxSetNewCb { c, .. }
        | Op::CtxSetGetCb { c, .. }
        | Op::CtxSetNotResumableCb { c, .. }
        | Op::CtxSetGenerateId { c, .. } = op
        {
            self.contexts.changes(*c, op.kind());
        }
    }

    fn new_session(&mut self, dst: Slot) -> Returned<'static> {
        let session = call!(self, SSL_SESSION_new());
        if self.library.clocking == Clocking::Set && !session.is_null() && self.api().SSL_SESSION_set_time.is_some() {
            call!(self, SSL_SESSION_set_time(session, START_SECONDS));
        }
        self.keep_new(dst, session)
    }

    fn sample(&mut self, dst: Slot, sample: Sample) -> Returned<'static> {
        let der = samples::encoded(sample);
        let mut at = der.as_ptr();
        let session = call!(self, d2i_SSL_SESSION(ptr::null_mut(), &mut at, der.len() as i64));
        self.keep_new(dst, session)
    }

    fn copy_master_key(&mut self, s: Slot, room: Room) -> Returned<'_> {
        // The buffer ends at an inaccessible page; before it are bytes that must stay as they were.
        self.scratch.room(GUARD + room.bytes()).fill(UNTOUCHED);
        let session = self.session(s);
        let out = self.scratch.room(room.bytes()).as_mut_ptr();
        let returned = call!(self, SSL_SESSION_get_master_key(session, out, room.bytes())) as i64;
        let (guard, bytes) = self.scratch.room(GUARD + room.bytes()).split_at(GUARD);
        Returned::Copied { returned, bytes, overrun: guard.iter().any(|byte| *byte != UNTOUCHED) }
    }

    fn new_connection(&mut self, dst: ConnectionSlot, c: ContextSlot) -> Returned<'static> {
        let context = self.contexts.get(c);
        let ssl = call!(self, SSL_new(context));
        self.credentials.note_context(dst, context);
        Returned::Number(self.keep_connection(dst, ssl).into())
    }

    fn dup_connection(&mut self, dst: ConnectionSlot, x: ConnectionSlot) -> Returned<'static> {
        let context = call!(self, SSL_get_SSL_CTX(self.connection(x)));
        let copy = call!(self, SSL_dup(self.connection(x)));
        if copy == self.connection(x) {
            return Returned::Number(SAME);
        }
        self.credentials.note_context(dst, context);
        Returned::Number(self.keep_connection(dst, copy).into())
    }

    fn set_context(&mut self, x: ConnectionSlot, c: Option<ContextSlot>) -> Returned<'static> {
        let context = c.map_or(ptr::null_mut(), |c| self.contexts.get(c));
        let returned = call!(self, SSL_set_SSL_CTX(self.connection(x), context));
        Returned::Number(if context.is_null() { !returned.is_null() } else { returned == context }.into())
    }

    fn peer_cert_chain(&self, x: ConnectionSlot) -> Option<Chain> {
        let chain: *const OPENSSL_STACK = call!(self, SSL_get_peer_cert_chain(self.connection(x))).cast();
        if chain.is_null() {
            return None;
        }
        let session = self.session_of(self.connection(x));
        let peer: *mut c_void = match session.is_null() {
            true => ptr::null_mut(),
            false => call!(self, SSL_SESSION_get0_peer(session)).cast(),
        };
        let certificates = call!(self, OPENSSL_sk_num(chain));
        let peers = (0..certificates).filter(|at| call!(self, OPENSSL_sk_value(chain, *at)) == peer).count();
        Some(Chain { certificates: certificates.max(0) as u32, peers: peers as u32 })
    }
}
