//! What can be saved when the library crashes this very process: the calls that were running.
//!
//! A handler for the signals of a crash writes them to a file and ends the process with exit code 2. It allocates nothing and
//! takes no lock, because the heap may be what is broken.

use std::cell::Cell;
use std::ffi::{CString, c_int};
use std::fmt::{self, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Once, OnceLock};

/// The exit code of a process whose port crashed.
pub const EXIT: i32 = 2;

const SIGNALS: [c_int; 5] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGABRT, libc::SIGILL, libc::SIGFPE];

/// The folder, made when it is needed, and the file in it.
static PLACE: OnceLock<(CString, CString)> = OnceLock::new();

thread_local! {
    static RUNNING: Cell<Option<*const dyn fmt::Display>> = const { Cell::new(None) };
}

/// From now on a crash is caught: what runs then is written to the file of this name in the folder, or only named on standard
/// error without one. The place of the first call stays.
pub fn catch(place: Option<(&Path, &str)>) {
    let text = |path: &Path| CString::new(path.as_os_str().as_bytes()).ok();
    if let Some((folder, name)) = place
        && let (Some(folder), Some(file)) = (text(folder), text(&folder.join(name)))
    {
        PLACE.get_or_init(|| (folder, file));
    }
    static AT_EXIT: Once = Once::new();
    // SAFETY: a handler that ends the process or does nothing.
    AT_EXIT.call_once(|| unsafe {
        libc::atexit(on_exit);
    });
    for signal in SIGNALS {
        // SAFETY: a handler that only calls what may be called in one; zero is a valid `sigaction`.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_crash as *const () as usize;
            action.sa_flags = libc::SA_RESETHAND | libc::SA_NODEFER | libc::SA_ONSTACK;
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
}

/// Runs `work`; should it crash, `what` is what is saved.
pub fn saving<R>(what: &dyn fmt::Display, work: impl FnOnce() -> R) -> R {
    struct Forget;
    impl Drop for Forget {
        fn drop(&mut self) {
            RUNNING.set(None);
        }
    }
    let pointer: *const (dyn fmt::Display + '_) = what;
    // SAFETY: only the lifetime changes; the pointer is forgotten before `what` can go, whichever way `work` ends.
    let pointer =
        unsafe { std::mem::transmute::<*const (dyn fmt::Display + '_), *const (dyn fmt::Display + 'static)>(pointer) };
    RUNNING.set(Some(pointer));
    let _forget = Forget;
    work()
}

extern "C" fn on_crash(signal: c_int) {
    save(format_args!("crashed with signal {signal}"))
}

/// A library that ends the process in the middle of a call is no pass.
extern "C" fn on_exit() {
    if RUNNING.get().is_some() {
        save(format_args!("ended the process"))
    }
}

fn save(what: fmt::Arguments<'_>) -> ! {
    let mut stderr = Descriptor(libc::STDERR_FILENO);
    let mut say = |text: fmt::Arguments<'_>| stderr.write_fmt(text).unwrap_or(());
    say(format_args!("error: the port {what}"));
    // SAFETY: what runs is alive, for this thread is in the middle of `saving`.
    let running = RUNNING.get().map(|running| unsafe { &*running });
    match (running, PLACE.get()) {
        (Some(running), Some((folder, file))) => {
            // SAFETY: two paths that end in a NUL. A folder that is there already, or cannot be made, shows in the open.
            let descriptor = unsafe {
                libc::mkdir(folder.as_ptr(), 0o755);
                libc::open(file.as_ptr(), libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC, 0o644)
            };
            let name = file.to_str().unwrap_or("a file");
            if descriptor >= 0 && write!(Descriptor(descriptor), "{running}").is_ok() {
                say(format_args!("; the calls are in {name}\n"));
            } else {
                say(format_args!("; {name} cannot be written; the calls:\n{running}\n"));
            }
        }
        (Some(running), None) => say(format_args!("; the calls:\n{running}\n")),
        (None, _) => say(format_args!(" outside any program\n")),
    }
    // SAFETY: ends the process, without the library's own way out.
    unsafe { libc::_exit(EXIT) }
}

/// Writes to a file descriptor without a buffer.
struct Descriptor(c_int);

impl fmt::Write for Descriptor {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            // SAFETY: bytes and their length.
            let written = unsafe { libc::write(self.0, rest.as_ptr().cast(), rest.len()) };
            match usize::try_from(written) {
                Ok(written @ 1..) => rest = &rest[written..],
                Ok(0) | Err(_) => return Err(fmt::Error),
            }
        }
        Ok(())
    }
}
