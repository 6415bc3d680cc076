//! What a handshake asks of a connection and does to it.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::bytes::ShortBytes;
use super::connection::{Connection, Offer, Stage, TicketExtension, Version, state_getters};
use super::context::{Context, NameAnswer, Statistic, mode};
use super::failure::{Failure, Why};
use super::peers::Peers;
use super::rules::Rule;
use super::session::Session;
use super::tickets::{CannotSend, Sealed};

/// Limits the id that a callback makes, bytes.
const ROOM: usize = 32;
/// Masks the count of good handshakes: a cache is flushed by itself after the 255th, the 511th and so on.
const FLUSHED_AFTER: u64 = 0xff;

/// Says what a server makes of a session that it has found: `ssl_get_prev_session`, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// Has another version or another session id context.
    Mismatch,
    /// Ends the handshake.
    Ends(Why),
    /// Has expired.
    Expired,
    /// May be resumed.
    Fits,
}

state_getters! {
    /// Returns whether a client has a certificate.
    pub has_certificate: bool = |state| state.certificate.load(Relaxed);
    /// Returns whether a server asks for a certificate.
    pub verifies: bool = |state| state.inherited.verifies;
    /// Returns whether a server asks for a certificate within a handshake of this version.
    pub(super) asks_within: bool = |state| {
        state.inherited.verifies && !(state.inherited.verifies_later && state.speaks == Version::Tls13)
    };
    /// Returns whether a server can ask its client for a certificate now, after the handshake.
    pub(super) can_ask_later: bool = |state| {
        state.stage == Stage::Done && state.server && state.version == Version::Tls13 && state.can_ask_later && state.inherited.verifies
    };
    /// Returns whether the handshake is not the first one of the connection.
    pub(super) renegotiates: bool = |state| state.renegotiates;
    /// Returns whether the connection can make another handshake.
    pub(super) can_renegotiate: bool = |state| state.stage == Stage::Done && state.version != Version::Tls13;
    /// Returns whether a server that wants a new session resumes none.
    pub(super) resumes_none_again: bool = |state| state.inherited.no_resumption_on_renegotiation;
    /// Returns whether it was a server in its last handshake.
    pub is_server: bool = |state| state.server;
    /// Returns whether the connection can update its keys.
    pub(super) can_update_keys: bool = |state| state.stage == Stage::Done && state.version == Version::Tls13;
    /// Returns whether a handshake is finished.
    pub is_done: bool = |state| state.stage == Stage::Done;
    /// Returns the other side of the handshake, while there is one.
    pub peer: Option<Arc<Connection>> = |state| state.peer.upgrade();
    /// Returns whether the connection has come so far as to send tickets, whatever became of it then.
    pub(super) could_send_ticket: bool = |state| state.exchanged && state.server;
    /// Returns how many tickets were asked for, and could not be made.
    pub(super) pending_tickets: u32 = |state| state.pending_tickets;
    /// Returns whether the connection can send tickets now.
    pub(super) can_send_ticket: bool = |state| state.stage == Stage::Done && state.server && state.version == Version::Tls13;
    /// Returns the highest version.
    pub(super) max_version: Version = |state| state.inherited.max_version;
    /// Returns whether tickets are allowed.
    pub(super) uses_tickets: bool = |state| !state.inherited.no_ticket;
    /// Returns whether the digest of the handshake may go into the master secret.
    pub(super) can_extend_master_secret: bool = |state| !state.inherited.no_extended_master_secret;
    /// Returns how much early data a server takes, bytes.
    pub(super) max_early_data: u32 = |state| state.inherited.max_early_data;
    /// Returns whether the tickets of a TLS 1.3 server are sealed. Those that allow early data are found in the cache, to be used once.
    pub(super) seals_tickets_13: bool = |state| !state.inherited.no_ticket && state.inherited.max_early_data == 0;
    /// Returns how many tickets a TLS 1.3 server sends after a handshake.
    pub(super) tickets: u8 = |state| state.inherited.tickets;
    /// Returns the context that the connection has now.
    pub(super) context: Arc<Context> = |state| state.context.clone();
    /// Returns the context that caches the sessions.
    pub(super) session_context: Arc<Context> = |state| state.session_context.clone();
    /// Returns the name of the server that is asked for.
    pub(super) host_name: Option<Vec<u8>> = |state| state.host_name.clone();
    /// Returns the list of protocols that a client names.
    pub(super) named_alpn: Option<Arc<[u8]>> = |state| state.inherited.alpn.clone();
    /// Returns the session id context.
    pub(super) id_context: ShortBytes = |state| state.id_context;
    /// Returns how many tickets of TLS 1.3 were sent since the handshake began.
    pub(super) sent_tickets: u8 = |state| state.sent_tickets;
}

