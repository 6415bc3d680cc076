//! Handshakes of the native library: what a peer decides is played from the tape, or made up and recorded.

use std::sync::Arc;

use super::super::handshakes::{Alerts, CLIENT_CERTIFICATE, EARLY_ACCEPTED, EARLY_READ, SERVER_CERTIFICATE};
use super::super::{blocks, events};
use super::{NativePort, callbacks};
use crate::der;
use crate::field::Field;
use crate::native::{self, Cipher, Connection, Failure, FromPeer, Peers, Session, Unseen, Version};
use crate::op::{ConnectionSlot, KeyUpdate};
use crate::trace::{self, Recorded, SENT_ID, Tape, VERIFIED};

/// Has the value of `X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT`: the certificates of both sides are their own.
const SELF_SIGNED: i64 = 18;

/// Plays the peers of a handshake.
struct Played<'a>(&'a mut Tape);

impl Played<'_> {
    fn recorded(&self, session: &Session) -> Option<Recorded> {
        self.0.of(events::birth_at(session.address())?).cloned()
    }
}

impl Peers for Played<'_> {
    fn of(&mut self, session: &Session) -> FromPeer {
        let birth = events::birth_at(session.address()).unwrap_or(u32::MAX);
        // What was not recorded is of no session that lived on.
        let made_up = |what: u8, length: usize| {
            let mut bytes = vec![what; length];
            bytes[..4].copy_from_slice(&birth.to_be_bytes());
            bytes
        };
        let or = |recorded: Vec<u8>, made_up: Vec<u8>| if recorded.is_empty() { made_up } else { recorded };
        // Whether there is a key yet is the library's own business.
        let recorded =
            self.recorded(session).unwrap_or_else(|| Recorded { master_key: made_up(b'k', 48), ..Recorded::default() });
        let tls13 = session.protocol_version() == Version::Tls13.number();
        let from_peer = FromPeer {
            id: or(recorded.id, made_up(b'i', 32)),
            master_key: recorded.master_key,
            ticket_is_known: !self.0.plays() || !recorded.ticket.is_empty(),
            ticket: or(recorded.ticket, made_up(b't', 96)),
            cipher: recorded.cipher.or(Some(if tls13 { 0x1302 } else { 0xc02c })).map(Cipher),
        };
        if !self.0.plays() {
            let FromPeer { id, master_key, ticket, ticket_is_known: _, cipher } = from_peer.clone();
            self.0.record(birth, Recorded { id, master_key, ticket, cipher: cipher.map(|cipher| cipher.0) });
        }
        from_peer
    }

    fn known(&mut self, session: &Session) -> Option<FromPeer> {
        self.recorded(session).is_some().then(|| self.of(session))
    }

    fn share_key(&mut self, session: &Session, key: &[u8]) -> bool {
        let made_up = !self.0.plays();
        if made_up {
            let birth = events::birth_at(session.address()).unwrap_or(u32::MAX);
            let recorded = self.recorded(session).unwrap_or_default();
            self.0.record(birth, Recorded { master_key: key.to_vec(), ..recorded });
        }
        made_up
    }

    fn sent_id(&mut self) -> Vec<u8> {
        self.0.of(SENT_ID).map_or_else(|| b"an id of no session, 32 bytes...".to_vec(), |sent| sent.id.clone())
    }

    fn verified(&mut self, by_server: bool) -> i64 {
        let of = VERIFIED[usize::from(by_server)];
        if !self.0.plays() {
            self.0.record(of, Recorded { id: SELF_SIGNED.to_le_bytes().to_vec(), ..Recorded::default() });
        }
        let code = self.0.of(of).and_then(|code| code.id.as_slice().try_into().ok());
        code.map_or(SELF_SIGNED, i64::from_le_bytes)
    }

    fn certificate(&mut self, of_server: bool) -> &[u8] {
        if of_server { SERVER_CERTIFICATE } else { CLIENT_CERTIFICATE }
    }
}

impl NativePort {
    /// Makes a handshake. Returns 1 for a client that has finished, plus 2 for such a server, plus 4 and 8 where they
    /// resumed, plus 16 and 32 where early data was taken.
    pub(super) fn handshake(&mut self, client: ConnectionSlot, server: ConnectionSlot, tape: &mut Tape) -> i64 {
        tape.next_part();
        callbacks::make_sessions_with(&self.library);
        self.lend_to_blocks();
        let (client, server) = (self.connection(client), self.connection(server));
        let (client_done, server_done, took_early) = native::handshake(client, server, &mut Played(tape));
        self.tell_failures([(client, None), (server, None)]);
        let reused = [client, server].map(|x| i64::from(x.session_reused()));
        self.take_unseen(tape);
        blocks::play_written(tape);
        // The queue is emptied at the end.
        callbacks::take_raised();
        i64::from(client_done)
            + 2 * i64::from(server_done)
            + 4 * reused[0]
            + 8 * reused[1]
            + if took_early { EARLY_ACCEPTED + EARLY_READ } else { 0 }
    }

