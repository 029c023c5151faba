//! Warns before the last token of an admin expires: afterwards nobody can be let in any more but by hand on the host's
//! machine.

use signalbox_domain::Timestamp;
use signalbox_domain::identity::Directory;
use signalbox_domain::time::DAY_MS;

use crate::telemetry::{AdminsEnd, Telemetry};

/// How long before, in milliseconds: 14 days.
const AHEAD_MS: i64 = 14 * DAY_MS;

/// When it was last warned, and of which end.
#[derive(Debug, Default)]
pub(in crate::control) struct AdminExpiry {
    warned: Option<(Timestamp, Option<Timestamp>)>,
}

impl AdminExpiry {
    /// Counts what is left, and warns within the last 14 days: once a day, and when it changed.
    pub(in crate::control) fn look(&mut self, directory: &Directory, now: Timestamp, telemetry: &Telemetry) {
        let ends_at = directory.admins_end(now);
        let left_ms = ends_at.map_or(0, |end| end.millis_since(now));
        telemetry.emit(&AdminsEnd {
            left_ms,
            warning: self.due(ends_at, now).then_some(ends_at),
        });
    }

    fn due(&mut self, ends_at: Option<Timestamp>, now: Timestamp) -> bool {
        if ends_at.is_some_and(|end| end.millis_since(now) > AHEAD_MS) {
            self.warned = None;
            return false;
        }
        let told = self
            .warned
            .is_some_and(|(at, of)| of == ends_at && now.millis_since(at) < DAY_MS);
        if !told {
            self.warned = Some((now, ends_at));
        }
        !told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_warns_once_a_day_within_fourteen_days_and_again_when_that_changed() {
        let mut expiry = AdminExpiry::default();
        let end = Timestamp(100 * DAY_MS);
        let at = |days: i64| Timestamp(days * DAY_MS);
        assert!(!expiry.due(Some(end), at(85)));
        assert!(!expiry.due(Some(end), Timestamp(86 * DAY_MS - 1)));
        assert!(expiry.due(Some(end), at(86)));
        assert!(
            !expiry.due(Some(end), Timestamp(87 * DAY_MS - 1)),
            "not every second"
        );
        assert!(expiry.due(Some(end), at(87)));
        assert!(!expiry.due(Some(at(200)), at(88)), "another was handed out");
        assert!(expiry.due(Some(end), at(88)), "and revoked");
        assert!(expiry.due(None, at(88)), "nobody is left");
        assert!(!expiry.due(None, at(88)));
    }
}
