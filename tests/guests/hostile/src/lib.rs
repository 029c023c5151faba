//! A routing plugin that misbehaves as its parameters say, when it is configured or when it decides.

mod acts;

use schemars::JsonSchema;
use serde::Deserialize;
use signalbox_plugin::policy::{Answer, Run};
use signalbox_plugin::routing::*;

/// What to do wrong, and when.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// While it is configured.
    configure: Act,
    /// While it decides.
    decide: Act,
}

/// One way to misbehave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Nothing: leaves every line unassigned, which is a valid answer to most orders.
    #[default]
    Behave,
    /// Counts for ever.
    Spin,
    /// Takes memory for ever.
    Allocate,
    /// Calls itself for ever.
    Recurse,
    /// Panics.
    Panic,
    /// Panics when the seed is 13, and behaves otherwise.
    #[serde(rename = "panic-at-seed-13")]
    PanicAtSeed13,
    /// Answers with tens of megabytes.
    HugeAnswer,
    /// Answers with four billion rows that have no columns.
    EmptyRows,
    /// Answers with a directory that promises more cells than there are.
    LyingDirectory,
    /// Answers with rows that the request does not have.
    UnknownRows,
    /// Uses a word that nobody declared.
    UnknownWord,
    /// Says that it is surer than sure.
    Overconfident,
    /// Says that it is not sure.
    Unsure,
    /// Returns far too many log lines.
    LogFlood,
    /// Refuses with a message of megabytes.
    HugeError,
    /// Refuses.
    Refuse,
    /// Fills its memory with rubbish, then behaves.
    Dirty,
    /// Answers with what is left over in memory from whoever was here before.
    Snoop,
}

/// The policy.
pub struct Hostile(Parameters);

impl Run for Hostile {
    const DOMAIN: &'static str = "routing";
    const ABOUT: About = about!();

    fn parameter_schema() -> String {
        signalbox_plugin::parameters::schema::<Parameters>()
    }

    fn configure(parameters: &str) -> Result<Self, Problems> {
        let parameters: Parameters = signalbox_plugin::parameters::parse(parameters)?;
        match parameters.configure {
            Act::Behave => Ok(Hostile(parameters)),
            Act::Refuse => Err(Problems::one("configure", "expected a kinder host")),
            act => match acts::perform(act, None) {
                Ok(_) => Ok(Hostile(parameters)),
                Err(error) => Err(Problems::one("configure", error)),
            },
        }
    }

    fn decide(&self, context: &Context, narrow: &[u32], wide: &[i64]) -> Result<Answer, PolicyError> {
        let request = RoutingRequest::parse(narrow, wide)
            .map_err(|problem| PolicyError::new("BAD_REQUEST", problem))?;
        let act = match (self.0.decide, context.seed) {
            (Act::PanicAtSeed13, 13) => Act::Panic,
            (Act::PanicAtSeed13, _) => Act::Behave,
            (act, _) => act,
        };
        acts::perform(act, Some(&request))
    }
}

signalbox_plugin::export_run!(routing, Hostile);
