//! Builds a real guest, in copies of its workspace in different folders, with whatever toolchain is here.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test is to panic"
)]

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use signalbox_guest_build::{BuildRequest, Built, GuestBuildError, Workspace, build, chain};
use wasmparser::{Encoding, Parser, Payload, Validator, WasmFeatures};

/// A fresh copy of the fixture in `folder`, with its guest named `name`.
///
/// All copies use the target folder of this workspace's own guests, so that the standard library is built only once.
/// Cargo knows a workspace's members by their relative paths, so copies that are built at the same time need different
/// names: else one would be given what was built for another.
fn copy(folder: &str, name: &str) -> Workspace {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = tmp.join(folder);
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    for file in ["Cargo.toml", "Cargo.lock", "src/lib.rs", "wit/tiny.wit"] {
        let text = fs::read_to_string(fixture.join(file)).unwrap();
        let to = folder.join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, text.replace("name = \"tiny\"", &format!("name = \"{name}\""))).unwrap();
    }
    let mut workspace = Workspace::open(&folder).unwrap();
    workspace.guest_target = tmp.with_file_name("guests");
    workspace
}

fn try_build(workspace: &Workspace) -> Result<Built, GuestBuildError> {
    let guests = workspace.guests_under("");
    build(&BuildRequest {
        workspace,
        guests: &guests,
        output: &workspace.root.join("components"),
    })
}

fn build_one(workspace: &Workspace) -> (Built, Vec<u8>) {
    let built = try_build(workspace).unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(built.components.len(), 1);
    let bytes = fs::read(&built.components[0].path).unwrap();
    (built, bytes)
}

fn add_to_source(workspace: &Workspace, text: &str) {
    let path = workspace.root.join("src/lib.rs");
    let source = fs::read_to_string(&path).unwrap();
    fs::write(path, source + text).unwrap();
}

/// Makes cargo compile `guest` again, in whichever folder it finds it: it takes twins for one and the same.
fn forget(workspace: &Workspace, guest: &str) {
    let fingerprints = workspace
        .guest_target
        .join("wasm32-unknown-unknown/guest/.fingerprint");
    let mut forgotten = 0;
    for entry in fs::read_dir(fingerprints).unwrap().map(Result::unwrap) {
        if entry.file_name().to_string_lossy().starts_with(guest) {
            fs::remove_dir_all(entry.path()).unwrap();
            forgotten += 1;
        }
    }
    assert_ne!(
        forgotten, 0,
        "cargo keeps its fingerprints elsewhere: the twin would not be compiled"
    );
}

fn contains(bytes: &[u8], part: &Path) -> bool {
    let part = part.as_os_str().as_encoded_bytes();
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_guest_becomes_a_valid_component_without_imports() {
    let workspace = copy("component", "tiny-component");
    let (built, bytes) = build_one(&workspace);
    let component = &built.components[0];
    assert_eq!(
        (component.name.as_str(), component.version.as_str()),
        ("tiny-component", "1.2.3")
    );
    assert_eq!(
        component.path,
        workspace.root.join("components/tiny-component-1.2.3.wasm")
    );
    assert_eq!(component.size, bytes.len() as u64);
    Validator::new_with_features(WasmFeatures::default())
        .validate_all(&bytes)
        .unwrap();

    assert!(
        !contains(&bytes, Path::new("cabi_post_")),
        "a post-return function costs every decision a call"
    );
    let (mut encodings, mut exports, mut pages) = (Vec::new(), Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload.unwrap() {
            Payload::Version { encoding, .. } => encodings.push(encoding),
            Payload::ComponentImportSection(imports) => {
                assert_eq!(imports.count(), 0, "the component imports something");
            }
            Payload::ComponentExportSection(section) => {
                exports.extend(
                    section
                        .into_iter()
                        .map(|export| export.unwrap().name.name.to_owned()),
                );
            }
            Payload::MemorySection(memories) => {
                pages.extend(memories.into_iter().map(|memory| memory.unwrap().initial));
            }
            _ => {}
        }
    }
    assert_eq!(encodings.first(), Some(&Encoding::Component));
    assert_eq!(exports, ["double"]);
    assert_eq!(pages, [16], "the initial memory is 1 MiB");
}

#[test]
fn the_same_source_gives_the_same_bytes_in_any_folder() {
    let here = copy("a", "tiny-twin");
    let (_, first) = build_one(&here);
    forget(&here, "tiny-twin");
    let there = copy("another folder/b", "tiny-twin");
    let (_, second) = build_one(&there);
    assert_eq!(Sha256::digest(&first), Sha256::digest(&second));
    for folder in [
        &here.root,
        &here.guest_target,
        &std::env::home_dir().unwrap(),
        &PathBuf::from("/usr/lib/rustlib"),
    ] {
        assert!(
            !contains(&first, folder),
            "the component names {}",
            folder.display()
        );
    }
}

#[test]
fn a_component_that_did_not_change_is_not_written_again() {
    let workspace = copy("unchanged", "tiny-unchanged");
    let (first, before) = build_one(&workspace);
    let written = fs::metadata(&first.components[0].path)
        .unwrap()
        .modified()
        .unwrap();
    let (second, _) = build_one(&workspace);
    assert_eq!(
        fs::metadata(&second.components[0].path)
            .unwrap()
            .modified()
            .unwrap(),
        written
    );

    let source = fs::read_to_string(workspace.root.join("src/lib.rs")).unwrap();
    fs::write(
        workspace.root.join("src/lib.rs"),
        source.replace("is too large", "is far too large"),
    )
    .unwrap();
    assert_ne!(build_one(&workspace).1, before);
}

#[test]
fn the_inputs_are_sources_wit_and_manifests() {
    let workspace = copy("inputs", "tiny-inputs");
    let (built, _) = build_one(&workspace);
    for file in ["Cargo.toml", "Cargo.lock", "src/lib.rs", "wit/tiny.wit"] {
        assert!(
            built.inputs.contains(&workspace.root.join(file)),
            "{file} is missing in {:?}",
            built.inputs
        );
    }
    for input in &built.inputs {
        assert!(
            input.is_file(),
            "{} is watched but not there: cargo would rebuild every time",
            input.display()
        );
    }
}

#[test]
fn a_guest_that_does_not_compile_is_named() {
    let workspace = copy("broken", "tiny-broken");
    add_to_source(&workspace, "fn broken() -> u32 { \"\" }\n");
    let error = try_build(&workspace).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot compile tiny-broken for wasm32-unknown-unknown with rustc "),
        "{error}"
    );
}

#[test]
fn a_guest_that_imports_past_its_world_is_named() {
    let workspace = copy("importing", "tiny-importing");
    add_to_source(
        &workspace,
        "#[link(wasm_import_module = \"env\")] unsafe extern \"C\" { fn escape(); }\n\
         #[unsafe(no_mangle)] pub extern \"C\" fn run() { unsafe { escape() } }\n",
    );
    let error = try_build(&workspace).unwrap_err();
    assert!(matches!(error, GuestBuildError::Encode { .. }), "{error}");
    assert!(chain(&error).contains("env"), "{}", chain(&error));
}

#[test]
fn no_guests_need_no_toolchain() {
    let workspace = copy("none", "tiny-none");
    let output = workspace.root.join("components");
    let built = build(&BuildRequest {
        workspace: &workspace,
        guests: &[],
        output: &output,
    })
    .unwrap();
    assert!(built.components.is_empty());
    assert!(built.inputs.contains(&workspace.root.join("Cargo.lock")));
}
