//! `sessdiff bless`: accepts a difference, for a reason and for a time.

use super::accepted::file_of;
use super::args::BlessArgs;
use super::exit::Exit;
use super::{disk, output};
use crate::known::{DEFAULT_DAYS, Day, Known, KnownFile};
use crate::oracle::Class;

pub(super) fn bless(args: &BlessArgs) -> Result<Exit, Exit> {
    let BlessArgs {
        profile: _,
        signature,
        case,
        memory_unsafe,
        reason,
        link,
        port,
        releases,
        versions,
        expires,
        known,
        json,
    } = args;
    let (signature, today) = (*signature, Day::today());
    let path = file_of(known.as_deref(), None, port).ok_or_else(|| output::usage("`none` is no file to write to"))?;
    let expires = expires.unwrap_or_else(|| today.after(DEFAULT_DAYS));
    if expires < today {
        return Err(output::usage(format_args!("{expires} is past: nothing would be accepted")));
    }
    if signature.aspect.class() == Class::Memory && !memory_unsafe {
        let why = "it breaks memory: `--memory-unsafe` says that you know";
        return Err(output::usage(format_args!("{signature} is not accepted, {why}")));
    }
    let lost = |error: std::io::Error| output::usage(format_args!("{}: {error}", path.display()));
    let mut text = if path.exists() { std::fs::read_to_string(&path).map_err(lost)? } else { String::new() };
    let file = KnownFile::parse(&path, &text).map_err(output::usage)?;
    let blessed = Known {
        signature,
        case: case.clone(),
        reason: reason.clone(),
        link: link.clone(),
        releases: releases.clone(),
        versions: versions.clone(),
        expires,
    };
    if let Some(same) = file.same(&blessed) {
        let place = format_args!("{}:{}", path.display(), same.line);
        return Err(output::usage(format_args!(
            "{place}: {signature} is accepted for the same releases and versions already"
        )));
    }
    if !text.is_empty() {
        text += if text.ends_with('\n') { "\n" } else { "\n\n" };
    }
    let line = text.lines().count() + 1;
    text += &blessed.to_string();
    if let (None, Some(folder)) = (known, path.parent()) {
        std::fs::create_dir_all(folder).map_err(lost)?;
    }
    disk::write(&path, &text).map_err(lost)?;
    if *json {
        output::object(&serde_json::json!({
            "signature": signature.to_string(),
            "case": case.as_ref().map(ToString::to_string),
            "port": port.to_string(),
            "reason": reason.to_string(),
            "link": link.to_string(),
            "releases": releases.to_string(),
            "versions": versions.to_string(),
            "expires": expires.to_string(),
            "place": format!("{}:{line}", path.display()),
            "exit": Exit::Expected as u8,
        }));
    } else {
        output::result(path.display());
    }
    Ok(Exit::Expected)
}
