//! Writes callbacks that are blocks as C functions, and what they share with the calls of the program: its variables.

use std::fmt::Write as _;

use super::super::Subject;
use super::is_made;
use super::value::{number, time};
use crate::op::{
    BlockCall, BufferSlot, ContextSlot, CopyFlag, GetBlock, Inner, NameBlock, Op, PskBlock, Source, Variable, Where,
};
use crate::plan::{Ledger, Step};

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
    /// Says which sessions the callbacks are about that are told of none.
    sources: Vec<Source>,
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
        let mut sources: Vec<Source> = Vec::new();
        for source in set.iter().map(|(_, op)| op.source()) {
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        let mut text = String::from("/* The variables that callbacks use. */\n");
        contexts.iter().for_each(|c| text += &format!("static SSL_CTX *{c};\n"));
        buffers.iter().for_each(|b| text += &format!("static struct bytes {b} = {{ NULL, 0 }};\n"));
        text.extend(sources.iter().filter_map(|source| lent(*source)).map(|(declared, ..)| declared + "\n"));
        if functions.contains("within_block") {
            text += "static int within_block;\n";
        }
        if functions.contains("held(") {
            text += &held(&contexts);
        }
        if functions.contains("cached_but_in(") {
            text += &cached_but_in(&contexts);
        }
        Blocks { text: text + &functions, buffers, sources }
    }

    /// Writes what callbacks may use in the handshake of a step.
    pub fn before(&self, subject: &Subject<'_>, at: usize, op: &Op) -> Vec<String> {
        if !matches!(op, Op::Handshake { .. }) || self.sources.iter().all(|source| *source == Source::Nothing) {
            return Vec::new();
        }
        let mut ledger = Ledger::new(subject.plan.setup());
        let ran = subject.program.ops.iter().zip(&subject.plan.steps).take(at);
        ran.filter(|(_, step)| matches!(step, Step::Run { .. })).for_each(|(before, _)| ledger.follow(before));
        let fits = |source: Source| match source {
            Source::Variable(s) => ledger.fit_sessions().any(|fit| fit == s),
            Source::Bytes(b) => ledger.fit_bytes().any(|fit| fit == b),
            Source::Kept => ledger.trusts(),
            Source::Nothing | Source::Agreed => false,
        };
        let lines = self.sources.iter().filter_map(|source| Some((fits(*source), lent(*source)?)));
        lines.map(|(fits, (_, fit, unfit))| if fits { fit } else { unfit }).collect()
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
            Op::CtxSetRemoveBlock { c, .. }
            | Op::CtxSetNewBlock { c, .. }
            | Op::CtxSetGetBlock { c, .. }
            | Op::CtxSetPskUseBlock { c, .. }
            | Op::CtxSetPskFindBlock { c, .. }
            | Op::CtxSetNameBlock { c, .. } => Some(format!("{}({c}, {});", op.kind().in_text(), name(at))),
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

/// Writes what callbacks use of a variable in a handshake: how it is declared, set, and set to nothing.
fn lent(source: Source) -> Option<(String, String, String)> {
    match source {
        Source::Nothing | Source::Agreed => None,
        Source::Kept => Some(("static int kept_is_fit;".into(), "kept_is_fit = 1;".into(), "kept_is_fit = 0;".into())),
        Source::Variable(s) => {
            Some((format!("static SSL_SESSION *lent_{s};"), format!("lent_{s} = {s};"), format!("lent_{s} = NULL;")))
        }
        Source::Bytes(b) => Some((
            format!("static struct bytes lent_{b} = {{ NULL, 0 }};"),
            format!("lent_{b} = {b};"),
            format!("lent_{b}.at = NULL;"),
        )),
    }
}

/// Writes the session that a block is about as an expression. What callbacks kept is found by `kept`.
fn session_of(source: Source, kept: &str) -> String {
    match source {
        Source::Nothing => "NULL".into(),
        Source::Kept => format!("kept_is_fit ? {kept} : NULL"),
        Source::Variable(s) => format!("lent_{s}"),
        Source::Bytes(b) => format!("lent_{b}.at == NULL ? NULL : kept_of(from_der(lent_{b}))"),
        Source::Agreed => "kept_of(agreed_before(ssl, 0))".into(),
    }
}

/// Finds out whether the session is there that a block is about.
fn there(source: Source, of: Inner) -> String {
    let owned = of == Inner::Session && matches!(source, Source::Variable(_));
    if owned { format!("{} != NULL", of.name()) } else { format!("is_kept({})", of.name()) }
}

/// Holds what a callback is besides the calls of its block.
struct Frame {
    /// Stands before the first statement.
    head: String,
    /// Is the context whose callback it is.
    own: &'static str,
    /// Says for whom references are kept.
    kept_by: &'static str,
    /// Says which session it is about, where it is told of none.
    source: Option<Source>,
    /// Stands behind the calls.
    end: String,
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
#[expect(clippy::wildcard_enum_match_arm, reason = "the few ops that have a block; the others have none")]
fn function(at: usize, op: &Op) -> String {
    if let Op::CtxSetNameBlock { block, .. } = op {
        return moving(at, *block);
    }
    let calls = op.block().unwrap_or_default();
    let frame = match op {
        Op::CtxSetNewBlock { block, .. } => of_new(&name(at), block.keeps),
        Op::CtxSetGetBlock { block, .. } => of_get(&name(at), block),
        Op::CtxSetPskUseBlock { block, .. } => of_psk_use(&name(at), block),
        Op::CtxSetPskFindBlock { block, .. } => of_psk_find(&name(at), block),
        _ => of_remove(&name(at)),
    };
    let copies = calls.iter().any(|call| call.of() == Some(Inner::Copy) || matches!(call, BlockCall::Dup { .. }));
    let copies = copies || frame.end.contains("copy");
    let mut text = frame.head.replace("COPY", if copies { "    SSL_SESSION *copy = NULL;\n" } else { "" });
    if !calls.is_empty() {
        text += "    /* Where one of these calls back, nothing more is done. */\n    if (within_block++ == 0) {\n";
        for (number, call) in (1..).zip(calls) {
            for line in lines(number, *call, &frame) {
                let _ = writeln!(text, "        {line}"); // writing to a String cannot fail
            }
        }
        text += "    }\n    within_block--;\n";
    }
    text + &frame.end + "}\n"
}

fn of_remove(name: &str) -> Frame {
    let head = format!(
        "\nstatic void {name}(SSL_CTX *context, SSL_SESSION *session)\n{{\nCOPY\n    (void)context;\n    happens(\"remove\", 0, NULL, \
         session);\n"
    );
    Frame { head, own: "context", kept_by: "0", source: None, end: String::new() }
}

fn of_new(name: &str, keeps: bool) -> Frame {
    let head = format!(
        "\nstatic int {name}(SSL *ssl, SSL_SESSION *session)\n{{\nCOPY    unsigned int length;\n\n    SSL_SESSION_get_id(session, \
         &length);\n    happens(\"new_session\", (int)length, NULL, session);\n"
    );
    let keep = if keeps { "    keep(session, SSL_is_server(ssl) ? 1 : 3);\n" } else { "    (void)ssl;\n" };
    let end = format!("{keep}    return {};\n", u8::from(keeps));
    Frame { head, own: OWN, kept_by: "SSL_is_server(ssl) ? 1 : 3", source: None, end }
}

fn of_get(name: &str, block: &GetBlock) -> Frame {
    let session = session_of(block.source, "kept_under(id, length, 1)");
    let head = format!(
        "\nstatic SSL_SESSION *{name}(SSL *ssl, const unsigned char *id, int length, int *copied)\n{{\n    SSL_SESSION \
         *session;\nCOPY\n    (void)ssl;\n    (void)id;\n    happens(\"get_session\", length, NULL, NULL);\n    session = \
         {session};\n    (void)session;\n"
    );
    let flag = match block.copy {
        CopyFlag::Untouched => "    (void)copied;\n",
        CopyFlag::Lends => "    *copied = 1;\n",
        CopyFlag::Gives => "    *copied = 0;\n",
    };
    let away = block.gives().is_some() && block.is_sound();
    let giving = block.returns.map(|of| Given { of, away, tls13: false, cached: true });
    let end = flag.to_string() + &given(block.source, block.calls.len(), giving, ["return NULL;", "return SESSION;"]);
    Frame { head, own: OWN, kept_by: "0", source: Some(block.source), end }
}

fn of_psk_use(name: &str, block: &PskBlock) -> Frame {
    let session = session_of(block.source, "kept_under(NULL, 0, 3)");
    let head = format!(
        "\nstatic int {name}(SSL *ssl, const EVP_MD *digest, const unsigned char **id, size_t *length, SSL_SESSION **given)\n{{\n    \
         SSL_SESSION *session;\nCOPY\n    (void)ssl;\n    (void)digest;\n    happens(\"psk_use\", 0, NULL, NULL);\n    *id = (const \
         unsigned char *)\"agreed before\";\n    *length = 13;\n    *given = NULL;\n    session = {session};\n    \
         (void)session;\n"
    );
    let end = given(block.source, block.calls.len(), agreed(block), GIVEN);
    Frame { head, own: OWN, kept_by: "0", source: Some(block.source), end }
}

fn of_psk_find(name: &str, block: &PskBlock) -> Frame {
    let session = session_of(block.source, "kept_under(NULL, 0, 1)");
    let head = format!(
        "\nstatic int {name}(SSL *ssl, const unsigned char *id, size_t length, SSL_SESSION **given)\n{{\n    SSL_SESSION \
         *session;\nCOPY\n    (void)ssl;\n    happens(\"psk_find\", 0, NULL, NULL);\n    *given = NULL;\n    if (length != 13 || \
         memcmp(id, \"agreed before\", 13) != 0)\n        return 1;\n    session = {session};\n    (void)session;\n"
    );
    let end = given(block.source, block.calls.len(), agreed(block), GIVEN);
    Frame { head, own: OWN, kept_by: "0", source: Some(block.source), end }
}

/// Says what a callback gives that is for sessions which were agreed on.
fn agreed(block: &PskBlock) -> Option<Given> {
    block.returns.map(|of| Given { of, away: block.is_sound(), tls13: true, cached: false })
}

/// Is what such a callback does with no session, and with one.
const GIVEN: [&str; 2] = ["return 1;", "*given = SESSION;\n    return 1;"];

/// Says what a callback gives: which session, whether a reference of its own, whether of TLS 1.3 alone, whether for a cache.
#[derive(Clone, Copy)]
struct Given {
    of: Inner,
    away: bool,
    tls13: bool,
    cached: bool,
}

/// Writes the end of a callback that gives a session, behind so many calls: what it does with none, and with one.
fn given(source: Source, calls: usize, giving: Option<Given>, [none, gives]: [&str; 2]) -> String {
    let at = calls + 1;
    let Some(Given { of, away, tls13, cached }) = giving else {
        return format!("    happens(\"return\", {at}, NULL, NULL);\n    {none}\n");
    };
    let (name, number) = (of.name(), of as u8 + 1);
    let mut wanted = vec![there(source, of), format!("complete({name}, {})", u8::from(tls13))];
    wanted.extend(away.then(|| format!("is_kept({name})")));
    wanted.extend(cached.then(|| format!("!cached_but_in({OWN}, {name})")));
    wanted.dedup();
    let give = if away { format!("    give_away({name});\n") } else { String::new() };
    format!(
        "    if (!({}))\n        {none}\n    happens(\"return\", {at}, (void *)(uintptr_t){number}, NULL);\n{give}    {}\n",
        wanted.join(" && "),
        gives.replace("SESSION", name),
    )
}

/// Is the context whose callback a callback of a connection is.
const OWN: &str = "SSL_get_SSL_CTX(ssl)";

/// Writes a call of a block.
fn lines(number: u32, call: BlockCall, frame: &Frame) -> Vec<String> {
    let Frame { own, kept_by, source, .. } = frame;
    let of = call.of().map_or("", Inner::name);
    let context = match call.context() {
        Some(Where::Own) => format!("held({own})"),
        Some(Where::Variable(c)) => c.to_string(),
        None => String::new(),
    };
    let mut guards = Vec::new();
    match (call.of(), source) {
        (Some(Inner::Copy), _) => guards.push("is_kept(copy)".to_string()),
        (Some(Inner::Session), Some(source)) => guards.push(there(*source, Inner::Session)),
        (Some(Inner::Session), None) | (None, _) => {}
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
        | BlockCall::Number { .. }
        | BlockCall::AddAnyway { .. } => vec![returned(&made)],
        BlockCall::FreeBorrowed { .. } => vec![format!("{made}; /* not the callback's to free */"), told("NULL")],
        BlockCall::KeepBorrowed { .. } => vec![format!("keep({of}, {kept_by}); /* and no reference */"), told("NULL")],
        BlockCall::AddAndRemove { .. } => vec![
            format!("SSL_CTX_add_session({context}, {of});"),
            "within_block = 0; /* this function may be called again */".into(),
            returned(&made),
            "within_block = 1;".into(),
        ],
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
        BlockCall::AddAnyway { .. } => format!("SSL_CTX_add_session({context}, {of})"),
        BlockCall::AddAndRemove { .. } => format!("SSL_CTX_remove_session({context}, {of})"),
        BlockCall::FreeBorrowed { .. } => format!("SSL_SESSION_free({of})"),
        BlockCall::KeepBorrowed { .. } => String::new(),
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
