//! Which toolchain builds the guests: the order of preference, apart from how each is found on a machine.

use std::fmt;
use std::path::PathBuf;

use crate::GUEST_TARGET;

/// The Debian packages that together build for [`GUEST_TARGET`] without rustup. `rust-web-llvm` carries the name
/// `rust-lld` that rustc calls, `lld-22` the linker behind that name.
pub(crate) const SYSTEM_PACKAGES: [&str; 5] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "rust-web-llvm",
    "lld-22",
];

/// A toolchain that can build guests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Toolchain {
    /// The toolchain in use, which has the target installed.
    Active {
        /// What `rustc --version` says.
        version: String,
        /// Where its sources of the standard library would be, whether installed or not.
        std_source: PathBuf,
    },
    /// The operating system's own compiler, which has no standard library for the target and so builds it from
    /// source. It is called by its path: nothing is linked or configured globally.
    System {
        /// What `rustc --version` says.
        version: String,
        /// Where its sources of the standard library are.
        std_source: PathBuf,
    },
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Active { version, .. } => write!(f, "{version} (active) with {GUEST_TARGET} installed"),
            Self::System { version, .. } => {
                write!(f, "{version} (/usr/bin) with the standard library from source")
            }
        }
    }
}

/// What the choice asks of a machine and may do to it.
pub(crate) trait Machine {
    /// The active toolchain, if it can build guests as it is.
    fn active(&self) -> Option<Toolchain>;
    /// What `rustc --version` of the active toolchain says, if there is one.
    fn active_version(&self) -> Option<String>;
    /// The system toolchain, or the packages it lacks.
    fn system(&self) -> Result<Toolchain, Vec<&'static str>>;
    /// Whether installing without asking is allowed.
    fn may_install(&self) -> bool;
    /// Adds the target to the active toolchain; the error says why not.
    fn add_target(&mut self) -> Result<(), String>;
    /// Installs [`SYSTEM_PACKAGES`]; the error says why not.
    fn install_packages(&mut self) -> Result<(), String>;
}

/// Nothing here builds guests. The message names the commands that change that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoToolchain {
    active_version: Option<String>,
    lacking: Vec<&'static str>,
    attempts: Vec<String>,
}

impl std::error::Error for NoToolchain {}

impl fmt::Display for NoToolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let active = self.active_version.as_deref().unwrap_or("no rustc");
        writeln!(f, "no toolchain here can build plugins for {GUEST_TARGET}")?;
        writeln!(f, "  active toolchain: {active}, without that target")?;
        writeln!(f, "  system toolchain: lacks {}", self.lacking.join(", "))?;
        for attempt in &self.attempts {
            writeln!(f, "  tried: {attempt}")?;
        }
        writeln!(f, "do one of these, then run your command again:")?;
        writeln!(f, "  rustup target add {GUEST_TARGET}")?;
        writeln!(f, "      where Rust came from rustup")?;
        writeln!(
            f,
            "  apt-get update && apt-get install -y {}",
            SYSTEM_PACKAGES.join(" ")
        )?;
        writeln!(f, "      as root on Debian 12, beside any other Rust")?;
        writeln!(f, "  SIGNALBOX_INSTALL=1 cargo demo")?;
        write!(
            f,
            "      to have both tried for you, in this order; any cargo command will do"
        )
    }
}

/// Chooses, and installs only where that is allowed and nothing better is there.
pub(crate) fn choose(machine: &mut impl Machine) -> Result<Toolchain, NoToolchain> {
    if let Some(active) = machine.active() {
        return Ok(active);
    }
    let mut attempts = Vec::new();
    if machine.may_install() {
        match machine.add_target() {
            Ok(()) => {
                if let Some(active) = machine.active() {
                    return Ok(active);
                }
                attempts.push(
                    "rustup target add: it succeeded, but the active rustc still lacks the target".into(),
                );
            }
            Err(why) => attempts.push(format!("rustup target add: {why}")),
        }
    }
    let mut system = machine.system();
    if system.is_err() && machine.may_install() {
        match machine.install_packages() {
            Ok(()) => system = machine.system(),
            Err(why) => attempts.push(format!("apt-get install: {why}")),
        }
    }
    system.map_err(|lacking| NoToolchain {
        active_version: machine.active_version(),
        lacking,
        attempts,
    })
}

#[cfg(test)]
mod tests;
