//! Tickets: how a server makes them, and what a client makes of them.

use std::sync::{Arc, PoisonError};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::connection::{Connection, Version};
use super::context::{Context, mode};
use super::early::Early;
use super::error::Error;
use super::established::Established;
use super::failure::Why;
use super::handshake::Handshake;
use super::peers::Peers;
use super::rules::Rule;
use super::session::Session;

/// Names the keys that seal tickets: whoever has them opens what was sealed with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TicketKeys(Keys);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Keys {
    /// Are those that the context of this number was made with.
    Own(u64),
    Given([u8; TicketKeys::LENGTH]),
}

impl TicketKeys {
    /// Counts their bytes: a name of 16, a key of HMAC of 32, a key of AES of 32 (`struct ssl_ctx_st`, ssl/ssl_local.h).
    pub const LENGTH: usize = 80;

    /// Makes keys of bytes.
    ///
    /// # Errors
    /// Refuses what is not [`TicketKeys::LENGTH`] bytes.
    pub fn new(keys: &[u8]) -> Result<TicketKeys, Error> {
        keys.try_into().map(|keys| TicketKeys(Keys::Given(keys))).map_err(|_| Error::TicketKeysLength)
    }

    /// Makes those of a new context: nobody else has them.
    pub(super) const fn of_context(number: u64) -> TicketKeys {
        TicketKeys(Keys::Own(number))
    }
}

/// Holds a server's ticket on its way.
pub(super) struct Sent {
    /// Is what the client will give back.
    pub ticket: Ticket,
    /// Holds how long the ticket is good for, seconds.
    pub hint: u64,
    /// Holds the key of the server's session.
    pub key: Zeroizing<Vec<u8>>,
}

/// Holds what is in a sealed ticket, and the keys that it was sealed with.
#[derive(Clone, Debug)]
pub(super) struct Sealed {
    keys: TicketKeys,
    pub with: Arc<Established>,
}

/// Says that a callback failed where it was to open a ticket, and that the handshake ends.
pub(super) struct CannotOpen;

/// Says that a ticket cannot be made, and that the server has failed.
pub(super) struct CannotSend;

/// Says what is in a ticket.
pub(super) enum Ticket {
    /// Has the session itself, sealed.
    Sealed(Sealed),
    /// Has the id of a session that is in a cache. `None`: it has gone before anybody saw it.
    Id(Option<Vec<u8>>),
    /// Has the id of a session that has none.
    Empty,
}

/// Counts the bytes of a name and of the longest initialization vector: what is shorter is no sealed ticket, and nobody is asked about it.
const SHORTEST: usize = 32;

/// Is told of a session of which a ticket is made. Returns whether there is to be one.
pub type GenerateTicket = fn(session: &Session) -> bool;
/// Says what becomes of a ticket, of the session in it, if it could be read, and of what was made of it so far.
pub type DecryptTicket = fn(session: Option<&Session>, status: TicketStatus) -> TicketUse;

/// Holds what stands for a callback of ticket keys.
#[derive(Clone, Copy, Debug)]
pub struct TicketKeyCallbacks {
    /// Returns the keys that a ticket is sealed with. `None`: it is not to be sealed, and so none is sent.
    pub seal: fn() -> Option<TicketKeys>,
    /// Says what becomes of a ticket that was sealed with `keys`. `None`: nobody knows with which.
    pub open: fn(keys: Option<TicketKeys>) -> KeyUse,
}

/// Says what a callback of ticket keys makes of a ticket that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// Ends the handshake: less than 0.
    Fails,
    /// Does not know the key: 0.
    Unknown,
    /// Opens the ticket: 1.
    Opens,
    /// Opens the ticket, which another one is to follow: 2.
    Renews,
}

/// Says what a server made of a ticket: `SSL_TICKET_STATUS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketStatus {
    /// Has a client ask for a ticket, and show none: `SSL_TICKET_EMPTY`.
    Empty = 3,
    /// Could not read it: `SSL_TICKET_NO_DECRYPT`.
    NotRead = 4,
    /// Has read it: `SSL_TICKET_SUCCESS`.
    Read = 5,
    /// Has read it, and will send another: `SSL_TICKET_SUCCESS_RENEW`.
    ReadToRenew = 6,
}

