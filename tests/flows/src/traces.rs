//! Decisions as digests, to be compared between processes: what a policy answers to past orders, returns and allocations.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use signalbox_domain::case::Case;
use signalbox_domain::envelope::Envelope;
use signalbox_domain::validate::{Bounds, Circumstances};
use signalbox_domain::{Digest, Domain, Timestamp, canonical};
use signalbox_sandbox::cache::CacheConfig;
use signalbox_sandbox::compile::{Budget, CompileConfig};
use signalbox_sandbox::engine::{CpuLevel, PoolSize};
use signalbox_sandbox::inspect::InspectBounds;
use signalbox_sandbox::{
    AllocationInput, CallContext, Decided, GuestCase, Input, Limits, LoadWhen, Policy, PrepareRequest,
    Priority, ReturnsInput, RoutingInput, Sandbox, SandboxConfig,
};

/// What is left of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The digest of the tables and log lines that the policy returned, and of the decision as callers get it.
    pub decision: Digest,
    /// The fuel it took.
    pub fuel: u64,
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decision, self.fuel)
    }
}

impl FromStr for Trace {
    type Err = String;

    fn from_str(line: &str) -> Result<Trace, String> {
        let (decision, fuel) = line.split_once(' ').ok_or(line)?;
        Ok(Trace {
            decision: decision.parse().map_err(|_| line)?,
            fuel: fuel.parse().map_err(|_| line)?,
        })
    }
}

/// Requests of one domain, ready for its policies.
pub enum Inputs {
    /// Of routing.
    Routing(Vec<RoutingInput>),
    /// Of allocation.
    Allocation(Vec<AllocationInput>),
    /// Of returns.
    Returns(Vec<ReturnsInput>),
}

impl Inputs {
    /// Reads requests from a file of one JSON document a line.
    pub fn read(domain: Domain, file: &Path) -> Inputs {
        let text = std::fs::read_to_string(file).unwrap();
        match domain {
            Domain::Routing => Inputs::Routing(inputs(&text)),
            Domain::Allocation => Inputs::Allocation(inputs(&text)),
            Domain::Returns => Inputs::Returns(inputs(&text)),
        }
    }

    /// Lets a policy decide each, after `before` was done.
    pub async fn decide(&self, policy: &Policy, before: impl AsyncFnMut()) -> Vec<Trace> {
        match self {
            Inputs::Routing(inputs) => decide(policy, inputs, before).await,
            Inputs::Allocation(inputs) => decide(policy, inputs, before).await,
            Inputs::Returns(inputs) => decide(policy, inputs, before).await,
        }
    }
}

/// Writes requests to a file of one JSON document a line.
pub fn write<T: Serialize>(file: &Path, requests: &[T]) {
    let lines = requests
        .iter()
        .map(|request| serde_json::to_string(request).unwrap() + "\n");
    std::fs::write(file, lines.collect::<String>()).unwrap();
}

fn inputs<C: GuestCase>(text: &str) -> Vec<Input<C>> {
    let bounds = Bounds::default();
    let circumstances = Circumstances {
        now: Timestamp(0),
        levers: &[],
        bounds: &bounds,
    };
    text.lines()
        .map(|line| C::build(serde_json::from_str(line).unwrap(), &circumstances).unwrap())
        .map(|case| Input::new(Arc::new(case)).unwrap())
        .collect()
}

async fn decide<C: GuestCase>(
    policy: &Policy,
    inputs: &[Input<C>],
    mut before: impl AsyncFnMut(),
) -> Vec<Trace> {
    let mut traces = Vec::new();
    for input in inputs {
        before().await;
        let seed = input.case().request().envelope().seed.map_or(7, |seed| seed.0);
        let decided = policy.decide(input, &context(seed)).await.unwrap();
        traces.push(trace(&**input.case(), &decided));
    }
    traces
}

fn trace<C: Case>(case: &C, decided: &Decided<C::Decision>) -> Trace {
    let cells = |bytes: Vec<u8>| Digest::of(&bytes).to_string();
    let narrow = decided.tables.narrow.iter().flat_map(|cell| cell.to_le_bytes());
    let wide = decided.tables.wide.iter().flat_map(|cell| cell.to_le_bytes());
    let answer = serde_json::to_value(case.answer(&decided.decision)).unwrap();
    let parts = [
        cells(narrow.collect()),
        cells(wide.collect()),
        decided.log.join("\n"),
        canonical::to_string(&answer).unwrap(),
    ];
    Trace {
        decision: Digest::of_parts(&parts.each_ref().map(|part| part.as_bytes())),
        fuel: decided.fuel_used,
    }
}

/// Time enough on any machine.
pub fn context(seed: u64) -> CallContext {
    CallContext {
        seed,
        deadline_ms: 200,
        until: Instant::now() + Duration::from_secs(120),
        priority: Priority::Live,
    }
}

/// A sandbox that compiles with `child`, keeps what it compiled in `home`, and lets each decision run in the slot that
/// the one before it left, whosever that was: none stays reserved for its policy.
pub fn sandbox(child: &Path, home: &Path) -> Sandbox {
    let config = SandboxConfig {
        pool: PoolSize {
            live_permits: 1,
            shadow_permits: 1,
            policies_live: 0,
            workers: 1,
        },
        cpu: CpuLevel::default(),
        inspect: InspectBounds::default(),
        compile: CompileConfig {
            program: child.to_owned(),
            arguments: Vec::new(),
            at_once: 2,
            budget: Budget {
                wall_ms: 120_000,
                ..Budget::default()
            },
        },
        cache: Some(CacheConfig {
            folder: home.join("cache"),
            secret_file: home.join("keys/secret"),
            bytes_max: 1 << 30,
        }),
    };
    Sandbox::new(config).unwrap()
}

/// Makes a policy ready.
pub async fn prepare(sandbox: &Sandbox, component: &[u8], parameters_json: &str) -> Policy {
    let request = PrepareRequest {
        component: component.into(),
        component_digest: Digest::of(component),
        parameters_json: parameters_json.to_owned(),
        limits: Limits::default(),
        load: LoadWhen::Now,
    };
    sandbox.prepare(request).await.unwrap()
}

/// The parameters of the repository's policy that runs the reference plugin, as JSON.
pub fn parameters_of(plugin: &str) -> String {
    let (file, text) = signalbox_plugins::policies()
        .iter()
        .find(|(file, _)| file.starts_with(plugin))
        .unwrap();
    let policy = signalbox_domain::policy_file::PolicyFile::parse(file, text).unwrap();
    policy.parameters_json()
}
