//! Which handshakes are made, and what they leave behind.

use super::context::Shared;
use super::ledger::{Ledger, Object, ObjectId};
use super::{Origin, Unready};
use crate::op::{ConnectionSlot, Method, Op};

/// How far a connection has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// A handshake was begun, and the connection was not cleared since.
    begun: bool,
    /// The other side of that handshake, while both have the sessions that it gave them.
    peer: Option<ConnectionSlot>,
    /// It was given a session after its handshake was begun: `SSL_set_session` gives it back the method it was made with, and it
    /// cannot read any more.
    deaf: bool,
    /// It was given what belongs to connections of the other side: a certificate, or a method.
    other_side: bool,
    /// It was told how it ended, or has said or read so: what was read is not to be read again, which releases do differently.
    told_end: bool,
    /// It sends early data in its handshake.
    early: bool,
    /// There was early data in its handshake, or may have been: `SSL_clear` leaves something of that, and no other handshake is made.
    had_early: bool,
    /// It offers a ticket of the program's. What the session had in its place would be lost: OpenSSL frees no ticket of TLS 1.3 there.
    own_ticket: bool,
    /// It was told what to offer, or to offer nothing: see what docs/FINDINGS.md withholds.
    told_ticket: bool,
    /// It took over session and method of another connection.
    took_over: bool,
    /// There was another handshake after its own, or a certificate of the client's: `SSL_clear` leaves something of that.
    asked_again: bool,
}

impl Progress {
    pub(super) const fn was_told_ticket(self) -> bool {
        self.told_ticket
    }

    /// Tells whether it may have another method than the one that it was made with.
    pub(super) const fn is_under_way(self) -> bool {
        self.begun || self.other_side || self.took_over
    }

    pub(super) const fn has_other_side(self) -> bool {
        self.other_side
    }

    pub(super) const fn has_begun(self) -> bool {
        self.begun
    }

    pub(super) const fn was_asked_again(self) -> bool {
        self.asked_again
    }
}

/// What of the program's own may have got into sessions that handshakes made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trust {
    /// A session that came from a handshake was changed.
    tampered: bool,
    /// A callback may have kept a session that the program made.
    keeps_foreign: bool,
    /// One bit for each context with a timeout that no ticket can say.
    odd_timeouts: u16,
    /// The program cached a session that came from a handshake.
    caches: bool,
    /// A session was marked, so that no duplicate of it is made.
    pub(super) refuses_dup: bool,
    /// A callback of a server may find a session.
    pub(super) finds: bool,
    /// The program did more than what makes a handshake that succeeds: one may fail.
    pub(super) may_fail: bool,
    /// A handshake may send no ticket: then the first that is sent after it gives the session another id.
    may_send_none: bool,
}

impl Trust {
    pub(super) const fn kept_are_pristine(self) -> bool {
        !self.tampered && !self.keeps_foreign
    }

    /// Notes that a session of a handshake may be changed by a block.
    pub(super) const fn note_tampering(&mut self) {
        self.tampered = true;
    }

    /// Notes that a session of a handshake may be cached by a block.
    pub(super) const fn note_caching(&mut self) {
        self.caches = true;
    }

    /// Forgets a context whose number is another one's from here on.
    pub(super) fn forget_context(&mut self, context: u8) {
        self.odd_timeouts &= !(1 << context);
    }

    pub(super) fn note_timeout(&mut self, context: u8, seconds: i64) {
        let odd = !(0..=i64::from(i32::MAX)).contains(&seconds);
        self.odd_timeouts = self.odd_timeouts & !(1 << context) | u16::from(odd) << context;
    }
}

impl Shared {
    pub(super) fn progress(&self, x: ConnectionSlot) -> Progress {
        self.connections[x.index()].map_or(Progress::default(), |held| held.progress)
    }

    /// Tells whether a connection of this side can begin a handshake.
    pub fn is_ready(&self, x: ConnectionSlot, method: Method) -> bool {
        self.unready(x, method).is_none()
    }

