//! Writes callbacks that are blocks as C functions, and what they share with the calls of the program: its variables.

use std::fmt::Write as _;

use super::super::Subject;
use super::is_made;
use super::value::{number, time};
use crate::op::{BlockCall, BufferSlot, ContextSlot, Inner, NameBlock, Op, Variable, Where};

/// Returns the name of the function that is the callback which a step sets.
pub(super) fn name(at: usize) -> String {
    format!("callback_of_{at}")
}

/// The callbacks of a program that are blocks, as C.
#[derive(Default)]
pub(super) struct Blocks {
    /// Functions, and the variables that they share with the calls; empty: there is no block.
    pub text: String,
    buffers: Vec<BufferSlot>,
}

impl Blocks {
    /// Writes the callbacks that the program sets.
    pub fn of(subject: &Subject<'_>) -> Blocks {
        let ops = subject.program.ops.iter().enumerate();
        let set: Vec<(usize, &Op)> = ops.filter(|(at, op)| op.block().is_some() && is_made(subject, *at)).collect();
        if set.is_empty() {
            return Blocks::default();
        }
        let functions: String = set.iter().map(|(at, op)| function(*at, op)).collect();
        let calls = || set.iter().flat_map(|(_, op)| op.block().unwrap_or_default());
        let written = calls().filter_map(|call| if let BlockCall::ToDer { b, .. } = call { Some(*b) } else { None });
        let mut buffers: Vec<BufferSlot> = BufferSlot::all().filter(|b| written.clone().any(|of| of == *b)).collect();
        buffers.dedup();
        let in_blocks = calls().filter_map(|call| call.context());
        let in_blocks = in_blocks.filter_map(|of| if let Where::Variable(c) = of { Some(c) } else { None });
        let moved_to = set
            .iter()
            .filter_map(|(_, op)| if let Op::CtxSetNameBlock { block, .. } = op { Some(block.to) } else { None });
        let in_calls = subject.program.ops.iter().flat_map(Op::variables);
        let in_calls = in_calls.filter_map(|of| if let Variable::Context(c) = of { Some(c) } else { None });
        let mut contexts: Vec<ContextSlot> = in_blocks.chain(moved_to).chain(in_calls).collect();
        contexts.sort();
        contexts.dedup();
        let mut text = String::from("/* The variables that callbacks use. */\n");
        contexts.iter().for_each(|c| text += &format!("static SSL_CTX *{c};\n"));
        buffers.iter().for_each(|b| text += &format!("static struct bytes {b} = {{ NULL, 0 }};\n"));
        if functions.contains("within_block") {
            text += "static int within_block;\n";
        }
        if functions.contains("held(") {
            text += &held(&contexts);
        }
        if functions.contains("cached_but_in(") {
            text += &cached_but_in(&contexts);
        }
        Blocks { text: text + &functions, buffers }
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Tells whether a byte variable is one of those that callbacks write to.
    pub fn have(&self, b: BufferSlot) -> bool {
        self.buffers.contains(&b)
    }

    /// Writes the call that sets a callback to a block, or that gives back a context which callbacks may use; `None`: it is another
    /// call.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few ops that do this; the others do not")]
    pub fn statement(&self, at: usize, op: &Op, ends: bool) -> Option<String> {
        match op {
            Op::CtxSetRemoveBlock { c, .. } | Op::CtxSetNewBlock { c, .. } => {
                Some(format!("{}({c}, {});", op.kind().in_text(), name(at)))
            }
            Op::CtxSetNameBlock { c, .. } => Some(format!("{}({c}, {});", op.kind().in_text(), name(at))),
            // No callback uses what is being freed.
            Op::CtxFree { c: Some(c) } if ends && !self.is_empty() => {
                Some(format!("{{ SSL_CTX *last = {c}; {c} = NULL; SSL_CTX_free(last); }}"))
            }
            _ => None,
        }
    }
}

/// Finds out whether a variable holds a context.
fn held(contexts: &[ContextSlot]) -> String {
    let any: Vec<String> = contexts.iter().map(|c| format!("context == {c}")).collect();
    let any = any.join(" || ");
    format!("\nstatic SSL_CTX *held(SSL_CTX *context)\n{{\n    return {any} ? context : NULL;\n}}\n")
}

/// Finds out whether another cache has a session: it must be in no two.
fn cached_but_in(contexts: &[ContextSlot]) -> String {
    let lines: Vec<String> =
        contexts.iter().map(|c| format!("({c} != NULL && {c} != context && is_cached({c}, session))")).collect();
    let any = lines.join("\n           || ");
    format!(
        "\n/* A session has one pair of links: it must be in no two caches. */\nstatic int cached_but_in(SSL_CTX *context, SSL_SESSION \
         *session)\n{{\n    return {any};\n}}\n"
    )
}

/// Writes the function of a callback that moves servers. Their certificates go with the context.
fn moving(at: usize, block: NameBlock) -> String {
    let (name, to, returns) = (name(at), block.to, block.returns.name());
    format!(
        "\nstatic int {name}(SSL *ssl, int *alert, void *argument)\n{{\n    int moves = SSL_is_server(ssl) && {to} != NULL;\n\n    \
         (void)alert, (void)argument;\n    happens(\"server_name\", !SSL_is_server(ssl) ? 0 : moves ? 1 : 2, NULL, NULL);\n    \
         if (moves) {{\n        SSL_set_SSL_CTX(ssl, {to});\n        use_certificate(ssl); /* the one before was its \
         context's */\n    }}\n    return {returns};\n}}\n"
    )
}

/// Writes the function of a callback.
fn function(at: usize, op: &Op) -> String {
    if let Op::CtxSetNameBlock { block, .. } = op {
        return moving(at, *block);
    }
    let calls = op.block().unwrap_or_default();
    let mut text = String::new();
    let copies = calls.iter().any(|call| call.of() == Some(Inner::Copy) || matches!(call, BlockCall::Dup { .. }));
    let copy = if copies { "    SSL_SESSION *copy = NULL;\n" } else { "" };
    let keeps = if let Op::CtxSetNewBlock { block, .. } = op { Some(block.keeps) } else { None };
    let (own, kept_by, end) = match keeps {
        Some(keeps) => {
            text += &format!(
                "\nstatic int {}(SSL *ssl, SSL_SESSION *session)\n{{\n{copy}    unsigned int length;\n\n    SSL_SESSION_get_id(session, \
                 &length);\n    happens(\"new_session\", (int)length, NULL, session);\n",
                name(at)
            );
            let keep = if keeps { "    keep(session, SSL_is_server(ssl));\n" } else { "    (void)ssl;\n" };
            ("SSL_get_SSL_CTX(ssl)", "SSL_is_server(ssl)", format!("{keep}    return {};\n", u8::from(keeps)))
        }
        None => {
            text += &format!(
                "\nstatic void {}(SSL_CTX *context, SSL_SESSION *session)\n{{\n{copy}\n    (void)context;\n    happens(\"remove\", 0, \
                 NULL, session);\n",
                name(at)
            );
            ("context", "0", String::new())
        }
    };
    if !calls.is_empty() {
        text += "    /* Where one of these calls back, nothing more is done. */\n    if (within_block++ == 0) {\n";
        for (number, call) in (1..).zip(calls) {
            for line in lines(number, *call, own, kept_by) {
                let _ = writeln!(text, "        {line}"); // writing to a String cannot fail
            }
        }
        text += "    }\n    within_block--;\n";
    }
    text + &end + "}\n"
}

/// Writes a call of a block.
fn lines(number: u32, call: BlockCall, own: &str, kept_by: &str) -> Vec<String> {
    let of = call.of().map_or("", Inner::name);
    let context = match call.context() {
        Some(Where::Own) => format!("held({own})"),
        Some(Where::Variable(c)) => c.to_string(),
        None => String::new(),
    };
    let mut guards = Vec::new();
    if call.of() == Some(Inner::Copy) {
        guards.push("is_kept(copy)".to_string());
    }
    if !context.is_empty() {
        guards.push(format!("{context} != NULL"));
    }
    if matches!(call, BlockCall::Add { .. }) {
        guards.push(format!("!cached_but_in({context}, {of})"));
    }
    let made = made(call, &context);
    let told = |value: &str| format!("happens(\"{}\", {number}, {value}, NULL);", call.name());
    let returned = |value: &str| told(&format!("(void *)(uintptr_t){value}"));
    let mut calls = match call {
        BlockCall::UpRef { .. } => vec![returned(&made), format!("keep({of}, {kept_by});")],
        BlockCall::Free { .. } => vec![format!("give_back({of});"), told("NULL")],
        BlockCall::Dup { .. } => vec![
            format!("copy = {made};"),
            returned("((copy != NULL) + 2 * (copy != NULL && SSL_SESSION_is_resumable(copy)))"),
            "if (copy != NULL)".into(),
            "    keep(copy, 0);".into(),
        ],
        BlockCall::ToDer { b, .. } => vec![format!("{b} = {made};"), returned(&format!("({b}.length > 0)"))],
        BlockCall::Flush { .. } => vec![format!("{made};"), told("NULL")],
        BlockCall::SetTimeout { .. }
        | BlockCall::SetTime { .. }
        | BlockCall::GetTimeout { .. }
        | BlockCall::GetTime { .. }
        | BlockCall::GetProtocolVersion { .. }
        | BlockCall::IsResumable { .. }
        | BlockCall::Add { .. }
        | BlockCall::Remove { .. }
        | BlockCall::Number { .. } => vec![returned(&made)],
    };
    if !guards.is_empty() {
        calls = calls.into_iter().map(|line| format!("    {line}")).collect();
        calls.insert(0, format!("if ({}) {{", guards.join(" && ")));
        calls.push("}".into());
    }
    calls
}

/// Writes the call itself as an expression.
fn made(call: BlockCall, context: &str) -> String {
    let of = call.of().map_or("", Inner::name);
    let name = call.name();
    match call {
        BlockCall::SetTimeout { timeout, .. } => format!("{name}({of}, {})", number(timeout)),
        BlockCall::SetTime { time: at, .. } => format!("{name}({of}, (time_t)({}))", time(at)),
        BlockCall::Add { .. } | BlockCall::Remove { .. } => format!("{name}({context}, {of})"),
        BlockCall::Flush { time: at, .. } => format!("{name}({context}, (time_t)({}))", time(at)),
        BlockCall::Number { .. } => format!("{name}({context})"),
        BlockCall::ToDer { .. } => format!("to_der({of})"),
        BlockCall::UpRef { .. }
        | BlockCall::Free { .. }
        | BlockCall::Dup { .. }
        | BlockCall::GetTimeout { .. }
        | BlockCall::GetTime { .. }
        | BlockCall::GetProtocolVersion { .. }
        | BlockCall::IsResumable { .. } => format!("{name}({of})"),
    }
}
