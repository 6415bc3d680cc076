//! The lint of ownership: what a program takes and never releases, in words.

use super::so_many;
use crate::plan::Owed;
use crate::program::Program;

/// Says what the program owns at its end: `the program never releases 1 reference to s0: taken in step 4, SSL_SESSION_up_ref(s0)`.
pub fn never_released(program: &Program, owed: &Owed) -> String {
    let taken = owed.taken.iter().map(|step| match program.ops.get(*step) {
        Some(op) => format!("in step {step}, {op}"),
        None => format!("in step {step}"),
    });
    let (references, taken) = (so_many(owed.references as u64, "reference"), taken.collect::<Vec<_>>().join("; "));
    let taken = if taken.is_empty() { taken } else { format!(": taken {taken}") };
    format!("the program never releases {references} to {}{taken}", owed.variable)
}
