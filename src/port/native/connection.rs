//! Connections of the native library, in slots, and the sessions that they have.

use std::sync::Arc;

use super::super::handshakes::EARLY_DATA;
use super::super::{Chain, Moment, Returned};
use super::NativePort;
use super::callbacks::{generate_id, lending, suites_of};
use crate::native::{Connection, Session};
use crate::op::{
    Bytes, CString, ConnectionSlot, ContextSlot, GenerateId, Op, Slot, Suites, context_ops, getters, session_ops,
};
use crate::trace::SAME;

impl NativePort {
    /// Makes a call on a connection, or a handshake between two. What is about something else goes back.
    pub(super) fn connection_call(&mut self, op: &Op, moment: &mut Moment<'_>) -> Returned<'_> {
        let number = Returned::Number;
        match op {
            Op::SslNew { dst, c } => {
                let connection = Connection::new(self.context(*c));
                self.connections[dst.index()].push(connection);
                number(1)
            }
            Op::SslUpRef { x } => {
                let another = self.connection(*x).clone();
                self.connections[x.index()].push(another);
                number(1)
            }
            Op::SslFree { x } => {
                x.map(|x| self.connections[x.index()].pop());
                Returned::Nothing
            }
            Op::SslClear { x } => {
                self.connection(*x).clear();
                number(1)
            }
            Op::SslDup { dst, x } => number(self.dup_connection(*dst, *x)),
            Op::SetSession { x, s } => self.set_session(*x, *s),
            Op::GetSession { dst, x } | Op::Get0Session { dst, x } => Returned::Session(self.borrow_session(*dst, *x)),
            Op::Get1Session { dst, x } => match self.connection(*x).session() {
                Some(session) => self.put(*dst, session),
                None => Returned::Session(false),
            },
            Op::CopySessionId { to, from } => {
                self.connection(*to).copy_session_id(self.connection(*from));
                number(1)
            }
            Op::SessionReused { x } => number(self.connection(*x).session_reused().into()),
            Op::SslSetIdContext { x, context } => {
                let result = self.connection(*x).set_id_context(context.get().unwrap_or_default());
                self.answer(result)
            }
            Op::HasMatchingId { x, id } => {
                number(self.connection(*x).has_matching_id(id.get().unwrap_or_default()).into())
            }
            Op::SslSetHostName { x, name } => self.set_host_name(*x, name),
            Op::SslSetTicketExt { x, ticket } => self.set_ticket_extension(*x, ticket),
            Op::SslSetGenerateId { x, callback } => self.set_generate_id_of(*x, *callback),
            Op::SslSetMaxEarlyData { x, bytes } => self.set_max_early_data(*x, *bytes),
            Op::SslSetCiphersuites { x, suites } => self.set_suites(*x, *suites),
            Op::SslSetAlpnProtos { x, protocols } => self.name_protocols(*x, protocols),
            Op::GetAlpnSelected { x } => self.alpn_selected(*x),
            Op::SetVerifyResult { x, code } => self.set_verify_result(*x, *code),
            Op::GetVerifyResult { x } => number(self.connection(*x).verify_result()),
            Op::SetSslCtx { x, c } => self.move_connection(*x, *c),
            Op::GetPeerCertChain { x } => Returned::Chain(self.connection(*x).session().as_ref().and_then(chain)),
            Op::SendEarlyData { x } => self.send_early_data(*x),
            Op::UseCertificate { x } => self.use_certificate(*x),
            Op::Handshake { client, server } => number(self.handshake(*client, *server, moment.tape)),
            Op::NewSessionTicket { x } => number(self.new_session_ticket(*x, moment.tape).into()),
            Op::KeyUpdate { x, update } => number(self.update_keys(*x, *update).into()),
            Op::Renegotiate { x } => number(self.renegotiate(*x, true, moment.tape).into()),
            Op::RenegotiateAbbreviated { x } => number(self.renegotiate(*x, false, moment.tape).into()),
            Op::VerifyClient { x } => number(self.verify_client(*x, moment.tape).into()),
            Op::SetPostHandshakeAuth { x, allowed } => self.set_answers_later(*x, allowed.get() > 0),
            Op::SslShutdown { x } => self.shut_down(*x),
            Op::SslSetShutdown { x, mode } => {
                self.connection(*x).set_shutdown(mode.bits() & 1 != 0, mode.bits() & 2 != 0);
                Returned::Nothing
            }
            session_ops!() | context_ops!() | getters!() => self.session_call(op, moment),
        }
    }

    fn use_certificate(&self, x: ConnectionSlot) -> Returned<'static> {
        self.connection(x).use_certificate();
        Returned::Number(1)
    }

