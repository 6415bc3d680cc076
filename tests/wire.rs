//! The wire form is for ever: `wire/golden.txt` says what each op is on the wire, and any bytes are some program.

use sessdiff::op::{Cipher, ExIndex, Kind, Op, Sample};
use sessdiff::program::{MARKER, Program};

const GOLDEN: &str = include_str!("wire/golden.txt");
/// How many random byte strings each property is tried on.
const TRIES: usize = 20_000;
/// They are shorter than this.
const LONGEST: usize = 300;

#[test]
fn the_golden_rows_mean_what_they_say() {
    let wrong: Vec<String> =
        rows().filter_map(|(number, row)| op_of(row).err().map(|why| format!("{number}: {why}"))).collect();
    assert!(wrong.is_empty(), "tests/wire/golden.txt:\n{}", wrong.join("\n"));
}

#[test]
fn a_wrong_row_is_found() {
    for (row, why) in [
        ("0301\tSSL_SESSION_free(s1)", "another opcode"),
        ("0402\tSSL_SESSION_free(s1)", "another operand"),
        ("0409\tSSL_SESSION_free(s1)", "an operand folded into its range"),
        ("040104\tSSL_SESSION_free(s1)", "a byte too many"),
        ("04\tSSL_SESSION_free(s1)", "a byte too few"),
        ("ff0401\tSSL_SESSION_free(s1)", "a byte that is dropped"),
        ("04011\tSSL_SESSION_free(s1)", "half a byte"),
        ("0401 SSL_SESSION_free(s1)", "no tab"),
        ("0401\tSSL_SESSION_fre(s1)", "no function"),
        ("05000000\tSSL_SESSION_set1_id(s0, NULL)", "empty for NULL"),
    ] {
        assert!(op_of(row).is_err(), "{why} goes unseen");
    }
    assert!(op_of("0401\tSSL_SESSION_free(s1)").is_ok());
}

/// A new op or word has to be given a row, which nobody may change afterwards.
#[test]
fn every_op_and_every_word_has_a_row() {
    let kinds: Vec<Kind> = rows().filter_map(|(_, row)| op_of(row).ok()).map(|op| op.kind()).collect();
    let texts: Vec<&str> = rows().filter_map(|(_, row)| row.split_once('\t')).map(|(_, text)| text).collect();
    let ops = Kind::ALL.iter().filter(|kind| !kinds.contains(kind)).map(|kind| kind.name());
    let ciphers = Cipher::ALL.iter().map(|cipher| cipher.name());
    let indices = ExIndex::ALL.iter().map(|index| index.name());
    let samples = Sample::ALL.iter().map(|sample| sample.name());
    let used = |word: &str| texts.iter().any(|text| text.split(['(', ')', ',', ' ']).any(|part| part == word));
    let words = ciphers.chain(indices).chain(samples).filter(|word| !used(word));
    let missing: Vec<&str> = ops.chain(words).collect();
    assert!(missing.is_empty(), "tests/wire/golden.txt has no row with {}", missing.join(", "));
}

#[test]
fn rows_are_added_at_the_end() {
    assert!(GOLDEN.starts_with('#') && GOLDEN.contains("Rows are appended, never changed"), "the file says so itself");
    let mut last = 0;
    for (number, row) in rows() {
        let Ok(op) = op_of(row) else { continue };
        let code = op.kind().opcode();
        let first =
            rows().filter_map(|(at, row)| Some((at, op_of(row).ok()?))).find(|(_, other)| other.kind() == op.kind());
        if first.is_some_and(|(at, _)| at == number) {
            assert!(
                code > last,
                "golden.txt:{number}: {} is out of place: its opcode is below {last:#04x}",
                op.kind().name()
            );
            last = code;
        }
    }
}

#[test]
fn any_bytes_are_a_program_that_survives_wire_and_text() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut seen = vec![0; Kind::ALL.len()];
    for number in 0..TRIES {
        let bytes = random.input(number);
        let program = Program::from_bytes(&bytes);
        program.ops.iter().for_each(|op| seen[op.kind() as usize] += 1);
        assert_eq!(Program::from_bytes(&program.to_wire()), program, "by way of the wire, from {bytes:02x?}");
        let text = program.to_string();
        assert_eq!(text.parse::<Program>().as_ref(), Ok(&program), "by way of the text, from {bytes:02x?}");
        assert_eq!(Program::from_bytes(text.as_bytes()), program, "text where wire is accepted, from {bytes:02x?}");
    }
    let rare = Kind::ALL.iter().filter(|kind| seen[**kind as usize] < TRIES / 100);
    let rare: Vec<&Kind> = rare.collect();
    assert!(rare.is_empty(), "too rare in the inputs to have shown anything: {rare:?}");
}

/// Reduction and mutation cut programs at ops, so each op must stand for itself.
#[test]
fn programs_can_be_cut_and_joined_on_the_wire() {
    let mut random = Random(0xd1b5_4a32_d192_ed03);
    for number in 0..TRIES {
        let program = Program::from_bytes(&random.input(number));
        let at = random.below(program.ops.len() + 1);
        let (front, back) = program.ops.split_at(at);
        let part = |ops: &[Op]| Program { ops: ops.to_vec() }.to_wire();
        assert_eq!([part(front), part(back)].concat(), program.to_wire());
    }
}

/// The rows with their line numbers, without comments.
fn rows() -> impl Iterator<Item = (usize, &'static str)> {
    GOLDEN.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.starts_with('#'))
}

/// The one op of a row, if its two spellings agree exactly.
fn op_of(row: &str) -> Result<Op, String> {
    let (hex, text) = row.split_once('\t').ok_or("no tab")?;
    let wire = unhex(hex).ok_or_else(|| format!("{hex}: not hexadecimal"))?;
    let by_text: Program = format!("{MARKER}\n{text}\n").parse().map_err(|error| format!("{text}: {error}"))?;
    let [op] = by_text.ops.as_slice() else { return Err(format!("{text}: not one op")) };
    let by_wire = Program::from_bytes(&wire);
    if by_wire != by_text {
        return Err(format!("{hex} is {:?}, not {op}", by_wire.ops));
    }
    if by_text.to_wire() != wire {
        return Err(format!("{op} is {:02x?}, not {hex}", by_text.to_wire()));
    }
    Ok(op.clone())
}

fn unhex(hex: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

/// Marsaglia's xorshift64: the same inputs on every run, without a library.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 16) as usize % limit
    }

    fn byte(&mut self) -> u8 {
        (self.next() >> 24) as u8
    }

    /// Any bytes or, rather, small ones, which are opcodes, slots and short lengths.
    fn bytes(&mut self, small: bool) -> Vec<u8> {
        let length = self.below(LONGEST);
        let byte = |random: &mut Random| match random.below(8) {
            0..=2 if small => 0,
            3..=6 if small => random.byte() % 0x28,
            _ => random.byte(),
        };
        (0..length).map(|_| byte(self)).collect()
    }

    /// Wire of two densities, or text with a few bytes overwritten.
    fn input(&mut self, number: usize) -> Vec<u8> {
        match number % 3 {
            0 => self.bytes(false),
            1 => self.bytes(true),
            _ => {
                let text = Program::from_bytes(&self.bytes(true)).to_string();
                let mut bytes: Vec<u8> = text.into_bytes().into_iter().take(LONGEST).collect();
                for _ in 0..self.below(4) {
                    let at = self.below(bytes.len());
                    bytes[at] = self.byte();
                }
                bytes
            }
        }
    }
}
