//! Makes and changes programs with the ledger in view, so that most calls have a session to work on.

mod block;
mod contexts;
mod handshake;
mod operand;
mod scenario;
mod serial;
mod slot;

use fastrand::Rng;

use crate::op::{ContextSlot, DatagramMethod, Kind, Op, Slot};
use crate::plan::{Kinds, Ledger, Setup};
use crate::program::{MAX_OPS, Program};

/// Limits the handshakes of a program that are drawn one by one.
const MOST_HANDSHAKES: usize = 128;
/// Says of how many programs that make handshakes one makes them over datagrams.
const DATAGRAMS: u8 = 16;
/// Says of how many contexts of such a program one is for TLS all the same.
const MIXED: u8 = 16;
/// Lists what is drawn where it does something alone, or in the place of something else: other keys show where a ticket comes back, and another
/// ticket where none is offered.
const IN_SCENARIOS: [Kind; 5] =
    [Kind::CtxSetTicketKeyCb, Kind::CtxNewDtls, Kind::SslSetTicketExt, Kind::Set1OwnId, Kind::Set1OwnIdContext];

/// Makes programs from a seed: the same seed, the same programs.
#[derive(Clone, Debug)]
pub struct Generator {
    rng: Rng,
    /// The kinds a program draws from.
    kinds: Vec<Kind>,
    setup: Setup,
    /// The bytes made last.
    last: Vec<u8>,
    /// Contexts and connections are used.
    shares: bool,
    /// Handshakes are made.
    talks: bool,
    /// Sessions are written and read.
    stores: bool,
    /// The contexts that programs make are for DTLS, most of them.
    datagrams: bool,
    /// The calls that come next, the last one first.
    ahead: Vec<Op>,
    which: Which,
}

/// What programs are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Sessions alone, or with contexts and connections, in turns.
    All,
    /// Sessions alone.
    Sessions,
    /// Contexts and what they have cached.
    Caches,
    /// Connections and their sessions.
    Connections,
    /// Handshakes and what they leave.
    Handshakes,
    /// Sessions as bytes.
    Stored,
}

impl Which {
    /// Holds all of them.
    pub const ALL: [Which; 6] =
        [Which::All, Which::Sessions, Which::Caches, Which::Connections, Which::Handshakes, Which::Stored];

    /// Finds the one of this name: that of the variant.
    pub fn from_name(name: &str) -> Option<Which> {
        Which::ALL.into_iter().find(|which| format!("{which:?}") == name)
    }

    /// Tells whether it has programs of this subject.
    pub fn has(self, subject: Subject) -> bool {
        match self {
            Which::All => true,
            Which::Sessions => subject == Subject::Sessions,
            Which::Caches => subject == Subject::Contexts,
            Which::Connections => matches!(subject, Subject::Contexts | Subject::Handshakes),
            Which::Stored => subject == Subject::Stored,
            Which::Handshakes => subject == Subject::Handshakes,
        }
    }
}

/// What one program may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Calls on sessions alone.
    Sessions,
    /// Calls on contexts and connections too.
    Contexts,
    /// Handshakes too.
    Handshakes,
    /// Calls on sessions, which are written and read.
    Stored,
}

impl Subject {
    /// Holds every subject.
    pub const ALL: [Subject; 4] = [Subject::Sessions, Subject::Contexts, Subject::Handshakes, Subject::Stored];

    /// Returns what a program does.
    pub fn of(program: &Program) -> Subject {
        let makes = |kind: Kind| program.ops.iter().any(|op| op.kind() == kind);
        let mut shared = program.ops.iter().map(Op::kind).filter(|kind| kind.is_shared()).peekable();
        match shared.peek().is_some() {
            _ if makes(Kind::Handshake) => Subject::Handshakes,
            true if shared.all(|kind| kind.is_serial() || kind.sets_clock()) => Subject::Stored,
            true => Subject::Contexts,
            false => Subject::Sessions,
        }
    }
}

impl Generator {
    /// Makes a generator of programs that run under `setup`.
    pub fn new(seed: u64, setup: Setup) -> Generator {
        Generator {
            rng: Rng::with_seed(seed),
            kinds: Vec::with_capacity(Kind::ALL.len()),
            setup,
            last: Vec::new(),
            shares: false,
            talks: false,
            stores: false,
            datagrams: false,
            ahead: Vec::new(),
            which: Which::All,
        }
    }

