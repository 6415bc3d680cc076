//! Drives a native Rust `SSL_SESSION` and the real OpenSSL API with the same calls, and says where they differ.
//!
//! The rooms, in the order in which a program passes them: [`op`] and [`program`] spell it, [`plan`] works out who owns
//! what, [`exec`] runs it on a [`port`] and writes a [`trace`], [`oracle`] compares. [`pair`] does all of that for two
//! ports. [`native`] is the session in Rust, usable on its own. [`conform`] is for the tests of whoever writes a port.

// The table of ops is gone through one row after the other: room for ten times as many as there are.
#![recursion_limit = "1024"]

pub mod conform;
mod der;
pub mod exec;
pub mod field;
pub mod fuzz;
pub mod generate;
pub mod host;
pub mod laws;
pub mod manual;
pub mod native;
pub mod op;
pub mod oracle;
pub mod pair;
pub mod plan;
pub mod port;
pub mod program;
#[cfg(feature = "cli")]
pub mod record;
pub mod reduce;
pub mod report;
pub mod samples;
pub mod suite;
pub mod trace;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod emit;
#[cfg(feature = "cli")]
pub mod known;
#[cfg(feature = "cli")]
pub mod profile;
