# How code is compiled so that it counts what is reached, for scripts/fuzz and scripts/oss-fuzz-build.
#
# shellcheck shell=bash disable=SC2034
#
# C counts where a list says, a file that is named by what it says, so that another list builds OpenSSL again; of what Rust
# counts each target says what guides it. The flags are cargo-fuzz's but for what costs time and guides nobody here: traced
# comparisons, which only libFuzzer's own mutator uses, indirect calls (level 4), the depth of the stack, and debug assertions.
# They are the same for all engines, which are told what was counted when they run.

# Sets $counting_c and $counting_rust; copies the list into a folder, that of the build.
counting() {
    mkdir -p "$1"
    local allowed
    allowed=$1/coverage-$(sha256sum fuzz/coverage.allow | cut -c1-16).allow
    cp fuzz/coverage.allow "$allowed"
    counting_c="-fsanitize-coverage=inline-8bit-counters,pc-table -fsanitize-coverage-allowlist=$allowed"
    counting_rust="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-simplifycfg-branch-fold-threshold=0"
}

# What a target's programs are about, where it has a mutator of its own.
about() {
    sed -n '/^\[package.metadata.about\]$/,/^$/s/^'"$1"' = "\(.*\)"$/\1/p' fuzz/Cargo.toml
}

# Lists the targets, as `cargo fuzz list` does.
targets() {
    sed -n '/^\[\[bin\]\]$/{n;s/^name = "\(.*\)"$/\1/p}' fuzz/Cargo.toml
}
