//! What an op names: the slots, and the field that a setter sets.

use crate::field::Field;
use crate::op::{Op, Slot, Variable, session_ops, sharing_ops};

/// The slots an op names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Touched {
    /// Where a result goes.
    pub made: Option<Slot>,
    /// The session it is called on.
    pub used: Option<Slot>,
}

/// The slots `op` names. The used one is live before the call if the op runs.
pub fn touches(op: &Op) -> Touched {
    let (made, used) = match *op {
        Op::New { dst } | Op::SampleSession { dst, sample: _ } => (Some(dst), None),
        Op::Dup { dst, src } => (Some(dst), Some(src)),
        Op::Free { s }
        | Op::SetTime { s, time: _ }
        | Op::GetTime { s }
        | Op::SetTimeEx { s, time: _ }
        | Op::GetTimeEx { s }
        | Op::SetTimeout { s, timeout: _ }
        | Op::GetTimeout { s } => (None, s),
        Op::UpRef { s }
        | Op::Set1Id { s, id: _ }
        | Op::GetId { s }
        | Op::Set1IdContext { s, context: _ }
        | Op::Get0IdContext { s }
        | Op::SetProtocolVersion { s, version: _ }
        | Op::GetProtocolVersion { s }
        | Op::SetCipher { s, cipher: _ }
        | Op::Get0Cipher { s }
        | Op::Set1MasterKey { s, key: _ }
        | Op::GetMasterKey { s, room: _ }
        | Op::Set1Hostname { s, hostname: _ }
        | Op::Get0Hostname { s }
        | Op::Set1AlpnSelected { s, alpn: _ }
        | Op::Get0AlpnSelected { s }
        | Op::SetMaxEarlyData { s, bytes: _ }
        | Op::GetMaxEarlyData { s }
        | Op::Set1TicketAppdata { s, data: _ }
        | Op::Get0TicketAppdata { s }
        | Op::HasTicket { s }
        | Op::Get0Ticket { s }
        | Op::GetTicketLifetimeHint { s }
        | Op::GetCompressId { s }
        | Op::GetMaxFragmentLength { s }
        | Op::Get0Peer { s }
        | Op::IsResumable { s }
        | Op::SetExData { s, index: _, value: _ }
        | Op::GetExData { s, index: _ } => (None, Some(s)),
        sharing_ops!() => touches_shared(op),
    };
    Touched { made, used }
}

/// The sessions that a call on a context or connection names.
fn touches_shared(op: &Op) -> (Option<Slot>, Option<Slot>) {
    match *op {
        Op::TakeKept { dst }
        | Op::GetSession { dst, x: _ }
        | Op::Get0Session { dst, x: _ }
        | Op::Get1Session { dst, x: _ } => (Some(dst), None),
        Op::CtxAdd { c: _, s } | Op::Forget { s } => (None, Some(s)),
        Op::CtxRemove { c: _, s } | Op::SetSession { x: _, s } => (None, s),
        Op::AdvanceClock { .. }
        | Op::CtxNew { .. }
        | Op::CtxPooled { .. }
        | Op::CtxUpRef { .. }
        | Op::CtxFree { .. }
        | Op::CtxSetCacheMode { .. }
        | Op::CtxGetCacheMode { .. }
        | Op::CtxSetCacheSize { .. }
        | Op::CtxGetCacheSize { .. }
        | Op::CtxSetTimeout { .. }
        | Op::CtxGetTimeout { .. }
        | Op::CtxSetIdContext { .. }
        | Op::CtxFlush { .. }
        | Op::CtxFlushEx { .. }
        | Op::SessNumber { .. }
        | Op::SessConnect { .. }
        | Op::SessConnectGood { .. }
        | Op::SessConnectRenegotiate { .. }
        | Op::SessAccept { .. }
        | Op::SessAcceptGood { .. }
        | Op::SessAcceptRenegotiate { .. }
        | Op::SessHits { .. }
        | Op::SessCbHits { .. }
        | Op::SessMisses { .. }
        | Op::SessTimeouts { .. }
        | Op::SessCacheFull { .. }
        | Op::CtxSessions { .. }
        | Op::CtxSetRemoveCb { .. }
        | Op::SslNew { .. }
        | Op::SslUpRef { .. }
        | Op::SslFree { .. }
        | Op::SslClear { .. }
        | Op::SslDup { .. }
        | Op::CopySessionId { .. }
        | Op::SessionReused { .. }
        | Op::SslSetIdContext { .. }
        | Op::SetSslCtx { .. }
        | Op::Handshake { .. }
        | Op::SslShutdown { .. }
        | Op::CtxSetMaxVersion { .. }
        | Op::CtxSetOptions { .. }
        | Op::CtxClearOptions { .. }
        | Op::CtxSetNumTickets { .. }
        | Op::NewSessionTicket { .. }
        | Op::CtxSetVerify { .. }
        | Op::UseCertificate { .. }
        | Op::CtxSetNewCb { .. }
        | Op::CtxSetGetCb { .. }
        | Op::CtxSetNotResumableCb { .. }
        | Op::CtxSetGenerateId { .. }
        | Op::CtxSetPskUseCb { .. }
        | Op::CtxSetPskFindCb { .. }
        | Op::GetPeerCertChain { .. }
        | Op::SslSetShutdown { .. }
        | session_ops!() => (None, None),
    }
}