    /// Says why a connection of this side cannot begin a handshake; `None`: it can.
    pub(super) fn unready(&self, x: ConnectionSlot, method: Method) -> Option<Unready> {
        match self.connections[x.index()] {
            Some(held) if held.method == method => match held.progress {
                Progress { begun: true, .. } | Progress { had_early: true, .. } => Some(Unready::HasBegun),
                Progress { other_side: true, .. } => Some(Unready::MixedSides),
                Progress { .. } => None,
            },
            Some(_) | None => Some(Unready::WrongSide),
        }
    }

    fn change(&mut self, x: ConnectionSlot, change: impl FnOnce(&mut Progress)) {
        if let Some(held) = &mut self.connections[x.index()] {
            change(&mut held.progress);
        }
    }

    pub(super) fn note_other_side(&mut self, x: ConnectionSlot) {
        self.change(x, |progress| progress.other_side = true);
    }

    /// Books a call of `SSL_copy_session_id`.
    pub(super) fn note_taken_over(&mut self, x: ConnectionSlot) {
        self.change(x, |progress| progress.took_over = true);
    }

    /// Books a call of `SSL_set_session`.
    pub(super) fn note_set_session(&mut self, x: ConnectionSlot) {
        self.note_other_session(x);
        self.change(x, |progress| progress.deaf = progress.begun);
    }

    pub(super) fn note_told_end(&mut self, x: ConnectionSlot) {
        self.change(x, |progress| progress.told_end = true);
    }

    pub(super) fn note_early(&mut self, x: ConnectionSlot) {
        self.change(x, |progress| progress.early = true);
    }

    pub(super) fn was_told_end(&self, x: ConnectionSlot) -> bool {
        self.progress(x).told_end
    }

    /// Says why a connection has nobody to talk to; `None`: it has.
    pub(super) fn not_met(&self, x: ConnectionSlot) -> Option<Unready> {
        self.progress(x).peer.is_none().then_some(Unready::NoHandshake)
    }

    /// Tells whether a connection that was told what to offer as a ticket has begun with it.
    pub(super) fn keeps_told_ticket(&self, x: ConnectionSlot) -> bool {
        let progress = self.progress(x);
        progress.told_ticket && progress.is_under_way()
    }

    pub(super) fn is_deaf(&self, x: ConnectionSlot) -> bool {
        self.progress(x).deaf
    }

    /// Notes that the connection may have another session than the handshake gave it.
    pub(super) fn note_other_session(&mut self, x: ConnectionSlot) {
        self.change(x, |progress| progress.peer = None);
        for other in ConnectionSlot::all() {
            if self.progress(other).peer == Some(x) {
                self.change(other, |progress| progress.peer = None);
            }
        }
    }
}

impl Ledger {
    /// Notes what makes sessions unfit for handshakes, in themselves or by way of callbacks that keep them.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few ops that do this; the others do not")]
    pub(super) fn note_tampering(&mut self, op: &Op) {
        self.shared.trust.may_fail |= op.is_shared() && !is_of_plain_handshake(op);
        let changed = match *op {
            Op::CtxSetNotResumableCb { .. } | Op::CtxSetNumTickets { .. } => {
                self.shared.trust.may_send_none = true;
                return;
            }
            Op::CtxAdd { s, .. } | Op::CtxRemove { s: Some(s), .. } | Op::SetSession { s: Some(s), .. } => {
                let object = self.slots[s.index()].map(|held| *self.object(held.object));
                self.shared.trust.keeps_foreign |= !object.is_some_and(|object| object.pristine);
                self.shared.trust.caches |=
                    matches!(op, Op::CtxAdd { .. }) && object.is_some_and(|object| object.pristine || object.unknown);
                return;
            }
            Op::CtxSetPskFindCb { .. } | Op::CtxSetPskFindBlock { .. } => {
                self.shared.trust.finds = true;
                self.shared.trust.may_send_none |= self.setup.quirks.other_digest_gets_no_ticket;
                return;
            }
            Op::CtxSetCiphersuites { .. } | Op::SslSetCiphersuites { .. } => {
                self.shared.trust.may_send_none |= self.setup.quirks.other_digest_gets_no_ticket;
                return;
            }
            Op::SslSetTicketExt { x, ref ticket } => {
                self.shared.change(x, |progress| {
                    (progress.own_ticket, progress.told_ticket) = (ticket.get().is_some(), true);
                });
                return;
            }
            // A handshake that resumes a session goes the same way whatever its timeout is, and asks only whether it can be duplicated.
            Op::SetTimeout { .. } | Op::SetExData { .. } => return,
            _ if matches!(op, Op::ReadDer { .. } | Op::ReadPem { .. }) || op.sets().is_some() => op.used(),
            _ => return,
        };
        let Some(changed) = changed else { return };
        let object = self.slots[changed.index()].map(|held| *self.object(held.object));
        if object.is_some_and(|object| object.pristine || object.unknown) {
            self.shared.trust.tampered = true;
        }
    }

