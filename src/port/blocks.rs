//! Blocks of calls that run inside callbacks, the same on every port: which are set, what may be touched while a call of the program
//! runs, which of their calls are made, and what is recorded of them.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;

use super::events;
use super::native::seconds;
use crate::op::{BlockCall, BufferSlot, CONTEXTS, ContextSlot, Inner, NameBlock, NewBlock, RemoveBlock, Where};
use crate::plan::{Around, left_out};
use crate::trace::{Callback, Recorded, Tape, WRITTEN_IN_BLOCK};

thread_local! {
    /// Holds the blocks of contexts, by address. It has no destructor: a library calls back when a thread has ended, too.
    static SET: RefCell<ManuallyDrop<Blocks>> =
        const { RefCell::new(ManuallyDrop::new(Blocks { remove: Vec::new(), new: Vec::new(), name: Vec::new() })) };
    /// Says what may be touched now.
    static SCOPE: Cell<Scope> = const { Cell::new(Scope::CLOSED) };
    /// Tells whether a block runs.
    static RUNS: Cell<bool> = const { Cell::new(false) };
    /// Lists what blocks wrote during the call that runs.
    static WRITTEN: RefCell<ManuallyDrop<Vec<Written>>> =
        const { RefCell::new(ManuallyDrop::new(Vec::new())) };
}

/// Holds what a block wrote, and for which variable.
type Written = (BufferSlot, Vec<u8>);

struct Blocks {
    remove: Vec<(usize, RemoveBlock)>,
    new: Vec<(usize, NewBlock)>,
    name: Vec<(usize, NameBlock)>,
}

/// Says what blocks may touch while a call of the program runs.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Gives the address of each context that a variable holds and goes on to hold; 0: there is none.
    pub contexts: [usize; CONTEXTS],
    /// Gives the address of each context that a variable holds; 0: there is none.
    pub held: [usize; CONTEXTS],
    /// Counts the seconds since the program began.
    pub passed: u64,
    /// Tells whether callbacks tell when a context is destroyed.
    pub told: bool,
    /// Tells whether every cache that there is is known.
    pub knows_caches: bool,
    /// A handshake is made: bytes of sessions are not the same on every port before it is over.
    pub talks: bool,
    /// The program runs.
    pub open: bool,
}

impl Scope {
    /// Nothing runs.
    pub const CLOSED: Scope = Scope {
        contexts: [0; CONTEXTS],
        held: [0; CONTEXTS],
        passed: 0,
        told: false,
        knows_caches: false,
        talks: false,
        open: false,
    };
}

/// Begins a program: nothing is set.
pub fn begin() {
    SET.with_borrow_mut(|set| {
        set.remove.clear();
        set.new.clear();
        set.name.clear();
    });
    SCOPE.set(Scope::CLOSED);
    RUNS.set(false);
    WRITTEN.with_borrow_mut(|written| written.clear());
}

/// Says what blocks may touch from here on.
pub fn allow(scope: Scope) {
    SCOPE.set(scope);
}

/// Sets what runs when a session leaves the cache of the context at this address.
pub(super) fn set_remove(context: usize, block: &RemoveBlock) {
    SET.with_borrow_mut(|set| {
        set.remove.retain(|(of, _)| *of != context);
        set.remove.push((context, block.clone()));
    });
}

/// Sets what runs when the context at this address is told of a session.
pub(super) fn set_new(context: usize, block: &NewBlock) {
    SET.with_borrow_mut(|set| {
        set.new.retain(|(of, _)| *of != context);
        set.new.push((context, block.clone()));
    });
}

/// Returns what runs when a session leaves the cache of a context.
pub(super) fn remove_of(context: usize) -> RemoveBlock {
    let find =
        |set: &ManuallyDrop<Blocks>| set.remove.iter().find(|(of, _)| *of == context).map(|(_, block)| block.clone());
    SET.with_borrow(find).unwrap_or_default()
}

/// Returns what runs when a context is told of a session.
pub(super) fn new_of(context: usize) -> NewBlock {
    let find =
        |set: &ManuallyDrop<Blocks>| set.new.iter().find(|(of, _)| *of == context).map(|(_, block)| block.clone());
    SET.with_borrow(find).unwrap_or_default()
}

/// Sets what a server does when its client has asked the context at this address for a name.
pub(super) fn set_name(context: usize, block: NameBlock) {
    SET.with_borrow_mut(|set| {
        set.name.retain(|(of, _)| *of != context);
        set.name.push((context, block));
    });
}

/// Returns what a server does when its client has asked a context for a name.
pub(super) fn name_of(context: usize) -> Option<NameBlock> {
    SET.with_borrow(|set| set.name.iter().find(|(of, _)| *of == context).map(|(_, block)| *block))
}

/// Is told of a callback for names that moves nobody: it is called for a client.
pub(super) const STAYS: u32 = 0;
/// Is told where a server is moved.
pub(super) const MOVES: u32 = 1;
/// Is told where no variable holds the context that a server would be moved to.
pub(super) const NOWHERE: u32 = 2;

/// Returns the address of the context that a variable holds while a callback runs; 0: it holds none.
pub(super) fn held_by(c: ContextSlot) -> usize {
    let scope = SCOPE.get();
    if scope.open { scope.contexts[c.index()] } else { 0 }
}

/// A call with everything that it needs besides its session.
#[derive(Clone, Copy)]
pub(super) struct Calling {
    pub call: BlockCall,
    /// The address of the context that it is made on, or 0.
    pub context: usize,
    /// The time that it names, in seconds since 1970.
    pub time: i64,
}

