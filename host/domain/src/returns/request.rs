//! What a caller asks when an item comes back. One unit per request.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Domain;
use crate::envelope::{Envelope, EnvelopeView, Incumbent, NetworkSnapshot, Selectors, decision_request};
use crate::money::Minor;
use crate::returns::decision::ReturnsAnswer;
use crate::time::Timestamp;
use crate::word::Word;

decision_request! {
    /// What becomes of this returned item.
    ReturnsRequest for Returns, answered by ReturnsAnswer {
        /// The item.
        #[serde(rename = "return")]
        item: ReturnItem,
        /// What is possible; the policy chooses among these.
        options: Vec<ReturnOption>,
        /// Which state of capacities and prices this is.
        #[serde(default)]
        snapshot: NetworkSnapshot,
    }
}

impl Envelope for ReturnsRequest {
    const DOMAIN: Domain = Domain::Returns;

    fn envelope(&self) -> EnvelopeView<'_> {
        self.envelope_view()
    }

    fn units(&self) -> Vec<&str> {
        vec![&self.item.rma_id]
    }

    fn selectors(&self) -> Selectors {
        self.selectors.clone()
    }
}

/// How far the item has come.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReturnStage {
    /// The customer still has it.
    #[default]
    PreReceipt,
    /// Handed over in a store.
    Store,
    /// Arrived at a dock.
    Dock,
    /// Looked at and graded.
    Inspected,
}

/// How the item comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReturnMethod {
    /// Over the counter.
    Store,
    /// By mail.
    #[default]
    Mail,
    /// From a locker.
    Locker,
    /// Collected from the customer.
    Pickup,
}

/// On what ground it may come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LegalBasis {
    /// The legal right to withdraw.
    #[default]
    Withdrawal,
    /// It is not what was sold.
    NonConformity,
    /// The manufacturer's or retailer's warranty.
    Warranty,
    /// The retailer's kindness.
    Goodwill,
}

/// The state of the packaging.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Packaging {
    /// Never opened.
    Sealed,
    /// Opened; also what is assumed when nobody has looked.
    #[default]
    Opened,
    /// Damaged.
    Damaged,
    /// Not there.
    Missing,
}

/// Whether it works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FunctionalTest {
    /// It works.
    Pass,
    /// It does not.
    Fail,
    /// Nobody has tried.
    #[default]
    NotTested,
}

/// Whether the serial number is the one that was sold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SerialMatch {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// The item has none, or nobody has looked.
    #[default]
    NotApplicable,
}

/// Condition, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum Grade {
    /// As new.
    A,
    /// Light traces of use.
    B,
    /// Clear traces of use.
    C,
    /// Damaged, repairable.
    D,
    /// Beyond repair.
    E,
}

/// What is known about abuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fraud {
    /// How likely, in basis points.
    #[serde(default)]
    pub score_bp: u32,
    /// Whether a person is looking at it.
    #[serde(default)]
    pub review: bool,
}

/// The returned item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnItem {
    /// The return authorisation.
    pub rma_id: String,
    /// Its line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_id: Option<String>,
    /// The SKU.
    pub sku: String,
    /// The article's GTIN, 8 to 14 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gtin: Option<Word>,
    /// The category (APPAREL, FOOTWEAR, ELECTRONICS, ...).
    pub category: Word,
    /// When it was sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sold_at: Option<Timestamp>,
    /// When it came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<Timestamp>,
    /// How far it has come.
    #[serde(default)]
    pub stage: ReturnStage,
    /// How it comes back.
    #[serde(default)]
    pub method: ReturnMethod,
    /// Where it is, or where it will be received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// Whose law holds: ISO 3166-1 alpha-2 or 3166-2.
    pub jurisdiction: Word,
    /// On what ground it may come back.
    #[serde(default)]
    pub legal_basis: LegalBasis,
    /// When the customer's right to return ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_ends_at: Option<Timestamp>,
    /// Why it comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_reason: Option<Word>,
    /// Its condition; none when nobody has graded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<Grade>,
    /// The state of the packaging.
    #[serde(default)]
    pub packaging: Packaging,
    /// Whether it works.
    #[serde(default)]
    pub functional_test: FunctionalTest,
    /// Whether parts are missing.
    #[serde(default)]
    pub missing_parts: bool,
    /// Whether the serial number is the one that was sold.
    #[serde(default)]
    pub serial_match: SerialMatch,
    /// Whether the parcel came without it.
    #[serde(default)]
    pub not_received: bool,
    /// Whether the product is recalled.
    #[serde(default)]
    pub recall: bool,
    /// Whether hygiene forbids selling it once opened.
    #[serde(default)]
    pub hygiene_restricted: bool,
    /// Whether it is dangerous goods.
    #[serde(default)]
    pub hazmat: bool,
    /// Whether it can hold a person's data.
    #[serde(default)]
    pub data_bearing: bool,
    /// Whether that data is gone.
    #[serde(default)]
    pub data_wiped: bool,
    /// When the item expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What it stands in the books for, in minor units.
    #[serde(default)]
    pub carrying_value_minor: Minor,
    /// What it sells for now, in minor units.
    #[serde(default)]
    pub current_price_minor: Minor,
    /// How long present stock lasts, in thousandths of a week.
    #[serde(default)]
    pub weeks_of_supply_milli: u32,
    /// What is known about abuse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fraud: Option<Fraud>,
}

/// Something that may be done with the item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnOption {
    /// What is done.
    pub disposition: Word,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_node: Option<String>,
    /// Units that can still be handled there; no limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_left: Option<u32>,
    /// Days until the proceeds come in.
    #[serde(default)]
    pub days: u32,
    /// What handling costs, in minor units.
    #[serde(default)]
    pub handling_minor: Minor,
    /// What transport costs, in minor units.
    #[serde(default)]
    pub transport_minor: Minor,
    /// Expected proceeds, in minor units.
    #[serde(default)]
    pub proceeds_minor: Minor,
    /// Proceeds that are exceeded in 90 % of cases, in minor units; `proceeds_minor` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proceeds_p10_minor: Option<Minor>,
    /// Units that an agreement still allows; no limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota_left: Option<u32>,
    /// When the option ends; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_ends_at: Option<Timestamp>,
}
