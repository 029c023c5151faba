//! The repository's default policies are policy files that the host reads, each with a self-test.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::path::Path;

use signalbox_domain::policy_file::PolicyFile;

#[test]
fn every_default_policy_reads_and_tests_itself() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let file = PolicyFile::parse(&name, &text).unwrap_or_else(|problem| panic!("{name}: {problem:?}"));
        assert_eq!(
            name,
            format!("{}-{}.toml", file.version.policy, file.version.version)
        );
        assert!(!file.self_tests.is_empty(), "{name} has no self-test");
        assert!(file.summary.is_some(), "{name} has no summary");
        assert!(
            file.rollout.immediate,
            "{name} would not go live where that is allowed"
        );
        read += 1;
    }
    assert_eq!(read, 6);
}
