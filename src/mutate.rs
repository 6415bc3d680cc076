//! Makes and changes programs with the ledger in view, so that most calls have a session to work on.

mod handshake;
mod scene;
mod sharing;

use fastrand::Rng;

use crate::op::{
    Bytes, CString, Cipher, ExIndex, Kind, MAX_BYTES, Number, Op, ProtocolVersion, Room, Sample, Slot, Time,
};
use crate::plan::{Kinds, Ledger, Setup};
use crate::program::{MAX_OPS, Program};

/// Lengths around every limit of the API: ids 32, master keys 64, 256, 512, and what surrounds them.
const LENGTHS: &[usize] = &[0, 1, 2, 7, 8, 9, 31, 32, 33, 48, 63, 64, 65, 255, 256, 257, 511, 512, 513, MAX_BYTES];
/// Seconds at which some release's arithmetic turns: 32 bits, 2^64 nanoseconds, the ends of 64 bits.
const SECONDS: &[i64] = &[
    0,
    1,
    -1,
    -5,
    300,
    304,
    7_200,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_ffff_ffff,
    0x1_2345_6789,
    9_223_372_036,
    9_223_372_037,
    18_446_744_073,
    18_446_744_074,
    i64::MAX,
    i64::MAX - 1,
    i64::MIN,
    i64::MIN + 1,
];
const VERSIONS: &[i32] =
    &[0, 1, -1, 0x0300, 0x0301, 0x0303, 0x0304, 0x0305, 0xfeff, 0xfefd, 0x1_0304, i32::MAX, i32::MIN];

/// Bytes that an implementation may treat as special.
const WORDS: &[&str] = &["h2", "http/1.1", "h3", "localhost", "www.example.org", "127.0.0.1", "a\0b", "\0"];
const EARLY_DATA: &[u32] = &[0, 1, 16_383, 16_384, 16_385, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, u32::MAX];

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
}

impl Generator {
    /// Of programs that run under `setup`.
    pub fn new(seed: u64, setup: Setup) -> Generator {
        Generator {
            rng: Rng::with_seed(seed),
            kinds: Vec::with_capacity(Kind::ALL.len()),
            setup,
            last: Vec::new(),
            shares: false,
            talks: false,
            ahead: Vec::new(),
            which: Which::All,
        }
    }

    /// Of programs that are about this.
    pub fn about(self, which: Which) -> Generator {
        Generator { which, ..self }
    }

