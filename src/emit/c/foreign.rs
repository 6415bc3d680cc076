//! Writes C for a library of another family: it declares what it calls, for that library's headers may not be there.

use super::parts::{names, part};
use super::types::c_type;
use crate::native::Family;
use crate::op::CacheMode;

/// Says how a library is called that is not called as OpenSSL's headers say.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// Names the family.
    pub family: Family,
    /// Is what the tested library says of its version, and what is said besides.
    pub version: String,
    /// Lists the functions that it has.
    pub functions: Vec<Called>,
}

/// A function of a library.
#[derive(Clone, Debug)]
pub struct Called {
    /// Names it as OpenSSL does.
    pub name: &'static str,
    /// Names it as the library does.
    pub symbol: String,
    /// Has the types of its arguments, in Rust's words.
    pub arguments: &'static [&'static str],
    /// Has the type of its result.
    pub result: &'static str,
    /// Tells whether it has the type that another family's function has.
    pub typed: bool,
}

/// Lists the types that nobody looks into.
const OPAQUE: [&str; 8] =
    ["SSL", "SSL_CTX", "SSL_METHOD", "SSL_SESSION", "SSL_CIPHER", "X509", "CRYPTO_EX_DATA", "OPENSSL_INIT_SETTINGS"];

/// Spells the other types.
const TYPES: [(&str, &str); 3] = [
    ("wolfSSL_Malloc_cb", "typedef void *(*wolfSSL_Malloc_cb)(size_t);\n"),
    ("wolfSSL_Free_cb", "typedef void (*wolfSSL_Free_cb)(void *);\n"),
    ("wolfSSL_Realloc_cb", "typedef void *(*wolfSSL_Realloc_cb)(void *, size_t);\n"),
];

/// Lists the macros of headers, and what each calls.
const MACROS: [(&str, &str); 1] = [("SSL_get0_session", "SSL_get_session")];

/// Lists what the C program calls by its symbol alone, for it does more there than OpenSSL's function does, or less.
const BY_SYMBOL: [&str; 3] = ["OPENSSL_init_ssl", "OpenSSL_version", "CRYPTO_set_mem_functions"];

impl Foreign {
    /// Tells whether OpenSSL's headers say what most functions are.
    pub(super) fn has_headers(&self) -> bool {
        match self.family {
            Family::OpenSsl | Family::LibreSsl => true,
            Family::Boring | Family::Wolf => false,
        }
    }

    /// Gives functions other names, before OpenSSL's headers declare them.
    pub(super) fn renamed(&self) -> String {
        let renamed = self.functions.iter().filter(|called| !called.typed && called.symbol != called.name);
        renamed.map(|Called { name, symbol, .. }| format!("#define {name} {symbol}\n")).collect()
    }

    /// Declares functions whose type OpenSSL's headers do not have.
    pub(super) fn retyped(&self, text: &str) -> String {
        let retyped = self.functions.iter().filter(|called| called.typed && names(text, called.name));
        retyped.map(|called| self.declaration(called, false)).collect()
    }

    /// Declares what `text` names. `ends`: the end of sessions is looked at.
    pub(super) fn head(&self, text: &str, ends: bool) -> String {
        let macros = MACROS.iter().filter(|(name, _)| names(text, name));
        let macros: String = macros.map(|(name, of)| format!("#define {name} {of}\n")).collect();
        let text = [text, &macros].concat();
        let is_called = |called: &&Called| names(&text, called.name) || names(&text, &called.symbol);
        let called = self.functions.iter().filter(is_called);
        let functions: String = called.map(|called| self.declaration(called, ends)).collect();
        let is_used = |name: &str| names(&functions, name) || names(&text, name);
        let opaque = OPAQUE.iter().filter(|name| is_used(name)).map(|name| format!("typedef struct {name} {name};\n"));
        let types = TYPES.iter().filter(|(name, _)| is_used(name)).map(|(_, text)| text.to_string());
        let modes = [(0, "SSL_SESS_CACHE_OFF")].into_iter().chain(CacheMode::BITS.iter().copied());
        let modes = modes.filter(|(_, name)| names(&text, name));
        let modes = modes.map(|(bits, name)| format!("#define {name} {bits:#05x}\n"));
        let declared: String = opaque.chain(types).chain(modes).collect();
        format!("\n/* As the library's own headers have it. */\n{declared}{functions}{macros}")
    }