    /// Lets blocks use what variables hold, in the handshake that follows.
    fn lend_to_blocks(&self) {
        if blocks::name_sessions() {
            callbacks::lend_owned(self.slots.iter().filter_map(|slot| slot.owned.first().map(Session::downgrade)));
        }
        blocks::lend_bytes(|b| self.buffers.get(b));
    }

    /// Sends one more ticket; tells whether that could be done.
    pub(super) fn new_session_ticket(&mut self, x: ConnectionSlot, tape: &mut Tape) -> bool {
        self.of_server(x, tape, native::new_session_ticket)
    }

    /// Asks a client for its certificate; tells whether that could be done.
    pub(super) fn verify_client(&mut self, x: ConnectionSlot, tape: &mut Tape) -> bool {
        self.of_server(x, tape, native::verify_client)
    }

    /// Lets a server ask for another handshake, which is made; tells whether that could be done.
    pub(super) fn renegotiate(&mut self, x: ConnectionSlot, is_new: bool, tape: &mut Tape) -> bool {
        callbacks::make_sessions_with(&self.library);
        self.lend_to_blocks();
        self.of_server(x, tape, |server, peers| native::renegotiate(server, is_new, peers))
    }

    /// Does something with a server whose handshake is over, which may make sessions.
    fn of_server(
        &self,
        x: ConnectionSlot,
        tape: &mut Tape,
        act: impl FnOnce(&Arc<Connection>, &mut dyn Peers) -> bool,
    ) -> bool {
        tape.next_part();
        let server = self.connection(x);
        let client = server.peer();
        let before = [client.as_ref().and_then(|client| client.failure()), server.failure()];
        let done = act(server, &mut Played(tape));
        if let Some(client) = &client {
            self.tell_failures([(client, before[0]), (server, before[1])]);
        }
        self.take_unseen(tape);
        blocks::play_written(tape);
        callbacks::take_raised();
        done
    }

    /// Updates the keys of a connection; tells whether that could be done.
    pub(super) fn update_keys(&mut self, x: ConnectionSlot, update: KeyUpdate) -> bool {
        let connection = self.connection(x);
        let before = connection.failure();
        let done = native::update_keys(connection, update == KeyUpdate::Requested);
        let failed = connection.failure().filter(|failure| Some(*failure) != before);
        if let Some(failure) = failed {
            (self.tells)(alerts(failure)).tell(connection.is_server());
        }
        done
    }

    /// Tells why a client and a server have failed, if it was not for what there was before.
    fn tell_failures(&self, sides: [(&Arc<Connection>, Option<Failure>); 2]) {
        for (server, (side, before)) in [false, true].into_iter().zip(sides) {
            if let Some(failure) = side.failure().filter(|failure| Some(*failure) != before) {
                (self.tells)(alerts(failure)).tell(server);
            }
        }
    }

    /// Changes what is told of sides that have failed.
    pub(in crate::port) fn tell(&mut self, tells: fn(Alerts) -> Alerts) {
        self.tells = tells;
    }

    /// Gives sessions what the other port's have and no getter shows.
    fn take_unseen(&self, tape: &Tape) {
        self.each_session(&mut |session| {
            let birth = events::birth_at(session.address());
            if let Some(seen) = birth.and_then(|birth| tape.unseen_of(birth)) {
                let unseen = unseen(seen);
                let flags = session.flags_with_own_secret(unseen.flags);
                session.put_unseen(Unseen { flags, ..unseen });
            }
        });
    }
}

/// Returns what is told of a side that has failed.
fn alerts(failure: Failure) -> Alerts {
    let fatal = |alert: Option<u8>| alert.map_or(0, |alert| Alerts::FATAL | u32::from(alert));
    Alerts { sent: fatal(failure.sent), heard: fatal(failure.heard), reason: failure.reason }
}

/// Returns what a session's DER shows and no getter does.
fn unseen(seen: &trace::Unseen) -> Unseen {
    let string = |field| der::octets(&seen.der, field).map(<[u8]>::to_vec);
    Unseen {
        verify_result: der::number(&seen.der, Field::VerifyResult),
        psk_identity_hint: string(Field::PskIdentityHint),
        psk_identity: string(Field::PskIdentity),
        srp_username: string(Field::SrpUsername),
        ticket_age_add: der::number(&seen.der, Field::TicketAgeAdd) as u32,
        flags: der::number(&seen.der, Field::Flags) as u32,
        kex_group: der::number(&seen.der, Field::KexGroup) as u32,
        peer_rpk: string(Field::PeerKey),
        knows_fragments: der::number(&seen.der, Field::MaxFragmentLength) != 255,
        stands_in: seen.cipher_id.map(Cipher),
    }
}
