//! The machine that the build runs on: which toolchains are there, and installing one.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::GUEST_TARGET;
use crate::toolchain::{Machine, SYSTEM_PACKAGES, Toolchain};

pub(crate) const SYSTEM_CARGO: &str = "/usr/bin/cargo";
pub(crate) const SYSTEM_RUSTC: &str = "/usr/bin/rustc";
const SYSTEM_LINKER: &str = "/usr/bin/rust-lld";

/// About 25 MB come down; a closed network must not hold every build for long before the next choice is tried.
const RUSTUP_TIME_MAX: Duration = Duration::from_secs(90);
const APT_TIME_MAX: Duration = Duration::from_secs(900);
const POLL_EVERY: Duration = Duration::from_millis(50);

pub(crate) struct ThisMachine<'a> {
    /// Where commands run: a `rust-toolchain.toml` there decides what is active.
    workspace: &'a Path,
}

impl<'a> ThisMachine<'a> {
    pub(crate) fn new(workspace: &'a Path) -> Self {
        Self { workspace }
    }

    fn ask(&self, program: &OsString, arguments: &[&str]) -> Option<String> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.workspace)
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        let output = command.output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn active_rustc(&self) -> OsString {
        std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
    }

    fn std_source(&self, rustc: &OsString) -> Option<PathBuf> {
        let sysroot = self.ask(rustc, &["--print", "sysroot"])?;
        Some(Path::new(&sysroot).join("lib/rustlib/src/rust"))
    }
}

impl Machine for ThisMachine<'_> {
    fn active(&self) -> Option<Toolchain> {
        let rustc = self.active_rustc();
        let libraries = self.ask(&rustc, &["--print", "target-libdir", "--target", GUEST_TARGET])?;
        let mut names = std::fs::read_dir(libraries)
            .ok()?
            .filter_map(|entry| entry.ok().map(|e| e.file_name()));
        if !names.any(|name| name.to_string_lossy().starts_with("libcore-")) {
            return None;
        }
        Some(Toolchain::Active {
            version: self.active_version()?,
            std_source: self.std_source(&rustc)?,
        })
    }

    fn active_version(&self) -> Option<String> {
        self.ask(&self.active_rustc(), &["--version"])
    }

    fn system(&self) -> Result<Toolchain, Vec<&'static str>> {
        let rustc = OsString::from(SYSTEM_RUSTC);
        let version = self
            .ask(&rustc, &["--version"])
            .filter(|version| is_new_enough(version));
        let std_source = self
            .std_source(&rustc)
            .filter(|source| source.join("library/std/Cargo.toml").is_file());
        let linker = Path::new(SYSTEM_LINKER);
        let present = [
            version.is_some(),
            Path::new(SYSTEM_CARGO).is_file(),
            std_source.is_some(),
            linker.is_symlink() || linker.is_file(),
            // Follows the link: it dangles until the linker's own package is there.
            linker.is_file(),
        ];
        match (version, std_source) {
            (Some(version), Some(std_source)) if present.iter().all(|part| *part) => {
                Ok(Toolchain::System { version, std_source })
            }
            _ => Err(SYSTEM_PACKAGES
                .into_iter()
                .zip(present)
                .filter(|(_, there)| !there)
                .map(|(p, _)| p)
                .collect()),
        }
    }

    fn may_install(&self) -> bool {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
        set("SIGNALBOX_INSTALL")
            || (set("CI") && std::env::var_os("CI").is_some_and(|value| value != "false"))
    }

    fn add_target(&mut self) -> Result<(), String> {
        let mut rustup = Command::new("rustup");
        rustup
            .args(["target", "add", GUEST_TARGET])
            .current_dir(self.workspace)
            .env("RUSTUP_MAX_RETRIES", "1");
        run(rustup, RUSTUP_TIME_MAX)
    }

    fn install_packages(&mut self) -> Result<(), String> {
        if !rustix::process::geteuid().is_root() {
            return Err("this needs root".into());
        }
        let mut update = Command::new("apt-get");
        update.arg("update");
        run(update, APT_TIME_MAX)?;
        let mut install = Command::new("apt-get");
        install
            .args(["install", "-y"])
            .args(SYSTEM_PACKAGES)
            .env("DEBIAN_FRONTEND", "noninteractive");
        run(install, APT_TIME_MAX)
    }
}

/// Whether `version`, as `rustc --version` prints it, is at least the one this workspace declares.
fn is_new_enough(version: &str) -> bool {
    let parse = |text: &str| {
        let mut parts = text.split(['.', '-']).map(|part| part.parse::<u32>().ok());
        Some((parts.next()??, parts.next()??))
    };
    let found = version.split(' ').nth(1).and_then(parse);
    found.is_some() && found >= parse(env!("CARGO_PKG_RUST_VERSION"))
}

/// Runs `command` to its end, at most for `time_max`; the error is the last line it printed.
fn run(mut command: Command, time_max: Duration) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let words: Vec<_> = command
        .get_args()
        .map(|argument| argument.to_string_lossy())
        .collect();
    eprintln!("to build plugins: {name} {}", words.join(" "));
    // A file, not a pipe: nobody reads while the child runs, and a full pipe would stop it.
    let mut log = tempfile::tempfile().map_err(|error| error.to_string())?;
    let to_log = || {
        log.as_fd()
            .try_clone_to_owned()
            .map(Stdio::from)
            .map_err(|error| error.to_string())
    };
    command.stdin(Stdio::null()).stdout(to_log()?).stderr(to_log()?);
    let mut child = command
        .spawn()
        .map_err(|error| format!("cannot start {name}: {error}"))?;
    let deadline = Instant::now() + time_max;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => {
                return Err(last_line(&mut log).unwrap_or_else(|| format!("{name}: {status}")));
            }
            Ok(None) if Instant::now() < deadline => std::thread::sleep(POLL_EVERY),
            outcome => {
                // Best effort: an error here means that it has just ended by itself.
                let _ = child.kill();
                let _ = child.wait();
                return Err(match outcome {
                    Err(error) => format!("cannot wait for {name}: {error}"),
                    Ok(_) => format!("{name} did not finish in {} s", time_max.as_secs()),
                });
            }
        }
    }
}

fn last_line(log: &mut File) -> Option<String> {
    let mut text = String::new();
    log.rewind().ok()?;
    log.read_to_string(&mut text).ok()?;
    text.lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(is_new_enough(
            "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)"
        ));
        assert!(is_new_enough("rustc 1.100.0-nightly (0 2027-01-01)"));
        assert!(is_new_enough("rustc 2.0.0"));
        assert!(!is_new_enough("rustc 1.63.0 (Debian)"));
        assert!(!is_new_enough("rustc 1.9.0"));
        assert!(!is_new_enough("not a version"));
    }

    #[test]
    fn a_failing_command_gives_its_last_line() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo first; echo 'no network' >&2; echo; exit 3"]);
        assert_eq!(run(command, Duration::from_secs(60)), Err("no network".into()));
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        let mut command = Command::new("sleep");
        command.arg("600");
        assert_eq!(
            run(command, Duration::ZERO),
            Err("sleep did not finish in 0 s".into())
        );
    }

    #[test]
    fn a_command_that_is_not_there_is_an_error() {
        let error =
            run(Command::new("/nowhere/rustup"), Duration::from_secs(1)).expect_err("nothing is there");
        assert!(error.starts_with("cannot start /nowhere/rustup: "), "{error}");
    }
}
