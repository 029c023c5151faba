use super::*;

fn outbox() -> (tempfile::TempDir, Outbox) {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(&folder.path().join("outbox.sqlite")).unwrap();
    (folder, outbox)
}

fn undelivered(event_id: &str) -> Undelivered<'_> {
    Undelivered {
        event_id,
        kind: "k",
        body: "{}",
        attempts: 3,
        error: "500",
        at: Timestamp(7),
    }
}

#[test]
fn a_cursor_begins_once_and_survives() {
    let (folder, outbox) = outbox();
    assert_eq!(outbox.cursor("a", Source::Ledger, 5).unwrap(), 5);
    outbox.advance("a", Source::Ledger, 8, None).unwrap();
    assert_eq!(outbox.cursor("a", Source::Notices, 0).unwrap(), 0);
    drop(outbox);
    let outbox = Outbox::open(&folder.path().join("outbox.sqlite")).unwrap();
    assert_eq!(outbox.cursor("a", Source::Ledger, 100).unwrap(), 8);
}

#[test]
fn what_is_given_up_can_be_sent_again_and_rests_when_that_fails() {
    let (_folder, outbox) = outbox();
    outbox.cursor("a", Source::Ledger, 0).unwrap();
    outbox
        .advance("a", Source::Ledger, 1, Some(&undelivered("e1")))
        .unwrap();
    outbox
        .advance("a", Source::Ledger, 2, Some(&undelivered("e2")))
        .unwrap();
    assert_eq!(outbox.cursor("a", Source::Ledger, 0).unwrap(), 2);
    let dead = outbox.dead(None, 10).unwrap();
    let ids: Vec<&str> = dead.iter().map(|letter| letter.event_id.as_str()).collect();
    assert_eq!(ids, ["e2", "e1"]);
    assert!(outbox.next_again("a").unwrap().is_none());
    assert!(outbox.send_again(99).unwrap().is_none());
    assert!(outbox.send_again(dead[1].id).unwrap().unwrap().again);
    let next = outbox.next_again("a").unwrap().unwrap();
    assert_eq!(next.event_id, "e1");
    outbox.sent_again(next.id, Some((2, "refused"))).unwrap();
    assert!(outbox.next_again("a").unwrap().is_none());
    let rests = outbox.dead(None, 10).unwrap();
    assert_eq!((rests[1].attempts, rests[1].error.as_str()), (5, "refused"));
    outbox.sent_again(next.id, None).unwrap();
    assert_eq!(outbox.dead(None, 10).unwrap().len(), 1);
}

#[test]
fn notices_are_numbered_and_bounded() {
    let (_folder, outbox) = outbox();
    assert_eq!(outbox.last_notice().unwrap(), 0);
    for number in 1..=3 {
        assert_eq!(
            outbox.add_notice(&number.to_string(), Timestamp(0)).unwrap(),
            number
        );
    }
    assert_eq!(outbox.notices(1, 1).unwrap(), [(2, "2".to_owned())]);
    assert_eq!(outbox.last_notice().unwrap(), 3);
}

#[test]
fn a_copy_knows_how_far_targets_were_told() {
    let (folder, outbox) = outbox();
    outbox.cursor("a", Source::Ledger, 5).unwrap();
    let copy = folder.path().join("copy.sqlite");
    outbox.copy_to(&copy).unwrap();
    assert!(outbox.copy_to(&copy).is_err());
    assert_eq!(
        Outbox::open(&copy)
            .unwrap()
            .cursor("a", Source::Ledger, 0)
            .unwrap(),
        5
    );
}

#[test]
fn a_newer_file_is_refused() {
    let (folder, outbox) = outbox();
    drop(outbox);
    let path = folder.path().join("outbox.sqlite");
    let raw = Connection::open(&path).unwrap();
    raw.pragma_update(None, "user_version", 9).unwrap();
    drop(raw);
    assert!(matches!(
        Outbox::open(&path),
        Err(OutboxError::NotAnOutbox { schema: 9, .. })
    ));
}