    /// Says why no handshake is made of these; `None`: it is made.
    pub(super) fn no_handshake(&self, client: ConnectionSlot, server: ConnectionSlot) -> Option<Unready> {
        let shared = &self.shared;
        let unready = shared.unready(client, Method::Client).or(shared.unready(server, Method::Server));
        let other = shared.sends_datagrams(client) != shared.sends_datagrams(server);
        unready.or(other.then_some(Unready::OtherProtocol)).or(self.cannot_say(client, server))
    }

    /// Says why a server makes no other handshake with its client; `None`: it does.
    pub(super) fn no_renegotiation(&self, x: ConnectionSlot) -> Option<Unready> {
        let client = self.shared.progress(x).peer;
        self.no_ticket(x).or(client.and_then(|client| self.cannot_say(client, x)))
    }

    /// Says why it is not known how a handshake goes; `None`: it is.
    fn cannot_say(&self, client: ConnectionSlot, server: ConnectionSlot) -> Option<Unready> {
        let shared = &self.shared;
        if shared.may_change_protocol(server) {
            return Some(Unready::OtherProtocol);
        }
        let odd = [client, server]
            .into_iter()
            .filter_map(|x| shared.connections[x.index()])
            .any(|held| shared.trust.odd_timeouts & 1 << held.session_context != 0);
        let session = shared.connections[client.index()].and_then(|held| held.session);
        let is_new = |id: ObjectId| self.object(id).origin == Origin::Fresh && !self.object(id).unknown;
        let loses = shared.progress(client).own_ticket && session.is_some_and(|id| !is_new(id));
        let unfit = loses || !self.can_offer(session);
        odd.then_some(Unready::OddTimeout).or(unfit.then_some(Unready::UnfitSession))
    }

    /// Tells whether a client can offer this: nothing, a new session, which is no offer, or what a handshake made.
    fn can_offer(&self, session: Option<ObjectId>) -> bool {
        let Some(object) = session.map(|id| self.object(id)) else { return true };
        let new = object.origin == Origin::Fresh && !object.unknown;
        new || object.pristine && !self.shared.trust.tampered
    }

    /// Tells whether a ticket may give another id to a session while a cache has it.
    pub(super) fn ticket_renames_cached(&self) -> bool {
        self.shared.trust.caches && self.shared.trust.may_send_none
    }

    /// Says why a connection sends no ticket; `None`: it does.
    pub(super) fn no_ticket(&self, x: ConnectionSlot) -> Option<Unready> {
        match () {
            () if self.shared.method(x) != Some(Method::Server) => Some(Unready::WrongSide),
            () if self.shared.progress(x).peer.is_none() => Some(Unready::NoHandshake),
            () => self.shared.trust.tampered.then_some(Unready::UnfitSession),
        }
    }

    pub(super) fn shake_hands(&mut self, client: ConnectionSlot, server: ConnectionSlot) {
        self.may_move(server);
        let had_early = self.shared.progress(client).early;
        self.give_named();
        for (x, peer) in [(client, server), (server, client)] {
            self.give_pristine(x);
            // What it offered may stay in a session that has no id: the next handshake would go on with the same session.
            if self.shared.progress(x).own_ticket
                && let Some(id) = self.shared.connections[x.index()].and_then(|held| held.session)
            {
                self.object_mut(id).pristine = false;
            }
            self.shared
                .change(x, |progress| *progress = Progress { begun: true, peer: Some(peer), had_early, ..*progress });
        }
    }

    pub(super) fn send_ticket(&mut self, x: ConnectionSlot) {
        for x in [Some(x), self.shared.progress(x).peer].into_iter().flatten() {
            self.give_pristine(x);
        }
    }