impl Connection {
    /// Gives a client a certificate: `SSL_use_certificate`.
    pub fn use_certificate(&self) {
        self.state().certificate.store(true, Relaxed);
    }

    /// Says that nothing more is sent, or looks whether the peer said so: `SSL_shutdown`. Returns what C returns, -1 where nothing
    /// was said, and whether it raises an error: where there is no connection to shut down, or the peer has sent a fatal alert,
    /// after which nothing more comes either.
    pub fn shutdown(&self) -> (i32, bool) {
        if let Some(alert) = self.alert_that_is_read() {
            self.note_failed(Failure::heard(alert));
            self.remove_own_session();
            self.state().shut.1 = true;
            return (1, true);
        }
        self.close().map_or((-1, true), |returned| (returned, false))
    }

    /// Takes the fatal alert of the peer, if that is what the next `SSL_shutdown` reads.
    fn alert_that_is_read(&self) -> Option<u8> {
        let mut state = self.state();
        let reads = state.stage == Stage::Done && state.shut == (true, false) && !state.peer_is_shut;
        if reads { state.unread_alert.take() } else { None }
    }

    fn close(&self) -> Option<i32> {
        let mut state = self.state();
        match (state.stage, state.shut) {
            (Stage::Within, _)
                if state.failure.is_some() && !state.session_context.library().rules.has(Rule::FailedRaises) =>
            {
                Some(-1)
            }
            (Stage::Before | Stage::Within, _) => None,
            (Stage::Done, (false, heard)) => {
                state.shut.0 = true;
                let peer = state.peer.upgrade();
                drop(state);
                if let Some(peer) = peer {
                    let mut peer = peer.state();
                    peer.peer_is_shut |= std::ptr::eq(peer.peer.as_ptr(), self);
                }
                Some(i32::from(heard))
            }
            (Stage::Done, (true, true)) => Some(1),
            (Stage::Done, (true, false)) => {
                state.shut.1 = state.peer_is_shut;
                Some(if state.peer_is_shut { 1 } else { -1 })
            }
        }
    }

    /// Sets whether this side and the peer are taken to have said that they send nothing more: `SSL_set_shutdown`.
    pub fn set_shutdown(&self, said: bool, heard: bool) {
        self.state().shut = (said, heard);
    }

    /// Begins a handshake with `peer`.
    pub(super) fn begin(&self, server: bool, peer: &Arc<Connection>) {
        let mut state = self.state();
        (state.peer, state.peer_is_shut, state.unread_alert) = (Arc::downgrade(peer), false, None);
        (state.stage, state.server, state.shut, state.sent_tickets) = (Stage::Within, server, (false, false), 0);
        (state.exchanged, state.failure, state.renegotiates) = (false, None, false);
        if !server {
            state.speaks = state.inherited.max_version;
        }
        let context = state.session_context.clone();
        drop(state);
        context.counted(if server { Statistic::Accept } else { Statistic::Connect });
    }

    /// Moves the count of what was begun to where it will be counted as good: `final_server_name`. Of a client nothing was begun
    /// there. What the callback itself did to the context that the connection had `before` is not looked at.
    fn settle_statistics(&self, before: Arc<Context>) {
        let (now, session_context) = (self.context(), self.session_context());
        let moved = !Arc::ptr_eq(&now, &before);
        if self.renegotiates() {
            return;
        }
        let context = if moved && session_context.library().meets(Rule::MovedIsCounted) { now } else { before };
        if !Arc::ptr_eq(&context, &session_context) {
            context.counted(Statistic::Accept);
            session_context.discount(Statistic::Accept);
        }
    }

