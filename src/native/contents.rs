//! The parts of a session that live on the heap.

use std::sync::{Arc, Weak};

use super::context::Context;
use super::ex_data::Values;

/// Buffers of their own size, NULL and empty being different.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Without a NUL.
    pub hostname: Option<Vec<u8>>,
    pub alpn: Option<Vec<u8>>,
    pub ticket_appdata: Option<Vec<u8>>,
    pub ticket: Option<Vec<u8>>,
    /// The peer's certificate in DER: shared by duplicates, as the X509 is in C.
    pub peer: Option<Arc<[u8]>>,
    /// The certificates that the peer showed: of a server's, all but its own.
    pub peer_chain: Option<Vec<Arc<[u8]>>>,
    pub ex_data: Values,
    /// The context that has the session in the list of its cache.
    pub owner: Weak<Context>,
}

/// The buffers of a session, all at one moment: what several getters would read one after the other.
#[derive(Clone, Copy)]
pub struct View<'a>(pub(super) &'a Contents);

impl<'a> View<'a> {
    /// As [`super::Session::hostname`].
    pub fn hostname(self) -> Option<&'a [u8]> {
        self.0.hostname.as_deref()
    }

    /// As [`super::Session::alpn_selected`].
    pub fn alpn_selected(self) -> Option<&'a [u8]> {
        self.0.alpn.as_deref()
    }

    /// As [`super::Session::ticket_appdata`].
    pub fn ticket_appdata(self) -> Option<&'a [u8]> {
        self.0.ticket_appdata.as_deref()
    }

    /// As [`super::Session::ticket`].
    pub fn ticket(self) -> Option<&'a [u8]> {
        self.0.ticket.as_deref()
    }

    /// As [`super::Session::peer`].
    pub fn peer(self) -> Option<&'a [u8]> {
        self.0.peer.as_deref()
    }

    /// As [`super::Session::ex_data`].
    pub fn ex_data(self, index: i32) -> usize {
        self.0.ex_data.get(index)
    }
}

/// Replaces a buffer, using the old one's memory where it is large enough.
pub(super) fn replace(buffer: &mut Option<Vec<u8>>, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            let kept = buffer.get_or_insert_default();
            kept.clear();
            kept.extend_from_slice(bytes);
        }
        None => *buffer = None,
    }
}
