use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::support::*;
use crate::decisions::*;

#[test]
fn a_copy_holds_the_same_records() {
    let (folder, copies) = (folder(), folder());
    let log = open_with(folder.path(), tens());
    append(&log, 1..=35);
    log.erase(&unit(7)).unwrap();
    let target = copies.path().join("copy");
    log.copy_to(&target).unwrap();
    append(&log, 36..=40);
    let copy = open_with(&target, tens());
    assert_eq!(all(&copy), all(&log)[..35]);
    assert_eq!(copy.verify().unwrap(), []);
    assert_eq!(
        found(
            &copy,
            &Filter {
                unit: Some(unit(7)),
                ..Filter::default()
            }
        ),
        [7]
    );
    append(&copy, [99]);
    assert_eq!(copy.get(id(99)).unwrap(), Some(record(99)));
    let refused = log.copy_to(&target).unwrap_err();
    assert!(
        matches!(refused, DecisionLogError::TargetNotEmpty { .. }),
        "{refused:?}"
    );
}

#[test]
fn copies_made_while_records_arrive_open_clean_and_hold_all_that_was_acknowledged_before() {
    let (folder, copies) = (folder(), folder());
    let log = open_with(folder.path(), tens());
    let (acknowledged, done) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !done.load(Ordering::SeqCst) {
                number += 1;
                append(&log, [number]);
                acknowledged.store(number, Ordering::SeqCst);
            }
        });
        for copy in 0..10 {
            let before = acknowledged.load(Ordering::SeqCst);
            let target = copies.path().join(copy.to_string());
            log.copy_to(&target).unwrap();
            let copy = open_with(&target, tens());
            let mut count = 0;
            let damage = copy
                .scan(None, None, |_, found| {
                    count += 1;
                    assert_eq!(found, record(count));
                    ControlFlow::Continue(())
                })
                .unwrap();
            assert_eq!(damage, []);
            assert!(count >= before, "{count} of {before}");
        }
        done.store(true, Ordering::SeqCst);
    });
}