    /// Makes programs about this.
    pub fn about(self, which: Which) -> Generator {
        Generator { which, ..self }
    }

    /// Makes a program of at most `longest` ops. Each program draws from a share of all kinds only: what is never
    /// called together with something else is then called much more often with the rest.
    pub fn program(&mut self, longest: usize) -> Program {
        let subject = self.subject();
        self.program_about(subject, longest)
    }

    /// Makes a source of numbers of its own: what is drawn from it changes nothing of what is drawn besides.
    fn aside(&self) -> Rng {
        // Any constant will do: the next number as it is would draw the same once more.
        const OTHER: u64 = 0x9e37_79b9_7f4a_7c15;
        Rng::with_seed(self.rng.clone().u64(..) ^ OTHER)
    }

    /// Makes a program of at most `longest` ops about this. Now and then it makes its handshakes over datagrams, or a long one a crowd of
    /// cached sessions; the programs after it are those that come if it does not.
    pub fn program_about(&mut self, subject: Subject, longest: usize) -> Program {
        let mut aside = self.aside();
        let program = self.program_of_stream(subject, longest);
        if subject == Subject::Contexts && self.which != Which::Sessions && longest >= scenario::CROWDED && aside.bool()
        {
            return Generator { rng: aside, ..self.clone() }.crowded();
        }
        let can = subject == Subject::Handshakes && !self.setup.lacks.contains(Kind::CtxNewDtls);
        if !can || aside.u8(0..DATAGRAMS) > 0 {
            return program;
        }
        Generator { rng: aside, datagrams: true, ..self.clone() }.program_of_stream(subject, longest)
    }

    /// Makes the next program that its numbers come to.
    fn program_of_stream(&mut self, subject: Subject, longest: usize) -> Program {
        let share = self.rng.u8(1..=3);
        self.begin(subject);
        self.kinds.clear();
        let (lacks, shares) = (self.lacks(), self.shares);
        let drawn = |kind: Kind| !kind.is_serial() && (shares || !kind.is_shared()) && !IN_SCENARIOS.contains(&kind);
        let present = Kind::ALL.iter().filter(|kind| !lacks.contains(**kind) && drawn(**kind));
        self.kinds.extend(present.filter(|kind| is_ownership(**kind) || self.rng.u8(0..3) < share));
        if self.talks && longest >= scenario::FLUSHING && self.rng.u8(0..8) == 0 {
            return self.flushed();
        }
        let length = self.rng.usize(1..=longest.clamp(1, MAX_OPS));
        let mut ledger = Ledger::new(self.setup);
        let mut ops = Vec::with_capacity(length);
        let mut handshakes = 0;
        for _ in 0..length {
            let op = self.op(&ledger);
            let talks = op.kind() == Kind::Handshake;
            handshakes += usize::from(talks);
            // A context of the pool may have made some before, and 256 flush a cache.
            let one_more = talks && handshakes > MOST_HANDSHAKES;
            let op = if one_more { self.op_of(Kind::GetSession, &ledger) } else { op };
            let op = self.over_datagrams(op);
            // Now and then the same again, many times: counts that only large numbers reach.
            let times = if op.kind() == Kind::UpRef && self.rng.u8(0..64) == 0 { self.rng.usize(2..=300) } else { 1 };
            for _ in 0..times.min(length - ops.len()) {
                ledger.step(&op);
                ops.push(op.clone());
            }
            if ops.len() == length {
                break;
            }
        }
        if self.shares && self.rng.bool() {
            ops.extend(self.counters(&ledger).into_iter().take(longest.min(MAX_OPS) - ops.len()));
        }
        Program { ops }
    }

    /// Reads the counters of every context, from any of them on.
    fn counters(&mut self, ledger: &Ledger) -> Vec<Op> {
        let contexts = ContextSlot::all().filter(|c| ledger.shared().context(*c).is_some());
        let mut ops: Vec<Op> = contexts.flat_map(counters_of).collect();
        if !ops.is_empty() {
            let first = self.rng.usize(0..ops.len());
            ops.rotate_left(first);
        }
        ops
    }

