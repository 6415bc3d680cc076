//! The library that is preloaded, as C: a wrapper of every function that an op calls, made from the table of ops and its prototypes.

use std::fmt::Write as _;

use crate::op::{Kind, for_each_op};
use crate::port::c::prototypes::LIST;

/// What stays the same whatever the table says.
const HEAD: &str = include_str!("interposer.c");
/// The wrappers of functions whose prototype does not say what is worth telling of a call.
const BY_HAND: &str = include_str!("interposer_by_hand.c");
/// Those functions, of the ones that ops call.
const WRITTEN_BY_HAND: &[&str] =
    &["i2d_SSL_SESSION", "d2i_SSL_SESSION", "d2i_SSL_SESSION_ex", "PEM_read_bio_SSL_SESSION"];
/// Limits how many callbacks of a kind are watched.
pub(super) const CALLBACKS: usize = 8;
/// The functions that give something back. Their lines are written before they are made: what was freed may be somebody else's.
const FREES: &[&str] = &["SSL_SESSION_free", "SSL_free", "SSL_CTX_free"];
/// The function whose bytes nobody is told of.
const HOLDS_KEY: &str = "SSL_SESSION_set1_master_key";
/// The functions that a BIO calls of a connection that it was given.
const OF_BIOS: &[&str] = &["SSL_free", "SSL_shutdown"];
/// The functions whose last operand is a time.
const TIMED: &[&str] =
    &["SSL_SESSION_set_time", "SSL_SESSION_set_time_ex", "SSL_CTX_flush_sessions", "SSL_CTX_flush_sessions_ex"];
/// `SSL_CTRL_SET_MAX_PROTO_VERSION` and `SSL_CTRL_SET_TLSEXT_TICKET_KEYS`: macros that the table spells as words of its own.
const CONTROLS: &[(&str, u32)] = &[("SSL_CTX_set_max_proto_version", 124), ("SSL_CTX_set_tlsext_ticket_keys", 59)];

/// Session functions that no op spells: how often they are called is counted.
const UNSPELLED: &[&str] = &[
    "BIO_ssl_copy_session_id",
    "PEM_read_SSL_SESSION",
    "PEM_write_SSL_SESSION",
    "SSL_CTX_set_psk_client_callback",
    "SSL_CTX_set_psk_server_callback",
    "SSL_SESSION_get0_peer_rpk",
    "SSL_SESSION_print_fp",
    "SSL_client_hello_get0_session_id",
    "SSL_set_not_resumable_session_callback",
    "SSL_set_psk_find_session_callback",
    "SSL_set_psk_use_session_callback",
    "SSL_set_session_secret_cb",
    "SSL_set_session_ticket_ext_cb",
];

/// A kind of callback: what it is in the list of prototypes, its word, its result, and its parameters in C, each with what is told of
/// it before the callback runs and after it.
struct Watched {
    alias: &'static str,
    word: &'static str,
    result: &'static str,
    parameters: &'static [&'static str],
    before: &'static str,
    after: &'static str,
}

const SSL_AND_SESSION: &str = "put_pointer(&call, 'x', a0); put_pointer(&call, 's', a1);";
const SSL: &str = "put_pointer(&call, 'x', a0);";

const WATCHED: &[Watched] = &[
    Watched {
        alias: "new_session_cb",
        word: "new",
        result: "int",
        parameters: &["void *", "void *"],
        before: SSL_AND_SESSION,
        after: SSL_AND_SESSION,
    },
    Watched {
        alias: "remove_session_cb",
        word: "remove",
        result: "void",
        parameters: &["void *", "void *"],
        before: "put_pointer(&call, 'c', a0); put_pointer(&call, 's', a1);",
        after: "put_pointer(&call, 'c', a0); put_pointer(&call, 's', a1);",
    },
    Watched {
        alias: "get_session_cb",
        word: "get",
        result: "void *",
        parameters: &["void *", "const void *", "int", "int *"],
        before: SSL,
        after: "put_pointer(&call, 'x', a0); put_pointer(&call, 's', result); put_integer(&call, *a3);",
    },
    Watched {
        alias: "not_resumable_session_callback",
        word: "not_resumable",
        result: "int",
        parameters: &["void *", "int"],
        before: SSL,
        after: SSL,
    },
    Watched {
        alias: "GEN_SESSION_CB",
        word: "generate_id",
        result: "int",
        parameters: &["void *", "void *", "unsigned *"],
        before: SSL,
        after: SSL,
    },
    Watched {
        alias: "server name",
        word: "server_name",
        result: "int",
        parameters: &["void *", "int *", "void *"],
        before: SSL,
        after: SSL,
    },
    Watched {
        alias: "SSL_CTX_alpn_select_cb_func",
        word: "alpn",
        result: "int",
        parameters: &["void *", "void *", "void *", "const void *", "unsigned", "void *"],
        before: SSL,
        after: SSL,
    },
    Watched {
        alias: "SSL_CTX_generate_session_ticket_fn",
        word: "generate_ticket",
        result: "int",
        parameters: &["void *", "void *"],
        before: SSL,
        after: SSL,
    },
    Watched {
        alias: "SSL_CTX_decrypt_session_ticket_fn",
        word: "decrypt_ticket",
        result: "int",
        parameters: &["void *", "void *", "const void *", "size_t", "int", "void *"],
        before: SSL_AND_SESSION,
        after: SSL_AND_SESSION,
    },
    Watched {
        alias: "SSL_psk_use_session_cb_func",
        word: "psk_use",
        result: "int",
        parameters: &["void *", "const void *", "void *", "void *", "void **"],
        before: SSL,
        after: "put_pointer(&call, 'x', a0); put_pointer(&call, 's', *a4);",
    },
    Watched {
        alias: "SSL_psk_find_session_cb_func",
        word: "psk_find",
        result: "int",
        parameters: &["void *", "const void *", "size_t", "void **"],
        before: SSL,
        after: "put_pointer(&call, 'x', a0); put_pointer(&call, 's', *a3);",
    },
];

