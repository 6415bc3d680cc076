//! The wire form is for ever: `wire/golden.txt` says what each op is on the wire, and any bytes are some program.

use std::cell::RefCell;

use arbitrary::{Arbitrary as _, Unstructured};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngSeed, TestCaseResult, TestError, TestRunner};
use sessdiff::op::{Cipher, ExIndex, Kind, Op, Sample};
use sessdiff::program::{MARKER, Program};

const GOLDEN: &str = include_str!("wire/golden.txt");
/// How many byte strings each property is tried on.
const TRIES: u32 = 20_000;
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

/// Any bytes are a program that survives wire and text.
#[test]
fn any_bytes_are_a_program() {
    let seen = RefCell::new(vec![0; Kind::ALL.len()]);
    holds(&inputs(), |bytes| {
        let program = program_of(&bytes);
        program.ops.iter().for_each(|op| seen.borrow_mut()[op.kind() as usize] += 1);
        prop_assert_eq!(&Program::from_bytes(&program.to_wire()), &program, "by way of the wire");
        let text = program.to_string();
        prop_assert_eq!(&text.parse::<Program>(), &Ok(program.clone()), "by way of the text");
        prop_assert_eq!(&Program::from_bytes(text.as_bytes()), &program, "text where wire is accepted");
        Ok(())
    });
    let seen = seen.into_inner();
    let rare: Vec<&Kind> = Kind::ALL.iter().filter(|kind| seen[**kind as usize] < TRIES / 100).collect();
    assert!(rare.is_empty(), "too rare in the inputs to have shown anything: {rare:?}");
}

/// Reduction and mutation cut programs at ops, so each op must stand for itself.
#[test]
fn programs_can_be_cut_and_joined_on_the_wire() {
    holds(&(inputs(), any::<Index>()), |(bytes, at)| {
        let program = program_of(&bytes);
        let (front, back) = program.ops.split_at(at.index(program.ops.len() + 1));
        let part = |ops: &[Op]| Program { ops: ops.to_vec() }.to_wire();
        prop_assert_eq!([part(front), part(back)].concat(), program.to_wire());
        Ok(())
    });
}

/// What does not hold is shown with a small input.
#[test]
fn a_wrong_property_is_found_and_its_input_shrunk() {
    let found = check(&inputs(), |bytes| {
        prop_assert!(program_of(&bytes).ops.iter().all(|op| op.kind() != Kind::UpRef));
        Ok(())
    });
    let Err(TestError::Fail(_, bytes)) = found else { panic!("not found: {found:?}") };
    let program = program_of(&bytes);
    assert!(program.ops.len() <= 2, "of up to {LONGEST} bytes this is left: {program}");
}

/// Panics with the smallest input for which `property` does not hold.
#[track_caller]
fn holds<S: Strategy>(inputs: &S, property: impl Fn(S::Value) -> TestCaseResult) {
    if let Err(error) = check(inputs, property) {
        panic!("{error}");
    }
}

/// Tries `property` on the same inputs every time.
fn check<S: Strategy>(inputs: &S, property: impl Fn(S::Value) -> TestCaseResult) -> Result<(), TestError<S::Value>> {
    let config = Config { cases: TRIES, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..Config::default() };
    TestRunner::new(config).run(inputs, property)
}

/// The program that a fuzz target makes of an input.
fn program_of(bytes: &[u8]) -> Program {
    Program::arbitrary_take_rest(Unstructured::new(bytes)).expect("a program from any bytes")
}

/// Wire of two densities, or text with a few bytes overwritten.
fn inputs() -> impl Strategy<Value = Vec<u8>> {
    let dense = || vec(small(), 0..LONGEST);
    let overwritten = (dense(), vec((any::<Index>(), any::<u8>()), 0..4)).prop_map(|(wire, overwritten)| {
        let mut text = program_of(&wire).to_string().into_bytes();
        text.truncate(LONGEST);
        for (at, byte) in overwritten {
            let at = at.index(text.len());
            text[at] = byte;
        }
        text
    });
    prop_oneof![dense(), vec(any::<u8>(), 0..LONGEST), overwritten]
}

/// Rather small bytes, which are opcodes, slots and short lengths.
fn small() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(0), 4 => 0..0x28u8, 1 => any::<u8>()]
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
