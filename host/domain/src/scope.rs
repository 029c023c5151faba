//! Scopes: what one champion decides, and the host's settings for it.

mod freeze;
mod staleness;
mod standing_orders;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::Domain;
use crate::envelope::Selectors;
use crate::names::is_kebab_name;
use crate::rollout::{OutOfBounds, WHOLE_BP};
use crate::time::{DAY_MS, Timestamp};

pub use freeze::Freeze;
pub use staleness::{StaleAction, Staleness};
pub use standing_orders::{CanaryOrders, ProofOrders, ShadowOrders, StandingOrders, Weakness};

/// What the host does with an answer whose confidence is too low.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConfidenceAction {
    /// Answers all the same; the caller sees the confidence.
    #[default]
    Answer,
    /// Lets the next one in the fallback chain answer.
    Fallback,
}

/// When an answer's confidence is too low.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LowConfidence {
    /// The least confidence, in basis points.
    pub min_confidence_bp: u32,
    /// What happens below it.
    #[serde(default)]
    pub action: ConfidenceAction,
}

/// A domain, or a part of it, with the settings that its operators chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Its name: lower-case letters, digits and hyphens, at most 64.
    pub name: String,
    /// What is decided.
    pub domain: Domain,
    /// What narrows it; nothing for the whole domain.
    #[serde(default)]
    pub selectors: Selectors,
    /// Whether an admitted version may go live without a release.
    #[serde(default)]
    pub immediate: bool,
    /// What happens with answers of low confidence; they are given all the same when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_low_confidence: Option<LowConfidence>,
    /// What happens with answers that rest on old facts; nothing when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<staleness::Flat>)]
    pub staleness: Option<Staleness>,
    /// The name of its cost book; the default book when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_book: Option<String>,
    /// The time in which a request that names none is answered, in milliseconds.
    #[serde(default = "default_deadline_ms")]
    pub default_deadline_ms: u32,
    /// Decisions in a year: turns amounts a decision into amounts a year. Amounts a year bound nothing when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decisions_per_year: Option<u64>,
    /// How many days after a decision what happens still counts as its outcome, 1 to 366; 30, for returns 90, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution_days: Option<u32>,
    /// What every rollout plan has to ask for at least.
    #[serde(default)]
    pub standing_orders: StandingOrders,
    /// After how many hours it is told, and told again, that evidence waits for approval; 0 for never.
    #[serde(default = "default_escalate_after_hours")]
    pub escalate_after_hours: u32,
    /// When nothing new is promoted: `[[scope.freeze]]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freeze: Vec<Freeze>,
}

/// The time in which a request is answered when neither it nor its scope says, in milliseconds.
pub const DEFAULT_DEADLINE_MS: u32 = 200;

fn default_deadline_ms() -> u32 {
    DEFAULT_DEADLINE_MS
}

/// After how many hours it is told that evidence waits for approval when its scope does not say.
pub const DEFAULT_ESCALATE_AFTER_HOURS: u32 = 24;

fn default_escalate_after_hours() -> u32 {
    DEFAULT_ESCALATE_AFTER_HOURS
}

/// The days of a cohort that is closed, as the business figures have it.
const fn default_attribution_days(domain: Domain) -> u32 {
    match domain {
        Domain::Routing | Domain::Allocation => 30,
        Domain::Returns => 90,
    }
}

/// Scopes that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// A name that is none.
    #[error("scope {0:?}: expected a name of lower-case letters, digits and hyphens, at most 64")]
    Name(String),
    /// Two scopes of one name.
    #[error("scope `{0}`: declared twice; names are unique over all domains")]
    Twice(String),
    /// Two scopes that can both match a request and are equally specific.
    #[error(
        "scopes `{first}` and `{second}` overlap: a {domain} request can match both and neither is more specific; add a \
         selector to one of them"
    )]
    Overlap {
        /// The one declared first.
        first: String,
        /// The other.
        second: String,
        /// Their domain.
        domain: Domain,
    },
    /// A setting out of bounds.
    #[error("scope `{scope}`: {field}: expected {expected}, found {found}")]
    Setting {
        /// The scope.
        scope: String,
        /// The field.
        field: String,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
}

impl ScopeError {
    /// The scope that the error is about; of two, the one declared later.
    pub fn scope(&self) -> &str {
        match self {
            ScopeError::Name(name) | ScopeError::Twice(name) => name,
            ScopeError::Overlap { second, .. } => second,
            ScopeError::Setting { scope, .. } => scope,
        }
    }
}

impl Scope {
    /// The whole domain with default settings, under the domain's name.
    pub fn whole(domain: Domain) -> Scope {
        Scope {
            name: domain.as_str().to_owned(),
            domain,
            selectors: Selectors::default(),
            immediate: false,
            on_low_confidence: None,
            staleness: None,
            cost_book: None,
            default_deadline_ms: DEFAULT_DEADLINE_MS,
            escalate_after_hours: DEFAULT_ESCALATE_AFTER_HOURS,
            decisions_per_year: None,
            attribution_days: None,
            standing_orders: StandingOrders::default(),
            freeze: Vec::new(),
        }
    }

    /// How long after a decision what happens still counts as its outcome, in milliseconds.
    pub fn attribution_ms(&self) -> i64 {
        let days = self
            .attribution_days
            .unwrap_or_else(|| default_attribution_days(self.domain));
        i64::from(days).saturating_mul(DAY_MS)
    }

