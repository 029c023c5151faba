//! Failed attempts by address: after a few in a minute an address is told to wait, so that guessing and misconfigured
//! callers cost little and fill no log. Looked at only after an attempt failed: a valid token never waits for it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use signalbox_domain::Timestamp;

/// Failures that an address may have in a minute.
pub const FAILURES_MAX: u32 = 10;
/// A minute, in milliseconds.
pub const WINDOW_MS: i64 = 60_000;
/// Addresses that are remembered; of more the one that failed first is forgotten.
const ADDRESSES_MAX: usize = 4_096;

/// The table of addresses.
#[derive(Debug, Default)]
pub struct Attempts {
    addresses: Mutex<HashMap<IpAddr, Window>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    since: Timestamp,
    failures: u32,
}

/// What one more failure comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The address may try again.
    Counted,
    /// It may not before so much time has passed.
    Limited {
        /// Until when, from now.
        retry_after: Duration,
    },
}

impl Attempts {
    /// Counts one more failure of an address.
    pub fn failed(&self, peer: IpAddr, now: Timestamp) -> Verdict {
        let peer = network(peer);
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.len() >= ADDRESSES_MAX && !addresses.contains_key(&peer) {
            addresses.retain(|_, window| window.holds(now));
            let oldest = addresses.iter().min_by_key(|(_, window)| window.since);
            if let Some(oldest) = oldest.map(|(address, _)| *address)
                && addresses.len() >= ADDRESSES_MAX
            {
                addresses.remove(&oldest);
            }
        }
        let new = Window {
            since: now,
            failures: 0,
        };
        let window = addresses.entry(peer).or_insert(new);
        if !window.holds(now) {
            *window = new;
        }
        window.failures = window.failures.saturating_add(1);
        if window.failures <= FAILURES_MAX {
            return Verdict::Counted;
        }
        let left = WINDOW_MS.saturating_sub(now.millis_since(window.since));
        Verdict::Limited {
            retry_after: Duration::from_millis(u64::try_from(left).unwrap_or_default()),
        }
    }
}

impl Window {
    /// Whether the minute is not over. A clock that was set back ends it.
    fn holds(&self, now: Timestamp) -> bool {
        (0..WINDOW_MS).contains(&now.millis_since(self.since))
    }
}

/// Whoever has an IPv6 address has at least the 2^64 of its network.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(attempts: &Attempts, peer: &str, now: i64) -> Verdict {
        attempts.failed(peer.parse().unwrap(), Timestamp(now))
    }

    #[test]
    fn an_address_waits_until_its_minute_is_over_and_others_do_not() {
        let attempts = Attempts::default();
        for turn in 0..10 {
            assert_eq!(fail(&attempts, "10.0.0.1", turn), Verdict::Counted);
        }
        let limited = Verdict::Limited {
            retry_after: Duration::from_millis(20_000),
        };
        assert_eq!(fail(&attempts, "10.0.0.1", 40_000), limited);
        assert_eq!(fail(&attempts, "10.0.0.2", 40_000), Verdict::Counted);
        assert_eq!(fail(&attempts, "10.0.0.1", 60_000), Verdict::Counted);
    }

    #[test]
    fn addresses_of_one_ipv6_network_and_both_forms_of_ipv4_are_one() {
        let attempts = Attempts::default();
        for host in 0..10 {
            fail(&attempts, &format!("2001:db8::{host}"), 0);
            fail(&attempts, "::ffff:10.0.0.1", 0);
        }
        assert_ne!(fail(&attempts, "2001:db8::ffff:1", 0), Verdict::Counted);
        assert_ne!(fail(&attempts, "10.0.0.1", 0), Verdict::Counted);
        assert_eq!(fail(&attempts, "2001:db8:0:1::1", 0), Verdict::Counted);
    }

    #[test]
    fn the_table_is_bounded_and_forgets_who_failed_first() {
        let attempts = Attempts::default();
        for number in 0..5_000_u32 {
            let peer = IpAddr::V4(std::net::Ipv4Addr::from_bits(number));
            attempts.failed(peer, Timestamp(i64::from(number)));
        }
        let known = attempts.addresses.lock().unwrap();
        assert_eq!(known.len(), ADDRESSES_MAX);
        assert!(known.contains_key(&"0.0.19.135".parse::<IpAddr>().unwrap()));
        assert!(!known.contains_key(&"0.0.0.0".parse::<IpAddr>().unwrap()));
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let attempts = Attempts::default();
        for _ in 0..11 {
            fail(&attempts, "10.0.0.1", 1_000_000);
        }
        assert_eq!(fail(&attempts, "10.0.0.1", 1_000), Verdict::Counted);
    }
}
