//! Contexts of the native library, in slots: what they cache, and what connections inherit from them.

use std::sync::Arc;

use super::super::handshakes::{bit, ticket_keys};
use super::super::{Moment, Returned, events};
use super::callbacks::{
    alpn_select, decrypt_ticket, generate_id, generate_ticket, get_callback, know, lending, new_callback,
    not_resumable_callback, psk_find, psk_use, remove_callback, server_name, suites_of, ticket_key,
};
use super::{NativePort, callback_blocks};
use crate::native::{self, Callbacks, Context, Inherited, Statistic, Version};
use crate::op::{
    Bytes, CONNECTIONS, CONTEXTS, ContextSlot, DatagramMethod, GenerateId, MaxVersion, Method, Op, Options,
    ServerNameCallback, Slot, Suites, TicketKeys, Variable, Verify, block_ops, connection_ops, getters, session_ops,
};
use crate::plan::clock::seconds;

impl NativePort {
    /// Makes a call on a context. What is about something else comes here by mistake, and goes back.
    pub(super) fn context_call(&mut self, op: &Op, moment: &mut Moment<'_>) -> Returned<'_> {
        let number = Returned::Number;
        let done = |_: Returned<'_>| Returned::Number(1);
        match op {
            Op::CtxNew { .. } | Op::CtxNewDtls { .. } | Op::CtxPooled { .. } => self.new_context(op),
            Op::CtxUpRef { c } => self.up_ref_context(*c),
            Op::CtxFree { c } => {
                c.map(|c| self.contexts[c.index()].pop());
                Returned::Nothing
            }
            Op::CtxSetCacheMode { c, mode } => number(self.context(*c).set_cache_mode(mode.bits().into()).into()),
            Op::CtxGetCacheMode { c } => number(self.context(*c).cache_mode().into()),
            Op::CtxSetCacheSize { c, size } => number(self.context(*c).set_cache_size(*size)),
            Op::CtxGetCacheSize { c } => number(self.context(*c).cache_size()),
            Op::CtxSetTimeout { c, timeout } => number(self.context(*c).set_timeout(*timeout)),
            Op::CtxGetTimeout { c } => number(self.context(*c).timeout()),
            Op::CtxSetIdContext { c, context } => {
                let result = self.context(*c).set_id_context(context.get().unwrap_or_default());
                self.answer(result)
            }
            Op::CtxAdd { c, s } => number(self.add_session(*c, *s).into()),
            Op::CtxRemove { c, s } => number(s.map_or(0, |s| self.remove_session(*c, s).into())),
            Op::CtxFlush { c, time } | Op::CtxFlushEx { c, time } => {
                self.context(*c).flush_sessions(seconds(*time, moment.passed));
                Returned::Nothing
            }
            Op::SessNumber { c } => number(self.context(*c).number() as i64),
            Op::SessConnect { c } => self.statistic(*c, Statistic::Connect),
            Op::SessConnectGood { c } => self.statistic(*c, Statistic::ConnectGood),
            Op::SessConnectRenegotiate { c } => self.statistic(*c, Statistic::ConnectRenegotiate),
            Op::SessAccept { c } => self.statistic(*c, Statistic::Accept),
            Op::SessAcceptGood { c } => self.statistic(*c, Statistic::AcceptGood),
            Op::SessAcceptRenegotiate { c } => self.statistic(*c, Statistic::AcceptRenegotiate),
            Op::SessHits { c } => self.statistic(*c, Statistic::Hits),
            Op::SessCbHits { c } => self.statistic(*c, Statistic::CbHits),
            Op::SessMisses { c } => self.statistic(*c, Statistic::Misses),
            Op::SessTimeouts { c } => self.statistic(*c, Statistic::Timeouts),
            Op::SessCacheFull { c } => self.statistic(*c, Statistic::CacheFull),
            Op::CtxSessions { .. } => Returned::Nothing,
            Op::CtxSetMaxVersion { c, version } => self.set_max_version(*c, *version),
            Op::CtxSetOptions { c, options } => self.set_option(*c, *options, true),
            Op::CtxClearOptions { c, options } => self.set_option(*c, *options, false),
            Op::CtxSetNumTickets { c, tickets } => done(self.inherit(*c, |all| all.tickets = tickets.get())),
            Op::CtxSetVerify { c, mode } => self.set_verify(*c, *mode),
            Op::CtxSetRemoveCb { c, callback } => self.call_back(*c, |all| all.remove = remove_callback(*callback)),
            Op::CtxSetNewCb { c, callback } => self.call_back(*c, |all| all.new = new_callback(*callback)),
            block_ops!() => self.set_block(op),
            Op::CtxSetNameBlock { .. } => done(self.set_block(op)),
            Op::CtxSetGetCb { c, callback } => self.call_back(*c, |all| all.get = get_callback(*callback)),
            Op::CtxSetNotResumableCb { c, callback } => {
                self.inherit(*c, |all| all.not_resumable = not_resumable_callback(*callback))
            }
            Op::CtxSetPskUseCb { c, callback } => self.inherit(*c, |all| all.psk_use = psk_use(*callback)),
            Op::CtxSetPskFindCb { c, callback } => self.inherit(*c, |all| all.psk_find = psk_find(*callback)),
            Op::CtxSetServerNameCb { c, callback } => done(self.set_server_name(*c, *callback)),
            Op::CtxSetTicketKeys { c, keys } => self.set_ticket_keys(*c, *keys),
            Op::CtxCopyTicketKeys { to, from } => self.copy_ticket_keys(*to, *from),
            Op::CtxSetAlpnSelectCb { c, callback } => self.call_back(*c, |all| all.alpn = alpn_select(*callback)),
            Op::CtxSetTicketKeyCb { c, callback } => {
                done(self.call_back(*c, |all| all.ticket_key = ticket_key(*callback)))
            }
            Op::CtxSetTicketCb { c, generate, decrypt } => {
                let callbacks = (generate_ticket(*generate), decrypt_ticket(*decrypt));
                done(self.call_back(*c, |all| (all.generate_ticket, all.decrypt_ticket) = callbacks))
            }
            Op::CtxSetMaxEarlyData { c, bytes } => done(self.inherit(*c, |all| all.max_early_data = *bytes)),
            Op::CtxSetCiphersuites { c, suites } => self.set_suites_of(*c, *suites),
            Op::CtxSetAlpnProtos { c, protocols } => self.set_protocols(*c, protocols),
            Op::CtxSetGenerateId { c, callback } => self.set_generate_id(*c, *callback),
            session_ops!() | connection_ops!() | getters!() => self.session_call(op, moment),
        }
    }

    pub(in crate::port) fn context(&self, c: ContextSlot) -> &Arc<Context> {
        // The plan allows only calls on slots that hold a context.
        &self.contexts[c.index()][0]
    }

    fn set_ticket_keys(&mut self, c: ContextSlot, keys: TicketKeys) -> Returned<'static> {
        let Some(keys) = ticket_keys(keys) else { return Returned::Number(native::TicketKeys::LENGTH as i64) };
        let result = native::TicketKeys::new(keys).map(|keys| self.context(c).set_ticket_keys(keys));
        self.answer(result)
    }