    /// Changes `program`, and keeps it at most `longest` ops long: inserts, removes, replaces or repeats ops, or takes some
    /// of `other`.
    pub fn change(&mut self, program: &Program, other: &Program, longest: usize) -> Program {
        let subject = self.subject();
        self.change_about(subject, program, other, longest)
    }

    /// Changes `program` as [`Generator::change`] does, with ops about this.
    pub fn change_about(&mut self, subject: Subject, program: &Program, other: &Program, longest: usize) -> Program {
        let mut ops = program.ops.clone();
        self.begin(subject);
        self.kinds.clear();
        let lacks = self.lacks();
        let alone = self.which == Which::Sessions;
        let drawn = |kind: &Kind| !(lacks.contains(*kind) || alone && kind.is_shared() || IN_SCENARIOS.contains(kind));
        self.kinds.extend(Kind::ALL.iter().copied().filter(drawn));
        for _ in 0..self.rng.usize(1..=4) {
            let at = self.rng.usize(0..=ops.len());
            match self.rng.u8(0..7) {
                0..=2 => {
                    let op = self.op(&self.ledger_at(&ops[..at]));
                    ops.insert(at, op);
                }
                3 if at < ops.len() => drop(ops.remove(at)),
                4 if at < ops.len() => {
                    let ledger = self.ledger_at(&ops[..at]);
                    ops[at] = self.op_of(ops[at].kind(), &ledger);
                }
                5 if at < ops.len() => {
                    let op = ops[at].clone();
                    ops.insert(self.rng.usize(0..=ops.len()), op);
                }
                _ if !other.ops.is_empty() => {
                    let from = self.rng.usize(0..other.ops.len());
                    let to = self.rng.usize(from..=other.ops.len()).min(from + 16);
                    ops.splice(at..at, other.ops[from..to].iter().cloned());
                }
                _ => {}
            }
        }
        ops.truncate(longest.min(MAX_OPS));
        Program { ops }
    }

    /// Puts a run of the ops of `other` in the place of a run of those of `program`, and keeps it at most `longest` ops long.
    pub fn cross(&mut self, program: &Program, other: &Program, longest: usize) -> Program {
        let alone = self.which == Which::Sessions;
        let mut ops = program.ops.clone();
        let (out, taken) = (self.run_of(ops.len()), self.run_of(other.ops.len()));
        let fits = |op: &&Op| !(alone && op.is_shared());
        ops.splice(out, other.ops[taken].iter().filter(fits).cloned());
        ops.truncate(longest.min(MAX_OPS));
        Program { ops }
    }

    /// Draws a run of so many, every second time from the first one on: what comes later needs what was made before.
    fn run_of(&mut self, len: usize) -> std::ops::Range<usize> {
        let from = if self.rng.bool() { 0 } else { self.rng.usize(0..=len) };
        from..self.rng.usize(from..=len)
    }

    /// Draws what the next program is about.
    pub fn subject(&mut self) -> Subject {
        // Half of all programs are about sessions alone, a quarter of the others writes and reads them.
        if self.which == Which::Stored || self.which == Which::All && self.rng.u8(0..8) == 0 {
            return Subject::Stored;
        }
        let shares = match self.which {
            Which::All => self.rng.bool(),
            Which::Sessions | Which::Stored => false,
            Which::Caches | Which::Connections | Which::Handshakes => true,
        };
        let talks = match self.which {
            // A handshake takes as long as a thousand other calls: no more programs than find what there is to find.
            Which::All | Which::Connections => shares && self.rng.u8(0..4) == 0,
            Which::Sessions | Which::Caches | Which::Stored => false,
            Which::Handshakes => true,
        };
        match shares {
            _ if talks && !self.setup.lacks.contains(Kind::Handshake) => Subject::Handshakes,
            true => Subject::Contexts,
            false => Subject::Sessions,
        }
    }

    /// Begins a program about this.
    fn begin(&mut self, subject: Subject) {
        self.ahead.clear();
        self.shares = matches!(subject, Subject::Contexts | Subject::Handshakes);
        (self.talks, self.stores) = (subject == Subject::Handshakes, subject == Subject::Stored);
    }

