//! What the policy must do, run natively through the contract's encoding.

mod decisions;
mod tables;

use signalbox_plugin::returns::RunReturns;
use signalbox_plugin::testing;

use crate::ReturnsGrades;

/// The parameters of a TOML text, as the host hands them over.
fn json(toml: &str) -> String {
    let value: serde_json::Value = toml::from_str(toml).unwrap();
    value.to_string()
}

fn policy(toml: &str) -> RunReturns<ReturnsGrades> {
    testing::configure(&json(toml)).unwrap()
}

/// What is wrong with a TOML text: path and message of each problem.
fn problems(toml: &str) -> Vec<(String, String)> {
    let Err(problems) = testing::configure::<RunReturns<ReturnsGrades>>(&json(toml)) else {
        return Vec::new();
    };
    let told = problems.as_slice().iter();
    told.map(|problem| (problem.path.clone(), problem.message.clone()))
        .collect()
}