/// Says what becomes of a ticket: `SSL_TICKET_RETURN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketUse {
    /// Ends the handshake: `SSL_TICKET_RETURN_ABORT`.
    Aborted,
    /// Goes on as if there were none: `SSL_TICKET_RETURN_IGNORE`.
    Ignored,
    /// Makes a new session, and a ticket of it: `SSL_TICKET_RETURN_IGNORE_RENEW`.
    Replaced,
    /// Resumes the session: `SSL_TICKET_RETURN_USE`.
    Used,
    /// Resumes the session, and sends another ticket: `SSL_TICKET_RETURN_USE_RENEW`.
    Renewed,
}

/// Holds what is left of a ticket when its callback was asked.
pub(super) struct Opened {
    /// Holds the session, if it is to be resumed. The caller owns the reference.
    pub session: Option<Session>,
    /// Says that the server will send a ticket.
    pub ticket_expected: bool,
    /// Says that the server looks into its cache, before TLS 1.3.
    pub looks_up: bool,
}

/// Sends one more ticket, and lets the client read it: `SSL_new_session_ticket`. Returns `false` where the connection cannot send
/// one.
pub fn new_session_ticket(server: &Arc<Connection>, peers: &mut dyn Peers) -> bool {
    let pending = server.pending_tickets();
    let Some(client) = server.peer().filter(|_| server.can_send_ticket()) else {
        // One that could not be made has ended a connection that could send them.
        let asked = pending > 0 && server.could_send_ticket();
        server.state().pending_tickets = pending + u32::from(asked);
        return asked;
    };
    let client = &client;
    let mut handshake = Handshake { client, server, peers, early: Early::default() };
    // Those that are pending from the handshake are sent after it.
    let mut pending = pending + 1;
    let mut sent = Vec::new();
    while pending > 0 || !server.session_reused() && server.sent_tickets() < server.tickets() {
        let Ok(ticket) = handshake.send_ticket(true) else { break };
        sent.extend(ticket);
        pending = pending.saturating_sub(1);
    }
    for sent in sent {
        handshake.read_ticket(sent);
    }
    server.state().pending_tickets = pending;
    if !server.can_send_ticket() {
        client.hear_from(server);
    }
    true
}

/// Returns how long a server says that a ticket is good for, seconds: `create_ticket_prequel`.
pub(super) fn hint(session: &Session, resumed_12: bool) -> u64 {
    const WEEK: i64 = 7 * 24 * 60 * 60;
    let timeout = session.timeout();
    if resumed_12 {
        return 0;
    }
    let tls13 = session.protocol_version() == Version::Tls13.number();
    // As many bits as there are on the wire.
    if tls13 && timeout > WEEK { WEEK as u64 } else { u64::from(timeout as u32) }
}

