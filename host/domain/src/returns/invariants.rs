//! What must hold for every returns decision.

mod figures;
mod lawful;

use crate::invariant::{Violation, run, table};
use crate::returns::case::{CaseOption, ReturnsCase};
use crate::returns::decision::ReturnsDecision;
use crate::returns::request::ReturnOption;

pub(crate) use figures::status_of;

table! {
    Facts;
    "ids_known": "every option that the decision names is in the request" => figures::ids_known,
    "decided": "an option is chosen or a person has to decide" => figures::decided,
    "window": "the option has not ended" => lawful::window,
    "quota": "the option's agreement still allows a unit" => lawful::quota,
    "capacity": "the destination can still handle a unit" => lawful::capacity,
    "node_open": "the destination is not switched off" => lawful::node_open,
    "not_received": "what never arrived is held or stays with the customer" => lawful::not_received,
    "serial": "an item with another serial number is held or goes back" => lawful::serial,
    "recall": "a recalled item goes to no user" => lawful::recall,
    "expired": "an item that will have expired goes to no other user" => lawful::expired,
    "hygiene": "a hygiene-restricted item goes to another user only sealed" => lawful::hygiene,
    "data": "an item that can hold data leaves only wiped" => lawful::data,
    "jurisdiction": "the option is not forbidden where the item is" => lawful::jurisdiction,
    "recovery": "the expected recovery is what the option's figures allow" => figures::recovery,
    "figures": "confidence is a share, the status is what the decision says" => figures::figures,
}

/// What the checks look at.
pub(crate) struct Facts<'a> {
    pub case: &'a ReturnsCase,
    pub decision: &'a ReturnsDecision,
}

impl<'a> Facts<'a> {
    /// The chosen option.
    fn chosen(&self) -> Option<(&'a ReturnOption, &'a CaseOption)> {
        self.case.option(self.decision.option?)
    }
}

/// Every invariant that the decision breaks.
pub fn check(case: &ReturnsCase, decision: &ReturnsDecision) -> Vec<Violation> {
    run(&table(), &Facts { case, decision })
}

/// The first invariant that forbids the option, whatever else a decision says; none when it may be chosen.
pub fn ruled_out(case: &ReturnsCase, option: u32) -> Option<&'static str> {
    let Some((given, known)) = case.option(option) else {
        return Some("ids_known");
    };
    let rules = lawful::RULES
        .iter()
        .find(|rule| (rule.breaks)(case, given, known).is_some());
    rules.map(|rule| rule.name)
}

#[cfg(test)]
mod tests;
