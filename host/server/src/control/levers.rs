//! What a lever must be before the host holds it.

use signalbox_domain::Timestamp;
use signalbox_domain::envelope::{Lever, LeverKind};
use signalbox_domain::validate::{self, Bounds};

use super::error::ControlError;
use crate::config::LeverBounds;

/// Whether a lever is well formed, acts now, and ends within the bound.
///
/// # Errors
/// [`ControlError::BadLever`] with the first field that is wrong.
pub(super) fn check(lever: &Lever, bounds: LeverBounds, now: Timestamp) -> Result<(), ControlError> {
    let bad = |field: &str, message: String| ControlError::BadLever {
        field: field.to_owned(),
        message,
    };
    validate::lever(lever, &Bounds::default()).map_err(|invalid| {
        match invalid.problems.into_iter().next() {
            Some(first) => bad(
                first.path.trim_start_matches("lever."),
                format!("expected {}, found {}", first.expected, first.found),
            ),
            None => bad("", "expected a lever".to_owned()),
        }
    })?;
    if lever.reason.trim().is_empty() {
        return Err(bad(
            "reason",
            "expected why it is pulled, found nothing".to_owned(),
        ));
    }
    if lever.expires_at <= now {
        let message = format!(
            "expected an instant after now ({now}), found {}",
            lever.expires_at
        );
        return Err(bad("expires_at", message));
    }
    let latest = now.plus_millis(i64::try_from(bounds.duration_ms_max).unwrap_or(i64::MAX));
    if lever.expires_at > latest {
        let message = format!(
            "expected an instant up to {latest} (levers.duration_ms_max = {}), found {}",
            bounds.duration_ms_max, lever.expires_at
        );
        return Err(bad("expires_at", message));
    }
    Ok(())
}

/// Whether putting `lever` in the place of `replaced` can only narrow what decisions may use.
pub(super) fn only_takes_away(lever: &Lever, replaced: Option<&Lever>) -> bool {
    let takes_away = match lever.kind {
        LeverKind::NodeOff | LeverKind::ServiceSuspended => true,
        LeverKind::CapacityScaled => lever.capacity_bp.is_some_and(|bp| bp <= 10_000),
    };
    let lets_go = replaced.is_some_and(|old| {
        let same_target = (old.kind, &old.node_id, &old.service, old.pool)
            == (lever.kind, &lever.node_id, &lever.service, lever.pool);
        !same_target || lever.expires_at < old.expires_at || lever.capacity_bp > old.capacity_bp
    });
    takes_away && !lets_go
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: LeverBounds = LeverBounds {
        count_max: 10,
        duration_ms_max: 1_000,
    };

    fn node_off() -> Lever {
        Lever {
            lever_id: "flood".into(),
            kind: LeverKind::NodeOff,
            node_id: Some("n1".into()),
            service: None,
            pool: None,
            capacity_bp: None,
            expires_at: Timestamp(1_500),
            reason: "water".into(),
        }
    }

    fn scaled(capacity_bp: u32) -> Lever {
        Lever {
            kind: LeverKind::CapacityScaled,
            capacity_bp: Some(capacity_bp),
            ..node_off()
        }
    }

    fn refused(lever: &Lever) -> String {
        match check(lever, BOUNDS, Timestamp(1_000)) {
            Err(ControlError::BadLever { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_lever_acts_now_and_ends_within_the_bound() {
        assert!(check(&node_off(), BOUNDS, Timestamp(1_000)).is_ok());
        for expires_at in [0, 1_000, 2_001] {
            let lever = Lever {
                expires_at: Timestamp(expires_at),
                ..node_off()
            };
            assert_eq!(refused(&lever), "expires_at", "{expires_at}");
        }
    }

    #[test]
    fn a_lever_without_what_its_kind_needs_is_refused_with_the_field() {
        let lever = Lever {
            node_id: None,
            ..node_off()
        };
        assert_eq!(refused(&lever), "node_id");
        let lever = Lever {
            reason: "  ".into(),
            ..node_off()
        };
        assert_eq!(refused(&lever), "reason");
        let lever = Lever {
            capacity_bp: None,
            ..scaled(1)
        };
        assert_eq!(refused(&lever), "capacity_bp");
    }

    #[test]
    fn only_a_lever_that_can_but_narrow_is_a_stop() {
        assert!(only_takes_away(&node_off(), None));
        assert!(only_takes_away(&scaled(10_000), None));
        assert!(!only_takes_away(&scaled(10_001), None));
        let longer = Lever {
            expires_at: Timestamp(1_600),
            ..node_off()
        };
        assert!(only_takes_away(&longer, Some(&node_off())));
        assert!(!only_takes_away(&node_off(), Some(&longer)));
        assert!(only_takes_away(&scaled(100), Some(&scaled(200))));
        assert!(!only_takes_away(&scaled(200), Some(&scaled(100))));
        let elsewhere = Lever {
            node_id: Some("n2".into()),
            ..node_off()
        };
        assert!(!only_takes_away(&elsewhere, Some(&node_off())));
    }
}
