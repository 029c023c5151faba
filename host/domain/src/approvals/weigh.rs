//! Which approvals count now, and what is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::bound::{Bound, BoundTo, Difference};
use super::matching::assign;
use super::register::{Ended, EndedBy, Given, Register, Standing};
use super::same_person;
use crate::digest::Digest;
use crate::identity::{Directory, Function};
use crate::release::Release;
use crate::rollout::Approvals;
use crate::time::Timestamp;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who has to agree.
    pub asked: &'a Approvals,
    /// The release.
    pub release: &'a Release,
    /// The digest of its scope's cost book now.
    pub cost_book: Digest,
    /// The time.
    pub now: Timestamp,
}

/// The answer: what counts and what is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weighed {
    /// Whether everybody agreed who has to.
    pub met: bool,
    /// How many people are missing.
    pub missing_people: u32,
    /// The functions for which nobody is left to speak who does not speak for another one already.
    pub missing_functions: BTreeSet<Function>,
    /// What counts.
    pub counted: Vec<Counted>,
    /// What does not, and why.
    pub not_counted: Vec<NotCounted>,
}

/// An approval that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Its name.
    pub approval_id: String,
    /// Who agreed.
    pub approver: String,
    /// The asked function that they speak for; none when they are there as one more person.
    pub speaks_for: Option<Function>,
}

/// An approval that does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotCounted {
    /// Its name.
    pub approval_id: String,
    /// Who agreed.
    pub approver: String,
    /// Why not.
    pub why: Why,
}

/// Why an approval does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It ended.
    Ended(Ended),
    /// It is bound to something else than what is there now.
    Bound(Difference),
    /// No evidence is frozen.
    NoEvidence,
    /// Its time is over.
    Expired(Timestamp),
    /// The author agreed, or somebody for them.
    Author,
    /// The key that signed it was revoked.
    KeyRevoked(Digest),
    /// The delegation that it rests on is not known, was taken back, or was not in force when it was given.
    Delegation(String),
    /// Nobody whom it rests on speaks for any of its functions any more.
    NoFunction,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Ended(Ended { at, by, .. }) => match by {
                EndedBy::Withdrawal => write!(f, "taken back at {at}"),
                EndedBy::Dissent => write!(f, "the approver dissents since {at}"),
                EndedBy::Removal => write!(f, "the approver was removed at {at}"),
            },
            Why::Bound(Difference {
                what: BoundTo::Evidence,
                found,
                ..
            }) => write!(f, "given on other evidence ({found})"),
            Why::Bound(difference) => difference.fmt(f),
            Why::NoEvidence => f.write_str("no evidence is frozen"),
            Why::Expired(at) => write!(f, "expired at {at}"),
            Why::Author => f.write_str("an author never approves, nor does anybody for them"),
            Why::KeyRevoked(key) => write!(f, "the key {key} was revoked"),
            Why::Delegation(id) => write!(
                f,
                "the delegation {id} was taken back, or was not in force when it was given"
            ),
            Why::NoFunction => f.write_str("the role that it rests on is gone"),
        }
    }
}

/// Weighs what was given: distinct people, none of them the author, nobody for two functions, only what is bound to what
/// is there now, has not expired and was not taken back, and only from those who hold the role now.
pub fn weigh(question: &Question<'_>, register: &Register, directory: &Directory) -> Weighed {
    let release = question.release;
    let given = register.given(release.scope(), release.version());
    let bound = given.bound(release, question.cost_book);
    let world = World {
        question,
        register,
        directory,
        bound,
    };
    world.weigh(&given)
}

struct World<'a> {
    question: &'a Question<'a>,
    register: &'a Register,
    directory: &'a Directory,
    bound: Option<Bound>,
}