    /// Books that a client was asked for its certificate after the handshake. Its server goes on with the context of that request, also
    /// after `SSL_clear`, and refuses what has another one: `tls_process_client_certificate` (ssl/statem/statem_srvr.c, 3.6.3).
    pub(super) fn ask_client(&mut self, x: ConnectionSlot) {
        self.send_ticket(x);
        self.shared.change(x, |progress| progress.asked_again = true);
    }

    /// Books another handshake of a server and its client.
    pub(super) fn renegotiate(&mut self, x: ConnectionSlot) {
        self.may_move(x);
        self.give_named();
        for x in [Some(x), self.shared.progress(x).peer].into_iter().flatten() {
            self.give_pristine(x);
            self.shared.change(x, |progress| progress.asked_again = true);
        }
    }

    /// What was not closed is taken away.
    pub(super) fn clear(&mut self, x: ConnectionSlot) {
        if self.shared.progress(x).begun {
            self.shared.note_other_session(x);
            self.give_pristine(x);
            self.shared.change(x, |progress| {
                (progress.begun, progress.deaf, progress.told_end) = (false, false, false);
            });
        }
    }

    /// Gives the connection a session of a handshake, or none. It may be the one that it had before.
    fn give_pristine(&mut self, x: ConnectionSlot) {
        let Some(held) = self.shared.connections[x.index()] else { return };
        let blocks = self.shared.blocks;
        let mut cached = 1 << held.session_context;
        let mut pristine = true;
        if let Some(before) = held.session {
            let object = self.object_mut(before);
            let new = object.origin == Origin::Fresh && !object.unknown;
            (object.unknown, object.has_id) = (true, None);
            object.cached |= cached;
            object.expose(blocks);
            cached = object.cached;
            pristine = new || object.pristine;
        }
        let mut made = Object { cached, pristine, ..Object::unknown() };
        made.expose(blocks);
        let id = self.new_object(made);
        self.replace_session(x, Some(id));
    }
}

/// Tells whether it makes contexts, connections and handshakes of them, and nothing else that a handshake depends on.
const fn is_of_plain_handshake(op: &Op) -> bool {
    matches!(
        op,
        Op::CtxNew { .. }
            | Op::CtxPooled { .. }
            | Op::CtxFree { .. }
            | Op::SslNew { .. }
            | Op::SslFree { .. }
            | Op::Handshake { .. }
            | Op::SslShutdown { .. }
            | Op::GetSession { .. }
            | Op::Get0Session { .. }
            | Op::Get1Session { .. }
    )
}

#[cfg(test)]
mod tests {
    use crate::plan::{Plan, Quirks, Setup, Skip, Step, Unready};
    use crate::program::Program;

    /// Returns what becomes of the last call.
    fn last(calls: &str) -> Step {
        last_with(Quirks::NONE, calls)
    }

    /// Returns what becomes of the last call where these quirks are heeded.
    fn last_with(quirks: Quirks, calls: &str) -> Step {
        let program: Program = format!("#! sessdiff 1\n{calls}").parse().expect("a program");
        let mut plan = Plan::new(Setup { quirks, ..Setup::new(true) });
        plan.make(&program);
        *plan.steps.last().expect("a call")
    }

