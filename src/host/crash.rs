//! Saves what it can when the library ends this very process: the calls that were running, or, in a child, the trace so far.
//!
//! A handler for the signals of a crash writes them out and ends the process. It allocates nothing and takes no lock, because
//! the heap may be what is broken.
#![allow(unsafe_code, reason = "a signal handler is C, and calls only what may be called in one")]

use std::cell::Cell;
use std::ffi::{CString, c_int, c_void};
use std::fmt::{self, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Once, OnceLock};
use std::time::Duration;

use postcard::ser_flavors::{Flavor, Size};
use serde::{Serialize, Serializer};

use super::protocol::Answer;
use super::stack::{self, Stack};
use crate::port::c::memory::{self, Fault};
use crate::port::present;
use crate::trace::{Block, Breakage, Mishap, MishapKind, Signal, Trace};

/// The exit code of a process whose port crashed.
pub const EXIT: i32 = 2;

/// How much room a handler has, bytes.
const ROOM: usize = 1 << 17;

const SIGNALS: [(c_int, Signal); 5] = [
    (libc::SIGSEGV, Signal::Segv),
    (libc::SIGBUS, Signal::Bus),
    (libc::SIGABRT, Signal::Abrt),
    (libc::SIGILL, Signal::Ill),
    (libc::SIGFPE, Signal::Fpe),
];

/// The folder, made when it is needed, and the file in it.
static PLACE: OnceLock<(CString, CString)> = OnceLock::new();
/// The time limit, microseconds, and the step that ran when it was last looked at.
static LIMIT: AtomicU64 = AtomicU64::new(0);
static SEEN: AtomicU32 = AtomicU32::new(present::OUTSIDE);
/// Where the parent listens, or -1.
static PARENT: AtomicI32 = AtomicI32::new(-1);

thread_local! {
    static RUNNING: Cell<Option<*const dyn fmt::Display>> = const { Cell::new(None) };
    static TRACE: Cell<Option<*const Trace>> = const { Cell::new(None) };
}

/// Catches crashes from now on: what runs then is written to the file of this name in the folder, or only named on standard
/// error without one. The place of the first call stays.
pub fn catch(place: Option<(&Path, &str)>) {
    let text = |path: &Path| CString::new(path.as_os_str().as_bytes()).ok();
    if let Some((folder, name)) = place
        && let (Some(folder), Some(file)) = (text(folder), text(&folder.join(name)))
    {
        PLACE.get_or_init(|| (folder, file));
    }
    install();
}

/// Tells a crash to the parent at this descriptor from now on, and a program that takes too long: see [`limit`].
pub fn tell(parent: c_int) {
    PARENT.store(parent, Relaxed);
    install();
    handle(libc::SIGALRM);
}

/// Begins to time a program: each of its steps may take so long, and twice as long at most. Zero ends the timing. Only where
/// [`tell`] was called.
pub fn limit(limit: Duration) {
    let value = libc::timeval { tv_sec: limit.as_secs() as libc::time_t, tv_usec: limit.subsec_micros().into() };
    let once = libc::itimerval { it_interval: libc::timeval { tv_sec: 0, tv_usec: 0 }, it_value: value };
    LIMIT.store(limit.as_micros() as u64, Relaxed);
    if present::get() == present::OUTSIDE {
        SEEN.store(present::OUTSIDE, Relaxed);
    }
    // SAFETY: one timer, whose signal has a handler.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &once, std::ptr::null_mut()) };
}

/// Ends this process without the library's own way out, which nobody asked for.
pub fn leave(failed: bool) -> ! {
    // SAFETY: ends the process.
    unsafe { libc::_exit(failed.into()) }
}

/// Notes that a library was loaded: one that ends the process is found out before its own functions for that run, which it
/// has registered by now. Only the first time counts.
pub fn loaded() {
    static AT_EXIT: Once = Once::new();
    AT_EXIT.call_once(at_exit);
}

