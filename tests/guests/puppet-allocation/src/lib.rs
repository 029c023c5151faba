//! An allocation plugin that answers with the tables in its parameters: what a test wants a guest to say.

use schemars::JsonSchema;
use serde::Deserialize;
use signalbox_plugin::allocation::*;
use signalbox_plugin::contract::Tables;
use signalbox_plugin::policy::{Answer, Run};

/// What it says.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// The answers. A request gets the one whose place its seed names.
    answers: Vec<Cells>,
}

/// An answer, encoded.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cells {
    /// The narrow cells.
    narrow: Vec<u32>,
    /// The wide cells.
    wide: Vec<i64>,
}

/// The policy.
pub struct Puppet(Parameters);

impl Run for Puppet {
    const DOMAIN: &'static str = "allocation";
    const ABOUT: About = about!();

    fn parameter_schema() -> String {
        signalbox_plugin::parameters::schema::<Parameters>()
    }

    fn configure(parameters: &str) -> Result<Self, Problems> {
        signalbox_plugin::parameters::parse(parameters).map(Puppet)
    }

    fn decide(&self, context: &Context, _: &[u32], _: &[i64]) -> Result<Answer, PolicyError> {
        let place = usize::try_from(context.seed).unwrap_or(usize::MAX);
        let Some(Cells { narrow, wide }) = self.0.answers.get(place) else {
            return Err(PolicyError::new(
                "NO_ANSWER",
                format!("expected a seed below {}, found {place}", self.0.answers.len()),
            ));
        };
        Ok(Answer {
            tables: Tables {
                narrow: narrow.clone(),
                wide: wide.clone(),
            },
            log: Vec::new(),
        })
    }
}

signalbox_plugin::export_run!(allocation, Puppet);
