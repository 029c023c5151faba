//! The nested `cargo build` that compiles guests into core modules.

use std::ffi::OsString;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cargo_metadata::{Artifact, Message, PackageId};

use crate::error::at;
use crate::machine::{SYSTEM_CARGO, SYSTEM_RUSTC};
use crate::{BuildRequest, GUEST_TARGET, Guest, GuestBuildError, Toolchain, Workspace, environment};

/// A small stack first in a small memory: a fresh instance costs as much as the pages that it touches.
const LINK_FLAGS: [&str; 2] = [
    "-Clink-arg=-zstack-size=262144",
    "-Clink-arg=--initial-memory=1048576",
];

/// The profile of the workspace's root manifest that guests are built with.
const PROFILE: &str = "guest";

/// What the nested build made.
pub(crate) struct Compiled {
    /// One core module per requested guest, in the request's order.
    pub(crate) modules: Vec<PathBuf>,
    /// The manifests of all packages that come from a folder and not from a registry.
    pub(crate) manifests: Vec<PathBuf>,
}

/// Waits until no other process builds guests of this workspace. The turn ends when the result is dropped.
pub(crate) fn wait_for_turn(workspace: &Workspace) -> Result<File, GuestBuildError> {
    let folder = &workspace.guest_target;
    std::fs::create_dir_all(folder).map_err(at("create", folder))?;
    let path = folder.join(".turn");
    let file = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(at("open", &path))?;
    file.lock().map_err(at("lock", &path))?;
    Ok(file)
}

/// Compiles the guests of `request` with `toolchain`. Compiler messages go to standard error.
pub(crate) fn compile(
    request: &BuildRequest<'_>,
    toolchain: &Toolchain,
) -> Result<Compiled, GuestBuildError> {
    let mut command = cargo(toolchain, &request.workspace.root);
    command.args([
        "build",
        "--locked",
        "--lib",
        "--message-format=json-render-diagnostics",
    ]);
    command.args(["--profile", PROFILE, "--target", GUEST_TARGET, "--target-dir"]);
    command.arg(&request.workspace.guest_target);
    for guest in request.guests {
        command.args(["--package", &guest.name]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let program = command.get_program().to_owned();
    let start = |source| GuestBuildError::Start {
        program: program.clone().into(),
        source,
    };
    let mut child = command.spawn().map_err(start)?;
    let mut artifacts = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        for message in Message::parse_stream(BufReader::new(stdout)) {
            if let Message::CompilerArtifact(artifact) = message.map_err(start)? {
                artifacts.push(artifact);
            }
        }
    }
    let status = child.wait().map_err(start)?;
    if !status.success() {
        let guests = request.guests.iter().map(|guest| guest.name.clone()).collect();
        return Err(GuestBuildError::Compile {
            guests,
            toolchain: toolchain.to_string(),
            status,
        });
    }
    let modules = request
        .guests
        .iter()
        .map(|guest| module_of(guest, &artifacts))
        .collect::<Result<_, _>>()?;
    let local = artifacts.iter().filter(|artifact| is_local(&artifact.package_id));
    let mut manifests: Vec<PathBuf> = local
        .map(|artifact| artifact.manifest_path.clone().into())
        .collect();
    manifests.sort();
    manifests.dedup();
    Ok(Compiled { modules, manifests })
}

fn cargo(toolchain: &Toolchain, workspace: &Path) -> Command {
    let (program, rustc, std_source) = match toolchain {
        Toolchain::Active { std_source, .. } => (
            std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
            std::env::var_os("RUSTC"),
            std_source,
        ),
        Toolchain::System { std_source, .. } => (SYSTEM_CARGO.into(), Some(SYSTEM_RUSTC.into()), std_source),
    };
    let mut command = Command::new(program);
    environment::scrub(&mut command);
    command
        .current_dir(workspace)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(std_source));
    if let Some(rustc) = rustc {
        command.env("RUSTC", rustc);
    }
    if matches!(toolchain, Toolchain::System { .. }) {
        // Building the standard library is not stable yet; this lets the stable compiler do it.
        command
            .env("RUSTC_BOOTSTRAP", "1")
            .env_remove("RUSTUP_TOOLCHAIN")
            .arg("-Zbuild-std=std,panic_abort");
    }
    command
}

/// The compiler flags, as cargo encodes them. Folders of this machine are given fixed names, for panic messages hold
/// paths and the same source must give the same bytes everywhere. The workspace needs no such name: cargo compiles its
/// members by relative paths; and with one, each checkout would build the standard library anew.
fn flags(std_source: &Path) -> OsString {
    let mut flags = OsString::from(LINK_FLAGS.join("\u{1f}"));
    let mut remap = |folder: &Path, name: &str| {
        flags.push("\u{1f}--remap-path-prefix=");
        flags.push(folder);
        flags.push("=");
        flags.push(name);
    };
    if let Some(home) = cargo_home() {
        remap(&home, "/cargo");
    }
    remap(std_source, "/std");
    flags
}

fn cargo_home() -> Option<PathBuf> {
    let set = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    set.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
}

fn module_of(guest: &Guest, artifacts: &[Artifact]) -> Result<PathBuf, GuestBuildError> {
    let of_guest = artifacts
        .iter()
        .filter(|artifact| artifact.manifest_path.as_std_path() == guest.manifest);
    let module = of_guest
        .flat_map(|artifact| &artifact.filenames)
        .find(|file| file.extension() == Some("wasm"));
    module
        .map(|file| file.clone().into())
        .ok_or_else(|| GuestBuildError::NoModule {
            guest: guest.name.clone(),
        })
}

fn is_local(package: &PackageId) -> bool {
    package.repr.starts_with("path+file:")
}
