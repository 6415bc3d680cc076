//! What a program holds while it runs: where the plan knows it only as far as it can be known beforehand.

use crate::op::{CONNECTIONS, CONTEXTS, ConnectionSlot, ContextSlot, Op, SLOTS, Slot, Variable};

/// The variables of a program that runs.
#[derive(Clone, Copy, Default)]
pub(super) struct Holdings {
    /// Seconds since the program began.
    pub passed: u64,
    sessions: [Option<Held>; SLOTS],
    contexts: [bool; CONTEXTS],
    connections: [bool; CONNECTIONS],
}

/// What a session slot holds.
#[derive(Clone, Copy)]
struct Held {
    /// How many references it owns; 0: it borrows.
    references: u32,
    /// The connection whose session it borrows.
    lender: Option<ConnectionSlot>,
}

impl Holdings {
    /// Tells whether a slot holds a session, owned or borrowed.
    #[inline]
    pub fn is_live(&self, slot: Slot) -> bool {
        self.sessions[slot.index()].is_some()
    }

    /// Returns the slots that hold a session.
    pub fn live(&self) -> impl Iterator<Item = Slot> + use<> {
        let sessions = self.sessions;
        Slot::all().filter(move |slot| sessions[slot.index()].is_some())
    }

    /// Returns how many references a slot owns.
    pub fn references(&self, slot: Slot) -> u32 {
        self.sessions[slot.index()].map_or(0, |held| held.references)
    }

    /// Returns the slots that borrow, each with its lender.
    pub fn loans(&self) -> impl Iterator<Item = (Slot, ConnectionSlot)> + use<> {
        let sessions = self.sessions;
        Slot::all().filter_map(move |slot| Some((slot, sessions[slot.index()]?.lender?)))
    }

    /// Returns the variables that hold a context.
    pub fn contexts(&self) -> impl Iterator<Item = ContextSlot> + use<> {
        let contexts = self.contexts;
        ContextSlot::all().filter(move |slot| contexts[slot.index()])
    }

    /// Returns the variables that hold a connection.
    pub fn connections(&self) -> impl Iterator<Item = ConnectionSlot> + use<> {
        let connections = self.connections;
        ConnectionSlot::all().filter(move |slot| connections[slot.index()])
    }

    /// Tells whether a variable holds a connection.
    pub fn has_connection(&self, slot: ConnectionSlot) -> bool {
        self.connections[slot.index()]
    }

    /// Returns every variable that holds something.
    pub fn variables(&self) -> impl Iterator<Item = Variable> + use<> {
        let sessions = self.live().map(Variable::Session);
        let connections = self.connections().map(Variable::Connection);
        sessions.chain(connections).chain(self.contexts().map(Variable::Context))
    }

    /// Empties a slot: it neither owns nor borrows any more.
    pub fn empty(&mut self, slot: Slot) {
        self.sessions[slot.index()] = None;
    }

    /// Lets time pass before a call.
    #[inline]
    pub fn pass(&mut self, op: &Op) {
        if let Op::AdvanceClock { seconds } = op {
            self.passed = self.passed.saturating_add(u64::from(*seconds));
        }
    }

    /// Books which contexts and connections there are after a call that returned `number`.
    #[inline]
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few ops that do this; the others do not")]
    pub fn settle(&mut self, op: &Op, ends: bool, number: Option<i64>) {
        match *op {
            Op::CtxNew { dst, .. } | Op::CtxPooled { dst, .. } => self.contexts[dst.index()] = number == Some(1),
            Op::SslNew { dst, .. } | Op::SslDup { dst, .. } => self.connections[dst.index()] = number == Some(1),
            Op::CtxFree { c: Some(c) } if ends => self.contexts[c.index()] = false,
            Op::SslFree { x: Some(x) } if ends => self.connections[x.index()] = false,
            _ => {}
        }
    }

    /// Returns the variable that a call emptied by what it is.
    #[inline]
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few ops that do this; the others do not")]
    pub fn emptied(&mut self, op: &Op, ends: bool) -> Option<Variable> {
        match *op {
            Op::CtxFree { c } if ends => c.map(Variable::Context),
            Op::SslFree { x } if ends => x.map(Variable::Connection),
            Op::Forget { s } => {
                self.empty(s);
                Some(Variable::Session(s))
            }
            _ => None,
        }
    }

    /// Books what the slots own after a call; `made`: it returned a session.
    #[inline]
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few ops that do this; the others do not")]
    pub fn book(&mut self, op: &Op, made: bool) {
        match *op {
            Op::GetSession { dst, x } | Op::Get0Session { dst, x } => {
                self.sessions[dst.index()] = made.then_some(Held { references: 0, lender: Some(x) });
            }
            Op::UpRef { s } => {
                if let Some(held) = &mut self.sessions[s.index()] {
                    *held = Held { references: held.references + 1, lender: None };
                }
            }
            Op::Free { s: Some(s) } => {
                if let Some(held) = &mut self.sessions[s.index()] {
                    held.references = held.references.saturating_sub(1);
                }
            }
            _ => {
                if let (Some(dst), true) = (op.made(), made) {
                    self.sessions[dst.index()] = Some(Held { references: 1, lender: None });
                }
            }
        }
    }
}
