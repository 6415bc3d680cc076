//! The buffers of a session: bytes of any length that are set once or twice and read many times.
//!
//! A C getter returns a pointer, which another thread may free. Here a getter lends the bytes for as long as a closure runs.
//! The newest value is kept under a lock. A value that has been read often is moved to a place that is written once, and from
//! then on it is read without the lock. There are few such places, so that a session keeps few values that were replaced.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicU8, Ordering::Acquire, Ordering::Release};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::session::Session;

/// Names a buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Buffer {
    /// Names the host name, kept without a NUL.
    Hostname,
    /// Names the protocol that was selected.
    Alpn,
    /// Names the application data carried in the ticket.
    TicketAppdata,
    /// Names the ticket.
    Ticket,
    /// Names the peer's certificate in DER. Duplicates share it, as they share the `X509` in C.
    Peer,
}

/// Counts the buffers of a session.
const BUFFERS: usize = 5;
/// Counts the places of a buffer that are written once.
const PLACES: usize = 4;
/// Says that a buffer is NULL.
const NULL: u8 = PLACES as u8;
/// Says that the value of a buffer is under the lock.
const LOCKED: u8 = NULL + 1;

/// Holds the bytes of a buffer.
#[derive(Clone)]
pub(super) enum Value {
    /// Owns the bytes. A duplicate gets a copy.
    Own(Vec<u8>),
    /// Shares the bytes with duplicates.
    Shared(Arc<[u8]>),
}

impl Default for Value {
    fn default() -> Value {
        Value::Own(Vec::new())
    }
}

impl Deref for Value {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Value::Own(bytes) => bytes,
            Value::Shared(bytes) => bytes,
        }
    }
}

/// Holds the values of one buffer that are read without the lock.
type Places = [OnceLock<Value>; PLACES];

/// Owns the buffers of one session.
pub(super) struct Buffers {
    /// Says of each buffer at which place its value is, or [`NULL`], or [`LOCKED`].
    places: [AtomicU8; BUFFERS],
    settled: OnceLock<Box<[Places; BUFFERS]>>,
    latest: Mutex<Latest>,
}

/// Holds what is under the lock.
#[derive(Default)]
struct Latest {
    values: [Unsettled; BUFFERS],
    peer_chain: Option<Vec<Arc<[u8]>>>,
    /// Is nothing in most sessions.
    rare: Option<Box<Rare>>,
}

/// Holds what few sessions have, and no getter returns.
#[derive(Clone, Default)]
pub(super) struct Rare {
    /// Holds the hint with which a server asked for a pre-shared key.
    pub psk_identity_hint: Option<Vec<u8>>,
    /// Holds the identity of the pre-shared key.
    pub psk_identity: Option<Vec<u8>>,
    /// Holds the user's name of SRP.
    pub srp_username: Option<Vec<u8>>,
    /// Holds the raw public key of the peer in DER. Duplicates share it, as they share the `EVP_PKEY` in C.
    pub peer_rpk: Option<Arc<[u8]>>,
}

/// Holds the value of a buffer until it has been read often.
#[derive(Default)]
struct Unsettled {
    /// Counts where the place of the buffer is [`LOCKED`]. Otherwise it is memory for the next value.
    value: Value,
    /// Counts the reads since the value was set.
    reads: u32,
    /// Counts the places that were written.
    written: u8,
}

impl Unsettled {
    /// Says after how many reads the next place is written. The first 16 reads cost about as much under the lock as the move
    /// does. Each later place takes 16 times as many, so that a value that changes all the time stays under the lock.
    fn enough(&self) -> bool {
        usize::from(self.written) < PLACES && self.reads >= 16 << (4 * self.written)
    }
}

/// Shows no bytes, for a ticket is a secret.
impl fmt::Debug for Buffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffers").finish_non_exhaustive()
    }
}

impl Buffers {
    /// Makes buffers that are all NULL.
    pub fn new() -> Buffers {
        Buffers { places: [const { AtomicU8::new(NULL) }; BUFFERS], settled: OnceLock::new(), latest: Mutex::default() }
    }

    /// Lends the value of a buffer to `read`. A value that has settled is read without the lock.
    #[inline]
    pub fn read<R>(&self, buffer: Buffer, read: impl FnOnce(Option<&Value>) -> R) -> R {
        let place = self.places[buffer as usize].load(Acquire);
        if place == NULL {
            return read(None);
        }
        match self.at(buffer, place) {
            Some(value) => read(Some(value)),
            None => self.read_locked(buffer, read),
        }
    }

    /// Returns the value at a place, or nothing where `place` is none.
    #[inline]
    fn at(&self, buffer: Buffer, place: u8) -> Option<&Value> {
        self.settled.get()?[buffer as usize].get(usize::from(place))?.get()
    }

    #[cold]
    #[inline(never)]
    fn read_locked<R>(&self, buffer: Buffer, read: impl FnOnce(Option<&Value>) -> R) -> R {
        let mut locked = self.lock();
        locked.note_read(buffer);
        read(locked.get(buffer))
    }