    /// Takes over the version that both sides have agreed on.
    pub(super) fn agree_on(&self, version: Version) {
        let mut state = self.state();
        (state.speaks, state.agreed_version) = (version, true);
    }

    /// Takes over what came of verifying the certificate of a session's peer.
    pub(super) fn take_verify_result(&self, session: &Session) {
        self.state().verify_result = session.verify_result();
    }

    /// Asks the callback what becomes of the name that a client asked for: `final_server_name`. That of the context comes first.
    pub(super) fn answer_name(&self, server: bool) -> NameAnswer {
        let before = self.context();
        let callback = [before.clone(), self.session_context()]
            .into_iter()
            .find_map(|context| Some((context.callbacks().server_name?, context)));
        let answer = callback.map_or(NameAnswer::Declined, |(callback, context)| callback(&context, self, server));
        self.settle_statistics(before);
        answer
    }

    /// Finishes the handshake.
    pub(super) fn open(&self, version: Version) {
        let mut state = self.state();
        (state.stage, state.version) = (Stage::Done, version);
    }

    /// Returns whether a version, by its number, is known and not too high.
    pub(super) fn supports(&self, version: i32) -> bool {
        let newest = self.max_version();
        let known: &[Version] =
            if newest == Version::Dtls12 { &[Version::Dtls12] } else { &[Version::Tls12, Version::Tls13] };
        known.iter().any(|known| known.number() == version && *known <= newest)
    }

    /// Counts a ticket of TLS 1.3 that was sent.
    pub(super) fn note_sent_ticket(&self) {
        let mut state = self.state();
        state.sent_tickets = state.sent_tickets.saturating_add(1);
    }

    /// Sets the session, without a look at the one before, which is given back.
    pub(super) fn put_session(&self, session: Option<Session>) {
        let before = std::mem::replace(&mut self.state().session, session);
        drop(before);
    }

    /// Makes a new session without an id: `ssl_get_new_session`. The connection has it, and the caller another reference.
    pub(super) fn new_session(&self, version: i32) -> Session {
        let context = self.session_context();
        let session = context.library().session();
        session.0.timeout.store(context.session_timeout(), Relaxed);
        self.put_session(None);
        session.0.id_context.set(self.id_context().as_slice());
        session.set_protocol_version(version);
        session.set_verify_result(0);
        self.put_session(Some(session.up_ref()));
        session
    }

    /// Gives a session an id: `ssl_generate_session_id`. Returns `false` where the cache has a session with that id.
    pub(super) fn generate_id(&self, session: &Session, peers: &mut dyn Peers) -> bool {
        let own = self.state().inherited.generate_id;
        match own.or(self.session_context().callbacks().generate_id) {
            Some(make) => session.put_id(&make(ROOM)),
            None => {
                let mut id = peers.of(session).id;
                // The library makes no shorter ones.
                id.resize(ROOM, 0);
                session.put_id(&id);
            }
        }
        !self.session_context().has_key(session.protocol_version(), session.id().as_slice())
    }

    /// Returns what a client says of the session that it wants to resume.
    pub(super) fn offer(&self, peers: &mut dyn Peers) -> Offer {
        let Some(session) = self.session() else { return Offer { id: Vec::new(), ticket: None } };
        if session.protocol_version() == Version::Tls13.number() {
            return Offer { id: peers.sent_id(), ticket: None };
        }
        let ticket = session.ticket(|ticket| ticket.map(<[u8]>::to_vec));
        Offer { id: session.id().as_slice().to_vec(), ticket }
    }

    /// Gives the session the ticket that the program offers, where it has none of TLS 1.2: `tls_construct_ctos_session_ticket`. What the
    /// hello goes with goes with the session from there on.
    ///
    /// # Errors
    /// Fails where the ticket has no bytes, for which there is no memory.
    pub(super) fn take_ticket_extension(&self) -> Result<(), Why> {
        let TicketExtension::Given(ticket) = self.state().ticket_extension.clone() else { return Ok(()) };
        let Some(session) = self.session().filter(|session| self.uses_tickets() && !offers_ticket_12(session)) else {
            return Ok(());
        };
        if ticket.is_empty() {
            return Err(Why::Internal);
        }
        session.put_ticket(&ticket, session.ticket_lifetime_hint());
        Ok(())
    }

