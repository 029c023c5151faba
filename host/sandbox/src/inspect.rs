//! Looks at a component before anything of it is compiled: is it valid, small enough, and exactly what the contract asks
//! for. Linear in the size of the component.

mod error;
mod names;
mod walk;

pub use error::InspectError;
pub use names::InterfaceName;

use signalbox_domain::Domain;

use crate::engine::EngineKind;
use names::{Interface, PACKAGE};

/// The highest version of the contract that this host speaks.
pub const CONTRACT_VERSION: semver::Version = semver::Version::new(1, 0, 0);

/// Bounds on the shape of a component. What is beyond them costs too much to look at, let alone to compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InspectBounds {
    /// The whole component, in bytes.
    pub component_bytes: usize,
    /// Core modules in it, at any depth.
    pub modules: u32,
    /// Components nested in it, at any depth.
    pub nested_components: u32,
    /// How deep components are nested.
    pub depth: u32,
    /// Functions with a body, in all modules together.
    pub functions: u32,
    /// The body of one function, in bytes.
    pub function_bytes: usize,
}

impl Default for InspectBounds {
    fn default() -> Self {
        InspectBounds {
            component_bytes: 8 << 20,
            modules: 16,
            nested_components: 32,
            depth: 4,
            functions: 50_000,
            function_bytes: 1 << 20,
        }
    }
}

/// What a component is, as far as can be seen without running it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The domain that it decides for.
    pub domain: Domain,
    /// The version of the contract that it was built against: the version of the interfaces that it exports.
    pub contract: semver::Version,
    /// Exact name of its `plugin` export.
    pub plugin_export: String,
    /// Exact name of its domain's export.
    pub domain_export: String,
    /// The kind of engine that can run it.
    pub kind: EngineKind,
}

/// Inspects a component.
///
/// # Errors
/// [`InspectError`]: the first thing that is wrong, except that all forbidden imports are named together.
pub fn inspect(component: &[u8], bounds: &InspectBounds) -> Result<Inspection, InspectError> {
    let surface = walk::walk(component, bounds)?;
    check_imports(&surface.imports)?;
    check_exports(&surface.exports)
}

/// Only types may be imported, and only the contract's own.
fn check_imports(imports: &[walk::Import]) -> Result<(), InspectError> {
    let forbidden: Vec<String> = imports
        .iter()
        .filter(|import| !(import.types_only && names::is_types_interface(&import.name)))
        .map(|import| import.name.clone())
        .collect();
    if forbidden.is_empty() {
        Ok(())
    } else {
        Err(InspectError::ForbiddenImports { names: forbidden })
    }
}

fn check_exports(exports: &[walk::Export]) -> Result<Inspection, InspectError> {
    let mut plugin: Option<InterfaceName> = None;
    let mut domain: Option<(Domain, InterfaceName)> = None;
    for export in exports {
        let name = match InterfaceName::parse(&export.name) {
            Some(name) if export.is_instance => name,
            _ => {
                return Err(InspectError::UnknownExport {
                    name: export.name.clone(),
                });
            }
        };
        match name.interface() {
            Some(Interface::Plugin) if plugin.is_none() => plugin = Some(name),
            Some(Interface::Domain(found)) => {
                if let Some((other, _)) = domain {
                    return Err(InspectError::SeveralDomains {
                        domains: [other, found],
                    });
                }
                domain = Some((found, name));
            }
            Some(Interface::Plugin) | None => {
                return Err(InspectError::UnknownExport {
                    name: export.name.clone(),
                });
            }
        }
    }
    let found = || exports.iter().map(|export| export.name.clone()).collect();
    let (Some(plugin), Some((domain, interface))) = (plugin, domain) else {
        return Err(InspectError::MissingExport { found: found() });
    };
    if plugin.version != interface.version {
        return Err(InspectError::MixedVersions {
            plugin: plugin.full(),
            domain: interface.full(),
        });
    }
    check_version(&plugin.version)?;
    Ok(Inspection {
        domain,
        contract: plugin.version.clone(),
        plugin_export: plugin.full(),
        domain_export: interface.full(),
        kind: EngineKind::Plain,
    })
}

/// An older 1.x is spoken by every newer host; a newer one may rely on what this host does not have.
fn check_version(found: &semver::Version) -> Result<(), InspectError> {
    let ours = CONTRACT_VERSION;
    let spoken = found.major == ours.major && found.minor <= ours.minor && found.pre.is_empty();
    if spoken {
        Ok(())
    } else {
        Err(InspectError::ContractVersion {
            found: found.clone(),
            spoken: ours,
        })
    }
}

/// The names that a policy of `domain` exports, for messages.
pub(crate) fn expected_exports(domain: &str) -> String {
    format!("{PACKAGE}/plugin@{CONTRACT_VERSION} and {PACKAGE}/{domain}@{CONTRACT_VERSION}")
}

#[cfg(test)]
mod tests;