    /// Makes the context for DTLS, most often, where the program is to make it and sends datagrams.
    fn over_datagrams(&mut self, op: Op) -> Op {
        let (true, Op::CtxNew { dst, method } | Op::CtxPooled { dst, method }) = (self.datagrams, &op) else {
            return op;
        };
        let (dst, method) = (*dst, *method);
        if self.rng.u8(0..MIXED) == 0 { op } else { Op::CtxNewDtls { dst, method: DatagramMethod::of(method) } }
    }

    /// Returns what is not called: what a port lacks, and what is a hazard by itself.
    fn lacks(&self) -> Kinds {
        if self.setup.hazards { self.setup.lacks } else { self.setup.lacks.with(Kind::Forget) }
    }

    /// Returns the ledger after these ops.
    fn ledger_at(&self, ops: &[Op]) -> Ledger {
        let mut ledger = Ledger::new(self.setup);
        for op in ops {
            ledger.step(op);
        }
        ledger
    }

    /// Draws an op that most likely runs after what `ledger` has seen.
    fn op(&mut self, ledger: &Ledger) -> Op {
        let share = if self.talks { 2 } else { 1 };
        if self.shares && self.rng.u8(0..3) < share {
            return self.shared_op(ledger);
        }
        if self.stores && (!self.ahead.is_empty() || self.rng.u8(0..3) == 0)
            || self.shares && self.ahead.is_empty() && self.rng.u8(0..24) == 0
        {
            return self.serial_op(ledger);
        }
        let live = Slot::all().filter(|slot| ledger.holds(*slot)).count();
        let kind = match self.rng.u8(0..16) {
            // Without a session nothing else runs; with many, one may go.
            _ if live == 0 && self.rng.u8(0..8) > 0 => self.one_of(&[Kind::New, Kind::New, Kind::SampleSession]),
            0 => self.one_of(&[Kind::New, Kind::SampleSession]),
            1 | 2 => Kind::Dup,
            3 => Kind::UpRef,
            4 | 5 => Kind::Free,
            // What a cache goes by.
            6 | 7 if self.shares => {
                self.one_of(&[Kind::Set1Id, Kind::Set1Id, Kind::SetProtocolVersion, Kind::SetTime, Kind::SetTimeout])
            }
            _ => self.kinds[self.rng.usize(0..self.kinds.len())],
        };
        self.op_of(kind, ledger)
    }

    /// Draws one of `all`.
    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.rng.usize(0..all.len())]
    }
}

/// Tells whether every program may call it. Of the other kinds a program has a share.
fn is_ownership(kind: Kind) -> bool {
    matches!(kind, Kind::New | Kind::Dup | Kind::UpRef | Kind::Free | Kind::SampleSession)
}

/// Changes the program in `data[..size]`, writes it into `data[..max_size]` and returns its length, as libFuzzer's custom
/// mutator. Leaves out ops that do not fit, from the end.
pub fn in_place(which: Which, data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let setup = Setup::new(true);
    let mut generator = Generator::new(u64::from(seed), setup).about(which);
    let old = Program::from_bytes(&data[..size.min(data.len())]);
    let changed = if old.ops.is_empty() { generator.program(8) } else { generator.change(&old, &old, MAX_OPS) };
    let room = max_size.min(data.len());
    put(&changed, &mut data[..room])
}

/// Makes a program of two, writes it into `out` and returns its length, as libFuzzer's custom crossover. Leaves out ops that do
/// not fit, from the end.
pub fn crossed(which: Which, first: &[u8], second: &[u8], out: &mut [u8], seed: u32) -> usize {
    let mut generator = Generator::new(u64::from(seed), Setup::new(true)).about(which);
    put(&generator.cross(&Program::from_bytes(first), &Program::from_bytes(second), MAX_OPS), out)
}

/// Writes the ops that there is room for, and returns how many bytes they take.
fn put(program: &Program, out: &mut [u8]) -> usize {
    let mut length = 0;
    let mut encoded = Vec::new();
    for op in &program.ops {
        encoded.clear();
        op.put_wire(&mut encoded);
        let Some(place) = out.get_mut(length..length + encoded.len()) else { break };
        place.copy_from_slice(&encoded);
        length += encoded.len();
    }
    length
}

