//! Handshakes between two connections: which session each side ends up with, and who is told.
//!
//! No byte is exchanged. What decides about sessions is here, in the order of `ssl/statem/statem_clnt.c` and `statem_srvr.c`;
//! what only a peer decides, ids, keys and tickets, comes from [`Peers`].

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::ciphers::Digest;
use super::connection::{Connection, Offer, Version};
use super::context::{NameAnswer, Statistic, mode};
use super::early::Early;
use super::failure::{Failure, Why};
use super::peers::Peers;
use super::progress::Judged;
use super::rules::Rule;
use super::session::{Cipher, Session};
use super::tickets::{CannotOpen, CannotSend, Opened, Sealed, Sent, Ticket, TicketStatus, hint};

/// Says that one side refuses the handshake, and both give up.
pub(super) struct Refused;

/// Holds what a server knows when it has read the first message.
struct Hello {
    version: Version,
    /// Names the suite of TLS 1.3 that was agreed on.
    suite: Option<Cipher>,
    /// Says that the server resumes a session.
    hit: bool,
    /// Says that the server will send a ticket, if it uses tickets.
    ticket_expected: bool,
    /// Holds the ticket that goes with the hello of a TLS 1.2 server that resumes.
    sealed: Option<Sealed>,
    /// Says that what was resumed is a key that was agreed on elsewhere.
    external_psk: bool,
    /// Says that the server resumes a session that the client did not offer.
    unasked: bool,
    /// Says that the server has taken the name that the client asked for, and says so.
    named: bool,
}

/// Holds what a TLS 1.2 server found for the client's offer.
struct Found {
    session: Option<Session>,
    /// Says that it looked into the cache, and not into a ticket.
    from_cache: bool,
    /// Says that the server will send a ticket.
    ticket_expected: bool,
}

/// Makes a handshake, from the first message to the last ticket. Returns whether the client has finished, whether the server
/// has, and whether early data was taken.
pub fn handshake(client: &Arc<Connection>, server: &Arc<Connection>, peers: &mut dyn Peers) -> (bool, bool, bool) {
    Handshake { client, server, peers, early: Early::default() }.run()
}

/// Has both sides of a handshake, and what decides the rest.
pub(super) struct Handshake<'a> {
    pub client: &'a Arc<Connection>,
    pub server: &'a Arc<Connection>,
    pub peers: &'a mut dyn Peers,
    /// Says what became of early data.
    pub early: Early,
}

