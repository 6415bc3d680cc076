//! A divergence as one JSON object: what the block says, in parts. docs/json.md describes it.

use serde_json::{Map, Value, json};

use super::Versions;
use super::divergence::call_of;
use crate::oracle::Side;
use crate::pair::Diverged;
use crate::program::Program;
use crate::trace::{Block, Site};

/// Makes the object of the versions, with that of this tool.
pub fn versions(versions: Versions<'_>) -> Value {
    let Versions { release, library, file } = versions;
    json!({ "tool": Versions::TOOL, "release": release, "library": library, "file": file })
}

/// Makes the object of a divergence. `commands`: a word and a text each, as for the block.
pub fn finding(program: &Program, diverged: &Diverged, commands: &[(&str, String)], of: Versions<'_>) -> Value {
    let found = &diverged.divergence;
    let wrong = found.wrong.map(|side| match side {
        Side::Left => "native",
        Side::Right => "port",
    });
    let details = found.details.iter().map(|(word, text)| json!({ "word": word, "text": text }));
    let commands = commands.iter().map(|(word, text)| (word.to_lowercase().replace(' ', "_"), json!(text)));
    let mishap = diverged.mishap.as_ref().map(|mishap| {
        let block = mishap.block.as_ref().map(block);
        json!({ "what": mishap.text, "step": step(mishap.step), "block": block, "printed": mishap.report })
    });
    json!({
        "signature": found.signature().to_string(),
        "class": found.class.to_string(),
        "calls": program.ops.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "step": found.step,
        "call": call_of(program, diverged),
        "native": found.left,
        "port": found.right,
        "ledger": found.ledger,
        "wrong": wrong,
        "details": details.collect::<Vec<_>>(),
        "lives_on": diverged.left.iter().map(block).collect::<Vec<_>>(),
        "mishap": mishap,
        "stack": diverged.stack,
        "at_end": diverged.at_end.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "memory": diverged.memory.name(),
        "commands": commands.collect::<Map<_, _>>(),
        "versions": versions(of),
    })
}

fn block(block: &Block) -> Value {
    let site = |site: &Site| json!({ "line": site.line, "step": step(site.step) });
    let freed = block.given.as_ref().map(site);
    let (session, holder) = (block.session, block.holder);
    json!({ "bytes": block.size, "allocated": site(&block.taken), "freed": freed, "session": session, "holder": holder })
}

/// Returns a step; `None` for what is outside of all.
fn step(step: u32) -> Option<u32> {
    (step != Site::OUTSIDE).then_some(step)
}