    /// Returns whether a client cannot say of which digest its ticket of TLS 1.3 is: `tls_construct_ctos_psk`.
    pub(super) fn offers_ticket_without_suite(&self) -> bool {
        let is_odd = |session: &Session| {
            session.protocol_version() == Version::Tls13.number() && session.has_ticket() && session.cipher().is_none()
        };
        self.session().as_ref().is_some_and(is_odd)
    }

    /// Returns whether a client sends the extension for tickets, though it may have no bytes.
    pub(super) fn asks_for_ticket(&self) -> bool {
        let left_out = self.state().ticket_extension == TicketExtension::LeftOut;
        self.uses_tickets() && (!left_out || self.session().as_ref().is_some_and(offers_ticket_12))
    }

    /// Returns the ticket, while it is not older than it may get: `tls_construct_ctos_psk`.
    pub(super) fn offered_key(&self) -> Option<Vec<u8>> {
        let session = self.session()?;
        let fits = session.protocol_version() == Version::Tls13.number() && session.has_ticket();
        let age = session.age().saturating_sub(1);
        if !fits || session.ticket_lifetime_hint() < age || age > u64::from(u32::MAX) / 1000 {
            return None;
        }
        let ticket = session.ticket(|ticket| ticket.map(<[u8]>::to_vec));
        if ticket.is_none() {
            // A stored session without a ticket was read into one that had a ticket: C copies from NULL.
            session.library().note_broken();
        }
        ticket
    }

    /// Asks the callback of a client, and gives back what it gave before: `tls_construct_ctos_early_data`.
    pub(super) fn ask_for_psk(&self) {
        let callback = self.state().inherited.psk_use;
        let given = callback.and_then(|callback| callback(&self.session_context()));
        let before = std::mem::replace(&mut self.state().external_psk, given);
        drop(before);
    }

    /// Returns the identity of what was agreed on elsewhere, where the session lets it be offered.
    pub(super) fn offered_psk(&self) -> Option<Vec<u8>> {
        let session = self.session()?;
        let fits = session.protocol_version() == Version::Tls13.number();
        self.state().external_psk.as_ref().filter(|_| fits).map(|(identity, _)| identity.clone())
    }

    /// Takes what was agreed on elsewhere away from the connection.
    pub(super) fn take_psk(&self) -> Option<Session> {
        self.state().external_psk.take().map(|(_, session)| session)
    }

    /// Returns a duplicate of what the callback of a server finds, with the id context of the server: `tls_parse_ctos_psk`.
    ///
    /// # Errors
    /// Says why the server gives up where that cannot be duplicated.
    pub(super) fn find_psk(&self, identity: &[u8]) -> Result<Option<Session>, Why> {
        let Some(callback) = self.state().inherited.psk_find else { return Ok(None) };
        let Some(found) = callback(&self.session_context(), identity) else { return Ok(None) };
        let copy = found.dup_without_ticket();
        drop(found);
        let copy = copy.ok_or(Why::Internal)?;
        copy.0.id_context.set(self.id_context().as_slice());
        Ok(Some(copy))
    }

    /// Returns what is in a ticket made of the session, of which its callback was told. `None`: the callback for keys refuses to seal it.
    ///
    /// # Errors
    /// Fails where it cannot be made, and so does the connection.
    pub(super) fn seal(&self) -> Result<Option<Sealed>, CannotSend> {
        let session = self.session().ok_or(CannotSend)?;
        let sealed = self.session_context().seal(&session);
        drop(session);
        // The copy outlives the alert.
        sealed.map_err(|_copy| {
            self.fail(Why::Internal);
            CannotSend
        })
    }

    /// Returns whether a server may resume this session, and counts one that has expired.
    pub(super) fn judge(&self, session: &Session, version: Version) -> Judged {
        if session.protocol_version() != version.number() || session.id_context() != self.id_context() {
            return Judged::Mismatch;
        }
        let state = self.state();
        if state.inherited.verifies && state.id_context.as_slice().is_empty() {
            return Judged::Ends(Why::NoIdContext);
        }
        drop(state);
        if session.is_expired() {
            self.session_context().counted(Statistic::Timeouts);
            return Judged::Expired;
        }
        Judged::Fits
    }

