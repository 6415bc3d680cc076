//! A trace as bytes, for another process: written without an allocation, because what crashed writes it too.

use std::fmt::{self, Write as _};

use super::{Block, Breakage, DupSeen, Mishap, MishapKind, Site, Trace, Unowned};

/// Where bytes go.
pub trait Sink {
    /// Takes all of them, in order.
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Reads bytes front to back. What is cut off reads as `None`.
#[derive(Clone, Debug)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// Reads the next `length` bytes.
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// Reads a number.
    pub fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    /// Reads a text; what is not UTF-8 in it is replaced.
    pub fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.number()?).ok()?;
        Some(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    /// Reads what [`put_list`] wrote to the end of `list`.
    fn list(&mut self, list: &mut Vec<u32>) -> Option<()> {
        let length = usize::try_from(self.number()?).ok()?;
        let bytes = self.take(length.checked_mul(4)?)?;
        list.extend(bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)));
        Some(())
    }
}

/// Writes a number.
pub fn put_number(sink: &mut dyn Sink, value: u64) {
    sink.put(&value.to_le_bytes());
}

/// Writes a text.
pub fn put_text(sink: &mut dyn Sink, text: &str) {
    put_number(sink, text.len() as u64);
    sink.put(text.as_bytes());
}

/// Writes what `shown` says as a text, without an allocation: it is said twice, and the first time only counted.
fn put_shown(sink: &mut dyn Sink, shown: &dyn fmt::Display) {
    struct Counted(u64);
    impl fmt::Write for Counted {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 += text.len() as u64;
            Ok(())
        }
    }
    struct Written<'a>(&'a mut dyn Sink);
    impl fmt::Write for Written<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.put(text.as_bytes());
            Ok(())
        }
    }
    let mut length = Counted(0);
    write!(length, "{shown}").unwrap_or(());
    put_number(sink, length.0);
    write!(Written(sink), "{shown}").unwrap_or(());
}

impl Trace {
    /// Writes the trace without its mishap. [`Mishap::put`] writes that behind it, or whoever knows it.
    pub fn write_to(&self, sink: &mut dyn Sink) {
        put_number(sink, self.log.len() as u64);
        sink.put(&self.log);
        for list in [&self.marks, &self.counts, &self.deaths] {
            put_list(sink, list.len(), list.iter().copied());
        }
        let dups = self.dups.iter().flat_map(|seen| [seen.step, seen.source.0, seen.source.1, seen.dup.0, seen.dup.1]);
        put_list(sink, self.dups.len() * 5, dups);
        for known in [self.leaked.map(|leaked| leaked as u64), self.broken.map(u64::from), self.stopped.map(u64::from)]
        {
            put_number(sink, known.is_some().into());
            put_number(sink, known.unwrap_or(0));
        }
        Unowned::put(self.unowned, sink);
        put_number(sink, self.tape.bytes().len() as u64);
        sink.put(self.tape.bytes());
        put_number(sink, self.left.len() as u64);
        self.left.iter().for_each(|block| block.put(sink));
    }

    /// Reads what [`Trace::write_to`] wrote into this trace. `None`: it was cut off, or is no trace; this one is then of no
    /// use.
    pub fn read_from(&mut self, from: &mut Reader<'_>) -> Option<()> {
        self.clear();
        let length = usize::try_from(from.number()?).ok()?;
        self.log.extend_from_slice(from.take(length)?);
        for list in [&mut self.marks, &mut self.counts, &mut self.deaths] {
            from.list(list)?;
        }
        let mut dups = Vec::new();
        from.list(&mut dups)?;
        self.dups.extend(dups.as_chunks::<5>().0.iter().map(|[step, a, b, c, d]| DupSeen {
            step: *step,
            source: (*a, *b),
            dup: (*c, *d),
        }));
        let mut known = || Some((from.number()? != 0, from.number()?));
        let [leaked, broken, stopped] = [known()?, known()?, known()?].map(|(is, value)| is.then_some(value));
        self.leaked = leaked.map(|leaked| leaked as i64);
        (self.broken, self.stopped) = (broken.map(|step| step as u32), stopped.map(|step| step as u32));
        self.unowned = Unowned::take(from)?;
        let length = usize::try_from(from.number()?).ok()?;
        self.tape.set_bytes(from.take(length)?);
        for _ in 0..from.number()? {
            self.left.push(Block::take(from)?);
        }
        let inside = |place: &u32| *place as usize <= self.log.len();
        let parts = self.dups.iter().flat_map(|seen| [seen.source, seen.dup]);
        let ordered = self.marks.is_sorted() && self.marks.iter().all(inside);
        (ordered && parts.into_iter().all(|(start, end)| start <= end && inside(&end))).then_some(())
    }
}

