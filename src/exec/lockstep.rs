//! Two ports in one process, call by call and value by value, without a log: what most programs need. Where they differ, or the
//! ledger contradicts one, the program runs again with traces, which explain.

use super::View;
use crate::exec::Watch;
use crate::field::{Field, Fields};
use crate::op::{Op, Slot, Variable};
use crate::plan::{Makes, Plan, Step, Touched};
use crate::port::native::NativePort;
use crate::port::{Ended, Memory, Moment, Place, Port, Returned, events, present};
use crate::program::Program;
use crate::trace::{After, Tape};

/// The sides of [`events::turn_to`].
const NATIVE: usize = 1;
const OTHER: usize = 0;

/// So many calls that should leave nothing behind are made before it is asked whether they did: asking takes longer than
/// most calls.
const UNASKED: u32 = 8;

/// They are not the same, or not as the ledger says.
struct Differ;

/// Tells whether a program of sessions alone does the same on the native port and on `other`, and what the ledger says.
pub fn agree<P: Port>(native: &mut NativePort, other: &mut P, program: &Program, plan: &Plan, view: View) -> bool {
    debug_assert!(!plan.shared && view.watch != Watch::Blame);
    events::turn_to(NATIVE);
    native.begin(Memory::Plain, false);
    events::begin(view.counts);
    events::turn_to(OTHER);
    other.begin(view.memory, false);
    events::begin(view.counts);
    let mut pair = Lockstep {
        native,
        other,
        plan,
        watch: view.watch,
        // The same value as `time`, read by a function that is compared where a program calls it.
        fields: view.fields.without(Field::TimeEx),
        count: 0,
        death: 0,
        tape: Tape::default(),
        unasked: 0,
    };
    let agreed = pair.ops(program).and_then(|()| pair.release(program.ops.len())).and_then(|()| pair.finish());
    if agreed.is_err() {
        for slot in Slot::all() {
            pair.forget(slot);
        }
    }
    present::set(present::OUTSIDE);
    let misused = other.misuse().is_some();
    let Ended { balance, .. } = other.end();
    native.end();
    agreed.is_ok() && !misused && balance.is_none_or(|balance| balance == 0)
}

struct Lockstep<'a, P> {
    native: &'a mut NativePort,
    other: &'a mut P,
    plan: &'a Plan,
    watch: Watch,
    fields: Fields,
    /// How many counts of the plan were seen.
    count: usize,
    /// How many deaths of the plan were seen.
    death: usize,
    tape: Tape,
    /// How many calls were made since it was asked what they left behind.
    unasked: u32,
}