    /// A new program of at most `longest` ops. Each program draws from a share of all kinds only: what is never
    /// called together with something else is then called much more often with the rest.
    pub fn program(&mut self, longest: usize) -> Program {
        let share = self.rng.u8(1..=3);
        self.choose_whether_to_share();
        self.kinds.clear();
        let (lacks, shares) = (self.lacks(), self.shares);
        let present = Kind::ALL.iter().filter(|kind| !lacks.contains(**kind) && (shares || !kind.is_shared()));
        self.kinds.extend(present.filter(|kind| is_ownership(**kind) || self.rng.u8(0..3) < share));
        let length = self.rng.usize(1..=longest.clamp(1, MAX_OPS));
        let mut ledger = Ledger::new(self.setup);
        let mut ops = Vec::with_capacity(length);
        for _ in 0..length {
            let op = self.op(&ledger);
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
        Program { ops }
    }

    /// A change of `program`, at most `longest` ops long: some of insert, remove, replace, repeat, move, splice.
    pub fn change(&mut self, program: &Program, other: &Program, longest: usize) -> Program {
        let mut ops = program.ops.clone();
        self.choose_whether_to_share();
        self.kinds.clear();
        let lacks = self.lacks();
        let alone = self.which == Which::Sessions;
        self.kinds.extend(Kind::ALL.iter().filter(|kind| !lacks.contains(**kind) && !(alone && kind.is_shared())));
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

    /// What is not called: what a port lacks, and what is a hazard by itself.
    fn lacks(&self) -> Kinds {
        if self.setup.hazards { self.setup.lacks } else { self.setup.lacks.with(Kind::Forget) }
    }

    fn ledger_at(&self, ops: &[Op]) -> Ledger {
        let mut ledger = Ledger::new(self.setup);
        for op in ops {
            ledger.step(op);
        }
        ledger
    }

    /// One op that most likely runs after what `ledger` has seen.
    fn op(&mut self, ledger: &Ledger) -> Op {
        let share = if self.talks { 2 } else { 1 };
        if self.shares && self.rng.u8(0..3) < share {
            return self.shared_op(ledger);
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

    fn op_of(&mut self, kind: Kind, ledger: &Ledger) -> Op {
        match kind {
            Kind::New => Op::New { dst: self.empty(ledger) },
            Kind::SampleSession => Op::SampleSession { dst: self.empty(ledger), sample: self.one_of(Sample::ALL) },
            Kind::Dup => Op::Dup { dst: self.empty(ledger), src: self.live(ledger) },
            Kind::UpRef => Op::UpRef { s: self.live(ledger) },
            Kind::Free => Op::Free { s: self.live_or_null(ledger) },
            Kind::Set1Id => Op::Set1Id { s: self.live(ledger), id: self.bytes() },
            Kind::GetId => Op::GetId { s: self.live(ledger) },
            Kind::Set1IdContext => Op::Set1IdContext { s: self.live(ledger), context: self.bytes() },
            Kind::Get0IdContext => Op::Get0IdContext { s: self.live(ledger) },
            Kind::SetTime => Op::SetTime { s: self.live_or_null(ledger), time: self.time() },
            Kind::GetTime => Op::GetTime { s: self.live_or_null(ledger) },
            Kind::SetTimeEx => Op::SetTimeEx { s: self.live_or_null(ledger), time: self.time() },
            Kind::GetTimeEx => Op::GetTimeEx { s: self.live_or_null(ledger) },
            Kind::SetTimeout => Op::SetTimeout { s: self.live_or_null(ledger), timeout: self.seconds() },
            Kind::GetTimeout => Op::GetTimeout { s: self.live_or_null(ledger) },
            Kind::SetProtocolVersion => Op::SetProtocolVersion { s: self.live(ledger), version: self.version() },
            Kind::GetProtocolVersion => Op::GetProtocolVersion { s: self.live(ledger) },
            Kind::SetCipher => {
                let cipher = (self.rng.u8(0..6) > 0).then(|| self.one_of(Cipher::ALL));
                Op::SetCipher { s: self.live(ledger), cipher }
            }
            Kind::Get0Cipher => Op::Get0Cipher { s: self.live(ledger) },
            Kind::Set1MasterKey => Op::Set1MasterKey { s: self.live(ledger), key: self.bytes() },
            Kind::GetMasterKey => Op::GetMasterKey { s: self.live(ledger), room: Room::at_most(self.length() as u16) },
            Kind::Set1Hostname => Op::Set1Hostname { s: self.live(ledger), hostname: self.c_string() },
            Kind::Get0Hostname => Op::Get0Hostname { s: self.live(ledger) },
            Kind::Set1AlpnSelected => Op::Set1AlpnSelected { s: self.live(ledger), alpn: self.bytes() },
            Kind::Get0AlpnSelected => Op::Get0AlpnSelected { s: self.live(ledger) },
            Kind::SetMaxEarlyData => {
                let shifted = self.rng.u32(..) >> self.rng.u8(0..32);
                let bytes = if self.rng.bool() { shifted } else { self.one_of(EARLY_DATA) };
                Op::SetMaxEarlyData { s: self.live(ledger), bytes }
            }
            Kind::GetMaxEarlyData => Op::GetMaxEarlyData { s: self.live(ledger) },
            Kind::Set1TicketAppdata => Op::Set1TicketAppdata { s: self.live(ledger), data: self.bytes() },
            Kind::Get0TicketAppdata => Op::Get0TicketAppdata { s: self.live(ledger) },
            Kind::HasTicket => Op::HasTicket { s: self.live(ledger) },
            Kind::Get0Ticket => Op::Get0Ticket { s: self.live(ledger) },
            Kind::GetTicketLifetimeHint => Op::GetTicketLifetimeHint { s: self.live(ledger) },
            Kind::GetCompressId => Op::GetCompressId { s: self.live(ledger) },
            Kind::GetMaxFragmentLength => Op::GetMaxFragmentLength { s: self.live(ledger) },
            Kind::Get0Peer => Op::Get0Peer { s: self.live(ledger) },
            Kind::IsResumable => Op::IsResumable { s: self.live(ledger) },
            Kind::SetExData => {
                let value = Number(if self.rng.bool() { self.rng.u64(0..4) } else { self.rng.u64(..) });
                Op::SetExData { s: self.live(ledger), index: self.one_of(ExIndex::ALL), value }
            }
            Kind::GetExData => Op::GetExData { s: self.live(ledger), index: self.one_of(ExIndex::ALL) },
            shared => self.shared_op_of(shared, ledger),
        }
    }

    /// A slot that owns something, if there is one; now and then any slot.
    fn live(&mut self, ledger: &Ledger) -> Slot {
        self.slot_where(|slot| ledger.holds(slot))
    }

    fn empty(&mut self, ledger: &Ledger) -> Slot {
        self.slot_where(|slot| !ledger.holds(slot))
    }

    fn slot_where(&mut self, wanted: impl Fn(Slot) -> bool) -> Slot {
        let any = Slot::wrapping(self.rng.u8(..));
        if self.rng.u8(0..32) == 0 {
            return any;
        }
        // From a random slot on, the first that is wanted.
        let from_here = (0..crate::op::SLOTS).map(|step| Slot::wrapping((any.index() + step) as u8));
        from_here.into_iter().find(|slot| wanted(*slot)).unwrap_or(any)
    }

    fn live_or_null(&mut self, ledger: &Ledger) -> Option<Slot> {
        (self.rng.u8(0..24) > 0).then(|| self.live(ledger))
    }

    fn version(&mut self) -> ProtocolVersion {
        let few = self.shares && self.rng.u8(0..4) > 0;
        ProtocolVersion(self.one_of(if few { sharing::VERSIONS } else { VERSIONS }))
    }

    fn length(&mut self) -> usize {
        match self.rng.u8(0..8) {
            0 => self.rng.usize(0..=MAX_BYTES),
            1..=4 => self.rng.usize(0..=40),
            _ => self.one_of(LENGTHS),
        }
    }

    fn raw(&mut self) -> Option<Vec<u8>> {
        if self.rng.u8(0..12) == 0 {
            return None;
        }
        if self.shares && self.rng.bool() {
            return Some(self.one_of(sharing::IDS).to_vec());
        }
        let mut bytes = match self.rng.u8(0..8) {
            0 => self.one_of(WORDS).as_bytes().to_vec(),
            // Nearly what some call before had.
            1 | 2 if !self.last.is_empty() => {
                let mut bytes = self.last.clone();
                let at = self.rng.usize(0..bytes.len());
                bytes[at] ^= 1 << self.rng.u8(0..8);
                bytes
            }
            3 => (0..self.length()).map(|_| self.rng.u8(..)).collect(),
            _ => {
                let (first, step) = (self.rng.u8(..), self.rng.u8(0..2));
                (0..self.length()).map(|at| first.wrapping_add(step.wrapping_mul(at as u8))).collect()
            }
        };
        bytes.truncate(MAX_BYTES);
        self.last.clone_from(&bytes);
        Some(bytes)
    }

    fn bytes(&mut self) -> Bytes {
        self.raw().map_or(Bytes::NULL, |bytes| Bytes::new(&bytes))
    }

    fn c_string(&mut self) -> CString {
        self.raw().map_or(CString::NULL, |bytes| CString::new(&bytes))
    }

    fn seconds(&mut self) -> i64 {
        if self.shares && self.rng.bool() {
            return self.one_of(sharing::SECONDS);
        }
        if self.rng.u8(0..4) == 0 { self.rng.i64(..) >> self.rng.u8(0..64) } else { self.one_of(SECONDS) }
    }

    fn time(&mut self) -> Time {
        if self.shares && self.rng.bool() {
            return Time::Now(self.one_of(sharing::SECONDS));
        }
        if self.rng.u8(0..4) == 0 { Time::Now(self.rng.i64(-400..400)) } else { Time::At(self.seconds()) }
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.rng.usize(0..all.len())]
    }
}

fn is_ownership(kind: Kind) -> bool {
    matches!(kind, Kind::New | Kind::Dup | Kind::UpRef | Kind::Free | Kind::SampleSession)
}

/// libFuzzer's custom mutator: changes the program in `data[..size]`, writes it into `data[..max_size]` and returns its
/// length. Ops that do not fit are left out, from the end.
pub fn in_place(which: Which, data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let setup = Setup { ex_data: true, lacks: Kinds::default(), hazards: false };
    let mut generator = Generator::new(u64::from(seed), setup).about(which);
    let old = Program::from_bytes(&data[..size.min(data.len())]);
    let changed = if old.ops.is_empty() { generator.program(8) } else { generator.change(&old, &old, MAX_OPS) };
    let room = max_size.min(data.len());
    let mut length = 0;
    let mut encoded = Vec::new();
    for op in &changed.ops {
        encoded.clear();
        op.put_wire(&mut encoded);
        let Some(place) = data[..room].get_mut(length..length + encoded.len()) else { break };
        place.copy_from_slice(&encoded);
        length += encoded.len();
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETUP: Setup = Setup { ex_data: true, lacks: Kinds::NONE, hazards: false };

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
}
