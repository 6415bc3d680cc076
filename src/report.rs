//! What is said of a finding and of a run.

mod divergence;
mod summary;

pub use divergence::{artifact_name, block, manual, quoted};
pub use summary::{PortSummary, Signature, Summary, Unprobed, Word};
