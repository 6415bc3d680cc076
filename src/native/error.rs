//! Why a call failed, and whether OpenSSL says so in its error queue.

use super::library::Library;
use super::rules::Rule;

/// Says why a call failed, where OpenSSL returns 0 or NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Refuses an id of more than `SSL_MAX_SSL_SESSION_ID_LENGTH` (32) bytes. Nothing changed.
    #[error("the session id is longer than 32 bytes")]
    IdTooLong,
    /// Refuses an id context of more than `SSL_MAX_SID_CTX_LENGTH` (32) bytes. Nothing changed.
    #[error("the session id context is longer than 32 bytes")]
    IdContextTooLong,
    /// Refuses a master key of more bytes than the release has room for. Nothing changed.
    #[error("the master key is longer than this release allows")]
    MasterKeyTooLong,
    /// Refuses the name of a server that is empty or has more than 255 bytes. There is none then.
    #[error("the name of a server has 1 to 255 bytes")]
    HostNameLength,
    /// Refuses ticket keys that are not [`TicketKeys::LENGTH`](super::TicketKeys::LENGTH) bytes. Nothing changed.
    #[error("the ticket keys are not 80 bytes")]
    TicketKeysLength,
    /// Refuses what is no list of protocols, each behind its length. Nothing changed.
    #[error("that is no list of protocols")]
    ProtocolList,
    /// Refuses a negative timeout, from 3.0 on. Nothing changed.
    #[error("the timeout is negative")]
    NegativeTimeout,
    /// Refuses what is no version that the library speaks. Nothing changed.
    #[error("the library speaks no such version")]
    UnknownVersion,
    /// Refuses an index below 0. Nothing was stored.
    #[error("no such ex_data index")]
    ExDataIndex,
    /// Refuses an index that there is no place for. Nothing was stored.
    #[error("there is no such place for application data")]
    ExDataPlace,
    /// Reports a dup callback that refused, or application data where no index was ever registered.
    #[error("the application data cannot be duplicated")]
    ExDataRefused,
    /// Reports a ticket of no bytes. The copy of nothing is NULL, and NULL means out of memory.
    #[error("an empty ticket cannot be duplicated")]
    EmptyTicket,
    /// Reports a selected protocol or application data of a ticket of no bytes, which only a stored session has. It is as with a
    /// ticket.
    #[error("an empty protocol or empty application data cannot be duplicated")]
    EmptyBuffer,
}

impl Library {
    /// Returns whether OpenSSL leaves an entry in its error queue when a call ends with `error`.
    pub fn raises(&self, error: Error) -> bool {
        match error {
            Error::IdTooLong
            | Error::IdContextTooLong
            | Error::HostNameLength
            | Error::TicketKeysLength
            | Error::ExDataIndex
            | Error::ExDataRefused => true,
            Error::MasterKeyTooLong
            | Error::NegativeTimeout
            | Error::ProtocolList
            | Error::UnknownVersion
            | Error::ExDataPlace => false,
            Error::EmptyTicket | Error::EmptyBuffer => self.rules.has(Rule::EmptyCopyRaises),
        }
    }

    /// Returns whether `SSL_SESSION_set_ex_data` with a negative index raises although it succeeds, for the value 0.
    pub fn stack_reports_index(&self) -> bool {
        !self.rules.has(Rule::StackIsSilent)
    }
}
