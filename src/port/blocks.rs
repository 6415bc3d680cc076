//! Blocks of calls that run inside callbacks, the same on every port: which are set, what may be touched while a call of the program
//! runs, which of their calls are made, what they give the library, and what is recorded of them.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;

use super::events;
use crate::op::{
    BUFFERS, BlockCall, BufferSlot, CONTEXTS, ContextSlot, CopyFlag, GetBlock, Inner, NameBlock, NewBlock, PskBlock,
    RemoveBlock, SLOTS, Source, Where,
};
use crate::plan::clock::seconds;
use crate::plan::{Around, Giving, left_out, not_given};
use crate::trace::{Callback, Recorded, Tape, WRITTEN_IN_BLOCK};

thread_local! {
    /// Holds the blocks of contexts, by address. It has no destructor: a library calls back when a thread has ended, too.
    static SET: RefCell<ManuallyDrop<Blocks>> =
        const { RefCell::new(ManuallyDrop::new(Blocks::NONE)) };
    /// Says what may be touched now.
    static SCOPE: Cell<Scope> = const { Cell::new(Scope::CLOSED) };
    /// Tells whether a block runs.
    static RUNS: Cell<bool> = const { Cell::new(false) };
    /// Lists what blocks wrote during the call that runs.
    static WRITTEN: RefCell<ManuallyDrop<Vec<Written>>> =
        const { RefCell::new(ManuallyDrop::new(Vec::new())) };
    /// Holds the bytes of each variable that a block makes a session of, as they are when a handshake begins.
    static LENT: RefCell<ManuallyDrop<[Vec<u8>; BUFFERS]>> =
        const { RefCell::new(ManuallyDrop::new([const { Vec::new() }; BUFFERS])) };
}

/// Holds what a block wrote, and for which variable.
type Written = (BufferSlot, Vec<u8>);

struct Blocks {
    remove: Vec<(usize, RemoveBlock)>,
    new: Vec<(usize, NewBlock)>,
    get: Vec<(usize, GetBlock)>,
    /// Connections go on with what their contexts had when they were made: these have no context, but a number.
    psk: Vec<PskBlock>,
    name: Vec<(usize, NameBlock)>,
}

impl Blocks {
    const NONE: Blocks =
        Blocks { remove: Vec::new(), new: Vec::new(), get: Vec::new(), psk: Vec::new(), name: Vec::new() };

    fn clear(&mut self) {
        self.remove.clear();
        self.new.clear();
        self.get.clear();
        self.psk.clear();
        self.name.clear();
    }

    /// Lists which sessions the blocks are about whose callbacks are told of none.
    fn sources(&self) -> impl Iterator<Item = Source> {
        self.get.iter().map(|(_, block)| block.source).chain(self.psk.iter().map(|block| block.source))
    }
}

/// Says what blocks may touch while a call of the program runs.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Gives the address of each context that a variable holds and goes on to hold; 0: there is none.
    pub contexts: [usize; CONTEXTS],
    /// Gives the address of each context that a variable holds; 0: there is none.
    pub held: [usize; CONTEXTS],
    /// Gives the address of each session that a variable owns and that a handshake can go by; 0: there is none.
    pub sessions: [usize; SLOTS],
    /// Has one bit for each byte variable of whose bytes such a session can be made.
    pub bytes: u8,
    /// Tells whether what callbacks kept is as handshakes made it.
    pub trusts: bool,
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
        sessions: [0; SLOTS],
        bytes: 0,
        trusts: false,
        passed: 0,
        told: false,
        knows_caches: false,
        talks: false,
        open: false,
    };
}