impl Handshake<'_> {
    fn run(&mut self) -> (bool, bool, bool) {
        self.client.begin(false, self.server);
        self.server.begin(true, self.client);
        let done = match self.negotiate() {
            Ok(hello) if hello.version == Version::Tls13 => self.finish_13(&hello),
            Ok(hello) => self.finish_12(&hello),
            Err(refused) => Err(refused),
        };
        let (client, server) = done.unwrap_or((false, false));
        (client, server, client && server && self.early.accepted)
    }

    /// Exchanges both hellos: which version, which session.
    fn negotiate(&mut self) -> Result<Hello, Refused> {
        self.early.sent = self.sends_early();
        let offered = self.client.session();
        let fits = |session: &Session| self.client.supports(session.protocol_version()) && session.is_resumable();
        if !offered.as_ref().is_some_and(fits) {
            self.client.new_session(self.client.max_version().number());
        }
        drop(offered);
        self.client.take_ticket_extension().map_err(|why| self.say_no_hello(why))?;
        if self.client.max_version() == Version::Tls13 {
            self.client.ask_for_psk();
            if self.client.offers_ticket_without_suite() {
                return Err(self.say_no_hello(Why::Internal));
            }
        }
        if let (true, Some(why)) = (self.early.sent, self.early_is_for_others()) {
            return Err(self.say_no_hello(why));
        }
        let version = self.client.max_version().min(self.server.max_version());
        self.server.agree_on(version);
        let answers_later = self.client.state().answers_later;
        if version == Version::Tls13 {
            self.server.state().can_ask_later = answers_later;
        }
        let hello = match version {
            Version::Dtls12 | Version::Tls12 => self.server_hello_12(version, true)?,
            Version::Tls13 => self.server_hello_13()?,
        };
        self.answer(hello)
    }

    /// Makes another handshake of TLS 1.2 or DTLS 1.2, which a server has asked for: `tls_process_hello_req`. It looks for a session to
    /// resume, or does not.
    pub(super) fn renegotiate(&mut self, looks: bool) -> Result<(), Refused> {
        let version = self.client.state().version;
        let offered = self.client.session();
        if !offered.is_some_and(|session| session.protocol_version() == version.number() && session.is_resumable()) {
            let session = self.client.new_session(version.number());
            // It takes over what the handshake before has agreed on: `ssl_get_new_session`.
            if self.extends_master_secret() {
                session.extend_master_secret();
            }
        }
        self.client.take_ticket_extension().map_err(|why| self.refuse_by_client(why))?;
        self.server.state().alpn = None;
        let hello = self.server_hello_12(version, looks)?;
        let hello = self.answer(hello)?;
        self.finish_12(&hello).map(|_| ())
    }

    /// Lets the client read what the server says to its hello.
    fn answer(&mut self, mut hello: Hello) -> Result<Hello, Refused> {
        let version = hello.version;
        let sends = version != Version::Tls13 && hello.hit && hello.ticket_expected && self.server.uses_tickets();
        let made = if sends { self.make_ticket_12() } else { Ok(None) };
        self.client_reads_hello(&hello, made.is_err())?;
        hello.sealed = made.map_err(|CannotSend| {
            self.client.hear_from(self.server);
            Refused
        })?;
        Ok(hello)
    }

    /// Finds the session that a TLS 1.2 server resumes, or makes a new one: `ssl_get_prev_session`.
    fn server_hello_12(&mut self, version: Version, looks: bool) -> Result<Hello, Refused> {
        // "a historical discrepancy": a client of DTLS that is asked for another handshake makes a full one.
        let offers = version != Version::Dtls12 || !self.client.renegotiates();
        let offer = if offers { self.client.offer(self.peers) } else { Offer { id: Vec::new(), ticket: None } };
        let mut found = match looks {
            true => self.find_12(version, &offer)?,
            false => Found { session: None, from_cache: true, ticket_expected: false },
        };
        let resumed = self.judge_12(version, &mut found)?;
        let mut ticket_expected = found.ticket_expected;
        let hit = resumed.is_some_and(|session| self.resume_12(session, &offer));
        if !hit {
            self.make_session_12(version, ticket_expected)?;
        }
        let named = self.after_hello(version, hit, &mut ticket_expected)?;
        Ok(Hello {
            version,
            suite: None,
            hit,
            ticket_expected,
            sealed: None,
            external_psk: false,
            unasked: false,
            named,
        })
    }

    /// Looks into the ticket that the client sent, or into the cache.
    fn find_12(&self, version: Version, offer: &Offer) -> Result<Found, Refused> {
        let mut found = Found { session: None, from_cache: true, ticket_expected: false };
        if self.server.uses_tickets() && self.client.asks_for_ticket() {
            let ticket = offer.ticket.as_deref().filter(|ticket| !ticket.is_empty());
            let (session, status) = match ticket {
                Some(ticket) => self.open_ticket(version, ticket)?,
                None => (None, TicketStatus::Empty),
            };
            // What was decrypted takes the id that the client sent.
            if let (Some(session), false) = (&session, offer.id.is_empty()) {
                session.put_id(&offer.id);
            }
            let opened = self.use_ticket(session, status)?;
            found =
                Found { session: opened.session, from_cache: opened.looks_up, ticket_expected: opened.ticket_expected };
        }
        found.from_cache &= !offer.id.is_empty();
        if found.from_cache {
            found.session = self.server.session_context().look_up(version.number(), &offer.id);
        }
        Ok(found)
    }

    /// Opens a ticket that the client shows. Where the server's callback for its key fails, the handshake ends.
    fn open_ticket(&self, version: Version, ticket: &[u8]) -> Result<(Option<Session>, TicketStatus), Refused> {
        let opened = self.server.session_context().open_ticket(version, ticket);
        opened.map_err(|CannotOpen| self.refuse_by_server(Why::Internal))
    }

    /// Asks the server's callback what becomes of a ticket.
    fn use_ticket(&self, session: Option<Session>, status: TicketStatus) -> Result<Opened, Refused> {
        self.server.uses_ticket(session, status).map_err(|given_up| {
            self.server.fail(Why::Internal);
            drop(given_up);
            self.client.hear_from(self.server);
            Refused
        })
    }

    /// Returns what was found, if it may be resumed.
    fn judge_12(&self, version: Version, found: &mut Found) -> Result<Option<Session>, Refused> {
        let Some(session) = found.session.take() else { return Ok(None) };
        match self.judge_secret_12(version, &session) {
            Judged::Fits => return Ok(Some(session)),
            Judged::Ends(why) => {
                self.server.fail(why);
                drop(session);
                self.client.hear_from(self.server);
                return Err(Refused);
            }
            Judged::Expired if found.from_cache => {
                self.server.session_context().remove_session(&session);
            }
            Judged::Expired | Judged::Mismatch => {}
        }
        // What came in a ticket is replaced by one.
        found.ticket_expected |= !found.from_cache;
        Ok(None)
    }

    /// Says what a TLS 1.2 server makes of a session, the kind of its master secret included.
    fn judge_secret_12(&self, version: Version, session: &Session) -> Judged {
        match (self.server.judge(session, version), session.has_extended_master_secret()) {
            (Judged::Fits, true) if !self.extends_master_secret() => Judged::Ends(Why::NotExtended),
            (Judged::Fits, false) if self.extends_master_secret() => Judged::Mismatch,
            (judged, _) => judged,
        }
    }

    /// Returns whether both sides want an extended master secret, in TLS 1.2.
    fn extends_master_secret(&self) -> bool {
        let can = |side: &Connection| {
            side.can_extend_master_secret() || side.session_context().library().meets(Rule::AlwaysExtends)
        };
        can(self.client) && can(self.server)
    }

    /// Gives the server the session, and returns whether it resumes it.
    fn resume_12(&self, session: Session, offer: &Offer) -> bool {
        let right_id = offer.id.is_empty() || session.id().as_slice() == offer.id;
        let context = self.server.session_context();
        let hit = right_id || context.library().meets(Rule::OtherIdIsResumed);
        if hit {
            context.counted(Statistic::Hits);
            self.server.take_verify_result(&session);
        }
        self.server.put_session(Some(session));
        hit
    }

    /// Makes a new session of a server. It has an id where no ticket is sent.
    fn make_session_12(&mut self, version: Version, ticket_expected: bool) -> Result<(), Refused> {
        let session = self.server.new_session(version.number());
        if self.extends_master_secret() {
            session.extend_master_secret();
        }
        if ticket_expected || self.server.generate_id(&session, self.peers) {
            return Ok(());
        }
        // The connection has no session yet.
        let context = self.server.session_context();
        self.server.note_failed(Failure::of(Why::IdConflict, context.library()));
        drop(session);
        self.server.put_session(None);
        self.client.hear_from(self.server);
        Err(Refused)
    }

    /// Finds the session that a TLS 1.3 server resumes, or makes a new one. What is offered is a key that was agreed on before.
    fn server_hello_13(&mut self) -> Result<Hello, Refused> {
        let Some(suite) = self.choose_suite() else { return Err(self.refuse_by_server(Why::NoSuite)) };
        let has_own = self.server.session().is_some();
        let keeps_own = has_own && self.server.session_context().library().meets(Rule::OwnSessionIsOffered);
        if !keeps_own {
            self.server.put_session(None);
        }
        let key = self.client.offered_key();
        // Whoever offers something gets another ticket where that says so.
        let mut ticket_expected = key.is_none() && self.client.offered_psk().is_none();
        let mut found = match key {
            Some(ticket) => self.find_ticket_13(&ticket, suite, &mut ticket_expected)?,
            None => false,
        };
        let external_psk = !found && self.find_external_psk(suite, &mut ticket_expected)?;
        found |= external_psk;
        let had = self.server.session().is_some();
        let hit = self.judge_13()?;
        if !hit {
            // What came in a ticket is replaced by one.
            ticket_expected |= had;
            self.server.new_session(Version::Tls13.number());
        }
        let named = self.after_hello(Version::Tls13, hit, &mut ticket_expected)?;
        // The client takes it for the first key that it offers.
        let unasked = hit && keeps_own && !found;
        self.early.accepted = self.early.sent && hit && found && !external_psk && self.takes_early();
        // `tls13_setup_key_block`: that of a session that is resumed changes, too.
        if let Some(session) = self.server.session() {
            session.set_cipher(Some(suite));
        }
        let takes_psk = self.client.offered_key().is_none() && self.client.offered_psk().is_some();
        Ok(Hello {
            version: Version::Tls13,
            suite: Some(suite),
            hit,
            ticket_expected,
            sealed: None,
            external_psk: external_psk || unasked && takes_psk,
            unasked,
            named,
        })
    }

    /// Gives the server what is in the ticket that the client offers, or in the cache under it. Returns whether there was
    /// something.
    fn find_ticket_13(&mut self, ticket: &[u8], suite: Cipher, ticket_expected: &mut bool) -> Result<bool, Refused> {
        // No identity of the callback's is a ticket, but it is asked.
        drop(self.server.find_psk(ticket).map_err(|why| self.refuse_by_server(why))?);
        let stateful = !self.server.seals_tickets_13();
        let (mut found, status) = match stateful {
            true if ticket.len() == 32 => {
                (self.server.session_context().look_up(Version::Tls13.number(), ticket), TicketStatus::Read)
            }
            true => (None, TicketStatus::NotRead),
            false => self.open_ticket(Version::Tls13, ticket)?,
        };
        *ticket_expected = true;
        if !stateful {
            if let Some(found) = &found {
                // What was sealed may have gone before anybody saw it.
                self.fill_from_ticket(found);
            }
            let opened = self.use_ticket(found, status)?;
            *ticket_expected = opened.ticket_expected;
            found = opened.session;
        }
        if self.server.max_early_data() > 0 {
            // What is not in the cache any more was used before.
            found = found.filter(|found| self.server.session_context().remove_session(found));
        }
        let Some(found) = found else { return Ok(false) };
        if !self.fits(&found, suite, ticket_expected)? {
            return Ok(false);
        }
        let proven = self.client.session().is_some_and(|offered| found.has_key_of(&offered));
        if stateful && found.id().as_slice() != ticket && !proven {
            // The callback found another one: what the client proves with its key does not verify.
            let fits = self.client.session().is_some_and(|offered| offered.has_digest_of(suite));
            self.server.fail(if fits { Why::OtherKey } else { Why::BadExtension });
            drop(found);
            self.client.hear_from(self.server);
            return Err(Refused);
        }
        self.server.put_session(Some(found));
        Ok(true)
    }

    /// Gives the server what its callback finds under the identity that the client offers. Returns whether it found something.
    fn find_external_psk(&self, suite: Cipher, ticket_expected: &mut bool) -> Result<bool, Refused> {
        let Some(identity) = self.client.offered_psk() else { return Ok(false) };
        let found = self.server.find_psk(&identity).map_err(|why| self.refuse_by_server(why))?;
        if let Some(found) = found {
            *ticket_expected = true;
            let fits = self.fits(&found, suite, ticket_expected)?;
            if fits && let Some(why) = self.not_proven(&found, suite) {
                drop(found);
                return Err(self.refuse_by_server(why));
            }
            if fits {
                self.server.put_session(Some(found));
            }
            return Ok(fits);
        }
        if self.server.seals_tickets_13() {
            // It may be a ticket.
            let (opened, status) = self.open_ticket(Version::Tls13, &identity)?;
            *ticket_expected |= self.use_ticket(opened, status)?.ticket_expected;
        } else {
            *ticket_expected = true;
        }
        Ok(false)
    }

    /// Says why the server does not take what a client says of a key that was agreed on elsewhere: `tls_psk_do_binder`. `None`: it does.
    fn not_proven(&self, found: &Session, suite: Cipher) -> Option<Why> {
        let given = self.client.psk_session()?;
        match given.has_digest_of(suite) {
            true => (!found.has_key_of(&given)).then_some(Why::OtherKey),
            false => Some(Why::BadExtension),
        }
    }

    /// Returns whether a key can be used with the suite that was agreed on; otherwise the client gets a ticket, or none as the release
    /// has it.
    fn fits(&self, found: &Session, suite: Cipher, ticket_expected: &mut bool) -> Result<bool, Refused> {
        if found.digest() == Some(Digest::Absent) {
            return Err(self.refuse_by_server(Why::Internal));
        }
        let fits = found.has_digest_of(suite);
        if !fits {
            *ticket_expected = !self.server.session_context().library().meets(Rule::OtherDigestGetsNoTicket);
        }
        Ok(fits)
    }

    /// Returns whether the server resumes the session that it was given, and takes it away where it does not.
    fn judge_13(&self) -> Result<bool, Refused> {
        match self.server.session().map(|session| self.server.judge(&session, Version::Tls13)) {
            None => Ok(false),
            Some(Judged::Mismatch | Judged::Expired) => {
                self.server.put_session(None);
                Ok(false)
            }
            Some(Judged::Ends(why)) => {
                self.server.fail(why);
                self.server.put_session(None);
                self.client.hear_from(self.server);
                Err(Refused)
            }
            Some(Judged::Fits) => {
                self.server.session_context().counted(Statistic::Hits);
                if let Some(session) = self.server.session() {
                    self.server.take_verify_result(&session);
                }
                Ok(true)
            }
        }
    }

    /// Does what follows the first message: `tls_post_process_client_hello`. A session that no cache takes gets no id.
    /// Returns whether the server takes the name that the client asked for.
    fn after_hello(&mut self, version: Version, hit: bool, ticket_expected: &mut bool) -> Result<bool, Refused> {
        self.server.state().reused = hit;
        let named = self.name_server(version, hit)?;
        let limited = hit && self.server.session().is_some_and(|session| limits_fragments(&session));
        if limited && self.server.session_context().library().meets(Rule::FragmentIsDisabled) {
            // No client asks for that here.
            return Err(self.refuse_by_server(Why::NoFragmentLength));
        }
        if version == Version::Tls13 {
            self.select_alpn(hit)?;
        }
        if let (Some(session), false) = (self.server.session(), hit) {
            if let Some(not_resumable) = self.server.asks_not_resumable(version) {
                session.set_not_resumable(not_resumable);
            }
            *ticket_expected &= !session.is_marked_not_resumable();
        }
        if version != Version::Tls13 {
            // It may depend on the suite, which is chosen later there.
            self.select_alpn(hit)?;
        }
        self.settle_id(hit);
        Ok(named)
    }

    /// Takes the id away from a session that is not to be found by it: `tls_construct_server_hello`.
    fn settle_id(&self, hit: bool) {
        let Some(session) = self.server.session() else { return };
        let library = self.server.session_context().library().clone();
        if hit && session.is_marked_not_resumable() && library.meets(Rule::MarkedLosesId) {
            let cached = session.0.entered.load(Relaxed) > 0 && !session.id().as_slice().is_empty();
            if cached {
                // The cache does not find it any more, and frees it all the same when it is flushed.
                library.note_broken();
            }
            session.put_id(&[]);
        }
        if !hit {
            let marked = session.is_marked_not_resumable() && library.meets(Rule::MarkedLosesId);
            if marked || self.server.context().cache_mode() & mode::SERVER == 0 {
                session.put_id(&[]);
            }
        }
    }

    /// Lets a server look at the name that the client asks for: `tls_parse_ctos_server_name`, `final_server_name`. Returns whether it
    /// takes it.
    fn name_server(&self, version: Version, hit: bool) -> Result<bool, Refused> {
        let asked = self.client.host_name();
        // Before TLS 1.3 the name goes with the session.
        let counts = !hit || version == Version::Tls13;
        self.server.state().host_name = asked.clone().filter(|_| counts);
        let answer = self.server.answer_name(true);
        let takes = answer == NameAnswer::Accepted && asked.is_some();
        if let (Some(session), true) = (self.server.session(), takes && !hit) {
            session.put_hostname(asked.as_deref());
        }
        if answer == NameAnswer::Refused {
            return Err(self.refuse_by_server(Why::NameRefused));
        }
        Ok(takes && counts)
    }

    /// Gives the client a new session, where what it offered is not resumed, with what the hello of the server says of it.
    fn client_resumes_none(&self, own: Session, theirs: &Session, version: Version) -> Result<(), Refused> {
        let client = self.client;
        if !own.id().as_slice().is_empty() {
            client.session_context().counted(Statistic::Misses);
            client.new_session(version.number());
        }
        drop(own);
        let Some(own) = client.session() else { return Err(Refused) };
        own.set_protocol_version(version.number());
        if version != Version::Tls13 {
            own.put_id(theirs.id().as_slice());
        }
        Ok(())
    }

    /// Lets the client read the second message: `tls_process_server_hello`.
    fn client_reads_hello(&mut self, hello: &Hello, alert_follows: bool) -> Result<(), Refused> {
        let client = self.client;
        client.agree_on(hello.version);
        client.state().alpn = None;
        let offers = || client.offered_key().is_some() || client.offered_psk().is_some();
        if hello.unasked && !offers() {
            return Err(self.refuse_by_client(Why::NotOffered));
        }
        if hello.version == Version::Tls13 && hello.hit {
            let given = client.take_psk();
            if hello.external_psk {
                client.put_session(given);
            }
        }
        let (Some(own), Some(theirs)) = (client.session(), self.server.session()) else { return Err(Refused) };
        let hit = match hello.version {
            Version::Tls13 => hello.hit,
            Version::Dtls12 | Version::Tls12 => !theirs.id().as_slice().is_empty() && own.id() == theirs.id(),
        };
        client.state().reused = hit;
        if hit {
            // "actually a client application bug"
            if own.id_context() != client.id_context() {
                drop((own, theirs));
                return Err(self.refuse_by_client(Why::OtherIdContext));
            }
            if hello.suite.is_some_and(|suite| !own.has_digest_of(suite)) {
                drop((own, theirs));
                return Err(self.refuse_by_client(Why::OtherDigest));
            }
            let notes_group = !client.session_context().library().rules.has(Rule::AgreedIsUsed);
            // `tls_parse_stoc_key_share`: where it says nothing of a group it may be in use elsewhere. There is but one group.
            let copies = hello.external_psk && notes_group && own.0.kex_group.load(Relaxed) == 0;
            let copy = copies.then(|| own.dup_without_ticket());
            drop(own);
            if let Some(copy) = copy {
                let copy = copy.ok_or_else(|| self.refuse_by_client(Why::NotCopied))?;
                copy.note_group();
                client.put_session(Some(copy));
            }
        } else {
            self.client_resumes_none(own, &theirs, hello.version)?;
        }
        let is_of_13 = |suite: Cipher| suite.0 >> 8 == 0x13;
        if hello.version != Version::Tls13 && hello.hit && theirs.cipher().is_some_and(is_of_13) {
            drop(theirs);
            return Err(self.refuse_by_client(Why::OtherSuite));
        }
        drop(theirs);
        if let (Some(own), Some(suite)) = (client.session(), hello.suite) {
            own.set_cipher(Some(suite));
        }
        // What comes next cannot be read.
        let unread = hello.unasked && hello.version == Version::Tls13;
        let extensions = if unread { Ok(()) } else { self.client_reads_extensions(hello, hit) };
        if let Err(why) = extensions {
            if !hit && hello.version == Version::Tls13 {
                // They come after the hello, and the server has said that it is finished.
                self.fill_secrets(self.client);
                self.fill_secrets(self.server);
            }
            return Err(self.refuse_by_client(why));
        }
        if (hit != hello.hit || hello.unasked) && !alert_follows {
            // The server goes on as if it resumed. What it never looked at has not given it the secrets for that.
            let why = if unread { Why::NotDecrypted } else { Why::OutOfTurn };
            return Err(self.refuse_what_follows(hello.version, why));
        }
        Ok(())
    }

    /// Lets the client read whether the server has taken the name, and which protocol it has selected. Returns why it gives up.
    fn client_reads_extensions(&self, hello: &Hello, hit: bool) -> Result<(), Why> {
        if let (Some(own), true) = (self.client.session(), hello.named && !hit) {
            if own.has_hostname() {
                return Err(Why::Internal);
            }
            own.put_hostname(self.client.host_name().as_deref());
        }
        self.client_reads_alpn(hit)?;
        if let (false, Some(own)) = (hit || hello.version == Version::Tls13, self.client.session())
            && self.extends_master_secret()
        {
            own.extend_master_secret();
        }
        self.refuses_early(self.early.accepted)?;
        // The same code, and the statistics of servers, though it is a client.
        match self.client.answer_name(false) {
            NameAnswer::Refused => Err(Why::NameRefused),
            NameAnswer::Accepted | NameAnswer::Declined => Ok(()),
        }
    }

    /// Returns what is in a ticket of a TLS 1.2 server. `None`: it is empty, and changes nothing of the client's session. Where there cannot
    /// be one, the server fails.
    fn make_ticket_12(&self) -> Result<Option<Sealed>, CannotSend> {
        if self.server.generates_ticket() { self.server.seal() } else { Err(CannotSend) }
    }

    /// Exchanges what follows the hellos of TLS 1.2. Returns which side has finished.
    fn finish_12(&mut self, hello: &Hello) -> Result<(bool, bool), Refused> {
        let mut sent = hello.sealed.clone();
        if !hello.hit {
            self.fill(self.server);
        }
        if !hello.hit && hello.ticket_expected && self.server.uses_tickets() {
            sent = self.make_ticket_12().map_err(|CannotSend| {
                // The client had said that it is finished.
                self.fill(self.client);
                self.client.hear_from(self.server);
                Refused
            })?;
        }
        // Whoever sends the last message has finished last.
        if !hello.hit {
            self.server_is_done_12(hello.version);
            self.fill(self.client);
            self.share_key(self.server, self.client);
        }
        if let Some(sealed) = sent {
            let hint = self.server.session().map_or(0, |session| hint(&session, hello.hit));
            let key = sealed.with.master_key.clone();
            let read = self.client_reads_ticket_12(Sent { ticket: Ticket::Sealed(sealed), hint, key });
            read.map_err(|why| self.refuse_by_client(why))?;
        }
        self.client.update_cache(mode::CLIENT, false);
        if hello.hit {
            self.client.session_context().counted(Statistic::Hits);
        }
        self.client.session_context().counted(Statistic::ConnectGood);
        self.client.open(hello.version);
        if hello.hit {
            self.server_is_done_12(hello.version);
        }
        Ok((true, true))
    }

    /// Ends the handshake of a TLS 1.2 server.
    fn server_is_done_12(&mut self, version: Version) {
        self.server.update_cache(mode::SERVER, true);
        self.server.context().counted(Statistic::AcceptGood);
        self.server.open(version);
    }

    /// Exchanges what follows the hellos of TLS 1.3, the tickets included. Returns which side has finished.
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
            self.share_key(self.client, self.server);
        }
        let tickets = match (hello.ticket_expected, hello.hit) {
            (false, _) => 0,
            (true, true) => self.server.tickets().min(1),
            (true, false) => self.server.tickets(),
        };
        self.server.state().exchanged = true;
        // Tickets that are pending from before keep the handshake from being finished before them: until then they get no ids.
        let pending = self.server.pending_tickets();
        let early = pending == 0 || tickets == 0;
        let tickets = if early { tickets.into() } else { pending.max(tickets.into()) };
        if early {
            self.server_is_done_13();
        }
        let sent: Vec<Option<Sent>> = (0..tickets).map_while(|_| self.send_ticket(early).ok()).collect();
        let all = sent.len() as u32 == tickets;
        if !early {
            self.server.state().pending_tickets = pending.saturating_sub(sent.len() as u32);
        }
        if !early && all {
            self.server_is_done_13();
        }
        for sent in sent.into_iter().flatten() {
            self.read_ticket(sent);
        }
        if !all {
            self.client.hear_from(self.server);
        }
        // The client had finished before.
        Ok((true, all))
    }

    /// Ends the handshake of a TLS 1.3 server.
    fn server_is_done_13(&self) {
        self.server.context().counted(Statistic::AcceptGood);
        self.server.open(Version::Tls13);
    }

    /// Sets id and key of a session that was in a ticket, where nobody saw what was sealed.
    fn fill_from_ticket(&mut self, session: &Session) {
        let Some(from_peer) = self.peers.known(session) else { return };
        // The session of a ticket that was owed has none.
        if !session.id().as_slice().is_empty() {
            session.put_id(&from_peer.id);
        }
        session.put_master_key(&from_peer.master_key);
    }

    /// Puts suite and master key, as far as there is one, into the session of a side.
    fn fill_secrets(&mut self, side: &Connection) {
        let Some(session) = side.session() else { return };
        let from_peer = self.peers.of(&session);
        // The suites of TLS 1.3 are agreed on.
        if session.protocol_version() != Version::Tls13.number() {
            session.set_cipher(from_peer.cipher);
        }
        session.put_master_key(&from_peer.master_key);
        session.note_group();
    }

    /// Gives the session of a side the key of the other's, if they got different ones.
    fn share_key(&mut self, from: &Connection, to: &Connection) {
        let (Some(from), Some(to)) = (from.session(), to.session()) else { return };
        if self.peers.share_key(&to, &from.established().master_key) {
            to.0.master_key.copy_from(&from.0.master_key);
        }
    }

    /// Puts into the session of a side what a full handshake does.
    fn fill(&mut self, side: &Connection) {
        let Some(session) = side.session() else { return };
        let is_client = std::ptr::eq(side, &raw const **self.client);
        let asks = is_client || side.asks_within();
        if is_client || asks && self.client.has_certificate() {
            side.state().verify_result = self.peers.verified(!is_client);
        }
        if asks {
            session.set_verify_result(side.verify_result());
        }
        self.fill_secrets(side);
        let shown = is_client || self.client.has_certificate();
        if asks {
            session.put_peer(shown.then(|| self.peers.certificate(is_client)), is_client);
        }
    }

    /// Lets the client refuse what follows the hello. In DTLS it takes that for something that has overtaken the rest, and both sides wait:
    /// `read_state_machine`.
    fn refuse_what_follows(&self, version: Version, why: Why) -> Refused {
        if version == Version::Dtls12 { Refused } else { self.refuse_by_client(why) }
    }

    /// Makes each side give up before there was a hello: what the server reads is none.
    fn say_no_hello(&self, why: Why) -> Refused {
        self.client.fail(why);
        self.server.fail(Why::OutOfTurn);
        self.server.state().heard_no_hello = true;
        Refused
    }

    /// Makes each side give up its session, for the client has sent a fatal alert.
    fn refuse_by_client(&self, why: Why) -> Refused {
        self.client.fail(why);
        // A server that refuses early data passes over what it cannot decrypt, and an alert is encrypted as early data is:
        // `early_data_count_ok` (ssl/record, 3.1.4).
        let in_hello = matches!(why, Why::OtherDigest | Why::NotOffered | Why::OtherIdContext | Why::NotCopied);
        let is_plain = in_hello && self.server.session_context().library().meets(Rule::PlainAlertIsHeard);
        if !self.early.sent || self.early.accepted || is_plain {
            self.server.hear_from(self.client);
        }
        Refused
    }

    /// Makes each side give up its session, for the server has sent a fatal alert.
    pub(super) fn refuse_by_server(&self, why: Why) -> Refused {
        self.server.fail(why);
        self.client.hear_from(self.server);
        Refused
    }
}

/// Returns whether a client that resumes a session has to ask for a maximum fragment length again: `USE_MAX_FRAGMENT_LENGTH_EXT`.
fn limits_fragments(session: &Session) -> bool {
    (1..=4).contains(&session.max_fragment_length())
}
