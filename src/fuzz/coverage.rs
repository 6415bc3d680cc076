//! Chooses which of the instrumented code guides the fuzzer: the compiler instruments whole crates and whole files.
//!
//! The compiler's own code would tell the fuzzer of all counters. The fuzz targets are linked so that it does not: each names
//! those of its [`Area`]s when it starts.

use std::collections::HashMap;
use std::ops::Range;

use object::{Object, ObjectSection, ObjectSymbol, ReadRef, RelocationTarget};

/// A part of an executable that can guide the fuzzer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// All C code that is instrumented.
    Library,
    /// The native session, and the port that calls it: the compiler makes much of the one part of the other.
    Native,
    /// Programs as text and wire, and the plan.
    Codecs,
}

impl Area {
    /// Lists the two sides that are compared.
    pub const SIDES: &'static [Area] = &[Area::Library, Area::Native];

    /// Returns whether a function belongs to the area. `symbol` is its name as the linker knows it.
    pub fn covers(self, symbol: &str) -> bool {
        let is_rust = symbol.starts_with("_R") || symbol.starts_with("_ZN");
        match self {
            Area::Library => !is_rust && !symbol.is_empty(),
            Area::Native => is_rust && matches!(path(symbol), [Some("native"), _] | [Some("port"), Some("native")]),
            Area::Codecs => is_rust && matches!(path(symbol), [Some("op" | "program" | "plan"), _]),
        }
    }
}

/// Returns the module of this crate that a mangled name mentions first, and what it mentions behind it: those of the function
/// itself, before those of its type arguments. Both of Rust's manglings write a name behind its length.
fn path(symbol: &str) -> [Option<&str>; 2] {
    let Some((_, mut rest)) = symbol.split_once("8sessdiff") else { return [None; 2] };
    [(); 2].map(|()| {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let end = digits + rest[..digits].parse::<usize>().ok()?;
        let name = rest.get(digits..end)?;
        rest = &rest[end..];
        Some(name)
    })
}

/// The compiler's table of the places that are counted in an executable.
#[derive(Debug)]
pub struct Table {
    /// Each function that has counters, and the first of them, in the order of the table.
    functions: Vec<(usize, String)>,
    /// How many places the table has.
    places: usize,
    /// The address and size of the counters, one byte for each place. The address is that in the file.
    counters: Range<u64>,
    /// The address of the table in the file.
    start: u64,
    /// The executable is linked so that a target chooses.
    chooses: bool,
}

impl Table {
    /// Reads `__sancov_cntrs` and `__sancov_pcs`. The second holds an address and a flag for each counter of the first; the
    /// flag is 1 for the entry of a function. In a position-independent executable the addresses are relocations.
    ///
    /// # Errors
    /// The data is no object file, or a damaged one.
    pub fn read<'data>(data: impl ReadRef<'data>) -> Result<Table, object::Error> {
        let file = object::File::parse(data)?;
        let counters = file.section_by_name("__sancov_cntrs").map_or(0..0, |section| range(&section));
        let chooses = file.symbols().any(|symbol| symbol.name() == Ok("__wrap___sanitizer_cov_8bit_counters_init"));
        let mut table = Table { functions: Vec::new(), places: 0, counters, start: 0, chooses };
        let Some(section) = file.section_by_name("__sancov_pcs") else { return Ok(table) };
        let places = range(&section);
        table.start = places.start;
        let words = section.data()?.as_chunks::<8>().0;
        let mut entries: Vec<(u64, bool)> = words
            .as_chunks::<2>()
            .0
            .iter()
            .map(|[address, flag]| (u64::from_le_bytes(*address), u64::from_le_bytes(*flag) & 1 == 1))
            .collect();
        for (place, relocation) in file.dynamic_relocations().into_iter().flatten() {
            if places.contains(&place) && relocation.target() == RelocationTarget::Absolute {
                let at = (place - places.start) as usize / ENTRY;
                if let Some((address, _)) =
                    entries.get_mut(at).filter(|_| ((place - places.start) as usize).is_multiple_of(ENTRY))
                {
                    *address = relocation.addend() as u64;
                }
            }
        }
        let names: HashMap<u64, &str> = file
            .symbols()
            .filter(|symbol| symbol.kind() == object::SymbolKind::Text)
            .filter_map(|symbol| symbol.name().ok().map(|name| (symbol.address(), name)))
            .collect();
        let functions = entries.iter().enumerate().filter(|(_, (_, is_entry))| *is_entry);
        let named = |address: &u64| names.get(address).copied().unwrap_or_default().to_string();
        table.functions = functions.map(|(at, (address, _))| (at, named(address))).collect();
        table.places = entries.len();
        Ok(table)
    }

    /// Returns whether this function has counters.
    pub fn has(&self, function: &str) -> bool {
        self.functions.iter().any(|(_, name)| name == function)
    }

    /// Returns how many counters the executable has.
    pub fn counters(&self) -> u64 {
        self.counters.end - self.counters.start
    }

    /// Returns whether the fuzzer is told of the counters that a target names; if not, of all.
    pub fn chooses(&self) -> bool {
        self.chooses
    }

    /// Returns the address of the first counter and that of the first entry of the table, both as in the file.
    pub fn addresses(&self) -> [u64; 2] {
        [self.counters.start, self.start]
    }

    /// Returns the places that belong to one of the areas: numbers of counters, in ranges that do not touch.
    pub fn of(&self, areas: &[Area]) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let ends = self.functions.iter().skip(1).map(|(first, _)| *first).chain([self.places]);
        for ((first, name), end) in self.functions.iter().zip(ends) {
            if !areas.iter().any(|area| area.covers(name)) {
                continue;
            }
            match ranges.last_mut() {
                Some(last) if last.end == *first => last.end = end,
                _ => ranges.push(*first..end),
            }
        }
        ranges
    }
}