    /// Locks the buffers, so that several can be read or set at one moment.
    #[inline]
    pub fn lock(&self) -> Locked<'_> {
        Locked { buffers: self, latest: self.latest.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    /// Sets a buffer to a copy of `bytes`, or to NULL.
    pub fn set(&self, buffer: Buffer, bytes: Option<&[u8]>) {
        self.lock().set(buffer, bytes);
    }
}

/// Holds the lock of a session's buffers.
pub(super) struct Locked<'a> {
    buffers: &'a Buffers,
    latest: MutexGuard<'a, Latest>,
}

impl Locked<'_> {
    /// Returns the value of a buffer.
    #[inline(always)]
    pub fn get(&self, buffer: Buffer) -> Option<&Value> {
        match self.buffers.places[buffer as usize].load(Acquire) {
            NULL => None,
            LOCKED => Some(&self.latest.values[buffer as usize].value),
            place => self.buffers.at(buffer, place),
        }
    }

    /// Sets a buffer to a copy of `bytes`, or to NULL.
    pub fn set(&mut self, buffer: Buffer, bytes: Option<&[u8]>) {
        if let (Value::Own(old), Some(bytes)) = (&mut self.latest.values[buffer as usize].value, bytes) {
            old.clear();
            old.extend_from_slice(bytes);
            self.note_set(buffer, LOCKED);
        } else {
            self.put(buffer, bytes.map(|bytes| Value::Own(bytes.to_vec())));
        }
    }

    /// Sets a buffer to this very value, or to NULL.
    pub fn put(&mut self, buffer: Buffer, value: Option<Value>) {
        let kept = &mut self.latest.values[buffer as usize].value;
        match (value, kept) {
            (Some(value), kept) => {
                *kept = value;
                self.note_set(buffer, LOCKED);
            }
            (None, Value::Own(_)) => self.note_set(buffer, NULL),
            (None, kept @ Value::Shared(_)) => {
                *kept = Value::default();
                self.note_set(buffer, NULL);
            }
        }
    }

    fn note_set(&mut self, buffer: Buffer, place: u8) {
        self.latest.values[buffer as usize].reads = 0;
        self.buffers.places[buffer as usize].store(place, Release);
    }

    /// Returns the certificates that the peer showed. A server's chain has all but the peer's own.
    pub fn peer_chain(&self) -> Option<&Vec<Arc<[u8]>>> {
        self.latest.peer_chain.as_ref()
    }

    /// Sets the certificates that the peer showed.
    pub fn put_peer_chain(&mut self, chain: Option<Vec<Arc<[u8]>>>) {
        self.latest.peer_chain = chain;
    }

    /// Returns what few sessions have.
    pub fn rare(&self) -> Option<&Rare> {
        self.latest.rare.as_deref()
    }

    /// Returns the same, to be set.
    pub fn rare_mut(&mut self) -> &mut Rare {
        self.latest.rare.get_or_insert_default()
    }

    /// Sets it.
    pub fn put_rare(&mut self, rare: Option<Rare>) {
        self.latest.rare = rare.map(Box::new);
    }

    /// Counts a read of a value under the lock, and moves the value to a place of its own when it has been read often.
    fn note_read(&mut self, buffer: Buffer) {
        if self.buffers.places[buffer as usize].load(Acquire) != LOCKED {
            // Another thread has set it or moved it in the meantime.
            return;
        }
        let unsettled = &mut self.latest.values[buffer as usize];
        unsettled.reads = unsettled.reads.saturating_add(1);
        if !unsettled.enough() {
            return;
        }
        let place = unsettled.written;
        let places = &self.buffers.settled.get_or_init(Box::default)[buffer as usize];
        // The place has not been written: places are written in order, and under this lock.
        places[usize::from(place)].get_or_init(|| std::mem::take(&mut unsettled.value));
        unsettled.written += 1;
        self.buffers.places[buffer as usize].store(place, Release);
    }
}

impl Session {
    /// Sets the host name up to the first NUL: `SSL_SESSION_set1_hostname`. `None` clears it.
    pub fn set1_hostname(&self, hostname: Option<&[u8]>) {
        let cut = |name: &'_ [u8]| memchr::memchr(0, name).unwrap_or(name.len());
        self.0.buffers.set(Buffer::Hostname, hostname.map(|name| &name[..cut(name)]));
    }

    /// Sets the protocol that was selected: `SSL_SESSION_set1_alpn_selected`. `None` and empty both clear it.
    pub fn set1_alpn_selected(&self, alpn: Option<&[u8]>) {
        self.0.buffers.set(Buffer::Alpn, alpn.filter(|alpn| !alpn.is_empty()));
    }

    /// Sets the ticket's application data: `SSL_SESSION_set1_ticket_appdata`. `None` and empty both clear it.
    pub fn set1_ticket_appdata(&self, data: Option<&[u8]>) {
        self.0.buffers.set(Buffer::TicketAppdata, data.filter(|data| !data.is_empty()));
    }

