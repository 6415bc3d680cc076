//! What a child process may do, and the one word of memory it shares with its parent.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::AtomicU32;

const PAGE: usize = 4096;

/// From now on this process cannot have more than so many bytes of writable memory, leaves no core file, and is not ended by
/// the ^C that its parent answers.
pub fn confine(bytes: Option<u64>) {
    let set = |what, most| {
        let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
        // SAFETY: a limit of this process. That it cannot be set is no reason not to run.
        unsafe { libc::setrlimit(what, &limit) };
    };
    if let Some(bytes) = bytes {
        set(libc::RLIMIT_DATA, bytes);
    }
    set(libc::RLIMIT_CORE, 0);
    // SAFETY: no handler, and the end of this process with that of its parent.
    unsafe {
        libc::signal(libc::SIGINT, libc::SIG_IGN);
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong);
    }
}

/// Whether a child of this process has ended; it still has to be waited for.
pub fn has_ended(child: u32) -> bool {
    // SAFETY: zero is a valid `siginfo_t`, and a place to write to.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        let how = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        libc::waitid(libc::P_PID, child, &mut info, how) != 0 || info.si_pid() != 0
    }
}

/// Ends every process of the group of a child that leads one and was not waited for yet.
pub fn kill_group(child: u32) {
    if let Ok(child @ 1..) = libc::pid_t::try_from(child) {
        // SAFETY: the number is that of our child, and its group has the same.
        unsafe { libc::kill(-child, libc::SIGKILL) };
    }
}

/// A word that [`open`] shows to a child, as long as the file is open.
///
/// # Errors
/// As `memfd_create(2)` and `mmap(2)`.
pub fn create() -> io::Result<(File, &'static AtomicU32)> {
    // SAFETY: a new file without a name.
    let file = unsafe { libc::memfd_create(c"sessdiff".as_ptr(), libc::MFD_CLOEXEC) };
    if file < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor that was just made, and nobody else has.
    let file = File::from(unsafe { OwnedFd::from_raw_fd(file) });
    file.set_len(PAGE as u64)?;
    Ok((file.try_clone()?, map(&file)?))
}

/// The word that a parent made with [`create`], in the file at `path`.
///
/// # Errors
/// As `open(2)` and `mmap(2)`.
pub fn open(path: &Path) -> io::Result<&'static AtomicU32> {
    map(&File::options().read(true).write(true).open(path)?)
}

fn map(file: &File) -> io::Result<&'static AtomicU32> {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a page of a file, mapped for good; both processes use its first word only, atomically.
    unsafe {
        let page = libc::mmap(std::ptr::null_mut(), PAGE, access, libc::MAP_SHARED, file.as_raw_fd(), 0);
        if page == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(&*page.cast::<AtomicU32>()) }
    }
}
