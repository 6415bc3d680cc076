//! `sessdiff host`: the other end of [`crate::host::Child`]; nobody types it.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use super::args::{HostArgs, PortName};
use super::exit::Exit;
use super::output;
use crate::host::{Behaving, crash, sandbox, serve, serve_error};
use crate::plan::Setup;
use crate::port::c::{CPort, Library, LoadError, Source, Start};
use crate::port::mutant::Mutant;
use crate::port::native::NativePort;
use crate::port::present;

const MIB: u64 = 1 << 20;

/// The process of a sanitizer's runtime needs far more address space than memory.
const RUNTIME: &str = "LD_PRELOAD";

pub(super) fn host(args: &HostArgs) -> Result<Exit, Exit> {
    let parent = std::io::stdin().as_fd().try_clone_to_owned().map(UnixStream::from);
    let stray = |error| output::usage(format_args!("host is started by other commands: {error}"));
    let (parent, step) = (parent.map_err(stray)?, sandbox::open(&args.step).map_err(stray)?);
    let confined = std::env::var_os(RUNTIME).is_none().then(|| u64::from(args.limits.memory_limit) * MIB);
    sandbox::confine(confined);
    present::show(step);
    crash::tell(0);
    // A parent that has gone away needs no answer.
    match serve_port(args, &parent) {
        Ok(()) => Ok(Exit::Expected),
        Err(error) => {
            serve_error(&error.to_string(), parent).unwrap_or(());
            Err(Exit::NotLoaded)
        }
    }
}

fn serve_port(args: &HostArgs, parent: &UnixStream) -> Result<(), LoadError> {
    let probes = args.probes.probes();
    let port = args.profile.of(&args.port);
    let source = match (port.library(), port.profile()) {
        (None, _) => Source::Linked,
        (Some(path), None) => Source::File(path.into()),
        (Some(path), Some(profile)) => Source::Profiled(path.into(), Arc::clone(profile)),
    };
    let start = if args.cold { Start::Cold } else { Start::Alone };
    let mut c = CPort::of(&source, probes, start)?;
    crash::loaded();
    let &Library { release, family, sees_errors, .. } = c.library();
    let ex_data = c.library().probes.ex_data;
    let missing = match args.port {
        PortName::OpenSsl | PortName::Library(..) => c.library().missing(),
        PortName::Native | PortName::Planted(_) => Vec::new(),
    };
    let (setup, behaving) = (Setup::new(ex_data), Behaving { release, family, ex_data, missing, sees_errors });
    let stream = || parent.try_clone().map_err(|error| LoadError::Unreadable(error.to_string()));
    let limit = Duration::from_secs_f64(args.limits.time_limit);
    let ended = match args.port {
        PortName::OpenSsl | PortName::Library(..) => serve(&mut c, behaving, stream()?, limit),
        PortName::Native => serve(&mut NativePort::new(release, setup), behaving, stream()?, limit),
        PortName::Planted(bug) => serve(&mut Mutant::new(bug, release, setup), behaving, stream()?, limit),
    };
    // Only the end of the parent ends it. No library is asked for its own way out.
    crash::leave(ended.is_err());
}
