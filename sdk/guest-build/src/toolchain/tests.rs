use super::*;

/// A machine by what is on it and what installing on it does.
#[derive(Default)]
struct Fake {
    active_has_target: bool,
    system_lacks: Vec<&'static str>,
    may_install: bool,
    rustup_reaches_its_server: bool,
    apt_works: bool,
    done: Vec<&'static str>,
}

fn active() -> Toolchain {
    Toolchain::Active {
        version: "rustc 1.95.0".into(),
        std_source: "/toolchain/src".into(),
    }
}

fn system() -> Toolchain {
    Toolchain::System {
        version: "rustc 1.96.0".into(),
        std_source: "/usr/src".into(),
    }
}

impl Machine for Fake {
    fn active(&self) -> Option<Toolchain> {
        self.active_has_target.then(active)
    }
    fn active_version(&self) -> Option<String> {
        Some("rustc 1.95.0".into())
    }
    fn system(&self) -> Result<Toolchain, Vec<&'static str>> {
        if self.system_lacks.is_empty() {
            Ok(system())
        } else {
            Err(self.system_lacks.clone())
        }
    }
    fn may_install(&self) -> bool {
        self.may_install
    }
    fn add_target(&mut self) -> Result<(), String> {
        self.done.push("rustup");
        self.active_has_target = self.rustup_reaches_its_server;
        if self.rustup_reaches_its_server {
            Ok(())
        } else {
            Err("could not download".into())
        }
    }
    fn install_packages(&mut self) -> Result<(), String> {
        self.done.push("apt");
        if !self.apt_works {
            return Err("this needs root".into());
        }
        self.system_lacks.clear();
        Ok(())
    }
}

fn bare() -> Fake {
    Fake {
        system_lacks: vec!["rust-web-src", "lld-22"],
        ..Fake::default()
    }
}

#[test]
fn the_active_toolchain_comes_first_and_nothing_is_installed() {
    let mut machine = Fake {
        active_has_target: true,
        may_install: true,
        ..Fake::default()
    };
    assert_eq!(choose(&mut machine), Ok(active()));
    assert!(machine.done.is_empty());
}

#[test]
fn nothing_is_installed_without_leave() {
    let mut machine = Fake {
        rustup_reaches_its_server: true,
        apt_works: true,
        ..bare()
    };
    choose(&mut machine).expect_err("there is no toolchain");
    assert!(machine.done.is_empty());
}

#[test]
fn without_leave_the_system_toolchain_is_used() {
    let mut machine = Fake {
        rustup_reaches_its_server: true,
        ..Fake::default()
    };
    assert_eq!(choose(&mut machine), Ok(system()));
    assert!(machine.done.is_empty());
}

#[test]
fn with_leave_rustup_comes_before_the_system_toolchain() {
    let mut machine = Fake {
        may_install: true,
        rustup_reaches_its_server: true,
        ..Fake::default()
    };
    assert_eq!(choose(&mut machine), Ok(active()));
    assert_eq!(machine.done, ["rustup"]);
}

#[test]
fn where_rustup_cannot_download_the_system_toolchain_is_used() {
    let mut machine = Fake {
        may_install: true,
        ..Fake::default()
    };
    assert_eq!(choose(&mut machine), Ok(system()));
    assert_eq!(machine.done, ["rustup"]);
}

#[test]
fn packages_are_installed_last() {
    let mut machine = Fake {
        may_install: true,
        apt_works: true,
        ..bare()
    };
    assert_eq!(choose(&mut machine), Ok(system()));
    assert_eq!(machine.done, ["rustup", "apt"]);
}

#[test]
fn the_error_names_every_way_out() {
    let error = choose(&mut bare()).expect_err("there is no toolchain");
    assert_eq!(
        error.to_string(),
        "\
no toolchain here can build plugins for wasm32-unknown-unknown
  active toolchain: rustc 1.95.0, without that target
  system toolchain: lacks rust-web-src, lld-22
do one of these, then run your command again:
  rustup target add wasm32-unknown-unknown
      where Rust came from rustup
  apt-get update && apt-get install -y rustc-web cargo-web rust-web-src rust-web-llvm lld-22
      as root on Debian 12, beside any other Rust
  SIGNALBOX_INSTALL=1 cargo demo
      to have both tried for you, in this order; any cargo command will do"
    );
}

#[test]
fn the_error_says_what_was_tried() {
    let error = choose(&mut Fake {
        may_install: true,
        ..bare()
    })
    .expect_err("nothing can be installed");
    let text = error.to_string();
    assert!(
        text.contains("  tried: rustup target add: could not download\n"),
        "{text}"
    );
    assert!(
        text.contains("  tried: apt-get install: this needs root\n"),
        "{text}"
    );
}