/// Whether a call is about the session of this variable: it names it or, of a session, makes it.
pub fn is_about(op: &Op, of: Variable) -> bool {
    let touched = touches(op);
    match of {
        Variable::Session(slot) => touched.used == Some(slot) || touched.made == Some(slot),
        Variable::Connection(_) | Variable::Context(_) => op.variables().any(|named| named == of),
    }
}

/// The field that a setter sets.
pub(super) fn sets(op: &Op) -> Option<Field> {
    match op {
        Op::Set1Id { .. } => Some(Field::Id),
        Op::Set1IdContext { .. } => Some(Field::IdContext),
        Op::SetTime { .. } | Op::SetTimeEx { .. } => Some(Field::Time),
        Op::SetTimeout { .. } => Some(Field::Timeout),
        Op::SetProtocolVersion { .. } => Some(Field::ProtocolVersion),
        Op::SetCipher { .. } => Some(Field::Cipher),
        Op::Set1MasterKey { .. } => Some(Field::MasterKey),
        Op::Set1Hostname { .. } => Some(Field::Hostname),
        Op::Set1AlpnSelected { .. } => Some(Field::Alpn),
        Op::SetMaxEarlyData { .. } => Some(Field::MaxEarlyData),
        Op::Set1TicketAppdata { .. } => Some(Field::TicketAppdata),
        Op::SetExData { index, .. } => Field::of_ex_index(*index),
        Op::New { .. }
        | Op::Dup { .. }
        | Op::SampleSession { .. }
        | Op::UpRef { .. }
        | Op::Free { .. }
        | Op::GetId { .. }
        | Op::Get0IdContext { .. }
        | Op::GetTime { .. }
        | Op::GetTimeEx { .. }
        | Op::GetTimeout { .. }
        | Op::GetProtocolVersion { .. }
        | Op::Get0Cipher { .. }
        | Op::GetMasterKey { .. }
        | Op::Get0Hostname { .. }
        | Op::Get0AlpnSelected { .. }
        | Op::GetMaxEarlyData { .. }
        | Op::Get0TicketAppdata { .. }
        | Op::HasTicket { .. }
        | Op::Get0Ticket { .. }
        | Op::GetTicketLifetimeHint { .. }
        | Op::GetCompressId { .. }
        | Op::GetMaxFragmentLength { .. }
        | Op::Get0Peer { .. }
        | Op::IsResumable { .. }
        | Op::GetExData { .. }
        | sharing_ops!() => None,
    }
}
