//! What a policy's TOML document sets: the decision table.

use returns_lawful::ForbiddenRule;
use returns_lawful::referral::{FRAUD_DESK, RETURNS_DESK};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::values::{FunctionalTest, Grade, LegalBasis, Method, Packaging, Stage};

/// Parameters of `returns-grades`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// The table. The first rule whose conditions all hold decides; the order matters.
    #[schemars(length(max = 200))]
    pub rules: Vec<Rule>,
    /// Dispositions, in order of preference, for a unit that no rule matches, or for which nothing is possible that its rule
    /// asks for. Left out: the rules must match every unit, which is checked.
    pub default: Vec<String>,
    /// Whether two rules that match a same unit must ask for the same. Then the order of the table does not matter.
    pub strict: bool,
    /// Dispositions and return reasons of the house beyond the registered ones. A word that is neither is refused as a
    /// mistake in spelling.
    #[schemars(length(max = 200))]
    pub house_words: Vec<String>,
    /// Dispositions that must not be chosen for certain units, whatever the table says.
    #[schemars(length(max = 200))]
    pub forbidden: Vec<ForbiddenRule>,
    /// From this fraud score on a person decides, in basis points. 10001 never refers by score.
    #[schemars(range(max = 10_001))]
    pub fraud_score_refer_bp: u32,
    /// Whether a unit that is referred is set aside where an option of class HELD is offered, until the person has decided.
    pub hold_when_referred: bool,
    /// Who looks at suspected fraud.
    #[schemars(length(min = 1))]
    pub fraud_desk: String,
    /// Who looks at everything else.
    #[schemars(length(min = 1))]
    pub returns_desk: String,
}

impl Default for Parameters {
    fn default() -> Self {
        Parameters {
            rules: Vec::new(),
            default: Vec::new(),
            strict: false,
            house_words: Vec::new(),
            forbidden: Vec::new(),
            fraud_score_refer_bp: 8_000,
            hold_when_referred: true,
            fraud_desk: FRAUD_DESK.text().to_owned(),
            returns_desk: RETURNS_DESK.text().to_owned(),
        }
    }
}

/// One rule of the table. A condition that is left out holds for every unit; a list holds when it names the unit's value.
///
/// Units that are referred anyway (suspected fraud, another serial number, never arrived) do not come to the table.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// What the rule is for, in words. Shown where something is wrong with it.
    pub name: Option<String>,
    /// Grades.
    pub grade: Option<Vec<Grade>>,
    /// States of the packaging.
    pub packaging: Option<Vec<Packaging>>,
    /// Results of the functional test.
    pub functional_test: Option<Vec<FunctionalTest>>,
    /// How far the return has come.
    pub stage: Option<Vec<Stage>>,
    /// How it comes back.
    pub method: Option<Vec<Method>>,
    /// On which ground it comes back.
    pub legal_basis: Option<Vec<LegalBasis>>,
    /// Categories, as the requests spell them.
    pub category: Option<Vec<String>>,
    /// The customer's reasons.
    pub return_reason: Option<Vec<String>>,
    /// Jurisdictions (ISO 3166), as the requests spell them.
    pub jurisdiction: Option<Vec<String>>,
    /// Whether parts are missing.
    pub missing_parts: Option<bool>,
    /// Whether the product is under recall.
    pub recall: Option<bool>,
    /// Whether it must not be sold again once opened.
    pub hygiene_restricted: Option<bool>,
    /// Whether it is hazardous.
    pub hazmat: Option<bool>,
    /// Whether it bears personal data.
    pub data_bearing: Option<bool>,
    /// Whether that data was wiped.
    pub data_wiped: Option<bool>,
    /// Price today, in minor units.
    pub current_price_minor: Option<Range>,
    /// Book value, in minor units.
    pub carrying_value_minor: Option<Range>,
    /// How long present stock lasts, in thousandths of a week.
    pub weeks_of_supply_milli: Option<Range>,
    /// Whole days since the sale. Does not hold for a unit whose sale is not dated.
    pub days_since_sold: Option<Range>,
    /// Fraud score in basis points. Does not hold for a unit that is not scored.
    pub fraud_score_bp: Option<Range>,
    /// What becomes of such a unit: dispositions in order of preference; the first that is offered and allowed is taken.
    /// May be left out only where `refer_to` is given.
    pub disposition: Vec<String>,
    /// The desk at which a person decides on such a unit; the disposition then says where it waits.
    pub refer_to: Option<String>,
}

/// A range of numbers, such as `{ at_least = 1000, below = 5000 }`. One of the two may be left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Range {
    /// The smallest number in it.
    pub at_least: Option<i64>,
    /// The first number beyond it.
    pub below: Option<i64>,
}
