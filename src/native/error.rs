//! Why a call failed, and whether OpenSSL says so in its error queue.

use super::library::Library;

/// Why a call failed: where OpenSSL returns 0 or NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More than `SSL_MAX_SSL_SESSION_ID_LENGTH` (32) bytes; nothing changed.
    #[error("the session id is longer than 32 bytes")]
    IdTooLong,
    /// More than `SSL_MAX_SID_CTX_LENGTH` (32) bytes; nothing changed.
    #[error("the session id context is longer than 32 bytes")]
    IdContextTooLong,
    /// More bytes than the release has room for; nothing changed.
    #[error("the master key is longer than this release allows")]
    MasterKeyTooLong,
    /// Refused from 3.0 on; nothing changed.
    #[error("the timeout is negative")]
    NegativeTimeout,
    /// Index below 0: nothing stored.
    #[error("no such ex_data index")]
    ExDataIndex,
    /// A dup callback refused, or application data was set although no index was ever registered.
    #[error("the application data cannot be duplicated")]
    ExDataRefused,
    /// A ticket of no bytes: the copy of nothing is NULL, and NULL means out of memory.
    #[error("an empty ticket cannot be duplicated")]
    EmptyTicket,
}

impl Library {
    /// Whether OpenSSL leaves an entry in its error queue when a call ends with `error`.
    pub fn raises(&self, error: Error) -> bool {
        match error {
            Error::IdTooLong | Error::IdContextTooLong | Error::ExDataIndex | Error::ExDataRefused => true,
            Error::MasterKeyTooLong | Error::NegativeTimeout => false,
            Error::EmptyTicket => self.rules.empty_copy_raises,
        }
    }

    /// Whether `SSL_SESSION_set_ex_data` with a negative index raises although it succeeds, for the value 0.
    pub fn stack_reports_index(&self) -> bool {
        self.rules.stack_reports_index
    }
}
