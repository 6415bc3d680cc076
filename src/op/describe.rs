//! Describes the rows of the table for people: what `docs/OPS.md` says of each op.

use std::collections::BTreeMap;
use std::fmt;

use super::operand::*;
use super::{Kind, for_each_op};

/// A variable or an operand of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name in the table.
    pub name: &'static str,
    /// Its type in the table.
    pub of: String,
    /// How its text looks, in words, as Markdown.
    pub form: String,
}

/// What a library exports for an op.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// The function of the op's name.
    Function,
    /// `SSL_CTX_ctrl`, which takes this number: the name is that of a macro.
    Ctrl(i32),
    /// No function of that name: the harness makes other calls.
    Others,
}

macro_rules! define_descriptions {
    ($($section:ident { $(
        $(#[doc = $doc:literal])* $code:literal $kind:ident $name:ident [$($dst:ident: $made:tt)?]
            ($($operand:ident: $type:tt),*) $facts:tt {$($c:tt)*};
    )* })*) => {
        #[allow(unused_parens, reason = "a type of more than one token stands in parentheses")]
        impl Kind {
            /// Says what the call does, in a sentence or two.
            pub fn summary(self) -> &'static str {
                match self { $($(Kind::$kind => concat!($($doc),*).trim(),)*)* }
            }

            /// Returns the variable that the result goes into, if there is one.
            pub fn result(self) -> Option<Named> {
                match self { $($(Kind::$kind => None $(.or(Some(named::<$made>(stringify!($dst), stringify!($made)))))?,)*)* }
            }

            /// Returns the operands in their order.
            pub fn operands(self) -> Vec<Named> {
                match self { $($(Kind::$kind => vec![$(named::<$type>(stringify!($operand), stringify!($type))),*],)*)* }
            }

            /// Returns what a library has to export for the call alone.
            pub const fn needed(self) -> Needed {
                match self { $($(Kind::$kind => needed!($($c)*),)*)* }
            }
        }
    };
}

macro_rules! needed {
    (own) => {
        Needed::Others
    };
    (ctrl $number:literal) => {
        Needed::Ctrl($number)
    };
    ($($function:tt)*) => {
        Needed::Function
    };
}

for_each_op!(define_descriptions);

impl Kind {
    /// Spells a line that calls it, with the type of each operand in its place: `s: Slot = SSL_SESSION_dup(source: Slot)`.
    pub fn spelling(self) -> String {
        let operands: Vec<String> = self.operands().iter().map(ToString::to_string).collect();
        let result = self.result().map_or(String::new(), |named| format!("{named} = "));
        format!("{result}{}({})", self.in_text(), operands.join(", "))
    }

    /// Lists the types of all operands, each with how its text looks.
    pub fn operand_types() -> BTreeMap<String, String> {
        let named = Kind::ALL.iter().flat_map(|kind| kind.result().into_iter().chain(kind.operands()));
        named.map(|named| (named.of, named.form)).collect()
    }
}

/// `source: Slot`
impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.of)
    }
}

fn named<T: Operand>(name: &'static str, of: &str) -> Named {
    // Compilers do not agree on where the spaces are; the parentheses are the table's.
    let of = of.chars().filter(|c| !matches!(c, ' ' | '(' | ')')).collect();
    Named { name, of, form: T::form() }
}
