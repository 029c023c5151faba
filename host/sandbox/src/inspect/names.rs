//! Names of interfaces: `signalbox:policy/routing@1.0.0`.

use signalbox_domain::Domain;

/// The package that the contract's interfaces belong to.
pub(super) const PACKAGE: &str = "signalbox:policy";

/// The name of an interface of the contract's package, with its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceName {
    /// The interface, without package and version.
    pub interface: String,
    /// The exact version.
    pub version: semver::Version,
}

/// An interface that a policy exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interface {
    Plugin,
    Domain(Domain),
}

impl InterfaceName {
    /// Reads `signalbox:policy/NAME@VERSION`; `None` for every other name.
    pub fn parse(text: &str) -> Option<InterfaceName> {
        let (interface, version) = text.strip_prefix(PACKAGE)?.strip_prefix('/')?.split_once('@')?;
        Some(InterfaceName {
            interface: interface.to_owned(),
            version: version.parse().ok()?,
        })
    }

    /// The whole name again.
    pub fn full(&self) -> String {
        format!("{PACKAGE}/{}@{}", self.interface, self.version)
    }

    /// Which of the exported interfaces it is.
    pub(super) fn interface(&self) -> Option<Interface> {
        match self.interface.as_str() {
            "plugin" => Some(Interface::Plugin),
            other => other.parse().ok().map(Interface::Domain),
        }
    }
}

/// Whether this is the interface that only declares the contract's types, in a version of this major.
pub(super) fn is_types_interface(text: &str) -> bool {
    InterfaceName::parse(text)
        .is_some_and(|name| name.interface == "types" && name.version.major == super::CONTRACT_VERSION.major)
}