    /// Whether a request with these selectors belongs here: every selector of the scope has the request's value.
    pub fn matches(&self, request: &Selectors) -> bool {
        pairs(&self.selectors, request)
            .into_iter()
            .all(|(own, given)| own.is_none() || own == given)
    }

    /// How many selectors it has: more is more specific.
    pub fn specificity(&self) -> usize {
        pairs(&self.selectors, &self.selectors)
            .into_iter()
            .filter(|(own, _)| own.is_some())
            .count()
    }

    /// The freeze that forbids promotions at `now`; of several the one that lasts longest.
    pub fn frozen(&self, now: Timestamp) -> Option<&Freeze> {
        let covering = self.freeze.iter().filter(|freeze| freeze.covers(now));
        covering.max_by_key(|freeze| freeze.to)
    }

    /// Whether some request can match both.
    fn can_meet(&self, other: &Scope) -> bool {
        let apart =
            |(left, right): (Option<&str>, Option<&str>)| left.is_some() && right.is_some() && left != right;
        self.domain == other.domain && !pairs(&self.selectors, &other.selectors).into_iter().any(apart)
    }

    fn check(&self) -> Result<(), ScopeError> {
        if !is_kebab_name(&self.name) {
            return Err(ScopeError::Name(self.name.chars().take(80).collect()));
        }
        self.check_settings().map_err(|problem| ScopeError::Setting {
            scope: self.name.clone(),
            field: problem.field,
            expected: problem.expected,
            found: problem.found,
        })
    }

    fn check_settings(&self) -> Result<(), OutOfBounds> {
        let low = self.on_low_confidence.map(|low| low.min_confidence_bp);
        let stale = self.staleness.and_then(|staleness| match staleness.action {
            StaleAction::LowerConfidence { by_bp } => Some(by_bp),
            StaleAction::Fallback => None,
        });
        let share = "basis points from 0 to 10000";
        let deadline = Some(self.default_deadline_ms);
        let hours = Some(self.escalate_after_hours);
        for (field, expected, found, allowed) in [
            ("on_low_confidence.min_confidence_bp", share, low, 0..=WHOLE_BP),
            ("staleness.by_bp", share, stale, 0..=WHOLE_BP),
            ("default_deadline_ms", "1 to 60000", deadline, 1..=60_000),
            ("attribution_days", "1 to 366", self.attribution_days, 1..=366),
            ("escalate_after_hours", "0 to 8760", hours, 0..=8_760),
        ] {
            if let Some(found) = found.filter(|found| !allowed.contains(found)) {
                return Err(OutOfBounds {
                    field: field.to_owned(),
                    expected: expected.to_owned(),
                    found: found.to_string(),
                });
            }
        }
        self.standing_orders.check()?;
        self.standing_orders.check_units(self.domain)?;
        freeze::check(&self.freeze)
    }
}

/// The selectors of two sides beside each other.
fn pairs<'a>(left: &'a Selectors, right: &'a Selectors) -> [(Option<&'a str>, Option<&'a str>); 3] {
    let text = |word: &'a Option<crate::Word>| word.as_ref().map(crate::Word::as_str);
    [
        (text(&left.business_unit), text(&right.business_unit)),
        (text(&left.channel), text(&right.channel)),
        (text(&left.country), text(&right.country)),
    ]
}

/// Every scope of a host, free of overlaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scopes {
    list: Vec<Scope>,
}

impl Scopes {
    /// Checks the declared scopes. A domain without any gets one for the whole domain. When nothing at all is declared,
    /// these allow `immediate`: such a host is one that tries things out.
    ///
    /// # Errors
    /// [`ScopeError`] for the first scope that cannot be used.
    pub fn new(declared: Vec<Scope>) -> Result<Scopes, ScopeError> {
        let nothing_declared = declared.is_empty();
        let mut list: Vec<Scope> = Vec::with_capacity(declared.len().saturating_add(3));
        for scope in declared {
            scope.check()?;
            if list.iter().any(|known| known.name == scope.name) {
                return Err(ScopeError::Twice(scope.name));
            }
            let equal = |known: &&Scope| known.specificity() == scope.specificity() && known.can_meet(&scope);
            if let Some(known) = list.iter().find(equal) {
                return Err(ScopeError::Overlap {
                    first: known.name.clone(),
                    second: scope.name.clone(),
                    domain: scope.domain,
                });
            }
            list.push(scope);
        }
        for domain in Domain::ALL {
            if !list.iter().any(|scope| scope.domain == domain) {
                let whole = Scope {
                    immediate: nothing_declared,
                    ..Scope::whole(domain)
                };
                if list.iter().any(|known| known.name == whole.name) {
                    return Err(ScopeError::Twice(whole.name));
                }
                list.push(whole);
            }
        }
        Ok(Scopes { list })
    }

    /// Every scope, declared ones first.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.list.iter()
    }

    /// The scope of that name.
    pub fn by_name(&self, name: &str) -> Option<&Scope> {
        self.list.iter().find(|scope| scope.name == name)
    }

    /// The most specific scope that a request belongs to; none when only narrower ones are declared for its domain.
    pub fn resolve(&self, domain: Domain, request: &Selectors) -> Option<&Scope> {
        let matching = self
            .list
            .iter()
            .filter(|scope| scope.domain == domain && scope.matches(request));
        // Equally specific ones that can both match were refused.
        matching.max_by_key(|scope| scope.specificity())
    }
}

impl IntoIterator for Scopes {
    type Item = Scope;
    type IntoIter = std::vec::IntoIter<Scope>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

#[cfg(test)]
mod tests;
