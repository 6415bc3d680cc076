//! The native session: `SSL_SESSION` in safe Rust, behaving as one named OpenSSL release.
//!
//! A [`Session`] is a handle that owns one reference; [`Session::up_ref`] makes another and dropping one gives it
//! back. What differs between OpenSSL releases is data, in [`Release`]. Nothing here knows the rest of the crate.
//!
//! ```
//! use sessdiff::native::Session;
//!
//! let session = Session::new();
//! session.set1_id(b"a session").unwrap();
//! let other = session.up_ref();
//! assert_eq!(session.references(), 2);
//! let copy = other.dup().unwrap();
//! assert_eq!((session.references(), copy.references()), (2, 1));
//! assert_eq!(copy.id().as_slice(), b"a session");
//! ```

mod alpn;
mod ber;
mod buffers;
mod bytes;
mod cache;
mod ciphers;
mod connection;
mod context;
mod der;
mod early;
mod error;
mod established;
mod ex_data;
mod failure;
mod family;
mod handshake;
mod later;
mod library;
mod peers;
mod pem;
mod progress;
mod release;
mod rules;
mod session;
mod stored;
mod stream;
mod suites;
mod text;
mod tickets;
mod time;
mod unseen;

pub use alpn::{AlpnAnswer, SelectAlpn, protocols};
pub use buffers::View;
pub use bytes::ShortBytes;
pub use connection::{Connection, FindPsk, Inherited, UsePsk, Version};
pub use context::{AnswerName, Callbacks, Context, GetSession, Method, NameAnswer, Statistic};
pub use der::{BadDer, Keys, NotRead, Parsed};
pub use error::Error;
pub use established::Established;
pub use ex_data::ExCallbacks;
pub use failure::{Failure, SSL_AD_REASON_OFFSET, alert_name, reason_name};
pub use family::{Custom, CustomRow, Family};
pub use handshake::handshake;
pub use later::{renegotiate, update_keys, verify_client};
pub use library::{Compression, Library};
pub use peers::{FromPeer, Peers};
pub use pem::{BadPem, pem_is_modelled};
pub use release::{NoRelease, Release, UnknownRelease};
#[cfg(feature = "cli")]
pub(crate) use rules::for_each_rule;
pub use rules::{Following, Row, Rule, RuleKind, Rules};
pub use session::{Cipher, Session, WeakSession};
pub use stream::BadStream;
pub use suites::Suites;
pub use tickets::{
    DecryptTicket, GenerateTicket, KeyUse, TicketKeyCallbacks, TicketKeys, TicketStatus, TicketUse, new_session_ticket,
};
pub use time::{Clock, Expiry};
pub use unseen::Unseen;