    #[test]
    fn calls_that_break_a_release_are_left_out_there_alone() {
        let cached = "c0 = pooled_context(TLS_server_method())\ns0 = SSL_SESSION_new()\nSSL_CTX_add_session(c0, s0)\n";
        let copied = format!("{cached}s1 = SSL_SESSION_dup(s0)\ns2 = SSL_SESSION_dup(s1)\n");
        let shut = "c0 = pooled_context(TLS_server_method())\nc1 = pooled_context(TLS_client_method())\nx0 = SSL_new(c1)\n\
                    x1 = SSL_new(c0)\nhandshake(x0, x1)\nSSL_shutdown(x0)\n";
        let odd = "c0 = pooled_context(TLS_server_method())\nc1 = pooled_context(TLS_client_method())\nx0 = SSL_new(c1)\n\
                   x1 = SSL_new(c0)\nSSL_set_session_ticket_ext(x0, \"\")\nhandshake(x0, x1)\nx2 = SSL_new(c0)\n";
        let context = "c0 = pooled_context(TLS_server_method())\n";
        let finds = "c0 = SSL_CTX_new(TLS_server_method())\nSSL_CTX_set_psk_find_session_callback(c0, psk_cb_makes)\n\
                     s0 = SSL_SESSION_new()\n";
        let marked = "s0 = SSL_SESSION_new()\nSSL_SESSION_set_ex_data(s0, ex_refused, 1)\nc0 = SSL_CTX_new(TLS_server_method())\n";
        let none = Quirks::NONE;
        for (quirks, before, left_out, made) in [
            (
                Quirks { copies_keep_owner: true, ..none },
                copied.as_str(),
                "SSL_SESSION_set_timeout(s2, 5)",
                "SSL_SESSION_set_timeout(s0, 5)",
            ),
            (Quirks { clear_keeps_record: true, ..none }, shut, "SSL_clear(x0)", "SSL_clear(x1)"),
            (Quirks { clear_keeps_record: true, ..none }, odd, "SSL_clear(x1)", "SSL_clear(x2)"),
            (
                Quirks { aborted_ticket_leaks: true, ..none },
                context,
                "SSL_CTX_set_session_ticket_cb(c0, NULL, decrypt_ticket_cb_aborts)",
                "SSL_CTX_set_session_ticket_cb(c0, NULL, decrypt_ticket_cb_ignores)",
            ),
            (
                Quirks { refused_copy_leaks: true, ..none },
                finds,
                "SSL_SESSION_set_ex_data(s0, ex_refused, 1)",
                "SSL_SESSION_set_ex_data(s0, ex_refused, 2)",
            ),
            (
                Quirks { refused_copy_leaks: true, ..none },
                marked,
                "SSL_CTX_set_psk_find_session_callback(c0, psk_cb_makes)",
                "SSL_CTX_set_psk_use_session_callback(c0, psk_cb_makes)",
            ),
            (
                Quirks { flush_has_no_order: true, ..none },
                context,
                "SSL_CTX_sess_set_remove_cb(c0, remove_cb_up_refs)",
                "SSL_CTX_sess_set_remove_cb(c0, remove_cb_records)",
            ),
        ] {
            assert_eq!(last_with(quirks, &format!("{before}{left_out}\n")), Step::Skip(Skip::Avoided), "{left_out}");
            assert!(matches!(last_with(quirks, &format!("{before}{made}\n")), Step::Run { .. }), "{made}");
            assert!(matches!(last(&format!("{before}{left_out}\n")), Step::Run { .. }), "{left_out}, elsewhere");
        }
    }

    #[test]
    fn a_ticket_that_renames_what_the_program_cached_is_a_hazard() {
        let calls = |fewer: &str, caches: &str| {
            format!(
                "c0 = pooled_context(TLS_server_method())\nc1 = pooled_context(TLS_client_method())\n{fewer}\
                 x0 = SSL_new(c1)\nx1 = SSL_new(c0)\nhandshake(x0, x1)\ns0 = SSL_get_session(x1)\n{caches}\
                 SSL_new_session_ticket(x1)\n"
            )
        };
        let caches = "SSL_CTX_add_session(c0, s0)\n";
        for fewer in
            ["SSL_CTX_set_num_tickets(c0, 0)\n", "SSL_CTX_set_not_resumable_session_callback(c0, not_resumable_cb_1)\n"]
        {
            assert_eq!(last(&calls(fewer, caches)), Step::Skip(Skip::Hazard), "{fewer}");
            assert!(matches!(last(&calls(fewer, "")), Step::Run { .. }), "{fewer}");
        }
        assert!(matches!(last(&calls("", caches)), Step::Run { .. }));
        let quirks = Quirks { other_digest_gets_no_ticket: true, ..Quirks::NONE };
        for other in [
            "SSL_CTX_set_ciphersuites(c0, aes_128)\n",
            "SSL_set_ciphersuites(x1, aes_128)\n",
            "SSL_CTX_set_psk_find_session_callback(c0, psk_cb_makes)\n",
        ] {
            let calls = calls("", caches).replace("handshake(", &format!("{other}handshake("));
            assert_eq!(last_with(quirks, &calls), Step::Skip(Skip::Hazard), "{calls}");
            assert!(matches!(last(&calls), Step::Run { .. }), "{calls}");
        }
    }

