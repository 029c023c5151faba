//! One webhook, as it is configured.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use super::event::{Group, Told};

/// One webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Where events are sent: HTTPS, or HTTP on a loopback address.
    pub url: Url,
    /// The file with the secret that signs them.
    pub secret_file: PathBuf,
    /// Of what it is told; of everything when empty.
    pub events: Vec<Group>,
    /// Of which scopes; of all, and of what belongs to none, when empty.
    pub scopes: Vec<String>,
}

impl WebhookSettings {
    /// Reads a URL that events may be sent to.
    ///
    /// # Errors
    /// What was expected.
    pub fn url(text: &str) -> Result<Url, &'static str> {
        let url: Url = text
            .parse()
            .map_err(|_| "a URL such as \"https://hooks.example/signalbox\"")?;
        let loopback = match url.host_str() {
            Some("localhost") => true,
            Some(host) => host
                .trim_matches(['[', ']'])
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback()),
            None => false,
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a URL without a name and password in it");
        }
        match url.scheme() {
            "https" if url.has_host() => Ok(url),
            "http" if loopback => Ok(url),
            _ => Err("an https URL, or http on a loopback address"),
        }
    }

    /// The URL as it may be logged.
    pub fn shown(&self) -> String {
        shown(self.url.as_str())
    }

    /// Whether it is told of that.
    pub(super) fn wants(&self, told: &Told) -> bool {
        let of_scope = match &told.scope {
            _ if self.scopes.is_empty() => true,
            Some(scope) => self.scopes.contains(scope),
            None => false,
        };
        of_scope && (self.events.is_empty() || self.events.contains(&told.group))
    }
}

/// A URL without what may be a secret.
pub fn shown(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// How often and when a delivery is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts until it is given up.
    pub attempts_max: u32,
    /// The pause after the first attempt; each next one is twice as long.
    pub pause: Duration,
    /// The longest pause.
    pub pause_max: Duration,
    /// How long one attempt may take.
    pub timeout: Duration,
}

impl Default for RetryPolicy {
    /// Twelve attempts within about three quarters of an hour.
    fn default() -> RetryPolicy {
        RetryPolicy {
            attempts_max: 12,
            pause: Duration::from_secs(1),
            pause_max: Duration::from_secs(15 * 60),
            timeout: Duration::from_secs(10),
        }
    }
}

impl RetryPolicy {
    /// The pause after attempt `attempt` (from 1): half of it certain, half by chance, so that many hosts do not ask a
    /// receiver that comes back at the same moment.
    pub(super) fn pause_after(&self, attempt: u32, chance: u8) -> Duration {
        let doubled = 2u32.saturating_pow(attempt.saturating_sub(1).min(30));
        let whole = self.pause.saturating_mul(doubled).min(self.pause_max);
        let half = whole / 2;
        half.saturating_add(half.saturating_mul(u32::from(chance)) / u32::from(u8::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_loopback_are_sent_to() {
        for good in [
            "https://hooks.example/x?key=1",
            "https://10.0.0.7/",
            "http://127.0.0.1:80/",
            "http://[::1]:80/",
            "http://localhost/",
        ] {
            assert!(WebhookSettings::url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://hooks.example/",
            "ftp://localhost/",
            "https://",
            "hooks",
            "https://a:b@hooks.example/",
            "http://10.0.0.7/",
        ] {
            assert!(WebhookSettings::url(bad).is_err(), "{bad}");
        }
        assert_eq!(shown("https://hooks.example/x?key=1"), "https://hooks.example/x");
    }

    #[test]
    fn pauses_double_up_to_a_bound_and_vary() {
        let policy = RetryPolicy::default();
        let seconds = |attempt, chance| policy.pause_after(attempt, chance).as_millis();
        assert_eq!(
            [seconds(1, 255), seconds(2, 255), seconds(5, 255)],
            [1_000, 2_000, 16_000]
        );
        assert_eq!(seconds(1, 0), 500);
        assert_eq!(seconds(40, 255), 900_000);
    }
}
