//! Reading a session of the native library: as the rows of the fields say.

use crate::field::{Field, for_each_field};
use crate::native::{Cipher, Session, View};
use crate::op::ExIndex;

/// Turns what a getter of a number returns into a number.
trait Number {
    fn number(self) -> i64;
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl Number for $type {
            #[inline(always)]
            fn number(self) -> i64 {
                self as i64
            }
        }
    )*};
}

numbers!(bool, u8, i32, u32, i64, u64, usize);

impl Number for Option<Cipher> {
    #[inline(always)]
    fn number(self) -> i64 {
        self.map_or(-1, |cipher| cipher.0.into())
    }
}

macro_rules! define_reading {
    ($($(#[$doc:meta])* $field:ident $name:literal $kind:ident $($index:ident)? $($tag:literal)? {$($fact:ident)*} $object:ident.$method:ident;)*) => {
        /// Reads a field that is a number; `None`: it is bytes.
        #[inline(always)]
        pub(super) fn number(session: &Session, field: Field) -> Option<i64> {
            match field { $(Field::$field => read_number!(session $kind $($index)? $method)),* }
        }

        /// Lends a field that is bytes to `read`; `None`: it is a number.
        #[inline(always)]
        pub(super) fn with_bytes<R>(
            session: &Session,
            view: View<'_>,
            field: Field,
            read: impl FnOnce(Option<&[u8]>) -> R,
        ) -> Option<R> {
            match field { $(Field::$field => read_bytes!(session view read $kind $object.$method)),* }
        }

        /// Tells whether a field that is bytes is these; a number is none.
        #[inline(always)]
        pub(super) fn shows_bytes(session: &Session, view: View<'_>, field: Field, theirs: Option<&[u8]>) -> bool {
            match field { $(Field::$field => show_bytes!(session view theirs $kind $object.$method)),* }
        }
    };
}

macro_rules! read_number {
    ($session:ident hidden $method:ident) => {
        None
    };
    ($session:ident bytes $method:ident) => {
        None
    };
    ($session:ident number $method:ident) => {
        Some($session.$method().number())
    };
    ($session:ident ex_data $index:ident $method:ident) => {
        Some($session.$method(ExIndex::$index.number()).number())
    };
}

macro_rules! read_bytes {
    // Read by `NativePort::read_der`.
    ($session:ident $view:ident $read:ident bytes session.der) => {
        None
    };
    ($session:ident $view:ident $read:ident bytes session.master_key) => {{
        let mut key = [0; 512];
        let length = $session.master_key(&mut key);
        Some($read(Some(&key[..length])))
    }};
    ($session:ident $view:ident $read:ident bytes session.$method:ident) => {
        Some($read(Some($session.$method().as_slice())))
    };
    ($session:ident $view:ident $read:ident bytes view.$method:ident) => {
        Some($read($view.$method()))
    };
    ($session:ident $view:ident $read:ident $number:ident $object:ident.$method:ident) => {
        None
    };
}

macro_rules! show_bytes {
    ($session:ident $view:ident $theirs:ident bytes session.der) => {
        false
    };
    ($session:ident $view:ident $theirs:ident bytes session.master_key) => {
        $theirs.is_some_and(|theirs| $session.master_key_is(theirs))
    };
    ($session:ident $view:ident $theirs:ident bytes session.id) => {
        $theirs.is_some_and(|theirs| $session.id_is(theirs))
    };
    ($session:ident $view:ident $theirs:ident bytes session.id_context) => {
        $theirs.is_some_and(|theirs| $session.id_context_is(theirs))
    };
    ($session:ident $view:ident $theirs:ident bytes view.$method:ident) => {
        same_bytes($view.$method(), $theirs)
    };
    ($session:ident $view:ident $theirs:ident $number:ident $object:ident.$method:ident) => {
        false
    };
}

/// Tells whether two buffers have the same bytes. Most have few: a call to compare them takes longer than to compare
/// them here.
#[inline(always)]
fn same_bytes(ours: Option<&[u8]>, theirs: Option<&[u8]>) -> bool {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) if ours.len() <= 32 => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| ours == theirs)
        }
        _ => ours == theirs,
    }
}

for_each_field!(define_reading);