impl Mishap {
    /// Writes the mishap.
    pub fn put(&self, sink: &mut dyn Sink) {
        put_head(sink, self.kind, self.step, self.breakage, &self.text);
        put_number(sink, self.block.is_some().into());
        if let Some(block) = &self.block {
            block.put(sink);
        }
        put_text(sink, &self.report);
    }

    /// Reads what [`Mishap::put`] wrote; `None`: it was cut off, or is no mishap.
    pub fn take(from: &mut Reader<'_>) -> Option<Mishap> {
        let kind = match from.number()? {
            0 => MishapKind::Fault,
            1 => MishapKind::Crash,
            2 => MishapKind::Hang,
            3 => MishapKind::Lost,
            _ => return None,
        };
        let (step, breakage, text) = (from.number()? as u32, from.text()?.parse().ok()?, from.text()?);
        let block = match from.number()? {
            0 => None,
            _ => Some(Block::take(from)?),
        };
        Some(Mishap { kind, step, breakage, text, block, report: from.text()? })
    }
}

/// Writes the part of a [`Mishap`] before its block.
pub fn put_head(sink: &mut dyn Sink, kind: MishapKind, step: u32, breakage: Breakage, text: &str) {
    put_number(sink, kind as u64);
    put_number(sink, step.into());
    put_shown(sink, &breakage);
    put_text(sink, text);
}

impl Block {
    /// Writes the block.
    fn put(&self, sink: &mut dyn Sink) {
        put_number(sink, self.size);
        put_site(sink, &self.taken.line, self.taken.step);
        put_number(sink, self.given.is_some().into());
        if let Some(given) = &self.given {
            put_site(sink, &given.line, given.step);
        }
    }

    /// Reads what [`Block::put`] wrote.
    fn take(from: &mut Reader<'_>) -> Option<Block> {
        let (size, taken) = (from.number()?, Site::take(from)?);
        let given = match from.number()? {
            0 => None,
            _ => Some(Site::take(from)?),
        };
        Some(Block { size, taken, given })
    }
}

impl Site {
    /// Reads what [`put_site`] wrote.
    fn take(from: &mut Reader<'_>) -> Option<Site> {
        Some(Site { line: from.text()?, step: from.number()? as u32 })
    }
}

/// Writes a [`Site`].
pub fn put_site(sink: &mut dyn Sink, line: &str, step: u32) {
    put_text(sink, line);
    put_number(sink, step.into());
}

/// Writes a list of numbers behind its length.
fn put_list(sink: &mut dyn Sink, length: usize, list: impl Iterator<Item = u32>) {
    put_number(sink, length as u64);
    list.for_each(|word| sink.put(&word.to_le_bytes()));
}

#[cfg(test)]
mod tests {
    use super::super::{Owners, Seen, Violation};
    use super::*;

    fn example() -> (Trace, Mishap) {
        let mut trace = Trace::default();
        trace.step();
        trace.made(true);
        trace.count(1);
        trace.step();
        trace.returned(7);
        trace.dups.push(DupSeen { step: 1, source: (0, 2), dup: (2, 4) });
        trace.stop();
        trace.leaked = Some(-3);
        let owners = Owners { program: 1, connections: 2, caches: 3, callbacks: 4 };
        trace.unowned = Some(Unowned { step: 1, owners, seen: Seen::References(11), named: true });
        let site = |step| Site { line: format!("a.c:{step}"), step };
        trace.left.push(Block { size: 9, taken: site(0), given: None });
        let block = Block { size: 10, taken: site(0), given: Some(site(1)) };
        let breakage = Breakage::Misuse(Violation::UseAfterFree);
        let (text, report) = ("touched".into(), "a\nb".into());
        (trace, Mishap { kind: MishapKind::Crash, step: 1, breakage, text, block: Some(block), report })
    }

    #[test]
    fn a_trace_and_its_mishap_come_back_as_they_were() {
        let (trace, mishap) = example();
        let mut bytes = Vec::new();
        trace.write_to(&mut bytes);
        mishap.put(&mut bytes);
        let (mut read, mut from) = (Trace::default(), Reader(&bytes));
        assert_eq!(read.read_from(&mut from), Some(()));
        assert_eq!(Mishap::take(&mut from), Some(mishap));
        assert_eq!(from.0, [0u8; 0]);
        assert_eq!(format!("{read:?}"), format!("{trace:?}"));
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        let (trace, mishap) = example();
        let mut bytes = Vec::new();
        trace.write_to(&mut bytes);
        let whole = bytes.len();
        for length in 0..whole {
            assert_eq!(Trace::default().read_from(&mut Reader(&bytes[..length])), None, "{length}");
        }
        bytes.clear();
        mishap.put(&mut bytes);
        for length in 0..bytes.len() {
            assert_eq!(Mishap::take(&mut Reader(&bytes[..length])), None, "{length}");
        }
    }
}
