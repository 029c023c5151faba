//! The arrows of the design: which crate may depend on which, and which module of the server may name what. An arrow
//! that is not in these tables fails here.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Crate folder, and the crates of ours that its build may use (tests may use more).
const CRATE_ARROWS: &[(&str, &[&str])] = &[
    ("wit/policy-1.0", &[]),
    ("host/domain", &[]),
    ("host/stats", &[]),
    ("host/ledger", &["signalbox-domain"]),
    ("host/sandbox", &["signalbox-contract", "signalbox-domain"]),
    ("sdk/rust", &["signalbox-contract"]),
    ("sdk/guest-build", &[]),
    ("plugins/routing-nearest", &["signalbox-plugin"]),
    ("plugins/routing-balanced", &["signalbox-plugin"]),
    ("plugins/allocation-book", &["signalbox-plugin"]),
    ("plugins/allocation-priority", &["signalbox-plugin"]),
    ("plugins/allocation-fairshare", &["signalbox-plugin"]),
    ("plugins/returns-lawful", &["signalbox-plugin"]),
    ("plugins/returns-recovery", &["signalbox-plugin"]),
    ("plugins/returns-grades", &["signalbox-plugin"]),
];

/// Crates that one crate alone may use: the narrow places where a large dependency is behind our own words.
const SOLE_USERS: &[(&str, &[&str])] = &[
    ("wasmtime", &["host/sandbox"]),
    ("wasmtime-wizer", &["host/sandbox"]),
    ("rusqlite", &["host/ledger"]),
    ("axum", &["host/server"]),
    ("notify", &["host/server"]),
];

/// What the pure crates must not reach: runtimes, engines, clocks, files by library.
const NOT_IN_PURE_CRATES: &[&str] = &[
    "tokio", "wasmtime", "axum", "notify", "rusqlite", "reqwest", "tempfile",
];

/// Module of the server, and the words that must not stand in its code.
const MODULE_BANS: &[(&str, &[&str])] = &[
    ("api", &["signalbox_sandbox", "signalbox_ledger", "crate::intake"]),
    (
        "intake",
        &[
            "axum",
            "crate::api",
            "serde_json",
            "control::controller",
            "signalbox_ledger::Journal",
        ],
    ),
    (
        "control",
        &[
            "axum",
            "serde_json",
            "crate::api",
            "crate::decide",
            "crate::intake",
            "crate::cli",
        ],
    ),
    (
        "backtest",
        &["axum", "crate::cli", "crate::control", "crate::record"],
    ),
    (
        "decide",
        &[
            "axum",
            "serde_json",
            "crate::api",
            "crate::intake",
            "crate::cli",
            "signalbox_ledger",
        ],
    ),
    (
        "snapshot",
        &[
            "axum",
            "serde_json",
            "crate::api",
            "crate::intake",
            "crate::decide",
        ],
    ),
    (
        "record",
        &["axum", "serde_json", "crate::api", "crate::intake", "crate::cli"],
    ),
    (
        "replay",
        &[
            "axum",
            "signalbox_ledger",
            "crate::api",
            "crate::intake",
            "crate::cli",
        ],
    ),
    (
        "explain",
        &[
            "axum",
            "signalbox_ledger",
            "crate::api",
            "crate::intake",
            "crate::cli",
        ],
    ),
    (
        "trial",
        &[
            "axum",
            "crate::api",
            "crate::control",
            "crate::decide",
            "crate::intake",
            "crate::cli",
        ],
    ),
    (
        "evidence",
        &[
            "axum",
            "crate::api",
            "crate::decide",
            "crate::intake",
            "crate::cli",
        ],
    ),
    (
        "report",
        &[
            "axum",
            "crate::api",
            "crate::decide",
            "crate::intake",
            "crate::cli",
        ],
    ),
    (
        "outcomes",
        &[
            "axum",
            "crate::api",
            "crate::decide",
            "crate::intake",
            "crate::cli",
        ],
    ),
    (
        "webhooks",
        &[
            "axum",
            "crate::api",
            "crate::decide",
            "crate::intake",
            "crate::cli",
        ],
    ),
    ("cli", &["signalbox_ledger", "wasmtime"]),
    (
        "demo",
        &[
            "signalbox_sandbox",
            "signalbox_ledger",
            "crate::decide",
            "crate::intake",
        ],
    ),
];

fn manifest(folder: &str) -> toml::Table {
    let path = root().join(folder).join("Cargo.toml");
    fs::read_to_string(&path)
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        .parse()
        .unwrap()
}

