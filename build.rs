//! Tells the crate which OpenSSL it is linked with: the release decides which functions exist.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // The committed cases are in the crate: a new one is seen only so.
    println!("cargo:rerun-if-changed=corpus");
    println!("cargo:rustc-check-cfg=cfg(ossl300, ossl320, ossl330, ossl340, openssl_no_comp)");
    // openssl-sys publishes these to its dependents; absent when no OpenSSL is linked.
    let version = env::var("DEP_OPENSSL_VERSION_NUMBER").ok().and_then(|hex| u64::from_str_radix(&hex, 16).ok());
    for (since, name) in
        [(0x3000_0000, "ossl300"), (0x3020_0000, "ossl320"), (0x3030_0000, "ossl330"), (0x3040_0000, "ossl340")]
    {
        if version.is_some_and(|version| version >= since) {
            println!("cargo:rustc-cfg={name}");
        }
    }
    if env::var("DEP_OPENSSL_CONF").is_ok_and(|options| options.split(',').any(|option| option == "OPENSSL_NO_COMP")) {
        println!("cargo:rustc-cfg=openssl_no_comp");
    }
    // Empty for an installed library, which the compiler finds by itself.
    println!("cargo:rustc-env=SESSDIFF_OPENSSL_ROOT={}", env::var("DEP_OPENSSL_ROOT").unwrap_or_default());
    let include = env::var("DEP_OPENSSL_INCLUDE").unwrap_or_default();
    println!("cargo:rustc-env=SESSDIFF_OPENSSL_INCLUDE={include}");
}
