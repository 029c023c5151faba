//! Break-glass: to what, by whom, for how long, and who looks at it afterwards.

use signalbox_domain::approvals::{BreakGlass, GlassState};
use signalbox_domain::events::HOST_ACTOR;

use super::*;

pub(super) fn propose(to: Option<&str>, hours: u32) -> Command {
    Command::ProposeGlass {
        scope: SCOPE.to_owned(),
        to: to.map(version),
        hours,
    }
}

fn confirm(bench: &Bench) -> Command {
    let glass = &bench.state.approvals.glass()[SCOPE];
    Command::ConfirmGlass {
        scope: SCOPE.to_owned(),
        glass_id: glass.what.glass_id.clone(),
        target: None,
    }
}

#[test]
fn breaking_the_glass_takes_two_people_within_minutes_and_leads_only_to_what_was_proven() {
    let mut bench = Bench::new();
    // No freeze forbids it.
    bench.scopes[0].freeze.push(Freeze {
        from: Timestamp(0),
        to: Timestamp::MAX,
        reason: "peak".to_owned(),
    });
    let unproven = bench.refused(propose(Some(NEW), 4), "ole");
    assert!(
        matches!(unproven, ApprovalRefused::NotFormerly { .. }),
        "{unproven}"
    );
    for hours in [0, BreakGlass::MAX_HOURS + 1] {
        let refused = bench.refused(propose(None, hours), "ole");
        assert!(matches!(refused, ApprovalRefused::Glass(_)), "{refused}");
    }
    assert_eq!(bench.does(propose(Some(OLD), 4), "ole"), ["break_glass_proposed"]);
    let alone = bench.refused(confirm(&bench), "OLE").to_string();
    assert!(alone.contains("takes two people"), "{alone}");
    bench.now = bench.now.plus_millis(15 * MINUTE);
    let late = bench.refused(confirm(&bench), "oda").to_string();
    assert!(late.contains("had to be confirmed before"), "{late}");
    bench.does(propose(None, 4), "ole");
    assert_eq!(bench.does(confirm(&bench), "oda"), ["glass_broken"]);
    let broken = bench.state.approvals.broken(SCOPE, bench.now).unwrap().clone();
    let GlassState::Broken {
        until, review_due, ..
    } = broken.state
    else {
        panic!("{broken:?}");
    };
    assert_eq!(until, bench.now.plus_millis(4 * HOUR));
    assert_eq!(review_due, until.plus_millis(7 * DAY_MS));
    let second = bench.refused(propose(Some(OLD), 4), "oda");
    assert!(matches!(second, ApprovalRefused::Glass(_)), "{second}");
    bench.now = until.plus_millis(-1);
    assert!(due(&bench.world()).stops.is_empty());
    bench.now = until;
    assert!(bench.state.approvals.broken(SCOPE, bench.now).is_none());
    let stops: Vec<Entry> = due(&bench.world()).stops;
    assert_eq!(
        stops.iter().map(|entry| entry.event.kind()).collect::<Vec<_>>(),
        ["glass_ended"]
    );
    stops.iter().for_each(|entry| bench.state.apply(entry).unwrap());
    assert!(due(&bench.world()).stops.is_empty(), "it ends once");
    bench.does(propose(Some(OLD), 1), "ole");
}

/// `NEW` came as far as its canary.
fn in_canary(mut bench: Bench) -> Bench {
    for (revision, to) in [
        (2, Stage::Shadow),
        (
            3,
            Stage::Canary {
                step: 0,
                share_bp: 10_000,
            },
        ),
    ] {
        bench.release(revision, ReleaseEvent::Promoted { to });
    }
    bench
}

fn taken_back(mut bench: Bench, by_whom: &str) -> Bench {
    let event = Event::ReleaseChanged(ReleaseChange {
        scope: SCOPE.to_owned(),
        version: version(NEW),
        revision: 4,
        event: ReleaseEvent::RolledBack {
            to: Some(version(OLD)),
        },
    });
    let entry = by(by_whom).entry(bench.now, event);
    bench.state.apply(&entry).unwrap();
    bench
}

