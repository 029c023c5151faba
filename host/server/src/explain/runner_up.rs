//! What would have had to differ for the runner-up to win, found by trying it: the request is changed, the same version
//! decides it again, and only a change that makes the runner-up win is told. Amounts are found by bisection: policies may weigh
//! as they like, as long as more of what is changed is never worse.

mod demand;
mod node;
mod option;

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;
use signalbox_domain::Domain;
use signalbox_domain::envelope::AnsweredBy;

pub use demand::DemandRunnerUp;
pub use node::{Change, NodeRunnerUp};
pub use option::{OptionChange, OptionRunnerUp};

use crate::decide::Decidable;
use crate::record::{DecisionRecord, Texts};
use crate::replay::{self, ReplayError, Replayer, decide};
use crate::snapshot::LivePolicy;

/// Who nearly won, and what it would have taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunnerUp {
    /// Routing: a node.
    Node(NodeRunnerUp),
    /// Returns: an option.
    Option(OptionRunnerUp),
    /// Allocation: a demand that went short.
    Demand(DemandRunnerUp),
}

impl RunnerUp {
    /// The same for people.
    pub fn sentence(&self) -> String {
        match self {
            RunnerUp::Node(node) => node.sentence(),
            RunnerUp::Option(option) => option.sentence(),
            RunnerUp::Demand(demand) => demand.sentence(),
        }
    }
}

/// Finds the runner-up of a decision that a policy made.
///
/// # Errors
/// [`ReplayError`] when the decision cannot be made again.
pub async fn find(
    replayer: &Replayer,
    record: &DecisionRecord,
    texts: &Texts,
    answer: &Value,
) -> Result<Option<RunnerUp>, ReplayError> {
    if record.envelope.answered_by == AnsweredBy::BuiltIn {
        return Ok(None);
    }
    let Some(live) = replayer.version(&record.envelope, None).await? else {
        return Ok(None);
    };
    let retry = Retry {
        replayer,
        record,
        live,
    };
    let decision = answer.get("decision").unwrap_or(&Value::Null);
    Ok(match record.envelope.domain {
        Domain::Routing => {
            let found = node::find(&retry, request(texts)?, &read(decision)?).await?;
            found.map(RunnerUp::Node)
        }
        Domain::Returns => {
            let found = option::find(&retry, request(texts)?, &read(decision)?).await?;
            found.map(RunnerUp::Option)
        }
        Domain::Allocation => {
            let found = demand::find(&retry, request(texts)?, &read(decision)?).await?;
            found.map(RunnerUp::Demand)
        }
    })
}

fn request<T: DeserializeOwned>(texts: &Texts) -> Result<T, ReplayError> {
    serde_json::from_str(&texts.request).map_err(replay::unreadable)
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, ReplayError> {
    T::deserialize(value).map_err(replay::unreadable)
}

/// Decides changed requests with the version that decided.
struct Retry<'a> {
    replayer: &'a Replayer,
    record: &'a DecisionRecord,
    live: Arc<LivePolicy>,
}

impl Retry<'_> {
    async fn decide<C: Decidable>(&self, request: C::Request) -> Result<C::Decision, ReplayError> {
        let again = self.replayer.rebuilt::<C>(&self.record.envelope, request)?;
        decide(&self.live, &again).await
    }
}

/// Looks for the least amount that is enough, given one that is.
struct Bisection {
    /// Not enough.
    below: i64,
    /// Enough.
    enough: i64,
}

impl Bisection {
    /// Nothing is not enough, `enough` is.
    fn up_to(enough: i64) -> Bisection {
        Bisection { below: 0, enough }
    }

    /// What is to be tried next; none when the least amount is found.
    fn next(&self) -> Option<i64> {
        let distance = self.enough.saturating_sub(self.below);
        (distance > 1).then(|| self.below.saturating_add(distance / 2))
    }

    fn tried(&mut self, amount: i64, is_enough: bool) {
        match is_enough {
            true => self.enough = amount,
            false => self.below = amount,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bisection_finds_the_least_that_is_enough(least in 1i64..1_000_000, more in 0i64..1_000_000) {
            let mut bisection = Bisection::up_to(least + more);
            let mut tries = 0;
            while let Some(amount) = bisection.next() {
                bisection.tried(amount, amount >= least);
                tries += 1;
            }
            prop_assert_eq!(bisection.enough, least);
            prop_assert!(tries <= 21);
        }
    }
}
