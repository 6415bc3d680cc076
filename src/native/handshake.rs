//! Handshakes between two connections: which session each side ends up with, and who is told.
//!
//! No byte is exchanged. What decides about sessions is here, in the order of `ssl/statem/statem_clnt.c` and `statem_srvr.c`;
//! what only a peer decides, ids, keys and tickets, comes from [`Peers`].

use std::sync::Arc;

use super::connection::{Connection, Version};
use super::context::{Statistic, mode};
use super::established::Established;
use super::peers::Peers;
use super::progress::Judged;
use super::session::Session;
use super::tickets::{Sent, Ticket, hint};

/// A handshake that one side refuses: both give up.
struct Refused;

/// What a server knows when it has read the first message.
struct Hello {
    version: Version,
    hit: bool,
    ticket_expected: bool,
    /// The ticket that goes with the hello of a TLS 1.2 server that resumes.
    sealed: Option<Arc<Established>>,
    /// What was resumed was agreed on by other means.
    agreed: bool,
}

/// A handshake, from the first message to the last ticket. Whether the client has finished, and whether the server has.
pub fn handshake(client: &Arc<Connection>, server: &Arc<Connection>, peers: &mut dyn Peers) -> (bool, bool) {
    Handshake { client, server, peers }.run()
}

pub(super) struct Handshake<'a> {
    pub client: &'a Arc<Connection>,
    pub server: &'a Arc<Connection>,
    pub peers: &'a mut dyn Peers,
}

