//! Writes one call as a statement. It comes from the row of the table, but for the few that C writes in another way.

use super::operand::{InC, Lending};
use super::readers::{Getter, getter};
use crate::op::{Kind, Op, Options, Room, Slot, Variable, for_each_op, serial_ops};
use crate::plan::Makes;

/// Says how a call is written.
#[derive(Clone, Copy)]
pub(super) struct Writing {
    /// Says what the call makes, as the plan has it.
    pub makes: Option<Makes>,
    /// Says whether the result is left in `returned`.
    pub keep: bool,
    /// Says where the bytes lie that the call reads.
    pub lending: Lending,
}

macro_rules! define_calls {
    ($($section:ident { $(
        $(#[$doc:meta])* $code:literal $kind:ident $name:ident $dst:tt ($($operand:ident: $type:tt),*) $facts:tt $c:tt;
    )* })*) => {
        /// Returns the operands of an op.
        fn operands(op: &Op) -> Vec<&dyn InC> {
            match op {
                $($(Op::$kind { $($operand,)* .. } => vec![$($operand),*],)*)*
            }
        }

        /// Writes the call of an op as one statement or several.
        #[allow(unreachable_patterns, reason = "what is written in a way of its own stands before the rows")]
        pub(super) fn statement(op: &Op, writing: Writing) -> String {
            let call = call(op, writing.lending);
            if let (Some(getter), Some(s)) = (getter(op.kind()), op.used()) {
                return match getter {
                    Getter::Number => writing.result(None, &call),
                    // What these return is a pointer; their check reads it.
                    Getter::Cipher | Getter::Text | Getter::Certificate => format!("(void){call};"),
                    Getter::Id => reads_out(op, s, "unsigned int n; (void)", "&n"),
                    Getter::Out => reads_out(op, s, "const unsigned char *p; size_t n; ", "&p, &n"),
                    Getter::OutAny => reads_out(op, s, "void *p; size_t n; (void)", "&p, &n"),
                };
            }
            match op {
                Op::SampleSession { dst, sample } => format!("{dst} = stored({0}, sizeof({0}));", sample.name()),
                Op::AdvanceClock { seconds } => format!("passed += {seconds};"),
                Op::TurnBackClock { seconds } => format!("passed -= passed < {seconds} ? passed : {seconds};"),
                Op::Forget { s } => format!("{s} = NULL; /* lost */"),
                // What it returns is a pointer; its check reads it.
                Op::CtxSessions { .. } => format!("(void){call};"),
                Op::GetExData { .. } => writing.kept(&format!("(uintptr_t){call}")),
                Op::GetMasterKey { s, room } => writing.copies(*s, *room),
                Op::GetAlpnSelected { x } if writing.keep => writing.kept(&format!("alpn_of({x}).length")),
                Op::GetAlpnSelected { x } => format!("(void)alpn_of({x});"),
                Op::GetPeerCertChain { .. } => writing.kept(&format!("sk_X509_num({call})")),
                Op::SslDup { x, .. } if writing.makes == Some(Makes::Same) => match writing.keep {
                    true => format!("returned = {call} == {x} ? 2 : 1;"),
                    false => format!("{call};"),
                },
                Op::SetSslCtx { c, .. } if writing.keep => match c {
                    Some(c) => writing.kept(&format!("({call} == {c})")),
                    None => writing.kept(&format!("({call} != NULL)")),
                },
                Op::CtxSetOptions { .. } | Op::CtxClearOptions { .. } => writing.has_bits(&call),
                serial_ops!() => writing.serial(op, &call),
                $($(Op::$kind { .. })|*)|* => writing.result(op.result(), &call),
            }
        }
    };
}

for_each_op!(define_calls);

/// Writes the call of an op as an expression.
fn call(op: &Op, lending: Lending) -> String {
    let arguments: Vec<String> = operands(op).iter().map(|operand| operand.in_c(op.kind(), lending)).collect();
    format!("{}({})", function(op.kind()), arguments.join(", "))
}

/// Returns the name of the function that is called, which is the library's or the C program's own.
fn function(kind: Kind) -> &'static str {
    if matches!(kind, Kind::CtxPooled | Kind::CtxNewDtls) {
        // A pool saves the harness time; a context of it is as a new one. What is spelled for DTLS is the method.
        return Kind::CtxNew.name();
    }
    let own = AFTER_HANDSHAKES.iter().find(|(own, _)| *own == kind);
    own.map_or_else(|| serial(kind).unwrap_or(kind.name()), |(_, name)| name)
}