/// Begins a program: nothing is set.
pub fn begin() {
    SET.with_borrow_mut(|set| set.clear());
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

/// Sets what runs when the context at this address is asked for a session.
pub(super) fn set_get(context: usize, block: &GetBlock) {
    SET.with_borrow_mut(|set| {
        set.get.retain(|(of, _)| *of != context);
        set.get.push((context, block.clone()));
    });
}

/// Limits the blocks of one program that are for sessions which were agreed on: those after them are in the place of the first ones.
pub(super) const PSK_BLOCKS: usize = 8;

/// Sets what runs when a session is asked for that was agreed on. Returns its number, below [`PSK_BLOCKS`].
pub(super) fn set_psk(block: &PskBlock) -> usize {
    SET.with_borrow_mut(|set| {
        set.psk.push(block.clone());
        let number = set.psk.len() - 1;
        if number >= PSK_BLOCKS {
            set.psk.swap_remove(number % PSK_BLOCKS);
        }
        number % PSK_BLOCKS
    })
}

/// Returns what runs when a session is asked for that was agreed on, by its number.
pub(super) fn psk_of(number: usize) -> PskBlock {
    SET.with_borrow(|set| set.psk.get(number).cloned()).unwrap_or_default()
}

/// Returns what runs when a context is asked for a session.
pub(super) fn get_of(context: usize) -> GetBlock {
    let find =
        |set: &ManuallyDrop<Blocks>| set.get.iter().find(|(of, _)| *of == context).map(|(_, block)| block.clone());
    SET.with_borrow(find).unwrap_or_default()
}

/// Tells whether a block that is set names a session variable.
pub(super) fn name_sessions() -> bool {
    SET.with_borrow(|set| set.sources().any(|source| matches!(source, Source::Variable(_))))
}

/// Lends blocks the bytes of the variables of which they make sessions.
pub(super) fn lend_bytes<'a>(bytes_of: impl Fn(BufferSlot) -> &'a [u8]) {
    SET.with_borrow(|set| {
        for source in set.sources() {
            if let Source::Bytes(b) = source {
                LENT.with_borrow_mut(|lent| bytes_of(b).clone_into(&mut lent[b.index()]));
            }
        }
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

/// Says which session a block is about, as a port finds or makes it.
pub(super) enum Named {
    /// There is none.
    Nothing,
    /// It is the first that the new callback of the same context kept.
    Kept,
    /// It is the one at this address, which a variable of the program owns.
    Owned(usize),
    /// It is made of this DER.
    Bytes(Vec<u8>),
    /// It is made as a session that was agreed on elsewhere.
    Agreed,
}

/// Finds out which session a block is about.
pub(super) fn named(source: Source) -> Named {
    let scope = SCOPE.get();
    match source {
        Source::Kept if scope.trusts => Named::Kept,
        Source::Variable(s) if scope.sessions[s.index()] != 0 => Named::Owned(scope.sessions[s.index()]),
        Source::Bytes(b) if scope.bytes & 1 << b.index() != 0 => {
            Named::Bytes(LENT.with_borrow(|lent| lent[b.index()].clone()))
        }
        Source::Agreed if scope.open => Named::Agreed,
        Source::Nothing | Source::Kept | Source::Variable(_) | Source::Bytes(_) | Source::Agreed => Named::Nothing,
    }
}

/// Returns what a get callback gives.
pub(super) fn giving(block: &GetBlock) -> Option<Giving> {
    let away = block.copy == CopyFlag::Gives;
    block.returns.map(|of| Giving { of, away, sound: block.is_sound(), caches: true, tls13: false })
}

/// Returns what a callback gives that is for sessions which were agreed on.
pub(super) fn giving_psk(block: &PskBlock) -> Option<Giving> {
    block.returns.map(|of| Giving { of, away: true, sound: block.is_sound(), caches: false, tls13: true })
}

/// Finds out whether a callback of the context at this address gives the session, after so many calls, and records it.
pub(super) fn gives(context: usize, giving: Option<Giving>, calls: usize, port: &dyn Port) -> Option<Inner> {
    let scope = SCOPE.get();
    let why = giving.and_then(|giving| not_given(giving, &Here { port, target: context, scope }));
    let given = giving.filter(|_| scope.open && why.is_none()).map(|giving| giving.of);
    let number = given.map_or(0, |of| of as u32 + 1);
    let why = why.map_or(0, |why| why as u32);
    events::called(Callback::Block, [calls as u32, BlockCall::RETURN.into(), number, 0, why]);
    given
}

/// What a port does inside a callback.
pub(super) trait Port {
    /// Tells whether there is the session, and somebody holds it.
    fn has(&self, of: Inner) -> bool;
    /// Tells whether it has a cipher suite and a key and, where that is asked, is of TLS 1.3.
    fn fits(&self, of: Inner, tls13: bool) -> bool;
    /// Tells whether the harness keeps a reference to it.
    fn keeps(&self, of: Inner) -> bool;
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

/// Lets blocks run inside the block that runs, while `act` is done: they are called back without end where they do the same.
#[cfg(feature = "linked")]
pub(super) fn nested<R>(act: impl FnOnce() -> R) -> R {
    let ran = RUNS.replace(false);
    let done = act();
    RUNS.set(ran);
    done
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
        | BlockCall::ToDer { .. }
        | BlockCall::FreeBorrowed { .. }
        | BlockCall::KeepBorrowed { .. }
        | BlockCall::AddAnyway { .. }
        | BlockCall::AddAndRemove { .. } => 0,
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

    fn fits(&self, of: Inner, tls13: bool) -> bool {
        self.port.fits(of, tls13)
    }

    fn keeps(&self, of: Inner) -> bool {
        self.port.keeps(of)
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
