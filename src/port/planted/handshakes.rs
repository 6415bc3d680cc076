//! Bugs in handshakes and in what they call.

use super::Planted;
use crate::op::{ConnectionSlot, ContextSlot};
use crate::port::handshakes::{Handshakes, Setting};
use crate::trace::Tape;

impl Handshakes for Planted {
    fn set(&mut self, c: ContextSlot, setting: Setting) -> i64 {
        self.inner.set(c, setting)
    }

    fn use_certificate(&mut self, x: ConnectionSlot) -> i64 {
        self.inner.use_certificate(x)
    }

    fn handshake(&mut self, client: ConnectionSlot, server: ConnectionSlot, tape: &mut Tape) -> i64 {
        self.inner.handshake(client, server, tape)
    }

    fn new_session_ticket(&mut self, x: ConnectionSlot, tape: &mut Tape) -> i64 {
        self.inner.new_session_ticket(x, tape)
    }

    fn shutdown(&mut self, x: ConnectionSlot) -> i64 {
        self.inner.shutdown(x)
    }
}
