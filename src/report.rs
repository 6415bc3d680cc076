//! What is said of a finding and of a run.

#[cfg(feature = "cli")]
mod causes;
mod divergence;
#[cfg(feature = "cli")]
mod json;
#[cfg(feature = "cli")]
mod summary;
mod versions;

#[cfg(feature = "cli")]
pub use causes::grouped;
pub use divergence::{artifact_name, block};
#[cfg(feature = "cli")]
pub use json::{finding, versions};
#[cfg(feature = "cli")]
pub(crate) use summary::so_many;
#[cfg(feature = "cli")]
pub use summary::{
    Accepted, Again, KnownSummary, PortSummary, SignatureHits, SignatureSummary, Stale, Summary, Unprobed, Word,
};
pub use versions::Versions;