fn install() {
    static AT_EXIT: Once = Once::new();
    AT_EXIT.call_once(at_exit);
    stack::prepare();
    make_room();
    SIGNALS.iter().for_each(|(signal, _)| handle(*signal));
}

/// Gives the handlers of this thread a stack on which a trace can be written. The one that a thread begins with has 8 KiB, of
/// which the system takes more than a third.
fn make_room() {
    thread_local! {
        static IS_MADE: Cell<bool> = const { Cell::new(false) };
    }
    if IS_MADE.replace(true) {
        return;
    }
    // The thread may crash as long as it lives: its stack is never given back.
    let room = Box::leak(vec![0u8; ROOM].into_boxed_slice());
    let stack = libc::stack_t { ss_sp: room.as_mut_ptr().cast(), ss_flags: 0, ss_size: ROOM };
    // SAFETY: memory that nobody else uses; the stack that was there before is left.
    unsafe { libc::sigaltstack(&stack, std::ptr::null_mut()) };
}

fn handle(signal: c_int) {
    // SAFETY: a handler that only calls what may be called in one; zero is a valid `sigaction`.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_signal as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_NODEFER | libc::SA_ONSTACK;
        // A second crash, in the handler, ends the process. The timer's signal comes again.
        if signal != libc::SIGALRM {
            action.sa_flags |= libc::SA_RESETHAND;
        }
        libc::sigaction(signal, &action, std::ptr::null_mut());
    }
}

fn at_exit() {
    // SAFETY: a handler that ends the process in the middle of a program, and otherwise does nothing.
    unsafe { libc::atexit(on_exit) };
}

/// Runs `work`; should it crash, `what` is what is saved.
pub fn saving<R>(what: &dyn fmt::Display, work: impl FnOnce() -> R) -> R {
    let pointer: *const (dyn fmt::Display + '_) = what;
    // SAFETY: only the lifetime changes; the pointer is forgotten before `what` can go, whichever way `work` ends.
    let pointer =
        unsafe { std::mem::transmute::<*const (dyn fmt::Display + '_), *const (dyn fmt::Display + 'static)>(pointer) };
    make_room();
    let _forget = Forget(&RUNNING);
    RUNNING.set(Some(pointer));
    work()
}

/// Runs `work`, which fills `trace`; should it crash, what is there by then is told to the parent.
pub fn tracing<R>(trace: &mut Trace, work: impl FnOnce(&mut Trace) -> R) -> R {
    let _forget = Forget(&TRACE);
    TRACE.set(Some(&raw const *trace));
    work(trace)
}

struct Forget<T: 'static>(&'static std::thread::LocalKey<Cell<Option<T>>>);

impl<T> Drop for Forget<T> {
    fn drop(&mut self) {
        self.0.set(None);
    }
}

/// Tells whether the timer of [`limit`] has run out: anybody can send its signal.
fn is_over() -> bool {
    // SAFETY: zero is a valid `itimerval`, and a place to write to.
    unsafe {
        let mut left: libc::itimerval = std::mem::zeroed();
        libc::getitimer(libc::ITIMER_REAL, &mut left);
        left.it_value.tv_sec == 0 && left.it_value.tv_usec == 0
    }
}

