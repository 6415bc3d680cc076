//! What entries tell besides numbers and bytes: callbacks, what a getter did, what a call left behind.

/// Makes [`Callback`] from its table; the name is the word in signatures and reports.
macro_rules! callbacks {
    ($($(#[$doc:meta])* $callback:ident $name:literal;)*) => {
        /// A callback that a handshake calls. With each stands what its five arguments in the trace are.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Callback { $($(#[$doc])* $callback),* }

        impl Callback {
            /// Every callback, in the order of their numbers in the log.
            pub const ALL: &'static [Callback] = &[$(Callback::$callback),*];

            /// Returns the word in signatures and reports.
            pub const fn name(self) -> &'static str {
                match self { $(Callback::$callback => $name),* }
            }
        }
    };
}

callbacks! {
    /// `new_session_cb`: whether for a server, number of the session, length of its id, digest of its version and id,
    /// references.
    New "new-session";
    /// `get_session_cb`: whether for a server, 0, length of the id, its digest, 0.
    Get "get-session";
    /// `not_resumable_session_callback`: whether for a server, 0, 0, 0, whether it is forward secure.
    NotResumable "not-resumable";
    /// `generate_session_id`: whether for a server, 0, room, 0, 0.
    GenerateId "generate-id";
    /// `psk_use_session_callback`: nothing.
    PskUse "psk-use-session";
    /// `psk_find_session_callback`: 1, 0, length of the identity, its digest, 0.
    PskFind "psk-find-session";
}

/// What a getter did besides reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meddling {
    /// It changed a reference count.
    Count,
    /// It raised an error.
    Raised,
    /// It returned a failure, where it cannot fail.
    Returned,
}

impl Meddling {
    /// All, in the order of their numbers in the log.
    pub(super) const ALL: [Meddling; 3] = [Meddling::Count, Meddling::Raised, Meddling::Returned];
}

/// What a call left behind, besides what it returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct After {
    /// It raised an error.
    pub raised: bool,
    /// It removed the error that was in the queue before.
    pub error_lost: bool,
    /// It changed bytes that it only had to read.
    pub argument_changed: bool,
}

impl After {
    /// Packs it into one byte of the log.
    pub(super) fn bits(self) -> u8 {
        u8::from(self.raised) | u8::from(self.error_lost) << 1 | u8::from(self.argument_changed) << 2
    }

    /// Reads what [`After::bits`] packed.
    pub(super) fn from_bits(bits: u8) -> After {
        After { raised: bits & 1 != 0, error_lost: bits & 2 != 0, argument_changed: bits & 4 != 0 }
    }
}
