//! What a nested cargo inherits. A build script runs in an environment made for its own package and for the host's
//! target: flags, wrappers such as clippy's, profile overrides. None of it may reach the guests, whose bytes must
//! depend only on their source and toolchain.

use std::process::Command;

/// The cargo variables that say how to reach a registry or how to print, not what to build.
const KEPT_CARGO_PREFIXES: [&str; 7] = [
    "CARGO_HOME",
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTRIES_",
    "CARGO_REGISTRY_",
    "CARGO_SOURCE_",
    "CARGO_TERM_",
];

const DROPPED_PREFIXES: [&str; 7] = [
    "CARGO_",
    "CLIPPY_",
    "DEP_",
    "RUSTC",
    "RUSTDOC",
    "RUSTFLAGS",
    "SCCACHE_",
];

/// The rest of what cargo sets for build scripts, and make's variables through which its job server is passed: the
/// outer cargo may be gone by the time a nested one asks for a token.
const DROPPED: [&str; 11] = [
    "DEBUG",
    "HOST",
    "LD_LIBRARY_PATH",
    "MAKEFLAGS",
    "MFLAGS",
    "NUM_JOBS",
    "OPT_LEVEL",
    "OUT_DIR",
    "PROFILE",
    "TARGET",
    "__CARGO_DEFAULT_LIB_METADATA",
];

/// Removes from `command` what must not reach the guests.
pub(crate) fn scrub(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| !is_kept(name)) {
            command.env_remove(&name);
        }
    }
}

fn is_kept(name: &str) -> bool {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    starts(&KEPT_CARGO_PREFIXES) || !(starts(&DROPPED_PREFIXES) || DROPPED.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::is_kept;

    #[test]
    fn what_decides_the_guests_bytes_is_dropped() {
        for name in [
            "CARGO_BUILD_RUSTFLAGS",
            "CARGO_BUILD_TARGET",
            "CARGO_CFG_TARGET_ARCH",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_FEATURE_STD",
            "CARGO_MAKEFLAGS",
            "CARGO_MANIFEST_DIR",
            "CARGO_PROFILE_GUEST_OPT_LEVEL",
            "CARGO_TARGET_DIR",
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
            "CLIPPY_ARGS",
            "LD_LIBRARY_PATH",
            "MAKEFLAGS",
            "OUT_DIR",
            "RUSTC",
            "RUSTC_BOOTSTRAP",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTC_WRAPPER",
            "RUSTDOCFLAGS",
            "RUSTFLAGS",
            "TARGET",
        ] {
            assert!(!is_kept(name), "{name}");
        }
    }

    #[test]
    fn what_reaches_registries_is_kept() {
        for name in [
            "CARGO_HOME",
            "CARGO_NET_OFFLINE",
            "CARGO_REGISTRIES_MINE_INDEX",
            "HTTPS_PROXY",
            "PATH",
        ] {
            assert!(is_kept(name), "{name}");
        }
    }

    #[test]
    fn the_choice_of_toolchain_is_kept() {
        assert!(is_kept("RUSTUP_TOOLCHAIN") && is_kept("RUSTUP_HOME"));
    }
}
