//! Sets: of kinds of ops, of fields.

use super::Kind;

/// Makes a set of the variants of an enum: a bit for each, in as many words as they need.
macro_rules! sets {
    ($(#[$doc:meta])* $name:ident of $item:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, ::serde::Serialize, ::serde::Deserialize)]
        pub struct $name([u64; $item::ALL.len().div_ceil(64)]);

        impl $name {
            /// None of them.
            pub const NONE: $name = $name([0; $item::ALL.len().div_ceil(64)]);

            /// Returns the set with this one.
            #[inline(always)]
            pub const fn with(mut self, item: $item) -> $name {
                self.0[item as usize / 64] |= 1 << (item as usize % 64);
                self
            }

            /// Returns the set without this one.
            #[inline(always)]
            pub const fn without(mut self, item: $item) -> $name {
                self.0[item as usize / 64] &= !(1 << (item as usize % 64));
                self
            }

            /// Returns one bit for each, the first of `ALL` lowest.
            pub const fn bits(self) -> [u64; $item::ALL.len().div_ceil(64)] {
                self.0
            }

            /// Makes the set with these bits.
            pub const fn from_bits(bits: [u64; $item::ALL.len().div_ceil(64)]) -> $name {
                $name(bits)
            }

            /// Tells whether it is in.
            #[inline(always)]
            pub const fn contains(&self, item: $item) -> bool {
                self.0[item as usize / 64] & (1 << (item as usize % 64)) != 0
            }

            /// Tells whether there is none.
            #[inline(always)]
            pub fn is_empty(self) -> bool {
                self == $name::NONE
            }

            /// Returns those that are in, in the order of `ALL`.
            pub fn iter(self) -> impl Iterator<Item = $item> {
                $item::ALL.iter().copied().filter(move |item| self.contains(*item))
            }
        }

        impl FromIterator<$item> for $name {
            fn from_iter<Items: IntoIterator<Item = $item>>(items: Items) -> $name {
                items.into_iter().fold($name::NONE, $name::with)
            }
        }
    };
}

pub(crate) use sets;

sets! {
    /// A set of kinds of ops.
    Kinds of Kind
}

impl Kinds {
    /// Returns all but these: what somebody lacks who has only these.
    pub fn all_but(has: &[Kind]) -> Kinds {
        Kind::ALL.iter().filter(|kind| !has.contains(kind)).copied().collect()
    }

    /// Returns those in either.
    pub fn or(self, other: Kinds) -> Kinds {
        Kinds(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }
}