fn range<'data>(section: &impl ObjectSection<'data>) -> Range<u64> {
    section.address()..section.address() + section.size()
}

/// Bytes of an entry of the table.
const ENTRY: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_belongs_to_the_module_that_it_is_in() {
        const ALL: [Area; 3] = [Area::Library, Area::Native, Area::Codecs];
        let symbols = [
            ("SSL_SESSION_dup", Some(Area::Library)),
            ("_RNvMs_NtNtCskn14rf2rujm_8sessdiff6native7sessionNtB4_7Session3dup", Some(Area::Native)),
            ("_ZN8sessdiff6native7session7Session3dup17h0123456789abcdefE", Some(Area::Native)),
            ("_RNvXs_NtNtCskn14rf2rujm_8sessdiff2op5bytesNtB4_5BytesNtB6_7Operand9take_wire", Some(Area::Codecs)),
            ("_ZN8sessdiff4plan6ledger6Ledger4step17h0123456789abcdefE", Some(Area::Codecs)),
            ("_RNvMs_NtCskn14rf2rujm_8sessdiff4execINtB4_3RunNtNtNtB6_4port6native10NativePortE4step", None),
            ("_RNvXs_NtNtCskn14rf2rujm_8sessdiff4port6nativeNtB4_10NativePortNtB6_4Port3dup", Some(Area::Native)),
            ("_RNvXs_NtNtCskn14rf2rujm_8sessdiff4port1cNtB4_5CPortNtB6_4Port3dup", None),
            ("_RNvNtCs8NwYtU1Mohg_4core3str5parse", None),
            ("_ZN4core3str5parse17h0123456789abcdefE", None),
            ("_RNvCskn14rf2rujm_8sessdiff", None),
            ("", None),
        ];
        for (symbol, area) in symbols {
            let covering: Vec<Area> = ALL.into_iter().filter(|area| area.covers(symbol)).collect();
            assert_eq!(covering, Vec::from_iter(area), "{symbol}");
        }
    }

    #[test]
    fn an_area_has_the_counters_of_its_functions_alone() {
        let functions = [
            (0, "SSL_new"),
            (3, "SSL_free"),
            (4, "_RNvNtCsk_8sessdiff2op4kind"),
            (9, "_RNvNtCsk_8sessdiff6native3new"),
            (11, "SSL_clear"),
            (15, "_RNvNtCsk_8sessdiff4exec3run"),
        ];
        let functions = functions.map(|(first, name)| (first, name.to_string())).to_vec();
        let table = Table { functions, places: 20, counters: 100..120, start: 0, chooses: true };
        assert_eq!(table.of(&[Area::Library]), [0..4, 11..15]);
        assert_eq!(table.of(Area::SIDES), [0..4, 9..15]);
        assert_eq!(table.of(&[Area::Codecs]), std::slice::from_ref(&(4..9)));
        assert_eq!(table.counters(), 20);
        assert!(table.has("SSL_free") && !table.has("SSL_accept"));
    }
}
