//! What challengers in the shadow cost the champion's callers, also when the shadow has more to do than it can: two hosts with the
//! same champion get the same past orders at the same rate, in turn, one of them with challengers.

use std::fs;
use std::time::Duration;

use comfy_table::Table;
use hdrhistogram::Histogram;
use serde_json::Value;
use signalbox_history::{History, Model, Sample};

use super::Arguments;
use super::host::Host;
use super::load::Open;
use super::report;

/// The seed of what is drawn.
const SEED: u64 = 1;
/// Past orders that are sent in turn.
const ORDERS: usize = 4_000;
/// The share of them with two or more units.
const MULTI_UNIT_SHARE: f64 = 0.25;
const CONNECTIONS: usize = 64;
/// Every comparison decides twice: the most that it can be asked for.
const CONFIG: &str = "[shadow]\ntwice_bp = 10_000\n";
/// CPU time in [`QUIET_OVER`] below which a host has nothing left to do, in seconds.
const QUIET_S: f64 = 0.03;
const QUIET_OVER: Duration = Duration::from_millis(500);
const ASK_EVERY: Duration = Duration::from_millis(100);

/// One turn of one host.
struct Turn {
    latencies: Histogram<u64>,
    /// Comparisons made and dropped.
    shadow: (u64, u64),
    /// The machine's load average over the last minute, at its end.
    load: String,
}

/// Measures, and prints.
pub async fn run(arguments: &Arguments, challengers: usize) {
    let (bodies, origin) = bodies(arguments);
    let policy = Some(arguments.policy.as_str());
    let without = Host::start(policy).await;
    let with = Host::start_with(policy, CONFIG).await;
    let versions: Vec<String> = (1..=challengers).map(|number| format!("99.0.{number}")).collect();
    challenge(&with, &arguments.policy, &versions).await;
    let lasts = Duration::from_secs_f64(arguments.seconds);
    let open = |host: &Host| Open {
        requests: host.requests(&bodies),
        address: host.address,
        connections: CONNECTIONS,
        lasts,
        rate: arguments.rate,
    };
    // Warm both before anything counts.
    for host in [&without, &with] {
        open(host).run().await;
    }
    let progress = report::progress(arguments.turns * 2, arguments.seconds);
    let mut turns: Vec<[Turn; 2]> = Vec::new();
    for _ in 0..arguments.turns {
        let off = turn(&without, &open(&without), None).await;
        progress.inc(1);
        let shadow = Some((arguments.policy.as_str(), versions.as_slice()));
        let on = turn(&with, &open(&with), shadow).await;
        progress.inc(1);
        turns.push([off, on]);
    }
    progress.finish_and_clear();
    println!(
        "{} of {origin} at {:.0} a second, {} in each turn; {challengers} challengers, each decides every order twice; {} cores",
        arguments.policy,
        arguments.rate,
        (arguments.rate * arguments.seconds) as u64,
        std::thread::available_parallelism().map_or(1, usize::from),
    );
    println!("{}", table(&turns));
    without.stop();
    with.stop();
}

/// Past orders as bodies, and where they are from.
fn bodies(arguments: &Arguments) -> (Vec<String>, String) {
    let history = History::open_or_generate(arguments.data.as_deref(), SEED, 16_000).expect("a history");
    let origin = if history.is_real() {
        "past orders".to_owned()
    } else {
        format!("orders GENERATED from seed {SEED}")
    };
    let model = Model::new(history, SEED);
    let sample = Sample {
        orders: ORDERS,
        multi_unit_share: MULTI_UNIT_SHARE,
        seed: SEED,
    };
    let orders = sample.draw(model.history());
    let requests = orders.iter().filter_map(|sampled| model.routing(sampled.order));
    let body = |past: signalbox_history::PastRequest| {
        let mut request = past.request;
        // Nobody else is compared with.
        request.incumbent = None;
        serde_json::to_string(&request).expect("a request is JSON")
    };
    (requests.map(body).collect(), origin)
}