    /// Lends the peer's certificate in DER to `read`: `SSL_SESSION_get0_peer`. It is the same object for a session and its
    /// duplicates.
    #[inline]
    pub fn peer<R>(&self, read: impl FnOnce(Option<&Arc<[u8]>>) -> R) -> R {
        self.0.buffers.read(Buffer::Peer, |value| match value {
            Some(Value::Shared(peer)) => read(Some(peer)),
            Some(Value::Own(_)) | None => read(None),
        })
    }

    /// Lends the bytes of a buffer.
    #[inline]
    fn read<R>(&self, buffer: Buffer, read: impl FnOnce(Option<&[u8]>) -> R) -> R {
        self.0.buffers.read(buffer, |value| read(value.map(|value| &**value)))
    }

    /// Lends all buffers, as they are at one moment, to `read`. Setters wait until it returns.
    #[inline]
    pub fn view<R>(&self, read: impl FnOnce(View<'_>) -> R) -> R {
        read(View { buffers: &self.0.buffers.lock() })
    }
}

/// Reads the buffers of a session at one moment, as several getters would one after the other.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub(super) buffers: &'a Locked<'a>,
}

impl<'a> View<'a> {
    /// Returns what [`Session::peer`] lends.
    #[inline]
    pub fn peer(self) -> Option<&'a [u8]> {
        self.get(Buffer::Peer)
    }

    #[inline]
    fn get(self, buffer: Buffer) -> Option<&'a [u8]> {
        self.buffers.get(buffer).map(|value| &**value)
    }
}

/// Makes the getters of buffers: those that lend, and those of a view.
macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident $buffer:ident;)*) => {
        impl Session {
            $($(#[$doc])*
            #[inline]
            pub fn $name<R>(&self, read: impl FnOnce(Option<&[u8]>) -> R) -> R {
                self.read(Buffer::$buffer, read)
            })*
        }

        impl<'a> View<'a> {
            $(#[doc = concat!("Returns what [`Session::", stringify!($name), "`] lends.")]
            #[inline]
            pub fn $name(self) -> Option<&'a [u8]> {
                self.get(Buffer::$buffer)
            })*
        }
    };
}

getters! {
    /// Lends the host name, without its NUL, to `read`: `SSL_SESSION_get0_hostname`.
    hostname Hostname;
    /// Lends the protocol that was selected to `read`: `SSL_SESSION_get0_alpn_selected`.
    alpn_selected Alpn;
    /// Lends the ticket's application data to `read`: `SSL_SESSION_get0_ticket_appdata`.
    ticket_appdata TicketAppdata;
    /// Lends the ticket to `read`: `SSL_SESSION_get0_ticket`.
    ticket Ticket;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(buffers: &Buffers) -> Option<Vec<u8>> {
        buffers.read(Buffer::Ticket, |value| value.map(|value| value.to_vec()))
    }

    fn place(buffers: &Buffers) -> u8 {
        buffers.places[Buffer::Ticket as usize].load(Acquire)
    }

    #[test]
    fn a_value_that_is_read_often_is_read_without_the_lock() {
        let buffers = Buffers::new();
        buffers.set(Buffer::Ticket, Some(b"a ticket"));
        for _ in 0..15 {
            assert_eq!((read(&buffers), place(&buffers)), (Some(b"a ticket".to_vec()), LOCKED));
        }
        read(&buffers);
        assert_eq!(place(&buffers), 0);
        let held = buffers.lock();
        assert_eq!(read(&buffers), Some(b"a ticket".to_vec()), "it would wait for ever");
        assert_eq!(held.get(Buffer::Ticket).map(|value| value.to_vec()), read(&buffers));
        assert!(held.get(Buffer::Peer).is_none());
    }

    #[test]
    fn every_value_is_read_as_it_was_set_and_few_are_kept() {
        let buffers = Buffers::new();
        let mut settled = Vec::new();
        for round in 0..10_u32 {
            let value = round.to_le_bytes();
            let length = (round % 5) as usize;
            buffers.set(Buffer::Ticket, Some(&value[..length.min(4)]));
            for _ in 0..70_000 {
                assert_eq!(read(&buffers).as_deref(), Some(&value[..length.min(4)]));
                if place(&buffers) != LOCKED {
                    settled.push(place(&buffers));
                    break;
                }
            }
            buffers.set(Buffer::Ticket, None);
            assert_eq!((read(&buffers), place(&buffers)), (None, NULL));
        }
        assert_eq!(settled, [0, 1, 2, 3], "a place is written once");
    }

    #[test]
    fn readers_get_whole_values_while_others_set_and_move_them() {
        let buffers = Buffers::new();
        let whole =
            |value: Option<&Value>| value.is_none_or(|value| value.iter().all(|byte| *byte == value.len() as u8));
        std::thread::scope(|scope| {
            for thread in 1..=2_u8 {
                let buffers = &buffers;
                scope.spawn(move || {
                    for round in 0..2_000_u32 {
                        let length = thread + (round % 60) as u8;
                        buffers.set(Buffer::Alpn, Some(&vec![length; length.into()]));
                        for _ in 0..round % 40 {
                            assert!(buffers.read(Buffer::Alpn, whole));
                        }
                    }
                });
            }
        });
        assert_ne!(buffers.lock().latest.values[Buffer::Alpn as usize].written, 0, "none was moved");
    }
}
