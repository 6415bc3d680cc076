//! Links the targets with their engine, and so that the compiler's code tells it of no counters: each target says which ones
//! guide it.

use std::env;

/// Names what the engine is linked with, where it is not libFuzzer: words for the linker, as OSS-Fuzz says them.
const ENGINE: &str = "LIB_FUZZING_ENGINE";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed={ENGINE}");
    let has = |feature: &str| env::var_os(format!("CARGO_FEATURE_{feature}")).is_some();
    let mut wrapped = Vec::new();
    if !has("MEASURED") {
        wrapped.extend(["__sanitizer_cov_8bit_counters_init", "__sanitizer_cov_pcs_init"]);
    }
    if has("AFL") {
        wrapped.push("LLVMFuzzerTestOneInput");
    }
    for function in wrapped {
        println!("cargo:rustc-link-arg-bins=-Wl,--wrap={function}");
    }
    if !has("LIBFUZZER") {
        for word in env::var(ENGINE).unwrap_or_default().split_whitespace() {
            println!("cargo:rustc-link-arg-bins={word}");
        }
    }
}