extern "C" fn on_signal(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    if signal == libc::SIGALRM && is_over() {
        // A program that has come further since is slow, and no more.
        let step = present::get();
        if LIMIT.load(Relaxed) == 0 {
            return;
        }
        if SEEN.swap(step, Relaxed) != step {
            limit(Duration::from_micros(LIMIT.load(Relaxed)));
            return;
        }
        end(
            MishapKind::Hang,
            Breakage::Hang,
            format_args!("did not return within the time limit"),
            None,
            &Stack::here(None, context),
        );
    }
    // SAFETY: given by the system with the signal.
    let address = if info.is_null() { 0 } else { unsafe { (*info).si_addr() as usize } };
    let faulty = matches!(signal, libc::SIGSEGV | libc::SIGBUS);
    // A second crash while the stack is walked comes here again, once, and is told without one.
    if !Stack::is_walked() {
        handle(signal);
    }
    let stack = Stack::here(faulty.then_some(address), context);
    let guarded = faulty.then(|| memory::explain(address)).flatten();
    if let Some(fault) = guarded {
        return end(MishapKind::Crash, fault.breakage(), format_args!("{}", fault.text()), Some(fault), &stack);
    }
    let known = SIGNALS.iter().find(|(known, _)| *known == signal).map_or(Signal::Unnamed, |(_, known)| *known);
    end(MishapKind::Crash, Breakage::Signal(known), format_args!("crashed with signal {signal}"), None, &stack)
}

/// Ends the process as after a crash: a library that calls `exit` in the middle of a call is no pass.
extern "C" fn on_exit() {
    if RUNNING.get().is_some() || TRACE.get().is_some() || present::prepared().is_some() {
        end(MishapKind::Crash, Breakage::Exit, format_args!("ended the process"), None, &Stack::NONE)
    }
}

fn end(kind: MishapKind, breakage: Breakage, what: fmt::Arguments<'_>, fault: Option<Fault>, stack: &Stack) {
    match PARENT.load(Relaxed) {
        -1 => save(what, fault, stack),
        parent => report(parent, kind, breakage, what, fault, stack),
    }
    // SAFETY: ends the process, without the library's own way out.
    unsafe { libc::_exit(EXIT) }
}

fn save(what: fmt::Arguments<'_>, fault: Option<Fault>, stack: &Stack) {
    let mut stderr = Buffered::new(libc::STDERR_FILENO);
    stderr.say(format_args!("error: the port {what}"));
    if let Some(fault) = fault {
        let Block { size, taken, given, .. } = fault.block();
        stderr.say(format_args!(" ({size} bytes allocated at {} in step {}", taken.line, taken.step));
        if let Some(given) = given {
            stderr.say(format_args!(", freed at {} in step {}", given.line, given.step));
        }
        stderr.say(format_args!(")"));
    }
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
            let mut calls = Buffered::new(descriptor);
            calls.say(format_args!("{running}"));
            if descriptor >= 0 && calls.flush() {
                stderr.say(format_args!("; the calls are in {name}, for `sessdiff import`\n"));
            } else {
                stderr.say(format_args!("; {name} cannot be written; the calls:\n{running}\n"));
            }
        }
        (Some(running), None) => stderr.say(format_args!("; the calls:\n{running}\n")),
        (None, _) => match present::prepared() {
            Some(what) => stderr.say(format_args!(" outside any program, in {what}\n")),
            None => stderr.say(format_args!(" outside any program\n")),
        },
    }
    if !stack.is_empty() {
        stderr.say(format_args!("where it was, the innermost call first:\n{stack}"));
    }
    stderr.flush();
}

fn report(
    parent: c_int,
    kind: MishapKind,
    breakage: Breakage,
    what: fmt::Arguments<'_>,
    fault: Option<Fault>,
    stack: &Stack,
) {
    let none = Trace::default();
    // SAFETY: the trace is alive, for this thread is in the middle of `tracing`, and the library is in the middle of a call,
    // during which nobody writes to it.
    let trace = TRACE.get().map_or(&none, |trace| unsafe { &*trace });
    let block = fault.as_ref().map(Fault::block);
    let block = block.as_ref().map(|block| block.with_lines(|line| Said(line)));
    // What the port printed reaches the parent by another way.
    let mishap = Mishap { kind, step: present::get(), breakage, text: Said(&what), block, report: Said(&"") };
    let answer = Answer::Ran(trace, Some(mishap), Said(stack));
    let Ok(length) = postcard::serialize_with_flavor(&answer, Size::default()) else { return };
    let mut out = Buffered::new(parent);
    out.put(&(length as u64).to_le_bytes());
    if postcard::serialize_with_flavor(&answer, &mut out).is_ok() {
        out.flush();
    }
}

