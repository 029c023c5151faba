//! Why a decision came out as it did, for people: what was weighed, what ruled the others out, what acted on the request,
//! and what would have had to differ for another outcome.

mod runner_up;
mod words;

use serde_json::Value;

pub use runner_up::{Change, DemandRunnerUp, NodeRunnerUp, OptionChange, OptionRunnerUp, RunnerUp};

use crate::record::{DecisionRecord, Envelope};
use crate::replay::{ReplayError, Replayer, kept};

/// Why a decision came out as it did.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What is known of the decision by type.
    pub envelope: Envelope,
    /// The answer as it was given.
    pub answer: Value,
    /// The whole story in sentences, most important first.
    pub sentences: Vec<String>,
    /// What would have had to differ for the runner-up to win; none where there is no runner-up, or where nothing of this
    /// kind makes it win.
    pub runner_up: Option<RunnerUp>,
}

/// Explains recorded decisions. Cheap to clone.
#[derive(Clone)]
pub struct Explainer {
    replayer: Replayer,
}

impl Explainer {
    /// Tries out what would have had to differ with `replayer`.
    pub fn new(replayer: Replayer) -> Explainer {
        Explainer { replayer }
    }

    /// Explains a decision. Of a policy's decision the runner-up is looked for by deciding changed requests
    /// again, a few dozen times at most.
    ///
    /// # Errors
    /// [`ReplayError`] when the record was erased or cannot be read.
    pub async fn explain(&self, record: &DecisionRecord) -> Result<Explanation, ReplayError> {
        let texts = kept(record)?;
        let answer: Value = serde_json::from_str(&texts.answer).map_err(crate::replay::unreadable)?;
        let mut sentences = words::sentences(&record.envelope, &answer);
        let runner_up = match runner_up::find(&self.replayer, record, texts, &answer).await {
            Ok(found) => found,
            Err(problem) => {
                sentences.push(format!(
                    "What would have had to differ cannot be tried out: {}.",
                    crate::error_text::chain(&problem)
                ));
                None
            }
        };
        if let Some(runner_up) = &runner_up {
            sentences.push(runner_up.sentence());
        }
        Ok(Explanation {
            envelope: record.envelope.clone(),
            answer,
            sentences,
            runner_up,
        })
    }
}
