//! Where a port was when it ended: noted as files and offsets in a signal handler, named afterwards in another process.

use std::collections::HashMap;
use std::ffi::{CStr, c_void};
use std::fmt;
use std::mem::MaybeUninit;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use object::{Object, ObjectSymbol};

/// The most frames that are looked at, and shown.
const MOST: usize = 48;
const SHOWN: usize = 16;
/// An address this near to the stack pointer was touched by a stack that is full: there is no room to walk it, bytes.
const NEAR: usize = 1 << 16;

/// Says whether a stack was or is walked.
static WALKING: AtomicBool = AtomicBool::new(false);

/// What was touched, and the calls that led there, the innermost first.
pub(super) struct Stack {
    touched: Option<usize>,
    frames: [usize; MOST],
    length: usize,
}

impl Stack {
    /// Notes nothing.
    pub const NONE: Stack = Stack { touched: None, frames: [0; MOST], length: 0 };

    /// Tells whether a stack was or is walked.
    pub fn is_walked() -> bool {
        WALKING.load(Relaxed)
    }

    /// Tells whether no call is known.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Walks the stack of this thread, which was interrupted in `context`. `touched`: the address that cannot be. What cannot be
    /// walked because it is broken may crash once more: then there is no stack.
    #[allow(unsafe_code, reason = "asks the system for the frames, in a signal handler")]
    pub fn here(touched: Option<usize>, context: *const c_void) -> Stack {
        let (at, pointer) = registers(context);
        let full = touched.is_some_and(|touched| touched.abs_diff(pointer) < NEAR);
        if WALKING.swap(true, Relaxed) || full {
            return Stack { touched, ..Stack::NONE };
        }
        let mut frames = [std::ptr::null_mut(); MOST];
        // SAFETY: a place for so many; the unwinder was loaded by `prepare` and allocates nothing any more.
        let length = unsafe { libc::backtrace(frames.as_mut_ptr(), MOST as libc::c_int) };
        let length = usize::try_from(length).unwrap_or(0);
        let frames = frames.map(|frame| frame as usize);
        // The handler's own frames come first.
        let from = frames[..length].iter().position(|frame| *frame == at).unwrap_or(length);
        let mut stack = Stack { touched, ..Stack::NONE };
        for frame in &frames[from..length] {
            // A frame is where the call returns to, behind the call, but for the innermost.
            stack.frames[stack.length] = frame - usize::from(stack.length > 0);
            stack.length += 1;
        }
        stack
    }
}

/// Loads the unwinder, before a handler needs it.
#[allow(unsafe_code, reason = "asks the system for the frames")]
pub(super) fn prepare() {
    let mut frames = [std::ptr::null_mut(); 2];
    // SAFETY: a place for so many.
    unsafe { libc::backtrace(frames.as_mut_ptr(), 2) };
}

/// Returns where a thread was interrupted, and its stack pointer; 0 where that is not known.
#[allow(unsafe_code, reason = "reads what the system gave the handler")]
fn registers(context: *const c_void) -> (usize, usize) {
    if context.is_null() {
        return (0, 0);
    }
    // SAFETY: given by the system with the signal.
    let context = unsafe { &*context.cast::<libc::ucontext_t>() };
    #[cfg(target_arch = "x86_64")]
    let found = [libc::REG_RIP, libc::REG_RSP].map(|register| context.uc_mcontext.gregs[register as usize] as usize);
    #[cfg(target_arch = "aarch64")]
    let found = [context.uc_mcontext.pc as usize, context.uc_mcontext.sp as usize];
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let found = [0, 0].map(|unknown| if std::ptr::from_ref(context).is_null() { 1 } else { unknown });
    (found[0], found[1])
}

/// Writes a line each: the address, then file and offset of each frame. It is formatted in the handler.
impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(touched) = self.touched {
            writeln!(f, "{touched:#x}")?;
        }
        self.frames[..self.length].iter().try_for_each(|frame| write_place(f, *frame))
    }
}

#[allow(unsafe_code, reason = "asks the loader whose code it is")]
fn write_place(f: &mut fmt::Formatter<'_>, frame: usize) -> fmt::Result {
    let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: an address and a place to write to, whose pointers are NULL before; the name is the loader's and stays.
    let (name, base) = unsafe {
        let known = libc::dladdr(frame as *const c_void, found.as_mut_ptr()) != 0;
        let found = found.assume_init();
        if !known || found.dli_fname.is_null() {
            return Ok(());
        }
        (CStr::from_ptr(found.dli_fname), found.dli_fbase as usize)
    };
    match name.to_str() {
        Ok(name) => writeln!(f, "{name}+{:#x}", frame - base),
        Err(_) => Ok(()),
    }
}

/// The functions of a file, in the order of their addresses: where each begins, its length, its name.
type Functions = Vec<(u64, u64, String)>;

/// Names what [`Stack`] wrote: the functions of the library, up to the harness that called it.
pub(super) fn named(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let Some((file, offset)) = line.rsplit_once("+0x") else {
            lines.push(format!("address {line}"));
            continue;
        };
        let Ok(offset) = u64::from_str_radix(offset, 16) else { continue };
        let name = function(file, offset);
        // Nothing that C calls has such a name: here the harness begins.
        if name.as_ref().is_some_and(|(name, _)| name.starts_with("_R") || name.starts_with("_ZN")) {
            break;
        }
        let short = Path::new(file).file_name().map_or(file.into(), |name| name.to_string_lossy());
        let short = if file == "/proc/self/exe" { "sessdiff".into() } else { short };
        lines.push(match name {
            Some((name, within)) => format!("{name}+{within:#x} in {short}"),
            None => format!("{short}+{offset:#x}"),
        });
    }
    lines.truncate(SHOWN);
    lines
}

/// Finds the function at an offset of a file, and how far within it that is. Each file is read once.
fn function(file: &str, offset: u64) -> Option<(String, u64)> {
    static FILES: Mutex<Option<HashMap<String, Functions>>> = Mutex::new(None);
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    let files = files.get_or_insert_default();
    let functions = files.entry(file.into()).or_insert_with(|| functions(file));
    let after = functions.partition_point(|(start, ..)| *start <= offset);
    let (start, length, name) = functions.get(after.checked_sub(1)?)?;
    (offset - start < (*length).max(1)).then(|| (name.clone(), offset - start))
}

/// Lists the functions of a file; none, if it cannot be read or was stripped.
fn functions(file: &str) -> Functions {
    let Ok(data) = std::fs::read(file) else { return Functions::new() };
    let Ok(object) = object::File::parse(&*data) else { return Functions::new() };
    let symbols = object.symbols().chain(object.dynamic_symbols());
    let defined = symbols.filter(|symbol| symbol.is_definition() && symbol.kind() == object::SymbolKind::Text);
    let mut functions: Functions =
        defined.filter_map(|symbol| Some((symbol.address(), symbol.size(), symbol.name().ok()?.to_string()))).collect();
    functions.sort_unstable();
    functions
}
