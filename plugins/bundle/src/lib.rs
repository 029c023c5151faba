//! The reference plugins as components, and the repository's policies that run them, embedded: what an installed
//! binary needs to show itself without a checkout.

use std::sync::LazyLock;

/// A reference plugin, built from its crate beside this one.
#[derive(Debug, Clone, Copy)]
pub struct BundledPlugin {
    /// Its name, such as `routing-nearest`.
    pub name: &'static str,
    /// Its semantic version.
    pub version: &'static str,
    /// The bytes of its WebAssembly component.
    pub component: &'static [u8],
}

impl BundledPlugin {
    /// The file name by which policies refer to this plugin: `<name>-<version>.wasm`.
    pub fn file_name(&self) -> String {
        format!("{}-{}.wasm", self.name, self.version)
    }
}

/// The reference plugins, by name.
pub fn all() -> &'static [BundledPlugin] {
    &ALL
}

/// The reference plugin called `name`.
pub fn get(name: &str) -> Option<&'static BundledPlugin> {
    ALL.iter().find(|plugin| plugin.name == name)
}

/// The policies in the repository's folder `policies`, as (file name, TOML text), by file name.
pub fn policies() -> &'static [(&'static str, &'static str)] {
    POLICIES
}

static EMBEDDED: &[(&str, &str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/guests.rs"));

static ALL: LazyLock<Vec<BundledPlugin>> = LazyLock::new(|| {
    EMBEDDED
        .iter()
        .map(|&(name, version, component)| BundledPlugin {
            name,
            version,
            component,
        })
        .collect()
});

static POLICIES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/policies.rs"));

#[cfg(test)]
mod tests {
    use wasmparser::Validator;
    use wit_component::DecodedWasm;
    use wit_parser::WorldItem;

    use super::*;

    #[test]
    fn the_six_reference_plugins_are_there() {
        let names: Vec<_> = all().iter().map(|plugin| plugin.name).collect();
        assert_eq!(
            names,
            [
                "allocation-fairshare",
                "allocation-priority",
                "returns-grades",
                "returns-recovery",
                "routing-balanced",
                "routing-nearest",
            ]
        );
    }

    #[test]
    fn every_plugin_is_a_valid_component_that_can_call_nothing() {
        for BundledPlugin { name, component, .. } in all() {
            Validator::new()
                .validate_all(component)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            let Ok(DecodedWasm::Component(resolve, world)) = wit_component::decode(component) else {
                panic!("{name} is no component");
            };
            for (_, import) in &resolve.worlds[world].imports {
                match import {
                    // The contract's types.
                    WorldItem::Type { .. } => {}
                    WorldItem::Interface { id, .. } if resolve.interfaces[*id].functions.is_empty() => {}
                    other => panic!("{name} imports {other:?}"),
                }
            }
        }
    }

    #[test]
    fn every_embedded_policy_is_what_the_repository_has() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
        for (name, text) in policies() {
            assert_eq!(
                std::fs::read_to_string(folder.join(name)).unwrap(),
                *text,
                "{name}"
            );
        }
        let files = std::fs::read_dir(folder).unwrap().filter(|file| {
            file.as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|extension| extension == "toml")
        });
        assert_eq!(policies().len(), files.count());
    }
}