/// Reads each counter that handshakes and caches change.
fn counters_of(c: ContextSlot) -> [Op; 9] {
    [
        Op::SessNumber { c },
        Op::SessConnect { c },
        Op::SessConnectGood { c },
        Op::SessAccept { c },
        Op::SessAcceptGood { c },
        Op::SessHits { c },
        Op::SessMisses { c },
        Op::SessTimeouts { c },
        Op::SessCacheFull { c },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETUP: Setup = Setup::new(true);

    #[test]
    fn every_kind_is_generated_and_most_ops_run() {
        let mut generator = Generator::new(1, SETUP);
        let mut seen = Kinds::default();
        let (mut all, mut run) = (0, 0);
        for _ in 0..2_000 {
            let mut plan = crate::plan::Plan::new(SETUP);
            let program = generator.program(32);
            plan.make(&program);
            seen = program.ops.iter().fold(seen, |seen, op| seen.with(op.kind()));
            all += program.ops.len();
            run += plan.planned();
        }
        // All but the one that leaks.
        assert_eq!(seen.iter().count(), Kind::ALL.len() - 1);
        assert!(run * 10 > all * 8, "{run} of {all} ops run");
    }

    #[test]
    fn the_same_seed_makes_the_same_programs() {
        let programs = |seed| {
            let mut generator = Generator::new(seed, SETUP);
            (0..20).map(|_| generator.program(40)).collect::<Vec<_>>()
        };
        assert_eq!(programs(7), programs(7));
        assert_ne!(programs(7), programs(8));
    }

    #[test]
    fn programs_of_sessions_alone_have_no_other_op() {
        let mut data = vec![0; 600];
        let mut size = 0;
        for seed in 0..2_000 {
            size = in_place(Which::Sessions, &mut data, size, 600, seed);
            let program = Program::from_bytes(&data[..size]);
            assert!(!program.ops.iter().any(Op::is_shared), "seed {seed}:\n{program}");
        }
    }

    #[test]
    fn a_mutation_in_place_stays_in_its_room_and_decodes_to_itself() {
        let mut data = vec![0; 600];
        let mut size = 0;
        for seed in 0..2_000 {
            let room = 20 + seed as usize % 400;
            size = in_place(Which::All, &mut data, size, room, seed);
            assert!(size <= room);
            let program = Program::from_bytes(&data[..size]);
            assert_eq!(program.to_wire(), &data[..size], "seed {seed}");
        }
    }

    #[test]
    fn a_crossing_stays_in_its_room_and_has_ops_of_both() {
        let mut generator = Generator::new(1, SETUP);
        let mut out = vec![0; 600];
        let (mut from_both, mut shared) = (0, 0);
        for seed in 0..500 {
            let [first, second] = [(); 2].map(|()| generator.program(24));
            let size = crossed(Which::All, &first.to_wire(), &second.to_wire(), &mut out, seed);
            let program = Program::from_bytes(&out[..size]);
            assert_eq!(program.to_wire(), &out[..size], "seed {seed}");
            assert!(program.ops.iter().all(|op| first.ops.contains(op) || second.ops.contains(op)), "seed {seed}");
            let only_in = |one: &Program, other: &Program| {
                program.ops.iter().any(|op| one.ops.contains(op) && !other.ops.contains(op))
            };
            from_both += usize::from(only_in(&first, &second) && only_in(&second, &first));
            let room = seed as usize % 100;
            assert!(crossed(Which::All, &first.to_wire(), &second.to_wire(), &mut out[..room], seed) <= room);
            let (alone, size) = (Program { ops: Vec::new() }.to_wire(), out.len());
            let size = crossed(Which::Sessions, &alone, &second.to_wire(), &mut out[..size], seed);
            assert!(!Program::from_bytes(&out[..size]).ops.iter().any(Op::is_shared), "seed {seed}");
            shared += usize::from(second.ops.iter().any(Op::is_shared));
        }
        assert!(from_both > 100, "{from_both} have ops of both");
        assert!(shared > 100, "{shared} had something to leave out");
    }

    #[test]
    fn names_are_those_of_the_variants() {
        for which in Which::ALL {
            assert_eq!(Which::from_name(&format!("{which:?}")), Some(which));
        }
        assert_eq!(Which::from_name("sessions"), None);
    }
}
