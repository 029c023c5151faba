//! The worlds' types that plugins carry are those of the WIT files.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

use signalbox_plugin::guest;
use wit_component::StringEncoding;

#[test]
fn the_embedded_worlds_are_those_of_the_wit_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_dir(folder.join("../../wit/policy-1.0")).unwrap();
    for (world, embedded) in [
        ("routing-policy", guest::ROUTING_WORLD),
        ("allocation-policy", guest::ALLOCATION_WORLD),
        ("returns-policy", guest::RETURNS_WORLD),
    ] {
        let id = resolve.select_world(&[package], Some(world)).unwrap();
        let made = wit_component::metadata::encode(&resolve, id, StringEncoding::UTF8, None, false).unwrap();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let file = folder.join(format!("src/guest/{world}.world"));
            std::fs::write(file, &made).unwrap();
        } else {
            assert!(
                embedded == made,
                "{world} changed: run UPDATE_GOLDEN=1 cargo test -p signalbox-plugin --test worlds"
            );
        }
    }
}
