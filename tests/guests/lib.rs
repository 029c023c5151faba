//! The guests of the tests, built from the crates beside this file and embedded as components.
//!
//! To add one, make a folder here with a crate whose library is a `cdylib`; it is found by itself.

static GUESTS: &[(&str, &str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/guests.rs"));

/// The component of the guest whose package is called `name`.
///
/// # Panics
/// If there is no such guest; the message names those there are.
#[expect(
    clippy::panic,
    reason = "for tests only: a misspelt guest is to fail the test that asks for it"
)]
pub fn component(name: &str) -> &'static [u8] {
    match GUESTS.iter().find(|(guest, ..)| *guest == name) {
        Some((_, _, component)) => component,
        None => panic!(
            "there is no guest {name:?} in tests/guests, only {:?}",
            names().collect::<Vec<_>>()
        ),
    }
}

/// The package names of all guests, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    GUESTS.iter().map(|(name, ..)| *name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_crate_beside_this_file_is_embedded_as_a_component() {
        let folders = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let crates = folders.filter(|folder| folder.as_ref().unwrap().path().join("Cargo.toml").is_file());
        assert_eq!(
            names().count(),
            crates.count(),
            "embedded: {:?}",
            names().collect::<Vec<_>>()
        );
        for name in names() {
            // Magic number, version 13, layer 1: a component and not a core module.
            assert_eq!(
                component(name).get(..8),
                Some(&b"\0asm\x0d\0\x01\0"[..]),
                "{name}"
            );
        }
    }

    #[test]
    #[should_panic(expected = "there is no guest \"nobody\"")]
    fn a_misspelt_name_panics() {
        component("nobody");
    }
}
