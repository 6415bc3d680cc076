//! Finds a planted bug: the native port with the bug is compared with the native port, from a fixed seed.

use sessdiff::exec::Watch;
use sessdiff::field::Field;
use sessdiff::generate::{Generator, Which};
use sessdiff::native::{Compression, Release};
use sessdiff::oracle::{Aspect, Divergence};
use sessdiff::pair::{Pair, Verdict};
use sessdiff::plan::Setup;
use sessdiff::port::mutant::{Bug, Mutant};
use sessdiff::port::native::NativePort;
use sessdiff::program::Program;
use sessdiff::samples;

pub const SETUP: Setup = Setup::new(true);
pub const SEED: u64 = 1;
/// A bug that takes more programs than this counts as missed.
pub const PROGRAMS: usize = 50_000;
pub const LONGEST: usize = 48;

pub type Sabotaged = Pair<NativePort, Mutant>;

pub fn sabotaged(bug: Bug) -> Sabotaged {
    sabotaged_as(bug, Release::V3_6_3)
}

/// The same, where both behave as another release. The native session can have a compression method where the linked library, and so
/// no sample, has none.
pub fn sabotaged_as(bug: Bug, release: Release) -> Sabotaged {
    let mutant = Mutant::new(bug, release, SETUP);
    mutant.set_compression(if needs_compression(bug) { Compression::Numbers } else { samples::COMPRESSION });
    Pair::new(NativePort::new(release, SETUP), mutant, SETUP.ex_data)
}

/// Tells whether a bug shows in sessions with a compression method alone.
pub fn needs_compression(bug: Bug) -> bool {
    matches!(bug.signature().aspect, Aspect::Field(_, Field::CompressId))
}

pub fn find(pair: &mut Sabotaged, seed: u64) -> Result<(Program, Divergence), String> {
    let mut generators = generators(seed);
    for number in 0..PROGRAMS {
        let program = generators[number / 4 % WHICH.len()].program(LONGEST);
        match pair.judge_watching(&program, watch(number)) {
            Verdict::Agree | Verdict::Known | Verdict::Nothing => {}
            Verdict::Diverge(found) => return Ok((program, found.divergence)),
            Verdict::Inconclusive(why) => return Err(format!("inconclusive: {why}\n{program}")),
        }
    }
    Err(format!("not found in {PROGRAMS} programs"))
}

/// What programs are about, in turns.
pub const WHICH: [Which; 5] = [Which::All, Which::Caches, Which::All, Which::Handshakes, Which::Stored];

pub fn generators(seed: u64) -> [Generator; WHICH.len()] {
    WHICH.map(|which| Generator::new(seed, SETUP).about(which))
}

/// In turns, as `run` does: some bugs show in one way of looking only.
pub fn watch(number: usize) -> Watch {
    match number % 4 {
        0 => Watch::Blame,
        1 => Watch::Ends,
        _ => Watch::Fast,
    }
}