fn dependencies(folder: &str) -> BTreeSet<String> {
    let manifest = manifest(folder);
    let section = manifest.get("dependencies").and_then(toml::Value::as_table);
    section
        .map(|table| table.keys().cloned().collect())
        .unwrap_or_default()
}

fn crates() -> Vec<String> {
    let mut found = Vec::new();
    for top in ["host", "plugins", "sdk", "tests", "wit"] {
        for entry in fs::read_dir(root().join(top)).unwrap() {
            let entry = entry.unwrap();
            if entry.path().join("Cargo.toml").is_file() {
                found.push(format!("{top}/{}", entry.file_name().to_str().unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn crates_depend_on_no_more_of_ours_than_the_design_allows() {
    for (folder, allowed) in CRATE_ARROWS {
        for name in dependencies(folder) {
            let ours = name.starts_with("signalbox-");
            assert!(
                !ours || allowed.contains(&name.as_str()),
                "{folder} depends on {name}; the design allows {allowed:?}"
            );
        }
    }
}

#[test]
fn every_crate_of_the_host_the_sdk_and_the_plugins_has_its_arrows_listed() {
    let listed: BTreeSet<&str> = CRATE_ARROWS.iter().map(|(folder, _)| *folder).collect();
    for folder in crates() {
        let free =
            folder.starts_with("tests/") || matches!(folder.as_str(), "host/server" | "plugins/bundle");
        assert!(
            free || listed.contains(folder.as_str()),
            "{folder} is new: list its arrows in CRATE_ARROWS"
        );
    }
}

#[test]
fn large_dependencies_have_one_user() {
    for folder in crates() {
        if folder.starts_with("tests/") {
            continue; // the tests may look behind every wall
        }
        for name in dependencies(&folder) {
            if let Some((_, users)) = SOLE_USERS.iter().find(|(library, _)| *library == name) {
                assert!(
                    users.contains(&folder.as_str()),
                    "{folder} uses {name}; only {users:?} may"
                );
            }
        }
    }
}

#[test]
fn pure_crates_reach_nothing_outside() {
    for folder in ["host/domain", "host/stats", "wit/policy-1.0"] {
        let found: Vec<String> = dependencies(folder)
            .into_iter()
            .filter(|name| NOT_IN_PURE_CRATES.contains(&name.as_str()))
            .collect();
        assert!(
            found.is_empty(),
            "{folder} must stay pure, but depends on {found:?}"
        );
        for (path, code) in sources(&root().join(folder).join("src")) {
            for word in [
                "std::fs",
                "std::net",
                "SystemTime",
                "Instant::now",
                "std::process",
            ] {
                assert!(
                    !code.contains(word),
                    "{} must stay pure, but names {word}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn modules_of_the_server_name_only_what_the_design_allows() {
    let source = root().join("host/server/src");
    for (module, banned) in MODULE_BANS {
        let mut files = sources(&source.join(module));
        let file = source.join(format!("{module}.rs"));
        if file.is_file() {
            files.extend(sources(&file));
        }
        assert!(
            !files.is_empty(),
            "the server has no module {module}: correct MODULE_BANS"
        );
        for (path, code) in files {
            for word in *banned {
                assert!(
                    !names(&code, word),
                    "{} names {word}; the design forbids it in {module}",
                    path.display()
                );
            }
        }
    }
}

/// Whether `word` stands in the code as a whole path, not as the start of a longer name.
fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !inside(code[..at].chars().next_back()) && !inside(code[at + word.len()..].chars().next())
    })
}

/// Every Rust file below `path`, without comments and without its unit tests.
fn sources(path: &Path) -> Vec<(PathBuf, String)> {
    if path.is_file() {
        let text = fs::read_to_string(path).unwrap();
        let production = text.split("#[cfg(test)]").next().unwrap_or_default();
        let code: Vec<&str> = production
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        return vec![(path.to_owned(), code.join("\n"))];
    }
    let Ok(folder) = fs::read_dir(path) else {
        return Vec::new();
    };
    let mut entries: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let rust = |path: &PathBuf| path.is_dir() || path.extension().is_some_and(|ending| ending == "rs");
    entries
        .iter()
        .filter(|path| rust(path))
        .flat_map(|path| sources(path))
        .collect()
}

#[test]
fn the_scanner_sees_a_forbidden_word() {
    assert!(names("use serde_json::Value;", "serde_json"));
    assert!(!names("use my_serde_json::Value;", "serde_json"));
    assert!(!names("let axumite = 1;", "axum"));
}
