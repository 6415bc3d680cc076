//! What is said of a finding and of a run.

#[cfg(feature = "cli")]
mod causes;
#[cfg(feature = "cli")]
mod check;
mod divergence;
#[cfg(feature = "cli")]
mod json;
#[cfg(feature = "cli")]
mod junit;
#[cfg(feature = "cli")]
mod matrix;
#[cfg(feature = "cli")]
mod owed;
#[cfg(feature = "cli")]
mod ran;
#[cfg(feature = "cli")]
mod sarif;
#[cfg(feature = "cli")]
mod summary;
mod versions;

#[cfg(feature = "cli")]
pub use causes::grouped;
#[cfg(feature = "cli")]
pub use check::{CProgram, Check, Checked, Counted, Outcome};
#[cfg(feature = "cli")]
pub(crate) use divergence::call_of;
pub use divergence::{artifact_name, block};
#[cfg(feature = "cli")]
pub use json::{finding, versions};
#[cfg(feature = "cli")]
pub use junit::junit;
#[cfg(feature = "cli")]
pub use matrix::matrix;
#[cfg(feature = "cli")]
pub use owed::never_released;
#[cfg(feature = "cli")]
pub use sarif::{sarif, sarif_in};
#[cfg(feature = "cli")]
pub(crate) use summary::so_many;
#[cfg(feature = "cli")]
pub use summary::{
    Accepted, Again, KnownSummary, MissingSymbol, PortSummary, SignatureHits, SignatureSummary, Stale, Summary,
    Unprobed, Word,
};
pub use versions::Versions;