/// Brings versions of the policy into the shadow that decide as it does.
async fn challenge(host: &Host, policy: &str, versions: &[String]) {
    let (_, text) = signalbox_plugins::policies()
        .iter()
        .find(|(_, text)| text.contains(&format!("name = \"{policy}\"")))
        .expect("the repository has this policy");
    for version in versions {
        let text = text
            .replacen("version = \"1.0.0\"", &format!("version = \"{version}\""), 1)
            .replacen("immediate = true", "immediate = false", 1);
        host.drop_file(&format!("{policy}-{version}.toml"), &text);
    }
    let is_admitted = |list: &Value| {
        let known = list["versions"].as_array().map_or(&[][..], Vec::as_slice);
        versions.iter().all(|version| {
            let is_it = |view: &&Value| view["version"] == version.as_str();
            known.iter().find(is_it).is_some_and(|view| {
                assert_ne!(view["state"], "rejected", "{view:#}");
                !matches!(view["state"].as_str(), Some("waiting" | "checking"))
            })
        })
    };
    while !is_admitted(&host.call("operator", "GET", "/v1/policies", "").await) {
        tokio::time::sleep(ASK_EVERY).await;
    }
    for version in versions {
        let body = format!(r#"{{"policy":"{policy}","version":"{version}","reason":"measured"}}"#);
        host.call("author", "POST", "/v1/releases", &body).await;
        let path = format!("/v1/releases/{policy}/{version}/promote");
        host.call("operator", "POST", &path, r#"{"reason":"measured"}"#)
            .await;
    }
}

async fn turn(host: &Host, open: &Open, shadow: Option<(&str, &[String])>) -> Turn {
    let before = counts(host, shadow).await;
    let latencies = open.run().await;
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    // What waits in the queue belongs to this turn and must not run in the next one.
    quiet(host).await;
    let after = counts(host, shadow).await;
    Turn {
        latencies,
        shadow: (after.0 - before.0, after.1 - before.1),
        load: load.split(' ').next().unwrap_or_default().to_owned(),
    }
}

/// Waits until a host has nothing left to do.
async fn quiet(host: &Host) {
    loop {
        let before = host.cpu_s();
        tokio::time::sleep(QUIET_OVER).await;
        if host.cpu_s() - before < QUIET_S {
            return;
        }
    }
}

/// Comparisons made and dropped so far, over all challengers.
async fn counts(host: &Host, shadow: Option<(&str, &[String])>) -> (u64, u64) {
    let Some((policy, versions)) = shadow else {
        return (0, 0);
    };
    let (mut pairs, mut dropped) = (0, 0);
    for version in versions {
        let path = format!("/v1/releases/{policy}/{version}");
        let detail = host.call("operator", "GET", &path, "").await;
        assert_eq!(detail["phase"], "shadow", "{detail:#}");
        pairs += detail["trial"]["all"]["pairs"].as_u64().unwrap_or_default();
        dropped += detail["trial"]["dropped"].as_u64().unwrap_or_default();
    }
    (pairs, dropped)
}

fn table(turns: &[[Turn; 2]]) -> Table {
    let mut table = Table::new();
    table.set_header([
        "turn",
        "p50 ms",
        "p99 ms",
        "with: p50 ms",
        "with: p99 ms",
        "compared",
        "dropped",
        "load average",
    ]);
    let ms =
        |turn: &Turn, share: f64| format!("{:.2}", turn.latencies.value_at_quantile(share) as f64 / 1_000.0);
    for (number, [off, on]) in (1..).zip(turns) {
        table.add_row([
            format!("{number}"),
            ms(off, 0.5),
            ms(off, 0.99),
            ms(on, 0.5),
            ms(on, 0.99),
            on.shadow.0.to_string(),
            on.shadow.1.to_string(),
            format!("{}, {}", off.load, on.load),
        ]);
    }
    report::align(&mut table);
    table
}