impl Handshake<'_> {
    /// Lets a TLS 1.2 client read the ticket: `tls_process_new_session_ticket`.
    ///
    /// # Errors
    /// Fails where its session cannot be duplicated.
    pub(super) fn client_reads_ticket_12(&mut self, sent: Sent) -> Result<(), Why> {
        let Some(own) = self.client.session() else { return Ok(()) };
        if !own.id().as_slice().is_empty() {
            let copy = own.dup_without_ticket();
            drop(own);
            let copy = copy.ok_or(Why::NotCopied)?;
            if self.client.session_context().cache_mode() & mode::CLIENT != 0 {
                self.client.remove_own_session();
            }
            self.client.put_session(Some(copy));
        }
        self.take_ticket(sent);
        Ok(())
    }

    /// Makes a ticket of TLS 1.3: `tls_construct_new_session_ticket`. Its session has no id unless it is `named`. Returns `None`
    /// where its callback refuses to seal it: it counts as one that was sent.
    ///
    /// # Errors
    /// Fails where it cannot be made.
    pub(super) fn send_ticket(&mut self, named: bool) -> Result<Option<Sent>, CannotSend> {
        let own = self.server.session().ok_or(CannotSend)?;
        let own = if self.server.sent_tickets() > 0 || self.server.session_reused() {
            let copy = own.dup_without_ticket();
            drop(own);
            let copy = copy.ok_or_else(|| {
                self.server.fail(Why::TicketNotCopied);
                CannotSend
            })?;
            self.server.put_session(Some(copy.up_ref()));
            copy
        } else {
            own
        };
        if !named {
            own.put_id(&[]);
        } else if !self.server.generate_id(&own, self.peers) {
            drop(own);
            self.server.fail(Why::IdConflict);
            return Err(CannotSend);
        }
        let from_peer = self.peers.of(&own);
        own.put_master_key(&from_peer.master_key);
        own.touch();
        if let Some(selected) = self.server.alpn_selected() {
            own.put_alpn(&selected);
        }
        own.set_max_early_data(self.server.max_early_data());
        drop(own);
        if !self.server.generates_ticket() {
            return Err(CannotSend);
        }
        let own = self.server.session().ok_or(CannotSend)?;
        let hint = hint(&own, false);
        let is_empty = own.id().as_slice().is_empty();
        let id = self.peers.known(&own).map(|_| own.id().as_slice().to_vec());
        drop(own);
        let key = Zeroizing::new(from_peer.master_key);
        let ticket = match self.server.seals_tickets_13() {
            true => self.server.seal()?.map(Ticket::Sealed),
            false if is_empty => Some(Ticket::Empty),
            false => Some(Ticket::Id(id)),
        };
        self.server.note_sent_ticket();
        let sends_nothing = self.server.session_context().library().meets(Rule::RefusedTicketIsSent);
        let Some(ticket) = ticket.or(sends_nothing.then_some(Ticket::Empty)) else { return Ok(None) };
        self.server.update_cache(mode::SERVER, true);
        Ok(Some(Sent { ticket, hint, key }))
    }

    /// Lets a TLS 1.3 client read the ticket: `tls_process_new_session_ticket`. One that has failed reads none.
    pub(super) fn read_ticket(&mut self, sent: Sent) {
        if self.client.failure().is_some() {
            return;
        }
        if matches!(sent.ticket, Ticket::Empty) {
            return self.client.fail(Why::EmptyTicket);
        }
        let Some(own) = self.client.session() else { return };
        let copy = own.dup_without_ticket();
        drop(own);
        let Some(copy) = copy else { return self.client.fail(Why::NotCopied) };
        self.client.put_session(Some(copy));
        self.take_ticket(sent);
        let max_early_data = self.server.max_early_data();
        if let (Some(own), 1..) = (self.client.session(), max_early_data) {
            own.set_max_early_data(max_early_data);
        }
        self.client.update_cache(mode::CLIENT, false);
    }

    /// Gives the ticket to the client's session, and makes the server know it again.
    pub(super) fn take_ticket(&mut self, sent: Sent) {
        let Some(own) = self.client.session() else { return };
        let from_peer = self.peers.of(&own);
        own.touch();
        let known = from_peer.ticket_is_known || matches!(sent.ticket, Ticket::Id(Some(_)));
        let ticket = match sent.ticket {
            Ticket::Sealed(sealed) => {
                self.server.session_context().library().tickets().insert(from_peer.ticket.clone(), sealed);
                from_peer.ticket
            }
            Ticket::Id(id) => id.unwrap_or(from_peer.ticket),
            Ticket::Empty => Vec::new(),
        };
        own.put_ticket(&ticket, sent.hint);
        if known {
            own.put_id(&Sha256::digest(&ticket));
        } else {
            own.put_id(&from_peer.id);
        }
        if own.protocol_version() != Version::Tls13.number() {
            own.set_cipher(from_peer.cipher);
        }
        own.set_not_resumable(false);
        let shares = self.peers.share_key(&own, &sent.key);
        own.put_master_key(if shares { &sent.key } else { &from_peer.master_key });
    }
}

impl Connection {
    /// Tells the callback of a session of which a ticket is made: `tls_construct_new_session_ticket`. Where it refuses, the connection
    /// fails.
    pub(super) fn generates_ticket(&self) -> bool {
        let Some(callback) = self.session_context().callbacks().generate_ticket else { return true };
        let generates = self.session().is_none_or(|session| callback(&session));
        if !generates {
            self.fail(Why::Internal);
        }
        generates
    }