    /// Declares a function, and lets it be called by OpenSSL's name with OpenSSL's types.
    fn declaration(&self, called: &Called, ends: bool) -> String {
        let Called { name, symbol, arguments, result, typed } = called;
        let types: Vec<String> = arguments.iter().map(|argument| c_type(argument).unwrap_or_default()).collect();
        let listed = if types.is_empty() { "void".into() } else { types.join(", ") };
        let result = c_type(result).unwrap_or_default();
        let space = if result.ends_with('*') { "" } else { " " };
        // The headers have another function of that name.
        let own = format!("own_{name}");
        let (symbol, label) = match *typed && self.has_headers() {
            true => (&own, format!(" __asm__(\"{symbol}\")")),
            false => (symbol, String::new()),
        };
        let declared = format!("{result}{space}{symbol}({listed}){label};\n");
        if BY_SYMBOL.contains(name) {
            return declared;
        }
        let is_number = |rust: &str| matches!(rust, "u16" | "u32" | "u64" | "usize");
        let noted = ends && self.notes(name);
        if !noted && !arguments.iter().any(|argument| is_number(argument)) {
            if *name == "SSL_SESSION_new" && !arguments.is_empty() {
                return declared;
            }
            return declared + &if symbol == name { String::new() } else { format!("#define {name} {symbol}\n") };
        }
        let parameters: Vec<char> = ('a'..).take(types.len()).collect();
        let given = parameters.iter().zip(arguments.iter().zip(&types));
        let given: Vec<String> = given
            .map(|(letter, (rust, c))| if is_number(rust) { format!("({c})({letter})") } else { letter.to_string() })
            .collect();
        let call = format!("{symbol}({})", given.join(", "));
        let call = if noted { format!("noted({call})") } else { call };
        let parameters: Vec<String> = parameters.iter().map(char::to_string).collect();
        format!("{declared}#define {name}({}) {call}\n", parameters.join(", "))
    }

    /// Tells whether the C program notes what a constructor returns: its end is that of its block.
    fn notes(&self, name: &str) -> bool {
        match self.family {
            Family::Wolf => matches!(name, "SSL_SESSION_new" | "SSL_SESSION_dup"),
            Family::OpenSsl | Family::Boring | Family::LibreSsl => false,
        }
    }

    /// Writes what says on which library the program runs.
    pub(super) fn runs_on(&self, expected: &str) -> String {
        let says = self.functions.iter().any(|called| called.name == "OpenSSL_version");
        let quoted = format!("{:?}", self.version);
        let (before, version) = match self.family {
            _ if !says => ("", &*quoted),
            Family::OpenSsl | Family::Boring | Family::LibreSsl => ("", "OpenSSL_version(0)"),
            Family::Wolf => ("wolfSSL ", "wolfSSL_lib_version()"),
        };
        let text = part!("runs_on_other").replace("BEFORE", before).replace("VERSION", version);
        text.replace("TESTED", &quoted).replace("EXPECTED", expected)
    }

    /// Writes what makes the library ready, as a statement on a line of its own.
    pub(super) fn begin(&self) -> &'static str {
        match self.family {
            Family::OpenSsl | Family::Boring | Family::LibreSsl => "",
            Family::Wolf => "    if (wolfSSL_Init() != 1)\n        return 2;\n",
        }
    }

    /// Writes what tells the end of sessions.
    pub(super) fn ends(&self) -> &'static str {
        match self.family {
            Family::OpenSsl => part!("ex_data"),
            Family::LibreSsl => concat!(part!("ends_libressl"), part!("ex_data")),
            Family::Boring => part!("ends_boring"),
            Family::Wolf => part!("ends_wolf"),
        }
    }

    /// Writes the constructor, where it has other arguments than OpenSSL's. `ends`: the end of sessions is looked at.
    pub(super) fn constructor(&self, ends: bool) -> String {
        let marked = "    if (session != NULL)\n        SSL_SESSION_set_ex_data(session, mark, session);\n";
        let new = self.functions.iter().find(|called| called.name == "SSL_SESSION_new");
        let Some(new) = new.filter(|new| !new.arguments.is_empty()) else { return String::new() };
        let mark = match self.family {
            Family::Boring if ends => marked,
            Family::OpenSsl | Family::Boring | Family::Wolf | Family::LibreSsl => "",
        };
        let call = if self.has_headers() { "own_SSL_SESSION_new" } else { &*new.symbol };
        // The macro is expanded in what follows alone.
        part!("new_of_context").replace("MARK\n", mark).replace("NEW(", &format!("{call}("))
    }

    /// Writes what gives the library memory.
    pub(super) fn memory(&self) -> &'static str {
        match self.family {
            Family::OpenSsl | Family::LibreSsl => "",
            Family::Boring => part!("memory_boring"),
            Family::Wolf => part!("memory_wolf"),
        }
    }
}
