//! Sends requests over real HTTP: keep-alive connections, a bounded number at once, at a steady rate or as fast as the
//! host answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use reqwest::{Client, Url};
use serde::de::DeserializeOwned;
use signalbox_domain::envelope::Answer;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::error::DemoError;

/// How to send.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The most requests in flight.
    pub clients: usize,
    /// Requests a second; 0 sends each as soon as a client is free.
    pub rate: u32,
}

/// One request and what came of it.
#[derive(Debug)]
pub struct Exchange<A> {
    /// Its row among the bodies.
    pub row: usize,
    /// When it was sent.
    pub sent: Instant,
    /// When the answer was there.
    pub answered: Instant,
    /// From the instant at which it was due to its answer, so that a host that holds up the sender is not flattered.
    pub latency: Duration,
    /// The answer, or what went wrong.
    pub outcome: Result<Answer<A>, String>,
}

/// Whoever watches a load: called once for each answer, from many tasks.
pub type Watcher<A> = Arc<dyn Fn(&Exchange<A>) + Send + Sync>;

/// Bodies on their way to one path.
pub struct Load {
    client: Client,
    url: Url,
    bodies: Arc<[Bytes]>,
    pace: Pace,
}

impl Load {
    /// A load of these bodies.
    pub fn new(client: Client, url: Url, bodies: Arc<[Bytes]>, pace: Pace) -> Load {
        Load {
            client,
            url,
            bodies,
            pace,
        }
    }

    /// Sends every body once, in order. Row n waits until `allowed` is above n: so the story can hold the stream back
    /// instead of running out of it.
    ///
    /// # Errors
    /// [`DemoError::Task`] when a sending task failed. A failed request is no error: its exchange says so.
    pub async fn run<A>(
        &self,
        mut allowed: watch::Receiver<usize>,
        watcher: Watcher<A>,
    ) -> Result<Vec<Exchange<A>>, DemoError>
    where
        A: DeserializeOwned + Send + 'static,
    {
        let places = Arc::new(Semaphore::new(self.pace.clients.max(1)));
        let mut tasks: JoinSet<Exchange<A>> = JoinSet::new();
        let mut done = Vec::with_capacity(self.bodies.len());
        let mut clock = Clock::new(self.pace.rate);
        for (row, body) in self.bodies.iter().enumerate() {
            if *allowed.borrow() <= row {
                // A closed gate has nobody left to hold the stream back.
                let _ = allowed.wait_for(|allowed| *allowed > row).await;
                clock.restart();
            }
            let due = clock.next().await;
            let Ok(place) = places.clone().acquire_owned().await else {
                break;
            };
            let due = due.unwrap_or_else(Instant::now);
            let (client, url, body, watcher) = (
                self.client.clone(),
                self.url.clone(),
                body.clone(),
                watcher.clone(),
            );
            tasks.spawn(async move {
                let sent = Instant::now();
                let outcome = exchange(&client, url, body).await;
                let answered = Instant::now();
                let latency = answered.saturating_duration_since(due);
                drop(place);
                let exchange = Exchange {
                    row,
                    sent,
                    answered,
                    latency,
                    outcome,
                };
                watcher(&exchange);
                exchange
            });
            while let Some(finished) = tasks.try_join_next() {
                done.push(finished?);
            }
        }
        while let Some(finished) = tasks.join_next().await {
            done.push(finished?);
        }
        done.sort_by_key(|exchange| exchange.row);
        Ok(done)
    }
}

async fn exchange<A: DeserializeOwned>(client: &Client, url: Url, body: Bytes) -> Result<Answer<A>, String> {
    let request = client
        .post(url)
        .header(reqwest::header::CONTENT_TYPE, "application/json")
        .body(body);
    let response = request
        .send()
        .await
        .map_err(|problem| format!("no answer: {problem:?}"))?;
    let status = response.status();
    let bytes = response
        .bytes()
        .await
        .map_err(|problem| format!("answer cut off: {problem:?}"))?;
    if !status.is_success() {
        let text: String = String::from_utf8_lossy(&bytes).chars().take(300).collect();
        return Err(format!("status {status}: {text}"));
    }
    serde_json::from_slice(&bytes).map_err(|problem| format!("answer does not read: {problem}"))
}

/// When requests are due.
struct Clock {
    gap: Option<Duration>,
    due: Instant,
}

impl Clock {
    fn new(rate: u32) -> Clock {
        let gap = (rate > 0).then(|| Duration::from_secs_f64(1.0 / f64::from(rate)));
        Clock {
            gap,
            due: Instant::now(),
        }
    }

    /// Counts from now on: the stream was held back on purpose.
    fn restart(&mut self) {
        self.due = Instant::now();
    }

    /// Waits for the next due instant; none when there is no rate.
    async fn next(&mut self) -> Option<Instant> {
        let gap = self.gap?;
        let due = self.due;
        self.due = due.checked_add(gap).unwrap_or(due);
        tokio::time::sleep_until(due.into()).await;
        Some(due)
    }
}

/// Latencies of many requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Latency {
    /// Half of them took no longer.
    pub p50: Duration,
    /// 99 % of them took no longer.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

impl Latency {
    /// The latencies of exchanges.
    pub fn of<A>(exchanges: &[Exchange<A>]) -> Latency {
        let mut sorted: Vec<Duration> = exchanges.iter().map(|exchange| exchange.latency).collect();
        sorted.sort_unstable();
        // The nearest-rank percentile.
        let at = |share: f64| {
            let rank = (sorted.len() as f64 * share).ceil() as usize;
            sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
        };
        Latency {
            p50: at(0.5),
            p99: at(0.99),
            max: at(1.0),
        }
    }
}

/// Requests a second over exchanges, from the first one sent to the last one answered.
pub fn rate_of<A>(exchanges: &[Exchange<A>]) -> f64 {
    let first = exchanges.iter().map(|exchange| exchange.sent).min();
    let last = exchanges.iter().map(|exchange| exchange.answered).max();
    let seconds = first.zip(last).map_or(0.0, |(first, last)| {
        last.saturating_duration_since(first).as_secs_f64()
    });
    if seconds > 0.0 {
        exchanges.len() as f64 / seconds
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchanges(millis: &[u64]) -> Vec<Exchange<()>> {
        let start = Instant::now();
        let exchange = |(row, millis): (usize, &u64)| {
            let latency = Duration::from_millis(*millis);
            Exchange {
                row,
                sent: start,
                answered: start + latency,
                latency,
                outcome: Err(String::new()),
            }
        };
        millis.iter().enumerate().map(exchange).collect()
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let hundred: Vec<u64> = (1..=100).rev().collect();
        let latency = Latency::of(&exchanges(&hundred));
        assert_eq!(
            (
                latency.p50.as_millis(),
                latency.p99.as_millis(),
                latency.max.as_millis()
            ),
            (50, 99, 100)
        );
        assert_eq!(Latency::of(&exchanges(&[])).max, Duration::ZERO);
    }

    #[test]
    fn the_rate_is_over_the_whole_time() {
        let rate = rate_of(&exchanges(&[500, 1_000, 2_000, 2_000]));
        assert!((rate - 2.0).abs() < 1e-9, "{rate}");
    }
}