impl Handshake<'_> {
    fn run(&mut self) -> (bool, bool) {
        self.client.begin(false, self.server);
        self.server.begin(true, self.client);
        let done = match self.negotiate() {
            Ok(hello) if hello.version == Version::Tls13 => self.finish_13(&hello),
            Ok(hello) => self.finish_12(&hello),
            Err(refused) => Err(refused),
        };
        done.unwrap_or((false, false))
    }

    /// Both hellos, and what the client makes of the second.
    fn negotiate(&mut self) -> Result<Hello, Refused> {
        let offered = self.client.session();
        let fits = |session: &Session| self.client.supports(session.protocol_version()) && session.is_resumable();
        if !offered.as_ref().is_some_and(fits) {
            self.client.new_session(self.client.max_version().number());
        }
        drop(offered);
        if self.client.max_version() == Version::Tls13 {
            self.client.ask_for_psk();
        }
        let version = self.client.max_version().min(self.server.max_version());
        let mut hello = match version {
            Version::Tls12 => self.server_hello_12()?,
            Version::Tls13 => self.server_hello_13()?,
        };
        let sends = version == Version::Tls12 && hello.hit && hello.ticket_expected && self.server.uses_tickets();
        if sends {
            hello.sealed = self.server.seal();
        }
        if sends && hello.sealed.is_none() {
            if self.client_reads_hello(&hello).is_ok() {
                self.client.fail();
            }
            return Err(Refused);
        }
        self.client_reads_hello(&hello)?;
        Ok(hello)
    }

    /// `ssl_get_prev_session` of a TLS 1.2 server, and a new session where there is none.
    fn server_hello_12(&mut self) -> Result<Hello, Refused> {
        let offer = self.client.offer(self.peers);
        let mut ticket_expected = false;
        let mut from_cache = false;
        let mut found = None;
        if self.server.uses_tickets() && self.client.uses_tickets() {
            match &offer.ticket {
                // Decrypted: it takes the id that the client sent.
                Some(ticket) => match self.server.open_ticket(ticket) {
                    Some(session) => {
                        if !offer.id.is_empty() {
                            session.put_id(&offer.id);
                        }
                        found = Some(session);
                    }
                    None => ticket_expected = true,
                },
                None => (ticket_expected, from_cache) = (true, true),
            }
        } else {
            from_cache = true;
        }
        from_cache &= !offer.id.is_empty();
        if from_cache {
            found = self.server.look_up(Version::Tls12, &offer.id);
        }
        let judged = found.as_ref().map(|session| self.server.judge(session, Version::Tls12));
        let mut resumed = None;
        match (found, judged) {
            (Some(session), Some(Judged::Fits)) => resumed = Some(session),
            (Some(session), Some(Judged::Unsaid)) => {
                self.server.fail();
                drop(session);
                self.client.fail();
                return Err(Refused);
            }
            (Some(session), refused) => {
                if refused == Some(Judged::Over) && from_cache {
                    self.server.session_context().remove_session(&session);
                }
                // What came in a ticket is replaced by one.
                ticket_expected |= !from_cache;
            }
            (None, _) => {}
        }
        let hit = match resumed {
            Some(session) => {
                let right_id = offer.id.is_empty() || session.id().as_slice() == offer.id;
                self.server.put_session(Some(session));
                if right_id || !self.server.checks_id() {
                    self.server.session_context().counted(Statistic::Hits);
                    true
                } else {
                    false
                }
            }
            None => false,
        };
        if !hit {
            let session = self.server.new_session(Version::Tls12.number());
            if !ticket_expected && !self.server.generate_id(&session, self.peers) {
                // The connection has no session yet.
                self.server.fail_without_session();
                drop(session);
                self.server.put_session(None);
                self.client.fail();
                return Err(Refused);
            }
        }
        self.after_hello(Version::Tls12, hit, &mut ticket_expected);
        Ok(Hello { version: Version::Tls12, hit, ticket_expected, sealed: None, agreed: false })
    }

    /// The same of a TLS 1.3 server: what is offered is a key that was agreed on before.
    fn server_hello_13(&mut self) -> Result<Hello, Refused> {
        self.server.put_session(None);
        let mut ticket_expected = true;
        let mut agreed = false;
        let offered = self.client.offered_key();
        if let Some(ticket) = &offered
            && let Some(found) = self.server.find_psk(ticket)
        {
            // No identity of the callback's is a ticket.
            drop(found);
        }
        if let Some(ticket) = offered {
            let stateful = !self.server.uses_tickets();
            let found = match stateful {
                true if ticket.len() == 32 => self.server.look_up(Version::Tls13, &ticket),
                true => None,
                false => self.server.open_ticket(&ticket),
            };
            let other = |found: &&Session| stateful && found.id().as_slice() != ticket;
            if found.as_ref().filter(other).is_some() {
                // The callback found another one: what the client proves with its key does not verify.
                self.server.fail();
                drop(found);
                self.client.fail();
                return Err(Refused);
            }
            if let Some(found) = found.as_ref().filter(|_| !stateful) {
                // What was sealed may have gone before anybody saw it.
                self.fill_from_ticket(found);
            }
            self.server.put_session(found);
        }
        if self.server.session().is_none()
            && let Some(identity) = self.client.offered_psk()
        {
            let found = self.server.find_psk(&identity);
            agreed = found.is_some();
            self.server.put_session(found);
        }
        let mut hit = false;
        match self.server.session().map(|session| self.server.judge(&session, Version::Tls13)) {
            None => {}
            Some(Judged::Other | Judged::Over) => self.server.put_session(None),
            Some(Judged::Unsaid) => {
                self.server.fail();
                self.server.put_session(None);
                self.client.fail();
                return Err(Refused);
            }
            Some(Judged::Fits) => {
                self.server.session_context().counted(Statistic::Hits);
                hit = true;
            }
        }
        if !hit {
            self.server.new_session(Version::Tls13.number());
        }
        self.after_hello(Version::Tls13, hit, &mut ticket_expected);
        Ok(Hello { version: Version::Tls13, hit, ticket_expected, sealed: None, agreed })
    }

    /// `tls_post_process_client_hello`, and the id of a session that no cache takes.
    fn after_hello(&mut self, version: Version, hit: bool, ticket_expected: &mut bool) {
        self.server.settle_statistics();
        self.server.set_reused(hit);
        let Some(session) = self.server.session() else { return };
        if !hit {
            if let Some(not_resumable) = self.server.asks_not_resumable(version) {
                session.set_not_resumable(not_resumable);
            }
            if session.is_marked_not_resumable() {
                *ticket_expected = false;
            }
            if self.server.context().cache_mode() & mode::SERVER == 0 {
                session.put_id(&[]);
            }
        }
    }

    /// `tls_process_server_hello`.
    fn client_reads_hello(&mut self, hello: &Hello) -> Result<(), Refused> {
        let client = self.client;
        if hello.version == Version::Tls13 && hello.hit {
            let psk = client.take_psk();
            if hello.agreed {
                client.put_session(psk);
            }
        }
        let (Some(own), Some(theirs)) = (client.session(), self.server.session()) else { return Err(Refused) };
        let hit = match hello.version {
            Version::Tls13 => hello.hit,
            Version::Tls12 => !theirs.id().as_slice().is_empty() && own.id() == theirs.id(),
        };
        client.set_reused(hit);
        if hit {
            // "actually a client application bug"
            if own.id_context() != client.id_context() {
                drop((own, theirs));
                self.refuse_by_client();
                return Err(Refused);
            }
            if hello.agreed {
                // `tls_parse_stoc_key_share`: it says nothing of a group, and may be in use elsewhere.
                let copy = own.dup_without_ticket();
                drop(own);
                client.put_session(copy);
            }
        } else {
            if !own.id().as_slice().is_empty() {
                client.session_context().counted(Statistic::Misses);
                client.new_session(hello.version.number());
            }
            drop(own);
            let Some(own) = client.session() else { return Err(Refused) };
            own.set_protocol_version(hello.version.number());
            if hello.version == Version::Tls12 {
                own.put_id(theirs.id().as_slice());
            }
        }
        drop(theirs);
        // The same code, and the statistics of servers, though it is a client.
        client.settle_statistics();
        if hit != hello.hit {
            // The server goes on as if it resumed.
            self.refuse_by_client();
            return Err(Refused);
        }
        Ok(())
    }

    fn finish_12(&mut self, hello: &Hello) -> Result<(bool, bool), Refused> {
        let mut sent = hello.sealed.clone();
        if !hello.hit {
            self.fill(self.server);
        }
        if !hello.hit && hello.ticket_expected && self.server.uses_tickets() {
            sent = self.server.seal();
            if sent.is_none() {
                self.client.fail();
                return Err(Refused);
            }
        }
        // Whoever sends the last message has finished last.
        if !hello.hit {
            self.server_is_done_12();
            self.fill(self.client);
        }
        if let Some(sent) = sent {
            let hint = self.server.session().map_or(0, |session| hint(&session, hello.hit));
            self.client_reads_ticket_12(Sent { ticket: Ticket::Sealed(sent), hint });
        }
        self.client.update_cache(mode::CLIENT, false);
        if hello.hit {
            self.client.session_context().counted(Statistic::Hits);
        }
        self.client.session_context().counted(Statistic::ConnectGood);
        self.client.open(Version::Tls12);
        if hello.hit {
            self.server_is_done_12();
        }
        Ok((true, true))
    }

    fn server_is_done_12(&mut self) {
        self.server.update_cache(mode::SERVER, true);
        self.server.context().counted(Statistic::AcceptGood);
        self.server.open(Version::Tls12);
    }

    fn finish_13(&mut self, hello: &Hello) -> Result<(bool, bool), Refused> {
        if !hello.hit {
            self.fill(self.client);
        }
        // A ticket is used once.
        let context = self.client.session_context();
        if context.cache_mode() & mode::CLIENT != 0 {
            self.client.remove_own_session();
        }
        if hello.hit {
            context.counted(Statistic::Hits);
        }
        context.counted(Statistic::ConnectGood);
        self.client.open(Version::Tls13);
        if !hello.hit {
            self.fill(self.server);
        }
        let tickets = match (hello.ticket_expected, hello.hit) {
            (false, _) => 0,
            (true, true) => self.server.tickets().min(1),
            (true, false) => self.server.tickets(),
        };
        self.server.note_exchanged();
        // What is owed from before keeps the handshake from being finished before the tickets: until then they get no ids.
        let owed = self.server.owed_tickets();
        let early = owed == 0 || tickets == 0;
        let tickets = if early { tickets.into() } else { owed.max(tickets.into()) };
        if early {
            self.server_is_done_13();
        }
        let sent: Vec<Sent> = (0..tickets).map_while(|_| self.send_ticket(early)).collect();
        let all = sent.len() as u32 == tickets;
        if !early {
            self.server.set_owed_tickets(owed.saturating_sub(sent.len() as u32));
        }
        if !early && all {
            self.server_is_done_13();
        }
        for sent in sent {
            self.read_ticket(sent);
        }
        if !all {
            self.client.fail();
        }
        // The client had finished before.
        Ok((true, all))
    }

    fn server_is_done_13(&self) {
        self.server.context().counted(Statistic::AcceptGood);
        self.server.open(Version::Tls13);
    }

    /// Id, key and suite of a session that was in a ticket, where nobody saw what was sealed.
    fn fill_from_ticket(&mut self, session: &Session) {
        let Some(from_peer) = self.peers.known(session) else { return };
        session.put_id(&from_peer.id);
        session.put_master_key(&from_peer.master_key);
        session.set_cipher(from_peer.cipher);
    }

    /// What a full handshake puts into a session.
    fn fill(&mut self, side: &Connection) {
        let Some(session) = side.session() else { return };
        let from_peer = self.peers.of(&session);
        session.set_cipher(from_peer.cipher);
        session.put_master_key(&from_peer.master_key);
        let client = std::ptr::eq(side, &raw const **self.client);
        let shown = client || self.client.has_certificate();
        if client || side.verifies() {
            session.put_peer(shown.then(|| self.peers.certificate(client)), client);
        }
    }

    /// A fatal alert: each side gives up its session.
    fn refuse_by_client(&self) {
        self.client.fail();
        self.server.fail();
    }
}
