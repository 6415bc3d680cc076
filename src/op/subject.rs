//! What a call is about: the pattern of all ops on sessions, of those on contexts, and of those on connections.

use super::table::for_each_op;

/// Sorts the rows that are no getters by their variables, and makes a pattern of each heap. A row with a connection is about
/// that, another one with a context about that, and any other one about sessions.
macro_rules! define_subjects {
    (custom { $($custom:tt)* } plain { $($plain:tt)* } getters { $($getter:tt)* }) => {
        define_subjects! { [] [] [] $($custom)* $($plain)* }
    };
    ([$($session:ident)*] [$($context:ident)*] [$($connection:ident)*]) => {
        macro_rules! session_ops {
            () => { $($crate::op::Op::$session { .. })|* };
        }

        macro_rules! context_ops {
            () => { $($crate::op::Op::$context { .. })|* };
        }

        macro_rules! connection_ops {
            () => { $($crate::op::Op::$connection { .. })|* };
        }
    };
    ($s:tt $c:tt [$($x:ident)*] $(#[$doc:meta])* $code:literal $kind:ident $name:ident [$dst:ident: ConnectionSlot] $operands:tt $facts:tt $own:tt; $($rest:tt)*) => {
        define_subjects! { $s $c [$($x)* $kind] $($rest)* }
    };
    ($s:tt $c:tt [$($x:ident)*] $(#[$doc:meta])* $code:literal $kind:ident $name:ident $dst:tt ($x0:ident: ConnectionSlot $($operand:tt)*) $facts:tt $own:tt; $($rest:tt)*) => {
        define_subjects! { $s $c [$($x)* $kind] $($rest)* }
    };
    ($s:tt $c:tt [$($x:ident)*] $(#[$doc:meta])* $code:literal $kind:ident $name:ident $dst:tt ($x0:ident: (Option<ConnectionSlot>) $($operand:tt)*) $facts:tt $own:tt; $($rest:tt)*) => {
        define_subjects! { $s $c [$($x)* $kind] $($rest)* }
    };
    ($s:tt [$($c:ident)*] $x:tt $(#[$doc:meta])* $code:literal $kind:ident $name:ident [$dst:ident: ContextSlot] $operands:tt $facts:tt $own:tt; $($rest:tt)*) => {
        define_subjects! { $s [$($c)* $kind] $x $($rest)* }
    };
    ($s:tt [$($c:ident)*] $x:tt $(#[$doc:meta])* $code:literal $kind:ident $name:ident $dst:tt ($c0:ident: ContextSlot $($operand:tt)*) $facts:tt $own:tt; $($rest:tt)*) => {
        define_subjects! { $s [$($c)* $kind] $x $($rest)* }
    };
    ($s:tt [$($c:ident)*] $x:tt $(#[$doc:meta])* $code:literal $kind:ident $name:ident $dst:tt ($c0:ident: (Option<ContextSlot>) $($operand:tt)*) $facts:tt $own:tt; $($rest:tt)*) => {
        define_subjects! { $s [$($c)* $kind] $x $($rest)* }
    };
    ([$($s:ident)*] $c:tt $x:tt $(#[$doc:meta])* $code:literal $kind:ident $name:ident $dst:tt $operands:tt $facts:tt $own:tt; $($rest:tt)*) => {
        define_subjects! { [$($s)* $kind] $c $x $($rest)* }
    };
}

for_each_op!(define_subjects);

impl super::Kind {
    /// Tells whether it makes bytes of a session, a session of bytes, or other bytes.
    pub const fn is_serial(self) -> bool {
        self.opcode() >= super::Kind::ToDer.opcode() && self.opcode() <= super::Kind::InsertBytes.opcode()
    }
}

/// Matches the ops that make bytes of a session, a session of bytes, or other bytes.
macro_rules! serial_ops {
    () => {
        $crate::op::Op::ToDer { .. }
            | $crate::op::Op::FromDer { .. }
            | $crate::op::Op::ReadDer { .. }
            | $crate::op::Op::FromDerEx { .. }
            | $crate::op::Op::ToDerBio { .. }
            | $crate::op::Op::FromDerBio { .. }
            | $crate::op::Op::ToPem { .. }
            | $crate::op::Op::FromPem { .. }
            | $crate::op::Op::ReadPem { .. }
            | $crate::op::Op::Print { .. }
            | $crate::op::Op::PrintKeylog { .. }
            | $crate::op::Op::SetBytes { .. }
            | $crate::op::Op::SetByte { .. }
            | $crate::op::Op::DeleteBytes { .. }
            | $crate::op::Op::InsertBytes { .. }
    };
}

pub(crate) use {connection_ops, context_ops, serial_ops, session_ops};

#[cfg(test)]
mod tests {
    use super::super::{Kind, Variable, Wire, getters};

    #[test]
    fn each_op_is_about_its_variables() {
        for kind in Kind::ALL {
            let op = kind.take_wire(&mut Wire::new(&[0; 64])).expect("64 bytes are enough for any");
            let has = |wanted: fn(&Variable) -> bool| op.variables().any(|variable| wanted(&variable));
            let connection = has(|variable| matches!(variable, Variable::Connection(_)));
            let context = has(|variable| matches!(variable, Variable::Context(_)));
            let right = match op {
                session_ops!() | getters!() => !connection && !context,
                context_ops!() => !connection && context,
                connection_ops!() => connection,
            };
            assert!(right, "{op}");
        }
    }
}
