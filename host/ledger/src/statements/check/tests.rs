use signalbox_domain::approvals::{Approval, Bound, EvidenceFrozen};
use signalbox_domain::events::{Admission, PluginRef};
use signalbox_domain::governance::{Day, Governance, RiskTier};
use signalbox_domain::identity::{Function, Grant, GrantedScopes, Principal, Role};
use signalbox_domain::release::{ReleaseChange, ReleaseEvent, ReleaseId};
use signalbox_domain::rollout::RolloutPlan;
use signalbox_domain::{Digest, Domain, Timestamp};

use super::super::sign;
use super::*;
use crate::journal::{ExportFilter, SigningKey};

const BEGIN: Timestamp = Timestamp(1_795_000_000_000);

fn version() -> PolicyVersion {
    "a@1.0.0".parse().unwrap()
}

fn entry(actor: &str, event: Event) -> Entry {
    Entry {
        at: BEGIN,
        actor: actor.to_owned(),
        reason: "a test".to_owned(),
        event,
    }
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn registered(principal: &str, seed: u8) -> Entry {
    entry(
        "admin",
        Event::ApproverKeyRegistered {
            principal: principal.to_owned(),
            public_key: key(seed).public().to_string(),
        },
    )
}

fn put(name: &str, function: Function) -> Entry {
    let principal = Principal {
        name: name.to_owned(),
        grants: vec![Grant {
            role: Role::Approver,
            functions: [function].into(),
            scopes: GrantedScopes::All,
        }],
    };
    entry("admin", Event::PrincipalPut { principal })
}

/// What comes before an approval: a release by ana with frozen evidence; fay's key is 1, the host's is 2.
fn before() -> Vec<Entry> {
    let rollout = RolloutPlan::default_for(Domain::Routing);
    let admission = Admission {
        version: version(),
        domain: Domain::Routing,
        digest: Digest::of(b"version"),
        plugin: PluginRef {
            name: "a".to_owned(),
            version: version().version,
            digest: Digest::of(b"component"),
        },
        rollout_digest: Digest::of(b"plan"),
        rollout,
        governance: Governance {
            owner: "o".to_owned(),
            deputy: "d".to_owned(),
            risk_tier: RiskTier::Low,
            review_by: Day::parse("2099-01-01").unwrap(),
        },
        file: "a.toml".to_owned(),
        file_digest: Digest::of(b"file"),
    };
    vec![
        entry("host", Event::VersionAdmitted(admission)),
        entry(
            "ana",
            Event::ReleaseChanged(ReleaseChange {
                scope: "routing".to_owned(),
                version: version(),
                revision: 1,
                event: ReleaseEvent::Submitted {
                    author: "ana".to_owned(),
                    digest: Digest::of(b"version"),
                    plan_digest: Digest::of(b"plan"),
                },
            }),
        ),
        entry(
            "ole",
            Event::EvidenceFrozen(EvidenceFrozen {
                scope: "routing".to_owned(),
                version: version(),
                evidence: Digest::of(b"evidence"),
                cost_book: Digest::of(b"book"),
            }),
        ),
        put("fay", Function::Finance),
        put("ana", Function::Finance),
        registered("fay", 1),
        registered(HOST_ACTOR, 2),
    ]
}

fn said(name: &str, signed_by: SignedBy) -> Approval {
    Approval {
        release_id: ReleaseId::of("routing", &version()),
        scope: "routing".to_owned(),
        version: version(),
        bound: Bound {
            version: Digest::of(b"version"),
            plan: Digest::of(b"plan"),
            cost_book: Digest::of(b"book"),
            evidence: Digest::of(b"evidence"),
        },
        approver: name.to_owned(),
        functions: [Function::Finance].into(),
        delegation_id: None,
        conditions: Vec::new(),
        reason: "a test".to_owned(),
        given_at: BEGIN,
        expires_at: BEGIN.plus_millis(1_000),
        signed_by,
    }
}

fn given(approval: &Approval, seed: u8) -> Entry {
    let given = ApprovalGiven {
        approval_id: approval.id(),
        approval: approval.clone(),
        envelope: sign(approval, &key(seed)),
    };
    entry(&approval.approver, Event::ApprovalGiven(given))
}

/// A ledger whose chain is whole, as somebody could write it who has the ledger's key.
fn checked(entries: &[Entry]) -> Checked {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let mut journal = Journal::open(&path).unwrap();
    journal.append(entries).unwrap();
    let of_journal = check_journal(&path).unwrap();
    let mut text = Vec::new();
    journal
        .export(&ExportFilter::default(), &mut text, &mut |_| {})
        .unwrap();
    let of_export = check_export(text.as_slice(), &mut |_| {}).unwrap();
    assert_eq!(of_journal, of_export);
    of_journal
}

/// What does not hold when this is recorded after the rest.
fn problem(last: Vec<Entry>) -> String {
    let mut entries = before();
    entries.extend(last);
    let checked = checked(&entries);
    assert_eq!((checked.found.len(), checked.bad.len()), (0, 1), "{checked:?}");
    checked.bad[0].problem.clone()
}

#[test]
fn approvals_by_both_kinds_of_key_hold() {
    for (signed_by, seed) in [(SignedBy::ApproverKey, 1), (SignedBy::Host, 2)] {
        let mut entries = before();
        entries.push(given(&said("fay", signed_by), seed));
        let checked = checked(&entries);
        assert_eq!((checked.found.len(), checked.bad.len()), (1, 0), "{checked:?}");
        assert_eq!(checked.found[0].signed_by, signed_by);
    }
}

#[test]
fn what_was_forged_by_who_has_the_ledger_is_found_all_the_same() {
    let own = said("fay", SignedBy::ApproverKey);
    let unregistered = problem(vec![given(&own, 3)]);
    assert!(
        unregistered.contains("no registered key of `fay`"),
        "{unregistered}"
    );
    // The host cannot speak as if fay had signed.
    let hosts = problem(vec![given(&own, 2)]);
    assert!(hosts.contains("no registered key of `fay`"), "{hosts}");
    let revoked = problem(vec![
        entry(
            "admin",
            Event::ApproverKeyRevoked {
                principal: "fay".to_owned(),
                key_id: key(1).public().id(),
            },
        ),
        given(&own, 1),
    ]);
    assert!(revoked.contains("no registered key of `fay`"), "{revoked}");

    let mut altered = given(&own, 1);
    let Event::ApprovalGiven(event) = &mut altered.event else {
        panic!();
    };
    event.approval.reason = "another reason".to_owned();
    event.approval_id = event.approval.id();
    let altered = problem(vec![altered]);
    assert!(altered.contains("something else than the statement"), "{altered}");

    let mut resigned = given(&own, 1);
    let Event::ApprovalGiven(event) = &mut resigned.event else {
        panic!();
    };
    let other = Approval {
        reason: "another reason".to_owned(),
        ..own.clone()
    };
    event.envelope.signatures = sign(&other, &key(1)).signatures;
    let resigned = problem(vec![resigned]);
    assert!(resigned.contains("did not sign this"), "{resigned}");
}

#[test]
fn what_was_signed_by_who_might_not_or_on_something_else_is_found() {
    let mut other = said("fay", SignedBy::ApproverKey);
    other.bound.evidence = Digest::of(b"other evidence");
    let other = problem(vec![given(&other, 1)]);
    assert!(other.contains("bound to the evidence"), "{other}");
    let author = problem(vec![given(&said("ana", SignedBy::Host), 2)]);
    assert!(author.contains("an author never approves"), "{author}");
    let gone = problem(vec![
        put("fay", Function::Security),
        given(&said("fay", SignedBy::Host), 2),
    ]);
    assert!(gone.contains("finance"), "{gone}");
    let stranger = problem(vec![Entry {
        actor: "ole".to_owned(),
        ..given(&said("fay", SignedBy::ApproverKey), 1)
    }]);
    assert!(stranger.contains("in the name of `fay`"), "{stranger}");
}