/// What a port does inside a callback.
pub(super) trait Port {
    /// Tells whether there is the session, and somebody holds it.
    fn has(&self, of: Inner) -> bool;
    /// Tells whether a context that lives, other than this one, has cached the session.
    fn is_cached_but_in(&self, context: usize, of: Inner) -> bool;
    /// Makes the call; returns what it returned, and 1 or 0 for a pointer and for bytes.
    fn make(&mut self, calling: Calling) -> i64;
}

/// Runs the calls of a block inside a callback of the context at this address. Inside another block it does nothing.
pub(super) fn run(context: usize, calls: &[BlockCall], port: &mut dyn Port) {
    let scope = SCOPE.get();
    if calls.is_empty() || !scope.open || RUNS.replace(true) {
        return;
    }
    for (at, call) in (0..).zip(calls) {
        let target = call.context().map_or(0, |of| target(of, context, &scope));
        let why = left_out(*call, &Here { port, target, scope });
        let returned = match why {
            Some(_) => 0,
            None => port.make(Calling { call: *call, context: target, time: time(*call, &scope) }) as u64,
        };
        let [low, high] = [returned as u32, (returned >> 32) as u32];
        events::called(Callback::Block, [at, call.code().into(), low, high, why.map_or(0, |why| why as u32)]);
    }
    RUNS.set(false);
}

/// Returns the address of the context that a call names, if a variable holds it.
fn target(named: Where, own: usize, scope: &Scope) -> usize {
    match named {
        Where::Own => {
            if scope.contexts.contains(&own) {
                own
            } else {
                0
            }
        }
        Where::Variable(c) => scope.contexts[c.index()],
    }
}

fn time(call: BlockCall, scope: &Scope) -> i64 {
    match call {
        BlockCall::SetTime { time, .. } | BlockCall::Flush { time, .. } => seconds(time, scope.passed),
        BlockCall::SetTimeout { timeout, .. } => timeout,
        BlockCall::UpRef { .. }
        | BlockCall::Free { .. }
        | BlockCall::Dup { .. }
        | BlockCall::GetTimeout { .. }
        | BlockCall::GetTime { .. }
        | BlockCall::GetProtocolVersion { .. }
        | BlockCall::IsResumable { .. }
        | BlockCall::Add { .. }
        | BlockCall::Remove { .. }
        | BlockCall::Number { .. }
        | BlockCall::ToDer { .. } => 0,
    }
}

struct Here<'a> {
    port: &'a dyn Port,
    target: usize,
    scope: Scope,
}

impl Around for Here<'_> {
    fn has(&self, of: Inner) -> bool {
        self.port.has(of)
    }

    fn holds_context(&self) -> bool {
        self.target != 0
    }

    fn is_cached_elsewhere(&self, of: Inner) -> bool {
        !self.scope.knows_caches || self.port.is_cached_but_in(self.target, of)
    }
}

/// Tells whether a handshake is made.
#[cfg(feature = "linked")]
pub(super) fn talks() -> bool {
    SCOPE.get().talks
}

/// Gives the address of each context that lives, of those that are known.
#[cfg(feature = "linked")]
pub(super) fn living() -> Vec<usize> {
    let scope = SCOPE.get();
    match scope.told {
        true => (0..).map_while(events::context_at).collect(),
        false => scope.held.into_iter().filter(|held| *held != 0).collect(),
    }
}

/// Returns what is compared of a duplicate, which nobody looks at before a variable has it: 1, and 2 more where it can be resumed. What the
/// session was when it was duplicated depends on where the callback is called.
pub(super) const fn copied(resumable: bool) -> i64 {
    if resumable { 3 } else { 1 }
}

/// Writes the DER of a session for a variable, which gets it when the call of the program is over. Returns what is compared: of bytes
/// that are the same on every port a digest.
pub(super) fn write(b: BufferSlot, der: Option<Vec<u8>>) -> i64 {
    let digest = match &der {
        Some(der) if !SCOPE.get().talks => i64::from(events::key(0, der)) << 1 | 1,
        Some(_) => 1,
        None => 0,
    };
    WRITTEN.with_borrow_mut(|written| written.push((b, der.unwrap_or_default())));
    digest
}

/// Takes what blocks wrote during a call.
pub(super) fn take_written() -> Vec<Written> {
    WRITTEN.with_borrow_mut(|written| std::mem::take(&mut **written))
}

/// Records on the tape what blocks wrote during a handshake, which draws some of it.
#[cfg(feature = "linked")]
pub(super) fn record_written(tape: &mut Tape) {
    WRITTEN.with_borrow(|written| {
        for ((_, der), of) in written.iter().zip(0..) {
            tape.record(WRITTEN_IN_BLOCK - of, Recorded { ticket: der.clone(), ..Recorded::default() });
        }
    });
}

/// Takes from the tape what blocks wrote during a handshake, or records it where nothing is played.
pub(super) fn play_written(tape: &mut Tape) {
    WRITTEN.with_borrow_mut(|written| {
        for ((_, der), of) in written.iter_mut().zip(0..) {
            match tape.of(WRITTEN_IN_BLOCK - of) {
                Some(recorded) => der.clone_from(&recorded.ticket),
                None if tape.plays() => {}
                None => tape.record(WRITTEN_IN_BLOCK - of, Recorded { ticket: der.clone(), ..Recorded::default() }),
            }
        }
    });
}
