//! What happens between two connections after their handshake: keys that are updated, and clients that are asked for a certificate,
//! and other handshakes.

use std::sync::Arc;

use super::connection::Connection;
use super::context::Statistic;
use super::early::Early;
use super::failure::Why;
use super::handshake::Handshake;
use super::peers::Peers;
use super::rules::Rule;
use super::tickets::Sent;

/// Updates the keys of a connection, and asks the other side to do so too, or does not: `SSL_key_update`. Sessions stay as they are. Returns
/// `false` where there are no keys that can be updated.
pub fn update_keys(connection: &Arc<Connection>, asks: bool) -> bool {
    if !connection.can_update_keys() {
        return false;
    }
    let peer = connection.peer();
    if let (Some(peer), true) = (peer, asks) {
        // It reads, and so also why the other side has given up.
        connection.hear_from(&peer);
    }
    true
}

/// Asks the client of a TLS 1.3 server for its certificate, and lets it answer: `SSL_verify_client_post_handshake`. The server has another
/// session from there on, of which it sends tickets. Returns `false` where the server cannot ask.
pub fn verify_client(server: &Arc<Connection>, peers: &mut dyn Peers) -> bool {
    if !server.can_ask_later() {
        return false;
    }
    let Some(client) = &server.peer() else { return true };
    if client.failure().is_some() {
        server.hear_from(client);
        return true;
    }
    let mut handshake = Handshake { client, server, peers, early: Early::default() };
    let sent = match handshake.take_certificate() {
        Ok(()) => handshake.send_tickets_again(),
        Err(why) => {
            server.fail(why);
            Vec::new()
        }
    };
    for sent in sent {
        handshake.read_ticket(sent);
    }
    if !server.can_send_ticket() {
        client.hear_from(server);
    }
    true
}

/// Lets a server of TLS 1.2 ask for another handshake, and makes it: `SSL_renegotiate`, and where it is not for a new session
/// `SSL_renegotiate_abbreviated`. Returns `false` where it cannot be made.
pub fn renegotiate(server: &Arc<Connection>, is_new: bool, peers: &mut dyn Peers) -> bool {
    if !server.can_renegotiate() {
        return false;
    }
    // It sets itself up where it asks.
    server.context().counted(Statistic::AcceptRenegotiate);
    let Some(client) = &server.peer() else { return true };
    if client.failure().is_some() {
        server.hear_from(client);
        return true;
    }
    // And twice where the client's hello comes.
    for _ in 0..2 {
        server.context().counted(Statistic::AcceptRenegotiate);
    }
    client.session_context().counted(Statistic::ConnectRenegotiate);
    for side in [client, server] {
        let mut state = side.state();
        (state.renegotiates, state.reused) = (true, false);
    }
    let looks = !(is_new && server.resumes_none_again());
    let mut handshake = Handshake { client, server, peers, early: Early::default() };
    // Whoever has failed says so.
    let _ = handshake.renegotiate(looks);
    true
}

impl Handshake<'_> {
    /// Gives the server a duplicate of its session with the client's certificate, or with none: `tls_process_client_certificate`.
    fn take_certificate(&mut self) -> Result<(), Why> {
        let library = self.client.session_context().library().clone();
        let forgets = || self.client.session_reused() && library.meets(Rule::ResumedShowsNone);
        let shown = self.client.has_certificate() && !forgets();
        if shown {
            self.server.state().verify_result = self.peers.verified(true);
        }
        let own = self.server.session().ok_or(Why::Internal)?;
        let copy = own.dup_without_ticket();
        drop(own);
        let copy = copy.ok_or(Why::NotCopied)?;
        copy.put_peer(shown.then(|| self.peers.certificate(false)), false);
        copy.set_verify_result(self.server.verify_result());
        self.server.put_session(Some(copy));
        self.server.state().sent_tickets = 0;
        Ok(())
    }

    /// Sends as many tickets as after the handshake, whether the client wants some or not; one where a session was resumed.
    fn send_tickets_again(&mut self) -> Vec<Sent> {
        let mut pending = self.server.pending_tickets();
        let mut sent = Vec::new();
        while self.server.tickets() > 0 {
            let Ok(ticket) = self.send_ticket(true) else { break };
            sent.extend(ticket);
            pending = pending.saturating_sub(1);
            let enough = self.server.session_reused() || self.server.sent_tickets() >= self.server.tickets();
            if pending == 0 && enough {
                break;
            }
        }
        self.server.state().pending_tickets = pending;
        sent
    }
}
