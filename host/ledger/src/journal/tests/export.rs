use super::checkpoints::twenty;
use super::*;

fn exported(path: &Path, filter: &ExportFilter) -> (Exported, String) {
    let mut bytes = Vec::new();
    let journal = Journal::open_read_only(path).unwrap();
    let exported = journal.export(filter, &mut bytes, &mut |_| {}).unwrap();
    (exported, String::from_utf8(bytes).unwrap())
}

fn check(text: &str, kept: &[Checkpoint]) -> Result<VerifiedExport, ExportError> {
    verify_export(text.as_bytes(), kept, &mut |_| {})
}

fn found(text: &str, kept: &[Checkpoint]) -> Damage {
    match check(text, kept) {
        Err(ExportError::Damaged { source, .. }) => source,
        other => panic!("expected damage, found {other:?}"),
    }
}

#[test]
fn a_complete_export_verifies_like_the_journal_and_each_line_has_the_digest_of_its_entry() {
    let folder = folder();
    let (path, kept) = twenty(&folder);
    let (exported, text) = exported(&path, &ExportFilter::default());
    assert_eq!((exported.entries, exported.complete), (20, true));
    let verified = check(&text, &[kept]).unwrap();
    assert!(verified.complete);
    let journal = Journal::open_read_only(&path).unwrap();
    assert_eq!(
        verified.verified,
        journal.verify_against(&[kept], &mut |_| {}).unwrap()
    );
    let last = text.lines().rfind(|line| line.starts_with("{\"entry\"")).unwrap();
    assert_eq!(Digest::of(last.as_bytes()), journal.head().digest);
}

#[test]
fn every_way_of_altering_an_export_is_found_and_named() {
    let folder = folder();
    let (path, kept) = twenty(&folder);
    let (_, text) = exported(&path, &ExportFilter::default());
    let lines: Vec<&str> = text.lines().collect();
    let entries: Vec<usize> = (0..lines.len())
        .filter(|at| lines[*at].starts_with("{\"entry\""))
        .collect();
    let joined = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    for (place, at) in entries.iter().enumerate().skip(1) {
        let seq = place as u64 + 1;
        let mut changed = lines.clone();
        let forged = lines[*at].replace("number", "numbre");
        changed[*at] = &forged;
        assert_eq!(found(&joined(&changed), &[]).seq(), seq);
        let mut removed = lines.clone();
        removed.remove(*at);
        assert_eq!(found(&joined(&removed), &[]).seq(), seq);
        let mut swapped = lines.clone();
        swapped.swap(*at, entries[place - 1]);
        assert!([seq, seq - 1].contains(&found(&joined(&swapped), &[]).seq()));
        let mut doubled = lines.clone();
        doubled.insert(*at, lines[*at]);
        assert_eq!(found(&joined(&doubled), &[]).seq(), seq);
    }
    // With everything behind entry 12 cut off, and a first line that agrees, only a kept checkpoint tells.
    let cut = joined(&lines[..=entries[11]]);
    assert_eq!(found(&cut, &[]).seq(), 13);
    let head = Digest::of(lines[entries[11]].as_bytes());
    let mut header: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    header["head"] = serde_json::json!({"digest": head, "seq": 12});
    let (_, rest) = cut.split_once('\n').unwrap();
    assert_eq!(found(&format!("{header}\n{rest}"), &[]).seq(), 13);
    header.as_object_mut().unwrap().remove("checkpoint");
    assert_eq!(
        found(&format!("{header}\n{rest}"), &[]),
        Damage::Unsigned { seq: 12 }
    );
    assert_eq!(
        found(&format!("{header}\n{rest}"), &[kept]),
        Damage::CutTail {
            from: 13,
            to: 20,
            origin: Origin::Kept
        }
    );
}

#[test]
fn a_partial_export_says_so_and_is_checked_as_far_as_that_goes() {
    let folder = folder();
    let (path, kept) = twenty(&folder);
    let filter = ExportFilter {
        from_seq: Some(8),
        until: Some(Timestamp(16)),
        scope: Some("routing".into()),
        ..ExportFilter::default()
    };
    let (exported, text) = exported(&path, &filter);
    // The key's entry, and 8 to 15.
    assert_eq!((exported.entries, exported.complete), (9, false));
    assert!(
        text.starts_with("{\"signalbox_export\":1,\"complete\":false,"),
        "{text}"
    );
    let verified = check(&text, &[kept]).unwrap();
    assert!(!verified.complete);
    assert_eq!(verified.filter, filter);
    let verified = verified.verified;
    assert_eq!(
        (
            verified.entries,
            verified.checkpoints,
            verified.kept,
            verified.kept_unchecked,
            verified.signed_to
        ),
        (9, 1, 0, 1, 10)
    );
    let forged = text.replace("number 12", "number 21");
    assert_eq!(found(&forged, &[]).seq(), 12);
    let claims = text.replacen("\"complete\":false", "\"complete\":true", 1);
    assert!(matches!(
        check(&claims, &[]),
        Err(ExportError::NotAnExport { line: 1, .. })
    ));
}

#[test]
fn nothing_but_whole_lines_of_bounded_length_is_read() {
    let folder = folder();
    let (path, _) = twenty(&folder);
    let (_, text) = exported(&path, &ExportFilter::default());
    for bad in [
        String::new(),
        "{}\n".to_owned(),
        text.trim_end().to_owned(),
        text.replacen("\"signalbox_export\":1", "\"signalbox_export\":2", 1),
    ] {
        assert!(matches!(check(&bad, &[]), Err(ExportError::NotAnExport { .. })));
    }
    let mut header = text.lines().next().unwrap().to_owned();
    header.push('\n');
    let endless = std::io::Read::chain(header.as_bytes(), std::io::repeat(b' '));
    let refused = verify_export(std::io::BufReader::new(endless), &[], &mut |_| {});
    assert!(matches!(refused, Err(ExportError::NotAnExport { line: 2, .. })));
}

#[test]
fn an_export_that_cannot_be_written_says_why() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let folder = folder();
    let (path, _) = twenty(&folder);
    let journal = Journal::open_read_only(&path).unwrap();
    let refused = journal.export(&ExportFilter::default(), &mut Full, &mut |_| {});
    assert!(matches!(
        refused,
        Err(LedgerError::Export { source }) if source.kind() == std::io::ErrorKind::StorageFull
    ));
}