impl World<'_> {
    fn weigh(&self, given: &Given) -> Weighed {
        let mut weighed = Weighed::default();
        let mut counting: Vec<&Standing> = Vec::new();
        // By name in one case, so that one person is one.
        let mut names: Vec<(String, BTreeSet<Function>)> = Vec::new();
        for standing in &given.approvals {
            match self.functions(standing) {
                Ok(functions) => {
                    counting.push(standing);
                    let name = standing.approval.approver.to_ascii_lowercase();
                    match names.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, known)) => known.extend(functions),
                        None => names.push((name, functions)),
                    }
                }
                Err(why) => weighed.not_counted.push(NotCounted {
                    approval_id: standing.approval_id.clone(),
                    approver: standing.approval.approver.clone(),
                    why,
                }),
            }
        }
        let people: BTreeMap<&str, BTreeSet<Function>> = names
            .iter()
            .map(|(name, functions)| (name.as_str(), functions.clone()))
            .collect();
        let asked = self.question.asked;
        let speakers = assign(&asked.functions, &people);
        weighed.missing_functions = asked
            .functions
            .iter()
            .filter(|function| !speakers.contains_key(*function))
            .copied()
            .collect();
        let count = u32::try_from(people.len()).unwrap_or(u32::MAX);
        weighed.missing_people = asked.count.saturating_sub(count);
        weighed.met = weighed.missing_functions.is_empty() && weighed.missing_people == 0;
        weighed.counted = counting
            .into_iter()
            .map(|standing| {
                let approver = &standing.approval.approver;
                let speaks_for = speakers.iter().find(|(_, name)| same_person(name, approver));
                Counted {
                    approval_id: standing.approval_id.clone(),
                    approver: approver.clone(),
                    speaks_for: speaks_for.map(|(function, _)| *function),
                }
            })
            .collect();
        weighed
    }

    /// The functions for which an approval speaks now.
    fn functions(&self, standing: &Standing) -> Result<BTreeSet<Function>, Why> {
        let approval = &standing.approval;
        if let Some(ended) = &standing.ended {
            return Err(Why::Ended(ended.clone()));
        }
        let bound = self.bound.as_ref().ok_or(Why::NoEvidence)?;
        if let Some(difference) = approval.bound.difference(bound) {
            return Err(Why::Bound(difference));
        }
        if self.question.now >= approval.expires_at {
            return Err(Why::Expired(approval.expires_at));
        }
        let author = self.question.release.author();
        if same_person(&approval.approver, author) {
            return Err(Why::Author);
        }
        let key = self.register.keys().get(&standing.key_id);
        if key.is_none_or(|key| key.revoked_at.is_some()) {
            return Err(Why::KeyRevoked(standing.key_id));
        }
        let held = match &approval.delegation_id {
            None => self.held(&approval.approver),
            Some(id) => self.lent(standing, id)?,
        };
        let functions: BTreeSet<Function> = approval.functions.intersection(&held).copied().collect();
        if functions.is_empty() {
            return Err(Why::NoFunction);
        }
        Ok(functions)
    }

    fn held(&self, name: &str) -> BTreeSet<Function> {
        let principal = self.directory.principals().get(name);
        principal.map_or_else(BTreeSet::new, |principal| {
            principal.functions_in(self.question.release.scope())
        })
    }

    /// What a delegation lends: an approval that was given while it was in force outlasts its date, but not its being
    /// taken back.
    fn lent(&self, standing: &Standing, id: &str) -> Result<BTreeSet<Function>, Why> {
        let not_there = || Why::Delegation(id.to_owned());
        let release = self.question.release;
        let delegated = self.register.delegations().get(id).ok_or_else(not_there)?;
        let delegation = &delegated.delegation;
        let is_theirs = delegation.to == standing.approval.approver
            && delegation.covers(release.scope(), release.version());
        let was_in_force = delegated.in_force(standing.approval.given_at);
        if !is_theirs || delegated.revoked_at.is_some() || !was_in_force {
            return Err(not_there());
        }
        if same_person(&delegation.from, release.author()) {
            return Err(Why::Author);
        }
        // Who lends has to hold it still, and who borrows to be an approver still.
        if self.held(&standing.approval.approver).is_empty() {
            return Err(Why::NoFunction);
        }
        let held = self.held(&delegation.from);
        Ok(delegation.functions.intersection(&held).copied().collect())
    }
}
