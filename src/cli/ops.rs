//! `sessdiff ops`: what can be called.

use super::args::OpsArgs;
use super::exit::Exit;
use super::output;
use crate::op::{Kind, Named};

pub(super) fn ops(args: &OpsArgs) -> Result<Exit, Exit> {
    if args.json {
        let all: Vec<_> = Kind::ALL.iter().map(|kind| object(*kind)).collect();
        output::object(&serde_json::json!({ "ops": all }));
        return Ok(Exit::Expected);
    }
    let mut text = String::new();
    for kind in Kind::ALL {
        text += &format!("{}\n    {}\n", kind.spelling(), kind.summary().replace('`', ""));
    }
    text += "\nOperands:\n";
    for (of, form) in Kind::operand_types() {
        text += &format!("{of:<24}  {}\n", form.replace('`', ""));
    }
    output::result(text.trim_end());
    Ok(Exit::Expected)
}

fn object(kind: Kind) -> serde_json::Value {
    let named = |Named { name, of, form }: Named| serde_json::json!({ "name": name, "type": of, "text": form });
    serde_json::json!({
        "call": kind.spelling(),
        "name": kind.name(),
        "opcode": kind.opcode(),
        "result": kind.result().map(named),
        "operands": kind.operands().into_iter().map(named).collect::<Vec<_>>(),
        "does": kind.summary(),
        "sets": kind.sets().map(|field| field.name()),
        "reads": kind.reads().map(|field| field.name()),
        "since": kind.since(),
    })
}
