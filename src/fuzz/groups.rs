//! How a finding crashes: through one function for the call and one for the class, so that services that group crashes by
//! their stack keep one group for each pair of them.

use crate::op::{Kind, for_each_op};
use crate::oracle::Class;

/// Makes a function for each row of the table. Its name is what a stack shows: that of the call, which no symbol has, since
/// the compiler adds where it is.
macro_rules! define_functions {
    ($($section:ident { $(
        $(#[$doc:meta])* $code:literal $kind:ident $name:ident $dst:tt $operands:tt $facts:tt $c:tt;
    )* })*) => {
        #[allow(non_snake_case, reason = "the names are OpenSSL's")]
        mod call {
            use super::{Class, in_class};

            $($(
                #[inline(never)]
                pub(super) fn $name(class: Class, text: &str) -> ! {
                    in_class(class, text, stringify!($name))
                }
            )*)*
        }

        /// Ends with a panic whose stack names the call and the class.
        ///
        /// # Panics
        /// Always.
        pub fn end(on: Kind, class: Class, text: &str) -> ! {
            match on {
                $($(Kind::$kind => call::$name(class, text),)*)*
            }
        }
    };
}

for_each_op!(define_functions);

fn in_class(class: Class, text: &str, on: &str) -> ! {
    match class {
        Class::Memory => memory(text, on),
        Class::Hang => hang(text, on),
        Class::Leak => leak(text, on),
        Class::Count => count(text, on),
        Class::Callback => callback(text, on),
        Class::Contents => contents(text, on),
        Class::Cache => cache(text, on),
        Class::Return => returned(text, on),
        Class::Doc => documented(text, on),
    }
}

/// Makes the function of one class.
macro_rules! class_function {
    ($class:ident) => {
        #[inline(never)]
        fn $class(text: &str, on: &str) -> ! {
            panic!("{text}\n[{on}]")
        }
    };
}

// Each is a line of its own, which a panic names, so that no two of them can be merged into one.
class_function!(memory);
class_function!(hang);
class_function!(leak);
class_function!(count);
class_function!(callback);
class_function!(contents);
class_function!(cache);
class_function!(returned);
class_function!(documented);

#[cfg(test)]
mod tests {
    use std::backtrace::Backtrace;
    use std::sync::{Arc, Mutex};

    use super::*;

    const CLASSES: [&str; 9] =
        ["memory", "hang", "leak", "count", "callback", "contents", "cache", "returned", "documented"];

    /// Returns the names on the stack of a finding, those of this room only.
    fn stack(on: Kind, class: Class) -> Vec<String> {
        let seen = Arc::new(Mutex::new(String::new()));
        let (keep, here) = (Arc::clone(&seen), std::thread::current().id());
        std::panic::set_hook(Box::new(move |_| {
            if std::thread::current().id() == here {
                *keep.lock().unwrap() = Backtrace::force_capture().to_string();
            }
        }));
        let ended = std::panic::catch_unwind(|| end(on, class, "found"));
        drop(std::panic::take_hook());
        assert!(ended.is_err());
        let seen = seen.lock().unwrap().clone();
        // `  7: path::of::name`, or without a path, as the debug information has it.
        let names = seen.lines().filter_map(|line| line.split_once(": ")).map(|(_, path)| path.rsplit("::").next());
        let of_this_room = |name: &&str| CLASSES.contains(name) || Kind::ALL.iter().any(|kind| **name == *kind.name());
        names.flatten().filter(of_this_room).map(String::from).collect()
    }

    /// One test: the hook is the process's.
    #[test]
    fn each_call_and_each_class_has_a_stack_of_its_own() {
        let mut stacks = std::collections::HashSet::new();
        let classes = [
            Class::Memory,
            Class::Hang,
            Class::Leak,
            Class::Count,
            Class::Callback,
            Class::Contents,
            Class::Cache,
            Class::Return,
            Class::Doc,
        ];
        for on in Kind::ALL {
            for class in classes {
                let stack = stack(*on, class);
                assert!(stack.len() == 2, "{on:?} {class}: {stack:?}");
                assert!(stacks.insert(stack.clone()), "{on:?} {class}: {stack:?}");
            }
        }
    }
}
