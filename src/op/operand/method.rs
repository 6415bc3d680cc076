//! The methods of contexts.

use std::fmt;

use super::super::text::{Cursor, Expected, TextError};
use super::super::wire::Wire;
use super::{Operand, Shrink};

/// Which side of a connection a context is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Method {
    /// `TLS_server_method()`
    Server,
    /// `TLS_client_method()`
    Client,
}

impl Method {
    /// Both.
    pub const ALL: &'static [Method] = &[Method::Server, Method::Client];

    /// Returns the name of the function that returns it.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Server => "TLS_server_method",
            Method::Client => "TLS_client_method",
        }
    }
}

impl Operand for Method {
    fn form() -> String {
        let [server, client] = [Method::Server, Method::Client].map(Method::name);
        format!("`{server}()` or `{client}()`")
    }

    fn put_wire(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }

    fn take_wire(wire: &mut Wire<'_>) -> Option<Self> {
        wire.byte().map(|byte| Method::ALL[usize::from(byte) % Method::ALL.len()])
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}()", self.name())
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, TextError> {
        let named = |word: &str| Method::ALL.iter().copied().find(|method| method.name() == word);
        let method = cursor.word_as(Expected::OneOf(&["TLS_server_method()", "TLS_client_method()"]), named)?;
        cursor.expect('(')?;
        cursor.expect(')')?;
        Ok(method)
    }
}

impl Shrink for Method {
    fn shrink(&self) -> Vec<Method> {
        Method::ALL[..*self as usize].to_vec()
    }
}