    fn copy_ticket_keys(&self, to: ContextSlot, from: ContextSlot) -> Returned<'static> {
        self.context(to).set_ticket_keys(self.context(from).ticket_keys());
        Returned::Number(1)
    }

    fn set_suites_of(&self, c: ContextSlot, suites: Suites) -> Returned<'static> {
        self.context(c).set_suites(suites_of(suites));
        Returned::Number(1)
    }

    fn set_server_name(&self, c: ContextSlot, callback: ServerNameCallback) -> Returned<'static> {
        self.call_back(c, |all| all.server_name = server_name(callback))
    }

    /// Sets the protocols that clients name: 0 where it is done.
    fn set_protocols(&self, c: ContextSlot, protocols: &Bytes) -> Returned<'static> {
        let refused = self.context(c).set_alpn_protocols(protocols.get().unwrap_or_default()).is_err();
        Returned::Number(refused.into())
    }

    fn set_generate_id(&mut self, c: ContextSlot, callback: GenerateId) -> Returned<'static> {
        self.inherit(c, |all| all.generate_id = generate_id(callback));
        self.call_back(c, |all| all.generate_id = generate_id(callback));
        Returned::Number(1)
    }

    /// Makes the context of a call that makes one.
    fn new_context(&mut self, op: &Op) -> Returned<'static> {
        let Some(Variable::Context(dst)) = op.result() else { return Returned::Nothing };
        let (client, datagrams) = if let Op::CtxNewDtls { method, .. } = *op {
            (method == DatagramMethod::Client, true)
        } else {
            let client =
                matches!(op, Op::CtxNew { method: Method::Client, .. } | Op::CtxPooled { method: Method::Client, .. });
            (client, false)
        };
        let context = self.library.context_for(native::Method { client, datagrams });
        know(&context);
        events::context_born(context.address());
        let freed: fn(&Context) = |context| events::context_freed(context.address());
        context.set_callbacks(Callbacks { freed: self.has_callbacks.then_some(freed), ..Callbacks::default() });
        self.contexts[dst.index()].push(context);
        Returned::Number(1)
    }

    fn add_session(&self, c: ContextSlot, s: Slot) -> bool {
        let session = self.session(s);
        lending(Some(&session), || self.context(c).add_session(&session))
    }

    fn remove_session(&self, c: ContextSlot, s: Slot) -> bool {
        let session = self.session(s);
        lending(Some(&session), || self.context(c).remove_session(&session))
    }

    fn statistic(&self, c: ContextSlot, of: Statistic) -> Returned<'static> {
        Returned::Number(self.context(c).statistic(of) as i64)
    }

    fn up_ref_context(&mut self, c: ContextSlot) -> Returned<'static> {
        let another = self.context(c).clone();
        self.contexts[c.index()].push(another);
        Returned::Number(1)
    }

    fn set_verify(&self, c: ContextSlot, mode: Verify) -> Returned<'static> {
        let (verifies, later) = (mode != Verify::None, mode == Verify::Later);
        self.inherit(c, |all| (all.verifies, all.verifies_later) = (verifies, later))
    }

    fn set_max_version(&self, c: ContextSlot, version: MaxVersion) -> Returned<'static> {
        let version = match version {
            MaxVersion::Tls12 => Version::Tls12,
            MaxVersion::Tls13 => Version::Tls13,
        };
        self.context(c).set_max_version(version);
        Returned::Number(1)
    }

    /// Sets or clears an option; returns those that are set then, as the functions do.
    fn set_option(&self, c: ContextSlot, option: Options, set: bool) -> Returned<'static> {
        self.inherit(c, |all| match option {
            Options::NoTicket => all.no_ticket = set,
            Options::NoExtendedMasterSecret => all.no_extended_master_secret = set,
            Options::NoResumptionOnRenegotiation => all.no_resumption_on_renegotiation = set,
        });
        let now = self.context(c).inherited();
        let of = |set: bool, option| if set { bit(option) } else { 0 };
        Returned::Number(
            of(now.no_ticket, Options::NoTicket)
                | of(now.no_extended_master_secret, Options::NoExtendedMasterSecret)
                | of(now.no_resumption_on_renegotiation, Options::NoResumptionOnRenegotiation),
        )
    }

    /// Changes what connections made from here on inherit.
    fn inherit(&self, c: ContextSlot, change: impl FnOnce(&mut Inherited)) -> Returned<'static> {
        let mut inherited = self.context(c).inherited();
        change(&mut inherited);
        self.context(c).set_inherited(inherited);
        Returned::Nothing
    }

    /// Changes what the context calls.
    fn call_back(&self, c: ContextSlot, change: impl FnOnce(&mut Callbacks)) -> Returned<'static> {
        let mut callbacks = self.context(c).callbacks();
        change(&mut callbacks);
        self.context(c).set_callbacks(callbacks);
        Returned::Nothing
    }

    /// Makes a callback of a context a block.
    fn set_block(&self, op: &Op) -> Returned<'static> {
        if let Some(Variable::Context(c)) = op.variables().next() {
            callback_blocks::set(self.context(c), op);
        }
        Returned::Nothing
    }

    /// Returns how many caches list the slot's session, of all contexts that live.
    pub(in crate::port) fn caches_with(&self, s: Slot) -> u32 {
        let session = self.session(s);
        let mut caches = 0;
        self.each_context(&mut |context| caches += u32::from(context.lists(&session)));
        caches
    }

    /// Gives every context that lives, once: a slot or a connection holds it.
    pub(in crate::port) fn each_context(&self, look: &mut dyn FnMut(&Context)) {
        let mut seen = [0; CONTEXTS + 2 * CONNECTIONS];
        let mut number = 0;
        let in_slots = self.contexts.iter().filter_map(|contexts| contexts.first().cloned());
        let in_connections =
            self.connections.iter().filter_map(|connections| connections.first()).flat_map(|one| one.contexts());
        for context in in_slots.chain(in_connections) {
            if !seen[..number].contains(&context.address()) && number < seen.len() {
                seen[number] = context.address();
                number += 1;
                look(&context);
            }
        }
    }
}
