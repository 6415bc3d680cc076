//! Connections of a C library.

use std::ptr;

use openssl_sys::{SSL, SSL_SESSION};

use super::CPort;
use crate::op::{ConnectionSlot, ContextSlot, Kind, Method, Op, Slot, Variable};
use crate::port::Port;

impl CPort {
    /// Uses a context, a connection and a cached session: what they allocate once is allocated here.
    pub(super) fn warm_up_contexts(&mut self) {
        let (c, x, s) = (ContextSlot::wrapping(0), ConnectionSlot::wrapping(0), Slot::wrapping(0));
        if [Kind::New, Kind::SslNew, Kind::CtxAdd].into_iter().any(|kind| self.lacks().contains(kind)) {
            return;
        }
        for method in Method::ALL {
            if self.do_call(&Op::CtxNew { dst: c, method: *method }) {
                if self.do_call(&Op::SslNew { dst: x, c }) {
                    self.do_call(&Op::SslClear { x });
                    self.do_call(&Op::SslFree { x: Some(x) });
                }
                self.forget(Variable::Connection(x));
                if self.do_call(&Op::New { dst: s }) {
                    self.do_call(&Op::CtxAdd { c, s });
                    self.do_call(&Op::Free { s: Some(s) });
                }
                self.forget(Variable::Session(s));
                self.do_call(&Op::CtxFree { c: Some(c) });
            }
            self.forget(Variable::Context(c));
        }
    }

    pub(super) fn connection(&self, x: ConnectionSlot) -> *mut SSL {
        self.connections[x.index()]
    }

    pub(super) fn keep_connection(&mut self, dst: ConnectionSlot, ssl: *mut SSL) -> bool {
        self.connections[dst.index()] = ssl;
        !ssl.is_null()
    }

    pub(super) fn session_of(&self, ssl: *mut SSL) -> *mut SSL_SESSION {
        if ssl.is_null() { ptr::null_mut() } else { call!(self, SSL_get_session(ssl)) }
    }

    /// Counts the connections that have the session at this address.
    pub(super) fn connections_with(&self, address: usize) -> u32 {
        let each = self.connections.iter().enumerate();
        // A connection in two slots is one owner.
        let first = each.filter(|(at, ssl)| !self.connections[..*at].contains(ssl));
        let own = first.filter(|(_, ssl)| !ssl.is_null() && self.session_of(**ssl) as usize == address).count();
        own as u32 + self.credentials.agreed_with(address)
    }
}