/// A text that is formatted while it is written, so that it needs no room.
struct Said<'a>(&'a dyn fmt::Display);

impl Serialize for Said<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

/// Writes to a file descriptor, many bytes at a time.
struct Buffered {
    descriptor: c_int,
    bytes: [u8; 1024],
    length: usize,
    failed: bool,
}

impl Buffered {
    fn new(descriptor: c_int) -> Buffered {
        Buffered { descriptor, bytes: [0; 1024], length: 0, failed: false }
    }

    fn say(&mut self, text: fmt::Arguments<'_>) {
        self.failed |= self.write_fmt(text).is_err();
    }

    /// Writes what is waiting, and tells whether everything so far was written.
    fn flush(&mut self) -> bool {
        let mut rest = &self.bytes[..self.length];
        while !rest.is_empty() && !self.failed {
            // SAFETY: bytes and their length.
            let written = unsafe { libc::write(self.descriptor, rest.as_ptr().cast(), rest.len()) };
            match usize::try_from(written) {
                Ok(written @ 1..) => rest = &rest[written..],
                Ok(0) | Err(_) => self.failed = true,
            }
        }
        self.length = 0;
        !self.failed
    }

    fn put(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = self.bytes.len() - self.length;
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.bytes[self.length..self.length + now.len()].copy_from_slice(now);
            self.length += now.len();
            bytes = later;
            if self.length == self.bytes.len() {
                self.flush();
            }
        }
    }
}

impl Flavor for &mut Buffered {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.put(bytes);
        if self.failed { Err(postcard::Error::SerializeBufferFull) } else { Ok(()) }
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

impl fmt::Write for Buffered {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::io::Read;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use super::super::protocol::{HEAD, tests::example};
    use super::*;

    /// Counts what each thread asks for.
    struct Counting;

    thread_local! {
        static ASKED: Cell<u64> = const { Cell::new(0) };
    }

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;

    // SAFETY: the system's allocator does the work.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            ASKED.set(ASKED.get() + 1);
            // SAFETY: as the caller says.
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            ASKED.set(ASKED.get() + 1);
            // SAFETY: as the caller says.
            unsafe { System.dealloc(block, layout) }
        }
    }

    /// Runs `work` and says how often it asked the allocator for something.
    fn asked(work: impl FnOnce()) -> u64 {
        let before = ASKED.get();
        work();
        ASKED.get() - before
    }

    #[test]
    fn a_crash_is_told_without_an_allocation() {
        let (mut parent, child) = UnixStream::pair().expect("a connection");
        let (mut trace, _) = example();
        let shown = format!("{trace:?}");
        let breakage = Breakage::Signal(Signal::Segv);
        let tell = || {
            report(
                child.as_raw_fd(),
                MishapKind::Crash,
                breakage,
                format_args!("crashed with signal {}", 11),
                None,
                &Stack::here(Some(8), std::ptr::null()),
            )
        };
        assert_eq!(tracing(&mut trace, |_| asked(tell)), 0);
        drop(child);
        let mut message = Vec::new();
        parent.read_to_end(&mut message).expect("a message");
        let (length, message) = message.split_at(HEAD);
        assert_eq!(length, (message.len() as u64).to_le_bytes());
        let Some(Answer::Ran(read, Some(mishap), _)) = Answer::read(message) else { panic!("no trace: {message:?}") };
        assert_eq!(format!("{read:?}"), shown);
        assert_eq!((mishap.breakage, mishap.text.as_str()), (breakage, "crashed with signal 11"));
    }

    #[test]
    fn allocations_are_counted() {
        assert_eq!(asked(|| drop(std::hint::black_box(Box::new(1)))), 2);
    }
}