    /// Asks the callback what becomes of a ticket: `tls_decrypt_ticket`.
    ///
    /// # Errors
    /// Gives back the session where the handshake ends.
    pub(super) fn uses_ticket(
        &self,
        session: Option<Session>,
        status: TicketStatus,
    ) -> Result<Opened, Option<Session>> {
        let renews = |status| status != TicketStatus::Read;
        let looks_up = status == TicketStatus::Empty;
        let Some(callback) = self.session_context().callbacks().decrypt_ticket else {
            return Ok(Opened { session, ticket_expected: renews(status), looks_up });
        };
        match callback(session.as_ref(), status) {
            TicketUse::Aborted => Err(session),
            TicketUse::Ignored => Ok(Opened { session: None, ticket_expected: false, looks_up: true }),
            TicketUse::Replaced => Ok(Opened { session: None, ticket_expected: true, looks_up }),
            TicketUse::Used | TicketUse::Renewed if session.is_none() => Err(None),
            TicketUse::Used => Ok(Opened { session, ticket_expected: false, looks_up }),
            TicketUse::Renewed => Ok(Opened { session, ticket_expected: true, looks_up }),
        }
    }
}

/// Seals and opens tickets.
impl Context {
    /// Sets the keys that seal tickets from here on, and open them: `SSL_CTX_set_tlsext_ticket_keys`.
    pub fn set_ticket_keys(&self, keys: TicketKeys) {
        *self.ticket_keys.lock().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Returns the keys that seal tickets: `SSL_CTX_get_tlsext_ticket_keys`.
    pub fn ticket_keys(&self) -> TicketKeys {
        *self.ticket_keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a session of what was in a ticket that was sealed with the keys of this context, or with one that its callback knows:
    /// `tls_decrypt_ticket`. The caller owns the one reference.
    ///
    /// # Errors
    /// Fails where the callback does.
    pub(super) fn open_ticket(
        &self,
        version: Version,
        ticket: &[u8],
    ) -> Result<(Option<Session>, TicketStatus), CannotOpen> {
        const NOT_READ: Result<(Option<Session>, TicketStatus), CannotOpen> = Ok((None, TicketStatus::NotRead));
        if ticket.len() < SHORTEST {
            return NOT_READ;
        }
        let sealed = self.library().tickets().get(ticket).cloned();
        let keys = sealed.as_ref().map(|sealed| sealed.keys);
        let used = match self.callbacks().ticket_key {
            Some(callback) => (callback.open)(keys),
            None if keys != Some(self.ticket_keys()) => KeyUse::Unknown,
            None if version == Version::Tls13 => KeyUse::Renews,
            None => KeyUse::Opens,
        };
        let status = match used {
            KeyUse::Fails => return Err(CannotOpen),
            KeyUse::Unknown => return NOT_READ,
            KeyUse::Opens => TicketStatus::Read,
            KeyUse::Renews => TicketStatus::ReadToRenew,
        };
        let Some(sealed) = sealed else { return NOT_READ };
        let session = self.library().session();
        match session.establish(&sealed.with) {
            Ok(()) => Ok((Some(session), status)),
            Err(_) => NOT_READ,
        }
    }

    /// Returns what is in a ticket made of this session: `construct_stateless_ticket`, which looks at a copy. `None`: its callback
    /// refuses to seal it.
    ///
    /// # Errors
    /// Gives back the copy where the time or the timeout is 0. What is 0 is not written, is read as something else, and then takes
    /// more room than there is.
    pub(super) fn seal(&self, session: &Session) -> Result<Option<Sealed>, Session> {
        let with = Established { fraction: 0, ..session.established() };
        let copy = self.library().session();
        if with.time == 0 || with.timeout == 0 {
            return Err(copy);
        }
        drop(copy);
        let keys = self.callbacks().ticket_key.map_or_else(|| Some(self.ticket_keys()), |callback| (callback.seal)());
        Ok(keys.map(|keys| Sealed { keys, with: Arc::new(with) }))
    }
}
