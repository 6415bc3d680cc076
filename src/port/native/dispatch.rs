//! Which method of a port in Rust answers which op.

/// Makes a call on `$port`, a type with the methods of [`super::NativePort`].
macro_rules! dispatch {
    ($port:ident, $op:ident, $moment:ident) => {{
        use $crate::native::Statistic;
        use $crate::op::{Op, getters};
        use $crate::port::Returned;
        use $crate::port::handshakes::Setting;
        use $crate::port::native::seconds;

        let passed = $moment.passed;
        let done = |()| Returned::Nothing;
        // What the function does not return.
        let told = |_: i64| Returned::Nothing;
        let number = Returned::Number;
        match $op {
            Op::New { dst } => Returned::Session($port.new_session(*dst)),
            Op::Dup { dst, src } => Returned::Session($port.dup(*dst, *src)),
            Op::SampleSession { dst, sample } => Returned::Session($port.sample(*dst, *sample)),
            Op::UpRef { s } => number($port.up_ref(*s)),
            Op::Free { s } => done($port.free(*s)),
            Op::Set1Id { s, id } => number($port.set1_id(*s, id)),
            Op::Set1IdContext { s, context } => number($port.set1_id_context(*s, context)),
            Op::SetTime { s, time } => number($port.set_time(*s, seconds(*time, passed))),
            Op::SetTimeEx { s, time } => number($port.set_time_ex(*s, seconds(*time, passed))),
            Op::SetTimeout { s, timeout } => number($port.set_timeout(*s, *timeout)),
            Op::SetProtocolVersion { s, version } => number($port.set_protocol_version(*s, version.0)),
            Op::SetCipher { s, cipher } => number($port.set_cipher(*s, *cipher)),
            Op::Set1MasterKey { s, key } => number($port.set1_master_key(*s, key)),
            Op::Set1Hostname { s, hostname } => number($port.set1_hostname(*s, hostname)),
            Op::Set1AlpnSelected { s, alpn } => number($port.set1_alpn_selected(*s, alpn)),
            Op::SetMaxEarlyData { s, bytes } => number($port.set_max_early_data(*s, *bytes)),
            Op::Set1TicketAppdata { s, data } => number($port.set1_ticket_appdata(*s, data)),
            Op::SetExData { s, index, value } => number($port.set_ex_data(*s, *index, value.0)),
            Op::GetExData { s, index } => number($port.ex_data(*s, *index)),
            Op::GetMasterKey { s, room } => {
                let (returned, overrun) = $port.get_master_key(*s, *room);
                Returned::Copied { returned, bytes: $port.copied(*room), overrun }
            }
            Op::AdvanceClock { .. } => done($port.set_passed(passed)),
            Op::CtxNew { dst, method } => number($port.new_context(*dst, *method, false).into()),
            Op::CtxPooled { dst, method } => number($port.new_context(*dst, *method, true).into()),
            Op::CtxUpRef { c } => number($port.up_ref_context(*c)),
            Op::CtxFree { c } => done($port.free_context(*c, $moment.last)),
            Op::CtxSetCacheMode { c, mode } => number($port.set_cache_mode(*c, mode.bits().into())),
            Op::CtxGetCacheMode { c } => number($port.cache_mode(*c)),
            Op::CtxSetCacheSize { c, size } => number($port.set_cache_size(*c, *size)),
            Op::CtxGetCacheSize { c } => number($port.cache_size(*c)),
            Op::CtxSetTimeout { c, timeout } => number($port.set_context_timeout(*c, *timeout)),
            Op::CtxGetTimeout { c } => number($port.context_timeout(*c)),
            Op::CtxSetIdContext { c, context } => number($port.set_context_id_context(*c, context)),
            Op::CtxAdd { c, s } => number($port.add_session(*c, *s)),
            Op::CtxRemove { c, s } => number($port.remove_session(*c, *s)),
            Op::CtxFlush { c, time } => done($port.flush_sessions(*c, seconds(*time, passed))),
            Op::CtxFlushEx { c, time } => done($port.flush_sessions_ex(*c, seconds(*time, passed))),
            Op::SessNumber { c } => number($port.cached_number(*c)),
            Op::SessConnect { c } => number($port.statistic(*c, Statistic::Connect)),
            Op::SessConnectGood { c } => number($port.statistic(*c, Statistic::ConnectGood)),
            Op::SessConnectRenegotiate { c } => number($port.statistic(*c, Statistic::ConnectRenegotiate)),
            Op::SessAccept { c } => number($port.statistic(*c, Statistic::Accept)),
            Op::SessAcceptGood { c } => number($port.statistic(*c, Statistic::AcceptGood)),
            Op::SessAcceptRenegotiate { c } => number($port.statistic(*c, Statistic::AcceptRenegotiate)),
            Op::SessHits { c } => number($port.statistic(*c, Statistic::Hits)),
            Op::SessCbHits { c } => number($port.statistic(*c, Statistic::CbHits)),
            Op::SessMisses { c } => number($port.statistic(*c, Statistic::Misses)),
            Op::SessTimeouts { c } => number($port.statistic(*c, Statistic::Timeouts)),
            Op::SessCacheFull { c } => number($port.statistic(*c, Statistic::CacheFull)),
            Op::CtxSessions { .. } => Returned::Nothing,
            Op::CtxSetRemoveCb { c, callback } => done($port.set_remove_callback(*c, *callback)),
            Op::TakeKept { dst } => Returned::Session($port.take_kept(*dst)),
            Op::Forget { s } => done($port.lose(*s)),
            Op::SslNew { dst, c } => number($port.new_connection(*dst, *c).into()),
            Op::SslUpRef { x } => number($port.up_ref_connection(*x)),
            Op::SslFree { x } => done($port.free_connection(*x)),
            Op::SslClear { x } => number($port.clear(*x)),
            Op::SslDup { dst, x } => number($port.dup_connection(*dst, *x)),
            Op::SetSession { x, s } => number($port.set_session(*x, *s)),
            Op::GetSession { dst, x } | Op::Get0Session { dst, x } => Returned::Session($port.get_session(*dst, *x)),
            Op::Get1Session { dst, x } => Returned::Session($port.get1_session(*dst, *x)),
            Op::CopySessionId { to, from } => number($port.copy_session_id(*to, *from)),
            Op::SessionReused { x } => number($port.session_reused(*x)),
            Op::SslSetIdContext { x, context } => number($port.set_connection_id_context(*x, context)),
            Op::SetSslCtx { x, c } => number($port.set_context(*x, *c).into()),
            Op::Handshake { client, server } => number($port.handshake(*client, *server, $moment.tape)),
            Op::NewSessionTicket { x } => number($port.new_session_ticket(*x, $moment.tape)),
            Op::SslShutdown { x } => number($port.shutdown(*x)),
            Op::SslSetShutdown { x, mode } => done($port.set_shutdown(*x, *mode)),
            Op::CtxSetMaxVersion { c, version } => number($port.set(*c, Setting::MaxVersion(*version))),
            Op::CtxSetOptions { c, options } => number($port.set(*c, Setting::Options(*options))),
            Op::CtxClearOptions { c, options } => number($port.set(*c, Setting::NoOptions(*options))),
            Op::CtxSetNumTickets { c, tickets } => number($port.set(*c, Setting::Tickets(*tickets))),
            Op::CtxSetVerify { c, mode } => told($port.set(*c, Setting::Verify(*mode))),
            Op::UseCertificate { x } => number($port.use_certificate(*x)),
            Op::CtxSetNewCb { c, callback } => told($port.set(*c, Setting::New(*callback))),
            Op::CtxSetGetCb { c, callback } => told($port.set(*c, Setting::Get(*callback))),
            Op::CtxSetNotResumableCb { c, callback } => told($port.set(*c, Setting::NotResumable(*callback))),
            Op::CtxSetPskUseCb { c, callback } => told($port.set(*c, Setting::PskUse(*callback))),
            Op::CtxSetPskFindCb { c, callback } => told($port.set(*c, Setting::PskFind(*callback))),
            Op::CtxSetGenerateId { c, callback } => number($port.set(*c, Setting::GenerateId(*callback))),
            Op::GetPeerCertChain { x } => Returned::Chain($port.peer_cert_chain(*x)),
            // The getters of NULL: those of sessions are read by `Port::read`.
            getters!() => number(0),
        }
    }};
}

pub(in crate::port) use dispatch;