impl<P: Port> Lockstep<'_, P> {
    fn ops(&mut self, program: &Program) -> Result<(), Differ> {
        for (at, (op, step)) in program.ops.iter().zip(&self.plan.steps).enumerate() {
            if let Step::Run { ends, makes, touched, sets, .. } = *step {
                self.step(at, op, touched, ends, makes)?;
                if let (Some(field), Some(slot), Watch::Fast) = (sets, touched.used, self.watch)
                    && self.fields.contains(field)
                {
                    self.same_field(slot, field)?;
                }
            }
        }
        Ok(())
    }

    /// Gives back what the program still owns, in slot order.
    fn release(&mut self, mut at: usize) -> Result<(), Differ> {
        for slot in Slot::all() {
            for left in (0..self.plan.left[slot.index()]).rev() {
                let touched = Touched { made: None, used: Some(slot) };
                self.step(at, &Op::Free { s: Some(slot) }, touched, left == 0, Makes::Nothing)?;
                at += 1;
            }
        }
        Ok(())
    }

    /// Compares what the last calls left behind.
    fn finish(&mut self) -> Result<(), Differ> {
        let mine = self.native.after();
        self.after(mine)
    }

    #[inline]
    fn step(&mut self, at: usize, op: &Op, touched: Touched, ends: bool, makes: Makes) -> Result<(), Differ> {
        present::set(at as u32);
        if let (true, Some(slot)) = (ends, touched.used) {
            self.same_session(slot)?;
        }
        if let (Some(slot), Some(field)) = (touched.used, op.reads()) {
            self.same_field(slot, field)?;
        } else {
            self.call(op, makes)?;
        }
        if let (true, Some(slot)) = (ends, touched.used) {
            self.forget(slot);
        }
        self.deaths(at)?;
        self.counts(touched)?;
        if let (Op::Dup { dst, src }, Makes::Session) = (op, makes) {
            self.same_dup(*dst, *src)?;
        }
        Ok(())
    }

    #[inline]
    fn call(&mut self, op: &Op, makes: Makes) -> Result<(), Differ> {
        let mut moment = Moment { passed: 0, last: false, tape: &mut self.tape };
        events::turn_to(NATIVE);
        let mine = self.native.call(op, &mut moment).detached();
        events::turn_to(OTHER);
        let Some(mine) = mine else { return self.same_copy(op) };
        let left = self.native.after();
        if left.raised && self.unasked > 0 {
            // What was left before must not be taken for what this call leaves.
            self.after(After::default())?;
        }
        let mut moment = Moment { passed: 0, last: false, tape: &mut self.tape };
        let theirs = self.other.call(op, &mut moment);
        let made = theirs == Returned::Session(true);
        if mine != theirs || made != (makes == Makes::Session) {
            return Err(Differ);
        }
        self.unasked += 1;
        if left.raised || self.unasked == UNASKED { self.after(left) } else { Ok(()) }
    }

    /// Compares what a call copies out.
    fn same_copy(&mut self, op: &Op) -> Result<(), Differ> {
        let mut moment = Moment { passed: 0, last: false, tape: &mut self.tape };
        let mine = self.native.call(op, &mut moment);
        if mine == self.other.call(op, &mut moment) && !matches!(mine, Returned::Copied { overrun: true, .. }) {
            Ok(())
        } else {
            Err(Differ)
        }
    }

    /// Compares what calls left behind: an error stays in the queue until somebody asks.
    fn after(&mut self, mine: After) -> Result<(), Differ> {
        self.unasked = 0;
        let theirs = self.other.after();
        if mine == theirs && !theirs.error_lost && !theirs.argument_changed { Ok(()) } else { Err(Differ) }
    }

    /// Compares what the callbacks saw, and who was destroyed.
    #[inline]
    fn deaths(&mut self, at: usize) -> Result<(), Differ> {
        let (same, deaths) = events::compare(self.plan.tells_ends);
        let mut planned = 0;
        while self.plan.deaths.get(self.death).is_some_and(|death| *death as usize == at) {
            (self.death, planned) = (self.death + 1, planned + 1);
        }
        if same && (deaths == planned || !self.plan.tells_ends) { Ok(()) } else { Err(Differ) }
    }

    /// Compares the counts of the slots that an op named with what the plan says of those that hold something.
    #[inline]
    fn counts(&mut self, touched: Touched) -> Result<(), Differ> {
        for slot in [touched.made, touched.used].into_iter().flatten() {
            if self.native.address(Variable::Session(slot)) == 0 {
                continue;
            }
            let planned = self.plan.counts.get(self.count).copied();
            self.count += 1;
            let seen = [self.native.count(Place::Slot(slot)), self.other.count(Place::Slot(slot))];
            if seen.into_iter().flatten().any(|references| Some(references) != planned) {
                return Err(Differ);
            }
        }
        Ok(())
    }

    fn forget(&mut self, slot: Slot) {
        self.native.forget(Variable::Session(slot));
        self.other.forget(Variable::Session(slot));
    }

    #[inline]
    fn same_field(&mut self, slot: Slot, field: Field) -> Result<(), Differ> {
        let theirs = self.other.read(slot, field);
        if self.native.shows(slot, field, theirs) { Ok(()) } else { Err(Differ) }
    }

    /// Compares every field of a session.
    fn same_session(&mut self, slot: Slot) -> Result<(), Differ> {
        if self.native.shows_as(slot, self.other, self.fields) { Ok(()) } else { Err(Differ) }
    }

    /// Compares every field of a duplicate, with those of its source where it must be the same, and their buffers.
    fn same_dup(&mut self, dst: Slot, src: Slot) -> Result<(), Differ> {
        if !self.native.shows_dup_as(dst, src, self.other, self.fields) {
            return Err(Differ);
        }
        let fields = self.fields;
        for field in Field::OWN.iter().filter(|field| fields.contains(**field)) {
            self.same_field(src, *field)?;
        }
        if self.other.shared(dst, src).is_empty() { Ok(()) } else { Err(Differ) }
    }
}
