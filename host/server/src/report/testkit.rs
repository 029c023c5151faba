//! Documents for tests: of a real comparison of routing versions and of a real backtest, cut down, and with names in them that
//! nobody honest would give.

use std::path::PathBuf;

use crate::backtest::Document;
use crate::evidence::Evidence;

/// The evidence of a release.
pub fn evidence() -> Evidence {
    serde_json::from_str(include_str!("tests/evidence.json")).unwrap()
}

/// The result of a backtest.
pub fn result() -> Document {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/report/tests/backtest.json");
    Document::read(&file).unwrap()
}
