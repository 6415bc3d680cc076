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

/// Names the side of the native port, for [`events::turn_to`].
const NATIVE: usize = 1;
/// Names the side of the other port.
const OTHER: usize = 0;

/// Counts the calls that should leave nothing behind and are made before it is asked whether they did: asking takes
/// longer than most calls.
const UNASKED: u32 = 8;

/// Says that they are not the same, or not as the ledger says.
struct Differ;

/// Tells whether a program of sessions alone does the same on the native port and on `other`, and what the ledger says.
/// Makes `plan` on the way, as far as the ports agree.
pub fn agree<P: Port>(native: &mut NativePort, other: &mut P, program: &Program, plan: &mut Plan, view: View) -> bool {
    debug_assert!(!program.ops.iter().any(Op::is_shared) && view.watch != Watch::Nothing);
    events::turn_to(NATIVE);
    native.begin(&program.ops, Memory::Plain, false);
    events::begin(view.counts, false);
    events::turn_to(OTHER);
    other.begin(&program.ops, view.memory, false);
    events::begin(view.counts, false);
    plan.begin();
    let fields = match view.watch {
        Watch::Nothing | Watch::Blame => view.fields,
        // The same value as `time`, read by a function that is compared where a program calls it.
        Watch::Fast | Watch::Ends => view.fields.without(Field::TimeEx),
    };
    let patience = if view.watch == Watch::Blame { 1 } else { UNASKED };
    let mut pair =
        Lockstep { native, other, plan, watch: view.watch, fields, tape: Tape::default(), patience, unasked: 0 };
    let agreed = pair.ops(program).and_then(|()| pair.release()).and_then(|()| pair.finish());
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
    plan: &'a mut Plan,
    watch: Watch,
    fields: Fields,
    tape: Tape,
    /// Says after how many calls it is asked what they left behind.
    patience: u32,
    /// Counts the calls that were made since it was asked.
    unasked: u32,
}

impl<P: Port> Lockstep<'_, P> {
    fn ops(&mut self, program: &Program) -> Result<(), Differ> {
        for (at, op) in program.ops.iter().enumerate() {
            if let Step::Run { ends, makes, touched, sets, .. } = self.plan.step(op) {
                self.step(at, op, touched, ends, makes)?;
                if let (Some(field), Some(slot), Watch::Fast) = (sets, touched.used, self.watch)
                    && self.fields.contains(field)
                {
                    self.same_field(slot, field)?;
                }
            }
        }
        self.plan.finish();
        Ok(())
    }

    /// Gives back what the program still owns, in slot order.
    fn release(&mut self) -> Result<(), Differ> {
        let mut at = self.plan.steps.len();
        for slot in Slot::all() {
            for _ in 0..self.plan.left[slot.index()] {
                let op = Op::Free { s: Some(slot) };
                let Step::Run { ends, makes, touched, .. } = self.plan.give_back(&op) else { return Err(Differ) };
                self.step(at, &op, touched, ends, makes)?;
                at += 1;
            }
        }
        Ok(())
    }

    /// Compares what the last calls left behind.
    fn finish(&mut self) -> Result<(), Differ> {
        let mine = self.native.after_call();
        self.after(mine)
    }

    #[inline]
    fn step(&mut self, at: usize, op: &Op, touched: Touched, ends: bool, makes: Makes) -> Result<(), Differ> {
        present::set(at as u32);
        if let (true, Some(slot), Watch::Fast | Watch::Ends) = (ends, touched.used, self.watch) {
            self.same_session(slot)?;
        }
        if self.watch == Watch::Blame && !op.empties_queue() {
            self.other.plant_error();
        }
        match (touched.used, op.reads()) {
            (Some(slot), Some(field)) => self.same_field(slot, field)?,
            _ => self.call(op, makes)?,
        }
        if let (true, Some(slot)) = (ends, touched.used) {
            self.forget(slot);
        }
        self.deaths(self.plan.buries(op, ends, makes))?;
        for slot in [touched.made, touched.used].into_iter().flatten() {
            self.count(slot)?;
        }
        if let (Op::Dup { dst, src }, Makes::Session) = (op, makes) {
            self.same_dup(*dst, *src)?;
        }
        if self.watch == Watch::Blame { self.everything(op) } else { Ok(()) }
    }

    #[inline]
    fn call(&mut self, op: &Op, makes: Makes) -> Result<(), Differ> {
        let mut moment = Moment { passed: 0, last: false, tape: &mut self.tape };
        events::turn_to(NATIVE);
        let mine = self.native.call(op, &mut moment).detached();
        events::turn_to(OTHER);
        let Some(mine) = mine else { return self.same_copy(op) };
        let left = self.native.after_call();
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
        if left.raised || self.unasked == self.patience { self.after(left) } else { Ok(()) }
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

    /// Compares what the callbacks saw, and who was destroyed: `planned`: one was.
    #[inline]
    fn deaths(&mut self, planned: bool) -> Result<(), Differ> {
        let (same, deaths) = events::compare(self.plan.tells_ends);
        if same && (deaths == usize::from(planned) || !self.plan.tells_ends) { Ok(()) } else { Err(Differ) }
    }

    /// Compares the counts of what a slot holds with what the ledger says.
    #[inline]
    fn count(&mut self, slot: Slot) -> Result<(), Differ> {
        let owned = self.plan.ledger().references(slot);
        if owned == 0 {
            return Ok(());
        }
        let seen = [self.native.count(Place::Slot(slot)), self.other.count(Place::Slot(slot))];
        if seen.into_iter().flatten().all(|references| references == owned) { Ok(()) } else { Err(Differ) }
    }

    /// Compares every session in full, and finds out whether reading changed anything.
    fn everything(&mut self, op: &Op) -> Result<(), Differ> {
        if op.reads().is_some() {
            // What other calls leave was asked for.
            self.finish()?;
        }
        for slot in Slot::each() {
            if self.plan.ledger().references(slot) == 0 {
                continue;
            }
            self.same_session(slot)?;
            for other in Slot::each().into_iter().take(slot.index()) {
                if self.plan.ledger().references(other) != 0 && !self.other.shared(slot, other).is_empty() {
                    return Err(Differ);
                }
            }
        }
        for slot in Slot::each() {
            self.count(slot)?;
        }
        self.finish()
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

    /// Compares every field of a duplicate, with those of its source where it must be the same, and their buffers. Inlined it would
    /// be most of a step, and few steps duplicate.
    #[inline(never)]
    fn same_dup(&mut self, dst: Slot, src: Slot) -> Result<(), Differ> {
        if !self.native.shows_dup_as(dst, src, self.other, self.fields) {
            return Err(Differ);
        }
        let shared = self.other.shared(dst, src);
        if shared.is_empty() {
            return Ok(());
        }
        // A buffer of the source that is gone by now may have been where one of the duplicate is.
        for field in Field::OWN.iter().copied().filter(|field| shared.contains(*field)) {
            self.same_field(src, field)?;
        }
        if self.other.shared(dst, src).is_empty() { Ok(()) } else { Err(Differ) }
    }
}
