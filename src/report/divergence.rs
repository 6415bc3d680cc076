//! The block that is printed for a divergence: it fits an issue tracker as it is.

use super::Versions;
use crate::manual;
use crate::oracle::{Aspect, Call, Side, Signature};
use crate::pair::Diverged;
use crate::program::Program;
use crate::trace::{Block, Site};

/// Returns the file name of a signature's program.
pub fn artifact_name(signature: Signature) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '.' };
    signature.to_string().chars().map(plain).collect()
}

/// Says where a block comes from: `24 bytes, allocated in step 1, s1 = SSL_SESSION_dup(s0), at ssl/ssl_sess.c:91`
fn described(program: &Program, block: &Block) -> String {
    let place = |site: &Site| {
        let call = program.ops.get(site.step as usize).map(|op| format!(", {op},")).unwrap_or_default();
        match site.step {
            Site::OUTSIDE => format!("outside any call at {site}"),
            step => format!("in step {step}{call} at {site}"),
        }
    };
    let freed = block.given.as_ref().map(|given| format!(", freed {}", place(given))).unwrap_or_default();
    format!("{} bytes, allocated {}{freed}", block.size, place(&block.taken))
}

/// Lists what lives on, a line for all of one origin: the blocks that no other one holds, by the line of the library that allocated
/// them, in the order of the first of each, with what they hold.
fn by_root(program: &Program, blocks: &[Block]) -> Vec<String> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (place, block) in blocks.iter().enumerate().filter(|(_, block)| block.holder.is_none()) {
        let origin = |block: &Block| (block.session, block.taken.line.clone());
        match groups.iter_mut().find(|group| origin(&blocks[group[0]]) == origin(block)) {
            Some(group) => group.push(place),
            None => groups.push(vec![place]),
        }
    }
    let line = |group: &Vec<usize>| {
        let roots: Vec<&Block> = group.iter().map(|place| &blocks[*place]).collect();
        let is_held = |block: &&Block| block.holder.is_some_and(|holder| group.contains(&(holder as usize)));
        let held: Vec<&Block> = blocks.iter().filter(is_held).collect();
        let holds = if roots.len() == 1 { "it holds" } else { "they hold" };
        let bytes: u64 = held.iter().map(|block| block.size).sum();
        let held = match held.len() {
            0 => String::new(),
            1 => format!("; and 1 block that {holds}, {bytes} bytes"),
            many => format!("; and {many} blocks that {holds}, {bytes} bytes in all"),
        };
        all_described(program, &roots) + &held
    };
    groups.iter().map(line).collect()
}

/// Says where blocks of one origin come from: `79 blocks, 24 bytes each, ssl/ssl_sess.c:91, the first in step 1, …`
fn all_described(program: &Program, blocks: &[&Block]) -> String {
    let [first, others @ ..] = blocks else { return String::new() };
    if others.is_empty() {
        let what = if first.session { "1 SSL_SESSION, " } else { "" };
        return format!("{what}{}", described(program, first));
    }
    let size = if others.iter().all(|block| block.size == first.size) {
        format!("{} bytes each", first.size)
    } else {
        format!("{} bytes in all", blocks.iter().map(|block| block.size).sum::<u64>())
    };
    let call = program.ops.get(first.taken.step as usize).map(|op| format!(", {op}")).unwrap_or_default();
    let step = match first.taken.step {
        Site::OUTSIDE => "outside any call".into(),
        step => format!("in step {step}{call}"),
    };
    let what = if first.session { "SSL_SESSIONs" } else { "blocks" };
    format!("{} {what}, {size}, {}, the first {step}", blocks.len(), first.taken)
}

/// Says which call the first difference is in.
pub(crate) fn call_of(program: &Program, diverged: &Diverged) -> String {
    let step = diverged.divergence.step;
    let call = program.ops.get(step).map(ToString::to_string);
    let given_back = diverged.at_end.get(step.wrapping_sub(program.ops.len()));
    let call = call.or_else(|| Some(format!("{}, given back at the end", given_back?)));
    call.unwrap_or_else(|| "what the program still owned, given back".into())
}

