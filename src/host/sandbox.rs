//! What a child process may do, and the one word of memory that it shares with its parent.
#![allow(unsafe_code, reason = "maps a page that two processes share")]

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicU32;

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions, kill_process_group, set_parent_process_death_signal,
    setrlimit, waitid,
};

const PAGE: usize = 4096;

/// Limits the writable memory of this process to so many bytes from now on. It leaves no core file, and ends when its parent
/// does. A limit that cannot be set is no reason not to run.
pub fn confine(bytes: Option<u64>) {
    let set = |what, most| setrlimit(what, Rlimit { current: Some(most), maximum: Some(most) }).unwrap_or(());
    if let Some(bytes) = bytes {
        set(Resource::Data, bytes);
    }
    set(Resource::Core, 0);
    set_parent_process_death_signal(Some(Signal::KILL)).unwrap_or(());
}

/// Tells whether a child of this process has ended; it still has to be waited for.
pub(super) fn has_ended(child: u32) -> bool {
    let ended = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    pid(child).is_none_or(|child| !matches!(waitid(WaitId::Pid(child), ended), Ok(None)))
}

/// Ends every process of the group of a child that leads one and was not waited for yet.
pub(super) fn kill_group(child: u32) {
    if let Some(child) = pid(child) {
        // A group that is gone already need not be ended.
        kill_process_group(child, Signal::KILL).unwrap_or(());
    }
}

fn pid(child: u32) -> Option<Pid> {
    i32::try_from(child).ok().and_then(Pid::from_raw)
}

/// Makes a word that [`open`] shows to a child, as long as the file is open.
///
/// # Errors
/// As `memfd_create(2)` and `mmap(2)`.
pub(super) fn create() -> io::Result<(File, &'static AtomicU32)> {
    let file = File::from(memfd_create("sessdiff", MemfdFlags::CLOEXEC)?);
    file.set_len(PAGE as u64)?;
    let word = map(&file)?;
    Ok((file, word))
}

/// Opens the word that a parent made with `create`, in the file at `path`.
///
/// # Errors
/// As `open(2)` and `mmap(2)`.
pub fn open(path: &Path) -> io::Result<&'static AtomicU32> {
    map(&File::options().read(true).write(true).open(path)?)
}

fn map(file: &File) -> io::Result<&'static AtomicU32> {
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping at an address that the system chooses.
    let page = unsafe { mmap(std::ptr::null_mut(), PAGE, access, MapFlags::SHARED, file, 0) }?;
    // SAFETY: the page stays mapped for good; both processes use its first word only, atomically.
    Ok(unsafe { &*page.cast::<AtomicU32>() })
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};
    use std::sync::atomic::Ordering::Relaxed;

    use super::*;

    #[test]
    fn a_word_is_seen_from_both_sides() {
        let (file, word) = create().expect("a word");
        let shown = open(Path::new(&format!("/proc/self/fd/{}", file.as_raw_fd()))).expect("the same word");
        shown.store(7, Relaxed);
        assert_eq!(word.load(Relaxed), 7);
    }

    #[test]
    fn a_group_ends_with_what_its_leader_started() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & echo started; wait"]).process_group(0).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a shell");
        let mut said = std::io::BufReader::new(child.stdout.take().expect("a pipe"));
        std::io::BufRead::read_line(&mut said, &mut String::new()).expect("a line");
        assert!(!has_ended(child.id()));
        kill_group(child.id());
        // The pipe closes when the last of them has ended.
        std::io::Read::read_to_end(&mut said, &mut Vec::new()).expect("the end");
        assert!(!child.wait().expect("a status").success());
        assert!(has_ended(child.id()), "it was waited for");
    }
}