/// Lists the functions of the C program's own that do something after a handshake, and let the other side read that.
const AFTER_HANDSHAKES: [(Kind, &str); 5] = [
    (Kind::NewSessionTicket, "new_session_ticket"),
    (Kind::KeyUpdate, "key_update"),
    (Kind::VerifyClient, "verify_client"),
    (Kind::Renegotiate, "renegotiate"),
    (Kind::RenegotiateAbbreviated, "renegotiate_abbreviated"),
];

/// Returns the function of the C program's own that writes or reads sessions as bytes.
#[expect(clippy::wildcard_enum_match_arm, reason = "the few ops that do this; the others do not")]
fn serial(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::ToDer => "to_der",
        Kind::ToDerBio => "to_der_bio",
        Kind::ToPem => "to_pem",
        Kind::Print => "printed",
        Kind::PrintKeylog => "keylog_of",
        Kind::FromDer => "from_der",
        Kind::FromDerEx => "from_der_ex",
        Kind::FromDerBio => "from_der_bio",
        Kind::FromPem => "from_pem",
        Kind::SetBytes => "bytes_of",
        _ => return None,
    })
}

/// Writes the call of a getter that returns what it reads through pointers. Nobody looks at the result.
fn reads_out(op: &Op, s: Slot, before: &str, out: &str) -> String {
    format!("{{ {before}{}({s}, {out}); }}", op.kind().name())
}

impl Writing {
    /// Writes a call that returns a number, which is kept where that is wanted.
    fn kept(self, call: &str) -> String {
        if self.keep { format!("returned = (long long){call};") } else { format!("{call};") }
    }

    /// Writes a call whose result goes into the variable that the op makes, if it makes one.
    fn result(self, variable: Option<Variable>, call: &str) -> String {
        match (variable, self.keep) {
            (Some(variable), true) => format!("{variable} = {call};\nreturned = {variable} != NULL;"),
            (Some(variable), false) => format!("{variable} = {call};"),
            (None, _) => self.kept(call),
        }
    }

    /// Writes a call about bytes.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the few ops that do this; the others do not")]
    fn serial(self, op: &Op, call: &str) -> String {
        let kept = |number: &str| if self.keep { format!("\nreturned = {number};") } else { String::new() };
        match op {
            Op::ToDer { dst, .. } => format!("{dst} = {call};{}", kept("wrote")),
            Op::ToDerBio { dst, .. } | Op::ToPem { dst, .. } | Op::Print { dst, .. } | Op::PrintKeylog { dst, .. } => {
                format!("{dst} = {call};{}", kept("wrote_bio"))
            }
            Op::SetBytes { dst, .. } => format!("{dst} = {call};"),
            Op::ReadDer { .. } | Op::ReadPem { .. } => self.kept(call),
            Op::SetByte { .. } | Op::DeleteBytes { .. } | Op::InsertBytes { .. } => format!("{call};"),
            _ => self.result(op.result(), call),
        }
    }

    /// Writes a call that returns bits, of which only those that programs set are compared.
    fn has_bits(self, call: &str) -> String {
        let names: Vec<_> = Options::ALL.iter().map(|option| option.name()).collect();
        if self.keep { self.kept(&format!("({call} & ({}))", names.join(" | "))) } else { format!("{call};") }
    }

    /// Writes a copy of the master key into a buffer of its own.
    fn copies(self, s: Slot, room: Room) -> String {
        let (name, room) = (Kind::GetMasterKey.name(), room.bytes());
        match self.lending {
            Lending::Guarded => self.kept(&format!("{name}({s}, room({room}), {room})")),
            Lending::Literal | Lending::Argument => {
                let call = self.kept(&format!("{name}({s}, copied + 16, {room})"));
                format!("memset(copied, 0xa5, sizeof(copied));\n{call}")
            }
        }
    }
}

/// Tells whether the present time changes what any of these calls does.
pub(super) fn needs_clock(kinds: &[Kind]) -> bool {
    let timed = |kind: &Kind| {
        matches!(
            kind,
            Kind::AdvanceClock
                | Kind::TurnBackClock
                | Kind::CtxAdd
                | Kind::CtxFlush
                | Kind::CtxFlushEx
                | Kind::CtxSetCacheMode
        )
    };
    // A session that is written has its time, and one that is read may get the present.
    kinds.iter().any(|kind| timed(kind) || kind.is_serial())
}