/// Makes the block: signature, both sides and the ledger, the manual's sentence, the calls, the versions where they are known, and what
/// can be done with the calls, a word and a command each.
pub fn block(
    program: &Program,
    diverged: &Diverged,
    ports: [&str; 2],
    of: Option<Versions<'_>>,
    commands: &[(&str, String)],
) -> String {
    let found = &diverged.divergence;
    let mut text = String::new();
    let width = ports.iter().map(|port| port.len()).max().unwrap_or(0).max("lives on".len()) + 2;
    let mut line = |rest: std::fmt::Arguments<'_>| text += &format!("{rest}\n");
    line(format_args!("{} {}", found.class, found.signature()));
    line(format_args!("  at step {}: {}", found.step, call_of(program, diverged)));
    let wrong = |side| if found.wrong == Some(side) { "   <- contradicts the ledger" } else { "" };
    line(format_args!("  {:<width$} {}{}", ports[0], found.left, wrong(Side::Left)));
    line(format_args!("  {:<width$} {}{}", ports[1], found.right, wrong(Side::Right)));
    line(format_args!("  {:<width$} {}", "ledger", found.ledger.as_deref().unwrap_or("no opinion")));
    for (word, text) in &found.details {
        line(format_args!("  {word:<width$} {text}"));
    }
    for said in by_root(program, &diverged.left) {
        line(format_args!("  {:<width$} {said}", "lives on"));
    }
    if let Some(mishap) = &diverged.mishap {
        let here = mishap.step as usize == found.step && Aspect::Breakage(mishap.breakage) == found.signature().aspect;
        if !here {
            let step = match mishap.step {
                Site::OUTSIDE => "after the last step".into(),
                step => format!("in step {step}"),
            };
            line(format_args!("  {:<width$} {} {step}: the port {}", "and then", mishap.breakage, mishap.text));
        }
        if let Some(block) = &mishap.block {
            line(format_args!("  {:<width$} {}", "block", described(program, block)));
        }
        for frame in &diverged.stack {
            line(format_args!("  {:<width$} {frame}", "stack"));
        }
        for printed in mishap.report.lines() {
            line(format_args!("  {:<width$} {printed}", "printed"));
        }
    }
    for (at, op) in diverged.at_end.iter().enumerate() {
        line(format_args!("  {:<width$} step {}: {op}", "at the end", program.ops.len() + at));
    }
    if let Call::Kind(kind) = found.signature().call
        && let Some(sentence) = manual::sentence(kind.name())
    {
        line(format_args!("  {:<width$} {}", "manual", sentence.text));
    }
    line(format_args!("\n{}", program.to_string().trim_end()));
    let of = of.map(|of| ("versions", of.to_string()));
    for (at, (word, command)) in of.iter().chain(commands).enumerate() {
        line(format_args!("{}{word}: {command}", if at == 0 { "\n" } else { "" }));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_session_holds_is_told_with_it() {
        let program: Program = "#! sessdiff 1\ns0 = SSL_SESSION_new()\ns1 = SSL_SESSION_dup(s0)\n".parse().unwrap();
        let block = |size, line: &str, step, session, holder| Block {
            size,
            taken: Site { line: line.into(), step },
            given: None,
            session,
            holder,
        };
        let one = [
            block(928, "a.c:1", 0, true, None),
            block(8, "b.c:2", 0, false, Some(0)),
            block(16, "b.c:3", 1, false, Some(0)),
            block(4, "b.c:2", 1, false, None),
        ];
        let root = "1 SSL_SESSION, 928 bytes, allocated in step 0, s0 = SSL_SESSION_new(), at a.c:1";
        let alone = "4 bytes, allocated in step 1, s1 = SSL_SESSION_dup(s0), at b.c:2";
        assert_eq!(
            by_root(&program, &one),
            [format!("{root}; and 2 blocks that it holds, 24 bytes in all"), alone.into()]
        );
        let two = [one[0].clone(), one[1].clone(), one[0].clone(), one[3].clone()];
        let roots = "2 SSL_SESSIONs, 928 bytes each, a.c:1, the first in step 0, s0 = SSL_SESSION_new()";
        assert_eq!(by_root(&program, &two), [format!("{roots}; and 1 block that they hold, 8 bytes"), alone.into()]);
    }
}
