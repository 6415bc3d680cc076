//! What was compared with what, and by what.

use std::fmt;

/// Names what was compared.
#[derive(Clone, Copy, Debug)]
pub struct Versions<'a> {
    /// The release that the native session behaves as.
    pub release: &'a str,
    /// The library's own version text.
    pub library: &'a str,
    /// The file its code is in.
    pub file: &'a str,
}

impl Versions<'_> {
    /// The version of this tool.
    pub const TOOL: &'static str = env!("CARGO_PKG_VERSION");
}

/// `sessdiff 0.1.0; expected: OpenSSL 3.6.3; tested: OpenSSL 3.6.3 9 Jun 2026, in /opt/lib/libssl.so.3`
impl fmt::Display for Versions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Versions { release, library, file } = self;
        write!(f, "sessdiff {}; expected: OpenSSL {release}; tested: {library}, in {file}", Versions::TOOL)
    }
}