#[test]
fn what_was_approved_and_taken_back_by_people_may_decide_and_what_the_host_ended_never() {
    let mut approved = taken_back(in_canary(Bench::agreed()), "ole");
    approved.now = approved.now.plus_millis(100 * DAY_MS);
    assert_eq!(
        approved.does(propose(Some(NEW), 1), "ole"),
        ["break_glass_proposed"]
    );
    assert_eq!(approved.does(confirm(&approved), "oda"), ["glass_broken"]);

    let why = |bench: &Bench| {
        let refused = bench.refused(propose(Some(NEW), 1), "ole");
        let ApprovalRefused::NotFormerly { why, known, .. } = refused else {
            panic!("{refused}");
        };
        assert_eq!(known, [OLD], "what is known leads only to what may decide");
        why
    };
    let going = in_canary(Bench::agreed());
    assert!(why(&going).contains("what is left of its proof"));
    let harmed = taken_back(in_canary(Bench::agreed()), HOST_ACTOR);
    assert!(why(&harmed).contains("the host took it back"));
    let unapproved = taken_back(in_canary(Bench::new()), "ole");
    assert!(why(&unapproved).contains("not everybody had agreed"));
    let mut rejected = Bench::agreed();
    let reason = "no".to_owned();
    rejected.release(2, ReleaseEvent::Rejected { reason });
    assert!(why(&rejected).contains("it was rejected there: no"));

    // The board asks for more since.
    let mut stricter = taken_back(in_canary(Bench::agreed()), "ole");
    stricter.scopes[0].standing_orders.approvals.count = 3;
    assert!(why(&stricter).contains("missing: 1 more people"));

    // What spoke against it between proposal and confirmation counts too.
    let mut changed = taken_back(in_canary(Bench::agreed()), "ole");
    changed.does(propose(Some(NEW), 1), "ole");
    changed.does(Command::Withdraw { of: of_new() }, "fay");
    let refused = changed.refused(confirm(&changed), "oda");
    assert!(
        matches!(refused, ApprovalRefused::NotFormerly { .. }),
        "{refused}"
    );
}

fn review(id: Option<&str>) -> Command {
    Command::ReviewGlass {
        scope: SCOPE.to_owned(),
        glass_id: id.map(ToOwned::to_owned),
    }
}

fn waiting(bench: &Bench) -> Vec<String> {
    let register = &bench.state.approvals;
    let waiting = register.to_review(SCOPE);
    waiting.map(|glass| glass.what.glass_id.clone()).collect()
}

fn broken_and_ended(bench: &mut Bench) -> String {
    bench.does(propose(None, 1), "ole");
    bench.does(confirm(bench), "oda");
    let early = bench.refused(review(None), "max");
    let id = bench.state.approvals.glass()[SCOPE].what.glass_id.clone();
    // While it decides there is nothing to look back at; with an earlier one waiting, that one is meant.
    assert!(matches!(early, ApprovalRefused::Glass(_)), "{early}");
    let end = Command::EndGlass {
        scope: SCOPE.to_owned(),
    };
    bench.does(end, "ole");
    bench.now = bench.now.plus_millis(1);
    id
}

#[test]
fn a_review_stays_due_behind_later_ones_until_one_of_neither_two_did_it() {
    let mut bench = Bench::new();
    let nothing = bench.refused(review(None), "max");
    assert!(matches!(nothing, ApprovalRefused::NoGlass { .. }), "{nothing}");
    let first = broken_and_ended(&mut bench);
    assert_eq!(waiting(&bench), std::slice::from_ref(&first));
    for own in ["ole", "ODA"] {
        let refused = bench.refused(review(None), own).to_string();
        assert!(
            refused.contains("one of the two who broke the glass"),
            "{refused}"
        );
    }
    // Another one hides nothing, not even while it only is proposed.
    bench.does(propose(None, 1), "ole");
    assert_eq!(waiting(&bench), std::slice::from_ref(&first));
    bench.does(confirm(&bench), "oda");
    let end = Command::EndGlass {
        scope: SCOPE.to_owned(),
    };
    bench.does(end, "oda");
    let [_, second] = waiting(&bench).try_into().unwrap();
    let which = bench.refused(review(None), "max");
    assert!(
        matches!(which, ApprovalRefused::WhichReview { ref waiting, .. } if waiting.len() == 2),
        "{which}"
    );
    let own = bench.refused(review(Some(&first)), "oda").to_string();
    assert!(own.contains("one of the two"), "{own}");
    assert_eq!(bench.does(review(Some(&first)), "max"), ["glass_reviewed"]);
    assert_eq!(waiting(&bench), [second]);
    assert_eq!(bench.does(review(None), "max"), ["glass_reviewed"]);
    assert!(waiting(&bench).is_empty());
    let again = bench.refused(review(None), "fay").to_string();
    assert!(again.contains("was reviewed by max"), "{again}");
    let unknown = bench.refused(review(Some("bg-0")), "max");
    assert!(matches!(unknown, ApprovalRefused::NoGlass { .. }), "{unknown}");
}