    fn shut_down(&mut self, x: ConnectionSlot) -> Returned<'static> {
        let (returned, raises) = self.connection(x).shutdown();
        self.raised |= raises;
        Returned::Number(returned.into())
    }

    fn set_answers_later(&self, x: ConnectionSlot, answers: bool) -> Returned<'static> {
        self.connection(x).set_answers_later(answers);
        Returned::Nothing
    }

    fn set_ticket_extension(&self, x: ConnectionSlot, ticket: &Bytes) -> Returned<'static> {
        self.connection(x).set_ticket_extension(ticket.get());
        Returned::Number(1)
    }

    fn set_verify_result(&self, x: ConnectionSlot, code: u16) -> Returned<'static> {
        self.connection(x).set_verify_result(code.into());
        Returned::Nothing
    }

    fn set_max_early_data(&self, x: ConnectionSlot, bytes: u32) -> Returned<'static> {
        self.connection(x).set_max_early_data(bytes);
        Returned::Number(1)
    }

    fn set_suites(&self, x: ConnectionSlot, suites: Suites) -> Returned<'static> {
        self.connection(x).set_suites(suites_of(suites));
        Returned::Number(1)
    }

    fn send_early_data(&self, x: ConnectionSlot) -> Returned<'static> {
        self.connection(x).send_early_data(EARLY_DATA.len() as u32);
        Returned::Nothing
    }

    fn set_generate_id_of(&self, x: ConnectionSlot, callback: GenerateId) -> Returned<'static> {
        self.connection(x).set_generate_id(generate_id(callback));
        Returned::Number(1)
    }

    fn move_connection(&self, x: ConnectionSlot, c: Option<ContextSlot>) -> Returned<'static> {
        self.connection(x).set_context(c.map(|c| self.context(c)));
        Returned::Number(1)
    }

    /// Sets the protocols that a client names: 0 where it is done.
    fn name_protocols(&self, x: ConnectionSlot, protocols: &Bytes) -> Returned<'static> {
        let refused = self.connection(x).set_alpn_protocols(protocols.get().unwrap_or_default()).is_err();
        Returned::Number(refused.into())
    }

    fn alpn_selected(&mut self, x: ConnectionSlot) -> Returned<'_> {
        let selected = self.connection(x).alpn_selected().unwrap_or_default();
        let bytes = &mut self.room[..selected.len()];
        bytes.copy_from_slice(&selected);
        Returned::Copied { returned: selected.len() as i64, bytes, overrun: false }
    }

    fn set_host_name(&mut self, x: ConnectionSlot, name: &CString) -> Returned<'static> {
        let name = name.with_nul().map(|name| name.split(|byte| *byte == 0).next().unwrap_or_default());
        let result = self.connection(x).set_host_name(name);
        self.answer(result)
    }

    pub(in crate::port) fn connection(&self, x: ConnectionSlot) -> &Arc<Connection> {
        // The plan allows only calls on slots that hold a connection.
        &self.connections[x.index()][0]
    }

    fn dup_connection(&mut self, dst: ConnectionSlot, x: ConnectionSlot) -> i64 {
        let copy = self.connection(x).dup();
        let same = Arc::ptr_eq(&copy, self.connection(x));
        let owner = if same { x } else { dst };
        self.connections[owner.index()].push(copy);
        if same { SAME } else { 1 }
    }

    fn set_session(&self, x: ConnectionSlot, s: Option<Slot>) -> Returned<'static> {
        let session = s.map(|s| self.session(s));
        lending(session.as_ref(), || self.connection(x).set_session(session.as_deref()));
        Returned::Number(1)
    }

    /// Lets a slot borrow the session of a connection; tells whether there is one.
    pub(super) fn borrow_session(&mut self, dst: Slot, x: ConnectionSlot) -> bool {
        let lent = self.connection(x).session();
        let Some(lent) = lent else { return false };
        // A pointer that keeps nothing alive.
        self.slots[dst.index()].borrowed = Some(lent.downgrade());
        true
    }

    /// Returns how many times connections have the session at this address.
    pub(super) fn connections_with(&self, address: usize) -> u32 {
        let has = |connection: &Arc<Connection>| {
            u32::from(connection.session_address() == Some(address))
                + u32::from(connection.psk_address() == Some(address))
        };
        self.each_connection().map(has).sum()
    }

    /// Returns how many connections that have made no handshake have the session at this address.
    pub(in crate::port) fn set_connections_with(&self, address: usize) -> u32 {
        let has = |one: &&Arc<Connection>| !one.is_done() && one.session_address() == Some(address);
        self.each_connection().filter(has).count() as u32
    }

    pub(super) fn each_connection(&self) -> impl Iterator<Item = &Arc<Connection>> {
        self.connections.iter().filter_map(|connections| connections.first())
    }
}

/// Counts the certificates that a session's peer showed.
fn chain(session: &Session) -> Option<Chain> {
    let (chain, peer) = (session.peer_chain()?, session.peer(|peer| peer.cloned()));
    let is_peer = |certificate: &&Arc<[u8]>| peer.as_ref().is_some_and(|peer| Arc::ptr_eq(peer, certificate));
    let peers = chain.iter().filter(is_peer).count();
    Some(Chain { certificates: chain.len() as u32, peers: peers as u32 })
}
