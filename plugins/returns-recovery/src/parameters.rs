//! What a policy's TOML document sets.

use returns_lawful::ForbiddenRule;
use returns_lawful::referral::{FRAUD_DESK, RETURNS_DESK};
use schemars::JsonSchema;
use serde::Deserialize;

/// Parameters of `returns-recovery`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Weight of the proceeds in the worst tenth of cases against the expected ones, in basis points: 0 goes by
    /// expectation alone, 10000 by the worst tenth alone.
    #[schemars(range(max = 10_000))]
    pub risk_aversion_bp: u32,
    /// What a day of waiting for the proceeds costs, in basis points of the proceeds. Never more than the proceeds.
    #[schemars(range(max = 10_000))]
    pub time_value_bp_per_day: u32,
    /// What storing the unit for a day costs, in minor units.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub holding_minor_per_day: i64,
    /// How far expected proceeds are off at least, in basis points of themselves. Only the confidence depends on it.
    #[schemars(range(max = 10_000))]
    pub estimate_error_bp: u32,
    /// What a disposition is worth to the house beyond its figures, or costs it.
    #[schemars(length(max = 200))]
    pub adjustments: Vec<Adjustment>,
    /// Dispositions that must not be chosen for certain units, by law or by rule of the house.
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

/// What a disposition is worth to the house beyond its figures.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Adjustment {
    /// The disposition, such as `DONATE`.
    #[schemars(length(min = 1))]
    pub disposition: String,
    /// Only for units of this category. Left out: of every category.
    #[serde(default)]
    pub category: Option<String>,
    /// Minor units added to its score; negative takes away.
    #[schemars(range(min = -1_000_000_000_000_i64, max = 1_000_000_000_000_i64))]
    pub minor: i64,
}

impl Default for Parameters {
    fn default() -> Self {
        Parameters {
            risk_aversion_bp: 2_500,
            time_value_bp_per_day: 5,
            holding_minor_per_day: 0,
            estimate_error_bp: 1_000,
            adjustments: Vec::new(),
            forbidden: Vec::new(),
            fraud_score_refer_bp: 8_000,
            hold_when_referred: true,
            fraud_desk: FRAUD_DESK.text().to_owned(),
            returns_desk: RETURNS_DESK.text().to_owned(),
        }
    }
}
