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

/// Makes a pattern of the rows with a variable of bytes, and what tells them from the others.
macro_rules! define_serial {
    (custom { $($custom:tt)* } plain { $($plain:tt)* } getters { $($getter:tt)* }) => {
        define_serial! { [] $($custom)* $($plain)* }
    };
    ([$($serial:ident)*]) => {
        /// Matches the ops that make bytes of a session, a session of bytes, or other bytes.
        macro_rules! serial_ops {
            () => { $($crate::op::Op::$serial { .. })|* };
        }

        impl super::Kind {
            /// Tells whether it sets the program's clock.
            pub const fn sets_clock(self) -> bool {
                matches!(self, super::Kind::AdvanceClock | super::Kind::TurnBackClock)
            }

            /// Tells whether it makes bytes of a session, a session of bytes, or other bytes.
            pub const fn is_serial(self) -> bool {
                matches!(self, $(super::Kind::$serial)|*)
            }
        }
    };
    ([$($b:ident)*] $(#[$doc:meta])* $code:literal $kind:ident $name:ident [$dst:ident: BufferSlot] $operands:tt $facts:tt $own:tt; $($rest:tt)*) => {
        define_serial! { [$($b)* $kind] $($rest)* }
    };
    ([$($b:ident)*] $(#[$doc:meta])* $code:literal $kind:ident $name:ident $dst:tt ($b0:ident: BufferSlot $($operand:tt)*) $facts:tt $own:tt; $($rest:tt)*) => {
        define_serial! { [$($b)* $kind] $($rest)* }
    };
    ([$($b:ident)*] $(#[$doc:meta])* $code:literal $kind:ident $name:ident $dst:tt ($s0:ident: Slot, $b0:ident: BufferSlot) $facts:tt $own:tt; $($rest:tt)*) => {
        define_serial! { [$($b)* $kind] $($rest)* }
    };
    ($b:tt $(#[$doc:meta])* $code:literal $kind:ident $name:ident $dst:tt $operands:tt $facts:tt $own:tt; $($rest:tt)*) => {
        define_serial! { $b $($rest)* }
    };
}

for_each_op!(define_serial);

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

    #[test]
    fn each_op_with_a_variable_of_bytes_is_serial() {
        for kind in Kind::ALL {
            let op = kind.take_wire(&mut Wire::new(&[0; 64])).expect("64 bytes are enough for any");
            let text = op.to_string();
            let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            assert_eq!(kind.is_serial(), words.any(|word| word == "b0"), "{text}");
        }
    }
}
