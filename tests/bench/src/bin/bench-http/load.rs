//! Load over keep-alive connections: as fast as the host answers, or at fixed instants.
//!
//! Speaks just enough HTTP/1.1 for answers with a content length: whatever the sender spends, the host on the same machine
//! does not have.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Latencies are kept to three digits up to a minute, in microseconds.
const LONGEST_US: u64 = 60_000_000;

/// Each connection sends the next request when it has the answer to the last one.
pub struct Closed {
    pub requests: Vec<Vec<u8>>,
    pub address: SocketAddr,
    pub connections: usize,
    pub lasts: Duration,
}

/// What a host did at full speed.
pub struct Speed {
    pub answered: u64,
    /// Answered requests a second.
    pub rate: f64,
}

impl Closed {
    /// Sends until the time is over.
    pub async fn run(self) -> Speed {
        let requests: Arc<[Vec<u8>]> = self.requests.into();
        let mut tasks = JoinSet::new();
        let began = Instant::now();
        let until = began + self.lasts;
        for place in 0..self.connections {
            let requests = Arc::clone(&requests);
            tasks.spawn(async move {
                let mut connection = Connection::open(self.address).await;
                let mut answered = 0u64;
                for turn in place.. {
                    connection.exchange(&requests[turn % requests.len()]).await;
                    answered += 1;
                    if Instant::now() >= until {
                        break;
                    }
                }
                answered
            });
        }
        let answered: u64 = tasks.join_all().await.into_iter().sum();
        Speed {
            answered,
            rate: answered as f64 / began.elapsed().as_secs_f64(),
        }
    }
}

/// Request n is due n / rate after the start, whatever the answers do. A connection that is late sends at once, and its
/// latency counts from when the request was due: waiting for a slow host is part of what a caller sees (coordinated
/// omission, as Gil Tene named it, would leave it out).
pub struct Open {
    pub requests: Vec<Vec<u8>>,
    pub address: SocketAddr,
    pub connections: usize,
    pub lasts: Duration,
    /// Requests a second.
    pub rate: f64,
}

impl Open {
    /// Latencies in microseconds.
    pub async fn run(&self) -> Histogram<u64> {
        let requests: Arc<[Vec<u8>]> = self.requests.clone().into();
        let (next, due_in_all) = (
            Arc::new(AtomicU64::new(0)),
            (self.rate * self.lasts.as_secs_f64()) as u64,
        );
        let (address, gap) = (self.address, Duration::from_secs_f64(1.0 / self.rate));
        let mut tasks = JoinSet::new();
        let began = Instant::now() + Duration::from_millis(50);
        for _ in 0..self.connections {
            let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
            tasks.spawn(async move {
                let mut connection = Connection::open(address).await;
                let mut latencies = histogram();
                loop {
                    let turn = next.fetch_add(1, Ordering::Relaxed);
                    if turn >= due_in_all {
                        return latencies;
                    }
                    let due = began + gap.mul_f64(turn as f64);
                    tokio::time::sleep_until(due.into()).await;
                    connection
                        .exchange(&requests[turn as usize % requests.len()])
                        .await;
                    let latency = due.elapsed().as_micros() as u64;
                    latencies.saturating_record(latency.max(1));
                }
            });
        }
        let mut all = histogram();
        for latencies in tasks.join_all().await {
            all.add(latencies).expect("histograms of one shape");
        }
        all
    }
}

/// One request on a connection of its own; the answer's body.
pub async fn once(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut connection = Connection::open(address).await;
    connection.exchange(request).await.to_vec()
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_US, 3).expect("bounds of a histogram")
}

struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address)
            .await
            .expect("the host takes connections");
        stream.set_nodelay(true).expect("a socket option");
        Connection {
            stream,
            read: Vec::with_capacity(64 << 10),
        }
    }

    /// Sends a request and reads its answer, which must be a success; the body.
    async fn exchange(&mut self, request: &[u8]) -> &[u8] {
        self.stream.write_all(request).await.expect("the host reads");
        self.read.clear();
        let (mut head, mut length) = (None, 0);
        loop {
            if head.is_none() {
                head = self
                    .read
                    .windows(4)
                    .position(|end| end == b"\r\n\r\n")
                    .map(|at| at + 4);
                if let Some(end) = head {
                    let text = std::str::from_utf8(&self.read[..end]).expect("a head is text");
                    assert!(text.starts_with("HTTP/1.1 200"), "a request failed: {text}");
                    length = content_length(text);
                }
            }
            if let Some(head) = head
                && self.read.len() >= head + length
            {
                return &self.read[head..head + length];
            }
            let more = self.stream.read_buf(&mut self.read).await;
            assert!(
                more.expect("the host answers") > 0,
                "the host closed a connection"
            );
        }
    }
}

fn content_length(head: &str) -> usize {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    let (_, length) = lines
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .expect("an answer with a length");
    length.trim().parse().expect("a length is a number")
}