/// Hands the macros over `SSL_CTX_ctrl` on, of the rows that are such.
macro_rules! controls_of_ops {
    ($($section:ident { $(
        $(#[$doc:meta])* $code:literal $kind:ident $name:ident $dst:tt $operands:tt $facts:tt {$($c:tt)*};
    )* })*) => {
        const OF_OPS: &[Option<(&str, u32)>] = &[$($(controls_of_ops!(@row $name $($c)*)),*),*];
    };
    (@row $name:ident ctrl $command:literal) => { Some((stringify!($name), $command)) };
    (@row $name:ident $($other:tt)*) => { None };
}

for_each_op!(controls_of_ops);

/// Returns the C source of the library. The log of a process is at most so many bytes.
pub fn interposer(limit: u64) -> String {
    let mut c = format!("#define LIMIT {limit}ull\n#define CALLBACKS {CALLBACKS}\n{HEAD}\n#define CONTROLS");
    for (name, command) in OF_OPS.iter().flatten().chain(CONTROLS) {
        write!(c, " CONTROL({name}, {command})").unwrap_or_default();
    }
    c.push('\n');
    WATCHED.iter().for_each(|kind| c.push_str(&trampolines(kind)));
    let of_ops = |name: &str| Kind::from_name(name).is_some() && !WRITTEN_BY_HAND.contains(&name);
    for (name, arguments, result, _) in LIST.iter().filter(|(name, ..)| of_ops(name)) {
        // A macro may hand the types over with spaces in them.
        let arguments: Vec<String> = arguments.iter().map(|argument| argument.replace("* ", "*")).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        c.push_str(&wrapper(name, &arguments, &result.replace("* ", "*")));
    }
    c.push_str(BY_HAND);
    for name in UNSPELLED {
        writeln!(c, "COUNTS({name})").unwrap_or_default();
    }
    c
}

/// Writes what is called in the place of a program's callbacks of a kind.
fn trampolines(kind: &Watched) -> String {
    let Watched { word, result, parameters, before, after, .. } = kind;
    let (declared, names) = (declared(parameters), names(parameters.len()));
    let types = parameters.join(", ");
    let call = format!("(({result} (*)({types}))users_of_{word}[at])({names})");
    let (made, told, back) = match *result {
        "void" => (format!("{call};"), "", ""),
        "int" => (format!("int result = {call};"), "put(&call, \" = i:%d\", result);", "return result;"),
        _ => (format!("{result} result = {call};"), "", "return result;"),
    };
    let mut c = format!(
        "\nstatic void *users_of_{word}[CALLBACKS];\n\n\
         static {result} on_{word}(int at, {declared}) {{\n    struct call call;\n    begin(&call, \"callback:{word}\");\n    \
         put(&call, \" f:%d\", at);\n    {before}\n    int was = call_back(&call);\n    {made}\n    called_back(&call, was);\n    \
         begin(&call, \"returned:{word}\");\n    put(&call, \" f:%d\", at);\n    {after}\n    {told}\n    finish(&call);\n    {back}\n}}\n\n"
    );
    for at in 0..CALLBACKS {
        let calls = format!("on_{word}({at}, {names})");
        let calls = if *result == "void" { calls } else { format!("return {calls}") };
        writeln!(c, "static {result} {word}_{at}({declared}) {{ {calls}; }}").unwrap_or_default();
    }
    let all: Vec<String> = (0..CALLBACKS).map(|at| format!("(void *){word}_{at}")).collect();
    writeln!(c, "static void *const ours_of_{word}[CALLBACKS] = {{{}}};", all.join(", ")).unwrap_or_default();
    c
}

/// Declares `void * a0, int a1`.
fn declared(types: &[&str]) -> String {
    types.iter().enumerate().map(|(at, word)| format!("{word} a{at}")).collect::<Vec<_>>().join(", ")
}

/// Lists `a0, a1`.
fn names(count: usize) -> String {
    (0..count).map(|at| format!("a{at}")).collect::<Vec<_>>().join(", ")
}

/// Writes the wrapper of a function.
fn wrapper(name: &str, arguments: &[&str], result: &str) -> String {
    let types: Vec<&str> = arguments.iter().map(|argument| c_type(argument)).collect();
    let (declared, list) = (if types.is_empty() { "void".into() } else { declared(&types) }, names(types.len()));
    let types = if types.is_empty() { "void".into() } else { types.join(", ") };
    let of = c_type(result);
    let (made, back) = match of {
        "void" => (format!("real({list});"), ""),
        _ => (format!("{of} result = real({list});"), "    return result;\n"),
    };
    let own = if of == "void" {
        format!("{{\n        real({list});\n        return;\n    }}")
    } else {
        format!("return real({list});")
    };
    let puts = operands(name, arguments);
    let is_own = if OF_BIOS.contains(&name) { "is_own_within" } else { "is_own" };
    let first = if FREES.contains(&name) { "    write_before(&call);\n" } else { "" };
    format!(
        "\n{of} {name}({declared}) {{\n    static void *kept;\n    void *caller = __builtin_return_address(0);\n    \
         {of} (*real)({types}) = ({of} (*)({types}))find(&kept, \"{name}\", (void *){name}, caller);\n    struct call call;\n    \
         if ({is_own}(caller, (void *)real))\n        {own}\n    begin(&call, \"{name}\");\n{puts}{first}    int was = enter(&call);\n    \
         {made}\n    leave(&call, was);\n{}    finish(&call);\n{back}}}\n",
        told(result)
    )
}

/// Writes what is told of the operands of a call.
fn operands(name: &str, arguments: &[&str]) -> String {
    let mut c = String::new();
    let mut at = 0;
    while let Some(argument) = arguments.get(at) {
        let next = arguments.get(at + 1).copied();
        let last = at + 1 == arguments.len();
        let put = match *argument {
            "*mut SSL_SESSION" | "*const SSL_SESSION" => format!("put_pointer(&call, 's', a{at});"),
            "*mut SSL_CTX" | "*const SSL_CTX" => format!("put_pointer(&call, 'c', a{at});"),
            "*mut SSL" | "*const SSL" => format!("put_pointer(&call, 'x', a{at});"),
            "*const SSL_METHOD" => format!("put_method(&call, a{at}, caller);"),
            "*const SSL_CIPHER" => format!("put_cipher(&call, a{at}, caller);"),
            "*const c_char" => format!("put_string(&call, a{at});"),
            "*const c_uchar" | "*const c_void" if matches!(next, Some("c_uint" | "usize")) => {
                at += 1;
                let put = if name == HOLDS_KEY { "put_secret" } else { "put_bytes" };
                format!("{put}(&call, a{}, a{at});", at - 1)
            }
            "c_long" | "time_t" if last && TIMED.contains(&name) => format!("put_time(&call, a{at});"),
            // A pointer of the application's: whether there is one is told.
            "*mut c_void" if name == "SSL_SESSION_set_ex_data" => format!("put_integer(&call, a{at} != NULL);"),
            "c_int" | "c_uint" | "c_long" | "c_ulong" | "usize" | "u64" | "u32" | "u8" | "time_t" => {
                format!("put_integer(&call, a{at});")
            }
            alias => match WATCHED.iter().find(|kind| kind.alias == alias) {
                Some(Watched { word, .. }) => {
                    format!("a{at} = watched(&call, users_of_{word}, ours_of_{word}, a{at});")
                }
                // Where something is copied to, or is of no interest.
                None => String::new(),
            },
        };
        if !put.is_empty() {
            writeln!(c, "    {put}").unwrap_or_default();
        }
        at += 1;
    }
    c
}

/// Writes what is told of the result of a call.
fn told(result: &str) -> String {
    let letter = match result {
        "*mut SSL_SESSION" => 's',
        "*mut SSL_CTX" => 'c',
        "*mut SSL" => 'x',
        "c_int" | "c_long" | "c_uint" | "c_ulong" | "usize" | "u64" | "u32" | "u8" | "time_t" => {
            return "    put(&call, \" = i:%lld\", (long long)result);\n".into();
        }
        _ => return String::new(),
    };
    format!("    put(&call, \" = {letter}:%llx\", (unsigned long long)(uintptr_t)result);\n")
}

/// Spells a type of the list of prototypes in C. All pointers are alike: nothing is known of what they lead to.
fn c_type(argument: &str) -> &'static str {
    match argument {
        "()" => "void",
        "c_int" => "int",
        "c_uint" | "u32" => "unsigned",
        "c_long" => "long",
        "c_ulong" => "unsigned long",
        "usize" => "size_t",
        "u64" => "uint64_t",
        "u16" => "uint16_t",
        "u8" => "uint8_t",
        "time_t" => "time_t",
        _ => "void *",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One that is both would be written twice, which no compiler takes.
    #[test]
    fn what_no_op_spells_is_no_op() {
        let spelled: Vec<_> = UNSPELLED.iter().filter(|name| Kind::from_name(name).is_some()).collect();
        assert!(spelled.is_empty(), "an op spells {spelled:?}");
    }
}
