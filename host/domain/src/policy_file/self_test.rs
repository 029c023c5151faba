//! What a policy must answer before it is admitted.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::shape::is_file_beside;
use crate::allocation::AllocationRequest;
use crate::case::Summary;
use crate::domain::Domain;
use crate::envelope::Status;
use crate::returns::ReturnsRequest;
use crate::routing::RoutingRequest;
use crate::toml_file::{FileError, TomlFile};
use crate::word::Word;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SelfTestTable {
    name: Option<String>,
    request_file: Option<String>,
    request: Option<String>,
    #[serde(default)]
    expect: Expectation,
}

/// One request and what the answer must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfTest {
    /// Its name, for reports; `self_test[N]` when the author gave none.
    pub name: String,
    /// The request.
    pub request: SelfTestRequest,
    /// What the answer must be. With nothing in it: an answer, without fallback, that breaks no invariant.
    pub expect: Expectation,
}

/// Where a self-test's request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelfTestRequest {
    /// In a JSON file, relative to the policy file's folder.
    File(String),
    /// In the policy file: JSON that was found to be a request of the policy's domain.
    Inline(String),
}

/// What an answer must be; everything given has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expectation {
    /// How complete.
    pub status: Option<Status>,
    /// The least confidence, in basis points.
    pub min_confidence_bp: Option<u32>,
    /// Codes that must be among the reasons.
    pub reasons: Vec<Word>,
    /// Routing: exactly these nodes ship, in any order.
    pub from_nodes: Option<Vec<String>>,
    /// Routing: the most shipments.
    pub max_shipments: Option<usize>,
    /// Allocation: units that each of these demands gets.
    pub allocated: Option<BTreeMap<String, u64>>,
    /// Returns: the disposition.
    pub disposition: Option<Word>,
}

/// What an answer is, as far as expectations look at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Routing: the nodes that ship, once for each shipment.
    pub from_nodes: Vec<String>,
    /// Allocation: units by demand.
    pub allocated: BTreeMap<String, u64>,
    /// Returns: the disposition.
    pub disposition: Option<Word>,
}

impl Expectation {
    /// What does not hold, each as a sentence; nothing when all does.
    pub fn unmet(&self, summary: &Summary<'_>, observed: &Observed) -> Vec<String> {
        let mut unmet = Vec::new();
        let mut expect = |field: &str, expected: String, found: String| {
            unmet.push(format!("{field}: expected {expected}, found {found}"));
        };
        if let Some(status) = self.status.filter(|status| *status != summary.status) {
            expect("status", format!("{status:?}"), format!("{:?}", summary.status));
        }
        if let Some(min) = self.min_confidence_bp.filter(|min| summary.confidence_bp < *min) {
            expect(
                "confidence_bp",
                format!("at least {min}"),
                summary.confidence_bp.to_string(),
            );
        }
        for code in &self.reasons {
            if !summary.reasons.iter().any(|reason| reason.code == *code) {
                let codes: Vec<&str> = summary
                    .reasons
                    .iter()
                    .map(|reason| reason.code.as_str())
                    .collect();
                expect("reasons", format!("{code} among them"), format!("{codes:?}"));
            }
        }
        let set = |nodes: &[String]| nodes.iter().cloned().collect::<std::collections::BTreeSet<_>>();
        if let Some(nodes) = self
            .from_nodes
            .as_ref()
            .filter(|nodes| set(nodes) != set(&observed.from_nodes))
        {
            expect(
                "from_nodes",
                format!("{nodes:?}"),
                format!("{:?}", observed.from_nodes),
            );
        }
        if let Some(max) = self.max_shipments.filter(|max| observed.from_nodes.len() > *max) {
            expect(
                "shipments",
                format!("at most {max}"),
                observed.from_nodes.len().to_string(),
            );
        }
        for (demand, units) in self.allocated.iter().flatten() {
            let found = observed.allocated.get(demand).copied().unwrap_or_default();
            if found != *units {
                expect(
                    &format!("allocated.{demand}"),
                    units.to_string(),
                    found.to_string(),
                );
            }
        }
        if let Some(disposition) = self
            .disposition
            .as_ref()
            .filter(|word| observed.disposition.as_ref() != Some(word))
        {
            let found = observed.disposition.as_ref().map_or("none", Word::as_str);
            expect("disposition", disposition.to_string(), found.to_owned());
        }
        unmet
    }

    /// The fields given that other domains know, with those domains.
    fn of_other_domains(&self, domain: Domain) -> Option<(&'static str, Domain)> {
        let given = [
            ("from_nodes", Domain::Routing, self.from_nodes.is_some()),
            ("max_shipments", Domain::Routing, self.max_shipments.is_some()),
            ("allocated", Domain::Allocation, self.allocated.is_some()),
            ("disposition", Domain::Returns, self.disposition.is_some()),
        ];
        given
            .into_iter()
            .find(|(_, own, given)| *given && *own != domain)
            .map(|(field, own, _)| (field, own))
    }
}

pub(super) fn read(
    document: &TomlFile,
    domain: Domain,
    tables: Vec<SelfTestTable>,
) -> Result<Vec<SelfTest>, Box<FileError>> {
    let mut tests = Vec::with_capacity(tables.len());
    for (place, table) in tables.into_iter().enumerate() {
        let field = format!("self_test[{place}]");
        if let Some((name, own)) = table.expect.of_other_domains(domain) {
            let expected = format!("an expectation of a {domain} policy");
            return Err(document.problem(
                &format!("{field}.expect.{name}"),
                expected,
                format!("one of {own}"),
            ));
        }
        let request = match (table.request_file, table.request) {
            (Some(file), None) if is_file_beside(&file) && file.ends_with(".json") => {
                SelfTestRequest::File(file)
            }
            (Some(file), None) => {
                let expected = "the name of a .json file in the same folder or below it";
                return Err(document.problem(
                    &format!("{field}.request_file"),
                    expected,
                    format!("{file:?}"),
                ));
            }
            (None, Some(text)) => {
                check_request(document, &format!("{field}.request"), domain, &text)?;
                SelfTestRequest::Inline(text)
            }
            (given, _) => {
                let found = if given.is_some() { "both" } else { "neither" };
                return Err(document.problem(&field, "either `request_file` or `request`", found));
            }
        };
        let name = table.name.unwrap_or_else(|| field.clone());
        tests.push(SelfTest {
            name,
            request,
            expect: table.expect,
        });
    }
    Ok(tests)
}

/// Whether the text is a request of the domain. Its rows are checked when the test runs.
fn check_request(document: &TomlFile, field: &str, domain: Domain, text: &str) -> Result<(), Box<FileError>> {
    let problem = match domain {
        Domain::Routing => problem_of::<RoutingRequest>(text),
        Domain::Allocation => problem_of::<AllocationRequest>(text),
        Domain::Returns => problem_of::<ReturnsRequest>(text),
    };
    match problem {
        None => Ok(()),
        Some(problem) => Err(document.problem(field, format!("a {domain} request as JSON"), problem)),
    }
}

fn problem_of<R: DeserializeOwned>(text: &str) -> Option<String> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize::<_, R>(&mut reader).map_err(|error| error.to_string());
    read.and_then(|_| reader.end().map_err(|error| error.to_string()))
        .err()
}
