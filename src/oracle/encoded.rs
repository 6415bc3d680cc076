//! Whether a session is wrong, or only its DER: what getters show and what is encoded are looked at side by side.

use super::{Aspect, Signature};
use crate::der::{element, missing_always, shown_difference};
use crate::field::{Field, Fields};
use crate::op::Kinds;
use crate::trace::Entry;

/// Remembers what getters showed of the session that is being read, whose DER follows.
#[derive(Clone, Copy)]
pub(super) struct Encoded {
    /// Lists the functions that are not asked.
    lacks: Kinds,
    /// Lists the fields in which the two sides differ.
    differ: Fields,
    /// Lists the fields of which DER may hold more than the getter shows.
    vague: Fields,
}

impl Encoded {
    pub fn new(lacks: Kinds) -> Encoded {
        Encoded { lacks, differ: Fields::NONE, vague: Fields::NONE }
    }

    /// Looks at the next entries of the two sides.
    pub fn see(&mut self, entries: [Option<Entry<'_>>; 2]) {
        if let [Some(Entry::Session(_) | Entry::SessionOf(_)), _] = entries {
            *self = Encoded::new(self.lacks);
        }
        // A session without a cipher suite stores the one that it was read with, and whether it is known that fragments are not
        // limited is stored too.
        if let [
            Some(Entry::Number(field @ Field::Cipher, -1) | Entry::Number(field @ Field::MaxFragmentLength, 0)),
            _,
        ] = entries
        {
            self.vague = self.vague.with(field);
        }
        if entries[0] != entries[1] {
            let fields = entries.iter().flatten().filter_map(Entry::field);
            self.differ = fields.fold(self.differ, Fields::with);
        }
    }

    /// Names what is wrong if it is what `i2d_SSL_SESSION` makes of a session that is right: a field that differs in DER, and not in
    /// what its getter shows.
    pub fn wrong(&self, entries: [Option<Entry<'_>>; 2]) -> Option<Signature> {
        let [Some(Entry::Bytes(Field::Der, Some(left))), Some(Entry::Bytes(Field::Der, Some(right)))] = entries else {
            return None;
        };
        let unknown = |field: Field| {
            self.differ.contains(field) || self.vague.contains(field) || self.lacks.contains(field.getter())
        };
        let shown = |field: Field| !unknown(field);
        shown_difference(left, right, shown).or_else(|| missing_always(left, right)).map(Signature::of_encoding)
    }
}

/// Takes of two sessions' DER what it has of the field in which they differ, so that this is what is shown.
pub(super) fn in_element<'a>(aspect: Aspect, entries: [Option<Entry<'a>>; 2]) -> [Option<Entry<'a>>; 2] {
    let Aspect::Field(_, field) = aspect else { return entries };
    entries.map(|entry| match entry {
        Some(Entry::Bytes(Field::Der, Some(der))) => Some(Entry::Bytes(field, element(der, field))),
        other => other,
    })
}