    /// docs/FINDINGS.md withholds the others, whether hazards are made or not.
    #[test]
    fn tickets_are_told_to_new_connections_of_tls_alone() {
        let two = "c0 = pooled_context(TLS_server_method())\nc1 = pooled_context(TLS_client_method())\nx0 = SSL_new(c1)\n\
                   x1 = SSL_new(c0)\nx2 = SSL_new(c1)\n";
        let tells = "SSL_set_session_ticket_ext(x0, \"a\")\n";
        let copies = "SSL_copy_session_id(x0, x2)\n";
        assert!(matches!(last(&[two, tells].concat()), Step::Run { .. }));
        assert!(matches!(last(&[two, copies].concat()), Step::Run { .. }));
        let datagrams = two.replace("pooled_context(TLS", "SSL_CTX_new(DTLS");
        for calls in
            [[two, "handshake(x0, x1)\n", tells], [two, copies, tells], [two, tells, copies], [&*datagrams, "", tells]]
        {
            let calls = calls.concat();
            for hazards in [false, true] {
                let program: Program = format!("#! sessdiff 1\n{calls}").parse().expect("a program");
                let mut plan = Plan::new(Setup { hazards, ..Setup::new(true) });
                plan.make(&program);
                assert_eq!(plan.steps.last(), Some(&Step::Skip(Skip::Avoided)), "{calls}");
            }
        }
    }

    #[test]
    fn a_connection_that_is_not_ready_says_why() {
        let two = "c0 = pooled_context(TLS_server_method())\nc1 = pooled_context(TLS_client_method())\nx0 = SSL_new(c1)\n\
                   x1 = SSL_new(c0)\n";
        let own = "s0 = SSL_SESSION_new()\nSSL_SESSION_set1_id(s0, \"a\")\nSSL_set_session(x0, s0)\n";
        let hands = "handshake(x0, x1)\n";
        let odd = "SSL_CTX_set_timeout(c1, -1)\n";
        let datagrams = "c2 = SSL_CTX_new(DTLS_server_method())\nc3 = SSL_CTX_new(DTLS_client_method())\n";
        let block = "{ SSL_set_SSL_CTX(connection, c2); return SSL_TLSEXT_ERR_OK }";
        let moves = format!("{datagrams}SSL_CTX_set_tlsext_servername_callback(c0, {block})\n");
        for (before, call, why) in [
            ("", "handshake(x1, x0)", Unready::WrongSide),
            (hands, "handshake(x0, x1)", Unready::HasBegun),
            (hands, "use_certificate(x0)", Unready::HasBegun),
            ("SSL_copy_session_id(x0, x1)\n", "handshake(x0, x1)", Unready::MixedSides),
            (odd, "handshake(x0, x1)", Unready::OddTimeout),
            (own, "handshake(x0, x1)", Unready::UnfitSession),
            ("", "SSL_new_session_ticket(x0)", Unready::WrongSide),
            ("", "SSL_new_session_ticket(x1)", Unready::NoHandshake),
            (&format!("{datagrams}x2 = SSL_new(c3)\n"), "handshake(x2, x1)", Unready::OtherProtocol),
            (datagrams, "SSL_set_SSL_CTX(x1, c2)", Unready::OtherProtocol),
            (&format!("{datagrams}x2 = SSL_new(c2)\n"), "SSL_set_SSL_CTX(x2, c0)", Unready::OtherProtocol),
            (&format!("{datagrams}x2 = SSL_new(c2)\n"), "SSL_copy_session_id(x1, x2)", Unready::OtherProtocol),
            (&format!("{datagrams}x2 = SSL_new(c3)\n"), "send_early_data(x2)", Unready::OtherProtocol),
            (&moves, "handshake(x0, x1)", Unready::OtherProtocol),
            (&format!("{hands}{moves}"), "SSL_renegotiate(x1)", Unready::OtherProtocol),
            (&format!("{hands}{own}"), "SSL_shutdown(x0)", Unready::CannotRead),
            (&format!("{hands}SSL_shutdown(x0)\n"), "SSL_set_shutdown(x0, none)", Unready::ToldEnd),
        ] {
            let calls = format!("{two}{before}{call}\n");
            assert_eq!(last(&calls), Step::Skip(Skip::Unready(why)), "{calls}");
        }
    }
}
