//! A breaker for every invariant: a guest whose decision breaks exactly it, through the real sandbox and over HTTP. The host
//! passes it over and names the invariant; neither the next decision nor another scope's notices.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod allocation;
mod returns;
mod routing;

use std::collections::BTreeSet;

use serde_json::Value;
use signalbox_contract::Tables;
use signalbox_flows::host::causes;
use signalbox_flows::{Host, puppet};

const CHILD: &str = env!("CARGO_BIN_EXE_compile-child");

/// What a domain's guest is made to say.
struct Play {
    domain: &'static str,
    /// The domain's invariants, by name.
    invariants: &'static [(&'static str, &'static str)],
    /// A request, and a decision on it that breaks nothing.
    request: Value,
    good: Tables,
    breakers: Vec<Breaker>,
}

/// A request and a decision on it that breaks an invariant.
struct Breaker {
    invariant: &'static str,
    request: Value,
    decision: Tables,
    caught: Caught,
}

/// How the host finds it.
#[derive(Clone, Copy, PartialEq)]
enum Caught {
    /// As the only invariant that is broken.
    Alone,
    /// As the first of two, because it cannot be broken without the other.
    With(&'static str),
    /// Already when the decision is read: nothing that a guest can say gets as far as the invariant.
    Reading,
}

/// Noon of the `day`-th day after the requests' 2 March 2026, as JSON and as guests say it.
fn noon(day: u32) -> String {
    format!("2026-03-{:02}T12:00:00Z", 2 + day)
}

fn noon_ms(day: i64) -> i64 {
    1_772_452_800_000 + day * 86_400_000
}

fn plays() -> [Play; 3] {
    [routing::play(), allocation::play(), returns::play()]
}

#[test]
fn every_invariant_has_its_breaker() {
    for play in plays() {
        let invariants: BTreeSet<&str> = play.invariants.iter().map(|(name, _)| *name).collect();
        let broken: Vec<&str> = play.breakers.iter().map(|breaker| breaker.invariant).collect();
        assert_eq!(broken.len(), invariants.len(), "{}: {broken:?}", play.domain);
        assert_eq!(BTreeSet::from_iter(broken), invariants, "{}", play.domain);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_that_breaks_an_invariant_is_passed_over_and_nobody_else_notices() {
    let host = Host::start(CHILD, "").await;
    let plays = plays();
    for play in &plays {
        let broken = play.breakers.iter().map(|breaker| breaker.decision.clone());
        let answers: Vec<Tables> = std::iter::once(play.good.clone()).chain(broken).collect();
        puppet::go_live(&host, play.domain, &answers).await;
    }
    let mut unbroken = Vec::new();
    for play in &plays {
        unbroken.push(good(&host, play).await);
    }
    for play in &plays {
        for (number, breaker) in (1..).zip(&play.breakers) {
            let answer = ask(&host, play.domain, &breaker.request, number).await;
            check(&answer, breaker);
            for (other, unbroken) in plays.iter().zip(&unbroken) {
                assert_eq!(
                    good(&host, other).await,
                    *unbroken,
                    "{} after {}",
                    other.domain,
                    breaker.invariant
                );
            }
        }
    }
    host.stop().await;
}

/// Asks for the answer of that number.
async fn ask(host: &Host, domain: &str, request: &Value, number: usize) -> Value {
    let mut request = request.clone();
    request["seed"] = number.to_string().into();
    request["deadline_ms"] = 30_000.into();
    host.answer(domain, &request).await
}

/// The decision that breaks nothing is taken as it is.
async fn good(host: &Host, play: &Play) -> Value {
    let answer = ask(host, play.domain, &play.request, 0).await;
    assert_eq!(answer["answered_by"], "champion", "{answer:#}");
    assert_eq!(causes(&answer), [""; 0], "{answer:#}");
    answer["decision"].clone()
}

fn check(answer: &Value, breaker: &Breaker) {
    let name = breaker.invariant;
    assert_eq!(answer["answered_by"], "built_in", "{name}: {answer:#}");
    let cause = match breaker.caught {
        Caught::Alone | Caught::With(_) => "INVARIANT_BROKEN",
        Caught::Reading => "BAD_OUTPUT",
    };
    assert_eq!(causes(answer), [cause], "{name}: {answer:#}");
    let detail = answer["diagnostics"]["fallbacks"][0]["detail"].as_str().unwrap();
    let named = detail.starts_with(&format!("{name} at "));
    let more = detail.split("; and ").nth(1);
    match breaker.caught {
        Caught::Alone => assert!(named && more.is_none(), "{name}: {detail}"),
        Caught::With(_) => assert!(named && more == Some("1 more"), "{name}: {detail}"),
        Caught::Reading => assert!(!named, "{name}: {detail}"),
    }
}
