//! The clock at the edge. Nothing behind the API looks at it: `now` is an input there.

use std::time::{SystemTime, UNIX_EPOCH};

use signalbox_domain::Timestamp;

/// The present instant.
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)).min(Timestamp::MAX)
}
