//! Tables that tests compare with what is checked in. `UPDATE_GOLDEN=1 cargo test -p signalbox-domain` writes them again;
//! read the diff.

use std::path::Path;

/// Compares `text` with `tests/golden/NAME`.
pub(crate) fn assert_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expected == text,
        "{} differs; with UPDATE_GOLDEN=1 it is written again\n--- found\n{text}",
        path.display()
    );
}