    /// Asks the callback whether the new session of a server must not be resumed. Returns `None` where there is no callback.
    pub(super) fn asks_not_resumable(&self, version: Version) -> Option<bool> {
        let callback = self.state().inherited.not_resumable;
        // The suites of TLS 1.3 name no key exchange, and count as not forward secure.
        callback.map(|callback| callback(version != Version::Tls13))
    }

    /// Caches the session after a handshake, and flushes the cache now and then: `ssl_update_cache`.
    pub(super) fn update_cache(&self, side: u32, server: bool) {
        let Some(session) = self.session() else { return };
        let context = self.session_context();
        let must_not = || session.is_marked_not_resumable() && !context.library().meets(Rule::NotResumableIsCached);
        if session.id().as_slice().is_empty() || must_not() {
            return;
        }
        if server && session.id_context().as_slice().is_empty() && self.verifies() {
            return;
        }
        let cache_mode = context.cache_mode();
        let tls13 = session.protocol_version() == Version::Tls13.number();
        drop(session);
        if cache_mode & side != 0 && (!self.session_reused() || tls13) {
            let callbacks = context.callbacks();
            let stateless = tls13 && server && callbacks.remove.is_none() && self.seals_tickets_13();
            if cache_mode & mode::NO_INTERNAL_STORE == 0 && !stateless {
                self.with_own_session(|session| context.add_session(session));
            }
            if let (Some(new), Some(session)) = (callbacks.new, self.session()) {
                // The reference that looks is none of the library's.
                new(&context, server, session);
            }
        }
        let good = if server { Statistic::AcceptGood } else { Statistic::ConnectGood };
        let due = context.statistic(good) & FLUSHED_AFTER == FLUSHED_AFTER;
        if cache_mode & mode::NO_AUTO_CLEAR == 0 && cache_mode & side == side && due {
            context.flush_sessions(context.library().micros() as i64 / 1_000_000);
        }
    }

    /// Gives up the handshake, and sends a fatal alert.
    pub(super) fn fail(&self, why: Why) {
        let failure = Failure::of(why, self.session_context().library());
        self.note_failed(failure);
        self.remove_own_session();
        let (peer, shut) = {
            let state = self.state();
            (state.peer.upgrade(), state.shut.0)
        };
        // Nothing is sent after a close.
        if let (Some(peer), false) = (peer, shut) {
            let mut peer = peer.state();
            if std::ptr::eq(peer.peer.as_ptr(), self) {
                peer.unread_alert = failure.sent;
            }
        }
    }

    /// Gives up the handshake, for the peer has sent a fatal alert. Who has sent one before reads none.
    pub(super) fn hear_from(&self, peer: &Connection) {
        let Some(alert) = peer.failure().and_then(|failure| failure.sent) else { return };
        if self.failure().is_none() {
            self.note_failed(Failure::heard(alert));
            self.remove_own_session();
        }
    }

    /// Notes that nothing can be done with the connection any more.
    pub(super) fn note_failed(&self, failure: Failure) {
        let mut state = self.state();
        (state.stage, state.failure) = (Stage::Within, Some(failure));
    }

    /// Takes the session out of the cache: `SSL_CTX_remove_session`. The connection's own reference is used, and no other is taken.
    pub(super) fn remove_own_session(&self) {
        self.with_own_session(|session| self.session_context().remove_session(session));
    }

    /// Does something with the session, by the connection's own reference.
    fn with_own_session(&self, act: impl FnOnce(&Session) -> bool) {
        let Some(session) = self.state().session.take() else { return };
        act(&session);
        let before = self.state().session.replace(session);
        drop(before);
    }
}

/// Returns whether a session has a ticket that a client shows before TLS 1.3.
fn offers_ticket_12(session: &Session) -> bool {
    session.protocol_version() != Version::Tls13.number() && session.ticket(|ticket| ticket.is_some())
}
