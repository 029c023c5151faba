//! The parameters: how much each term counts, and what the things are worth that have no price of their own.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use signalbox_plugin::Problems;

/// Highest weight, percent.
const WEIGHT_MAX: u32 = 10_000;
/// Highest price, minor units.
const PRICE_MAX: u32 = 1_000_000_000;
/// Most regions with weights of their own.
const REGIONS_MAX: usize = 100;

/// A weighted sum of costs and risks; the plan with the lowest total wins among those that leave the fewest pieces
/// unassigned.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How much each term counts.
    pub weights: Weights,
    /// What things are worth.
    pub prices: Prices,
    /// What is different for orders to a region, by its ISO 3166-2 code, such as `BR-RJ`. An order counts as one to a region
    /// when the destinations of all its delivery groups are in it.
    #[schemars(extend("maxProperties" = 100, "propertyNames" = { "pattern": "^[A-Z]{2}-[A-Z0-9]{1,3}$" }))]
    pub regions: BTreeMap<String, Region>,
    /// How long is searched, and how much is explained.
    pub limits: Limits,
    /// Whether nodes that already failed for this order may be tried again.
    pub use_tried_nodes: bool,
}

/// What is different for orders to a region.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Region {
    /// How much terms count there. Those that are not named count as they do everywhere.
    pub weights: RegionWeights,
}

macro_rules! weights {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// How much each term counts, in percent: 100 as it is priced, 0 not at all.
        #[derive(Clone, Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct Weights {
            $($(#[$doc])* #[schemars(range(max = 10000))] pub $name: u32,)+
        }

        impl Default for Weights {
            fn default() -> Self {
                Weights { $($name: 100,)+ }
            }
        }

        impl Weights {
            fn each(&self) -> impl Iterator<Item = (&'static str, u32)> {
                [$((concat!("weights.", stringify!($name)), self.$name),)+].into_iter()
            }
        }

        /// How much terms count for orders to a region, in percent; those that are not named count as they do everywhere.
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct RegionWeights {
            $($(#[$doc])* #[schemars(range(max = 10000))] pub $name: Option<u32>,)+
        }

        impl RegionWeights {
            fn each(&self) -> impl Iterator<Item = (&'static str, u32)> {
                let all = [$((concat!("weights.", stringify!($name)), self.$name),)+];
                all.into_iter().filter_map(|(path, weight)| Some((path, weight?)))
            }

            /// All weights of the region, given those that count everywhere.
            pub(crate) fn over(&self, everywhere: &Weights) -> Weights {
                Weights { $($name: self.$name.unwrap_or(everywhere.$name),)+ }
            }
        }
    };
}

weights! {
    /// Carriage, by the lanes' tariffs, duty and tax included.
    shipping,
    /// Handling: the nodes' rates for shipments, lines and pieces, and labour minutes.
    processing,
    /// Each shipment beyond the first of its delivery group.
    split,
    /// Expected days after the promise, of each delivery group's latest shipment, and the order's own penalty.
    lateness,
    /// How full the capacity windows are that a shipment counts in.
    capacity,
    /// Pieces that the node will miss for its own sales.
    stockout_avoidance,
    /// A gain: pieces sold that would otherwise end in a markdown.
    markdown_avoidance,
    /// Stock counts that may be wrong.
    inventory_confidence,
    /// Shipments that the node may reject.
    rejection_risk,
    /// Shipments that the carrier may deliver late, each on its own.
    carrier_reliability,
    /// Distance travelled.
    distance,
    /// Emissions of parcels.
    carbon,
    /// Days on the way, for the customers named in `prices.tier_day_minor`.
    customer_tier,
    /// What pieces cost at their node beyond what the line says, and substituted pieces.
    margin,
}

macro_rules! prices {
    ($($(#[$doc:meta])* $name:ident = $default:literal to $max:literal,)+) => {
        /// What things are worth, in minor units of the request's currency unless a name says otherwise.
        #[derive(Clone, Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct Prices {
            $($(#[$doc])* #[schemars(range(max = $max))] pub $name: u32,)+
            /// A day until delivery, by customer tier, such as `{ GOLD = 150 }`. Tiers that are not named count nothing.
            pub tier_day_minor: BTreeMap<String, u32>,
        }

        impl Default for Prices {
            fn default() -> Self {
                Prices { $($name: $default,)+ tier_day_minor: BTreeMap::new() }
            }
        }

        impl Prices {
            fn each(&self) -> impl Iterator<Item = (&'static str, u32, u32)> {
                [$((concat!("prices.", stringify!($name)), self.$name, $max),)+].into_iter()
            }
        }
    };
}

prices! {
    /// A delivery group that arrives a day late, for each day.
    late_day_minor = 300 to 1_000_000_000,
    /// Each shipment beyond the first of a delivery group.
    split_minor = 250 to 1_000_000_000,
    /// A minute of labour.
    labour_minute_minor = 40 to 1_000_000_000,
    /// A shipment in a capacity window that is already full; in proportion when it is not.
    full_window_minor = 50 to 1_000_000_000,
    /// A piece taken from stock that its node will miss.
    stock_risk_unit_minor = 100 to 1_000_000_000,
    /// How many days of its own sales a node should keep.
    stock_cover_days = 7 to 3_650,
    /// Share of its cost that a piece loses in a markdown, in basis points.
    markdown_loss_bp = 3_000 to 10_000,
    /// A line whose stock turns out not to be there.
    short_pick_minor = 600 to 1_000_000_000,
    /// A shipment that its node rejects.
    rejection_minor = 600 to 1_000_000_000,
    /// A shipment that arrives after the promise, however many days.
    late_shipment_minor = 50 to 1_000_000_000,
    /// 100 km travelled by a shipment.
    distance_100km_minor = 5 to 1_000_000_000,
    /// A kilogram CO2e.
    carbon_kg_minor = 10 to 1_000_000_000,
    /// A piece that is substituted by another article.
    substitute_minor = 200 to 1_000_000_000,
}

/// How long is searched, and how much is explained.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Most plans that the exact search weighs, for orders of up to four lines. When it is reached, the best plan found so
    /// far is taken, and a reason says so.
    #[schemars(range(max = 1000000))]
    pub exact_steps_max: u32,
    /// Most plans that the search for larger orders weighs.
    #[schemars(range(max = 1000000))]
    pub improve_steps_max: u32,
    /// Most nodes that a decision lists with their terms, or with what ruled them out.
    #[schemars(range(max = 1000))]
    pub candidates_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            exact_steps_max: 20_000,
            improve_steps_max: 400,
            candidates_max: 3,
        }
    }
}

impl Parameters {
    /// What the types cannot say.
    pub(crate) fn check(&self) -> Problems {
        let mut problems = Problems::default();
        let mut at_most = |path: &str, found: u32, max: u32| {
            problems.check(
                found <= max,
                path,
                format_args!("expected at most {max}, found {found}"),
            );
        };
        for (path, found) in self.weights.each() {
            at_most(path, found, WEIGHT_MAX);
        }
        for (path, found, max) in self.prices.each() {
            at_most(path, found, max);
        }
        for (tier, found) in &self.prices.tier_day_minor {
            at_most(&format!("prices.tier_day_minor.{tier}"), *found, PRICE_MAX);
        }
        for (code, region) in &self.regions {
            for (path, found) in region.weights.each() {
                at_most(&format!("regions.{code}.{path}"), found, WEIGHT_MAX);
            }
        }
        at_most("limits.exact_steps_max", self.limits.exact_steps_max, 1_000_000);
        at_most(
            "limits.improve_steps_max",
            self.limits.improve_steps_max,
            1_000_000,
        );
        at_most("limits.candidates_max", self.limits.candidates_max, 1_000);
        self.check_regions(&mut problems);
        problems
    }

    fn check_regions(&self, problems: &mut Problems) {
        problems.check(
            self.regions.len() <= REGIONS_MAX,
            "regions",
            format_args!(
                "expected at most {REGIONS_MAX} regions, found {}",
                self.regions.len()
            ),
        );
        for code in self.regions.keys().filter(|code| !is_region(code)) {
            let shown: String = code.chars().take(20).collect();
            problems.add(
                format!("regions.{code}"),
                format_args!("expected an ISO 3166-2 code such as BR-RJ, found {shown:?}"),
            );
        }
    }
}

/// Whether a text has the form of an ISO 3166-2 code: two letters of the country, a hyphen, one to three letters or digits.
fn is_region(code: &str) -> bool {
    code.split_once('-').is_some_and(|(country, part)| {
        let is_part = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        country.len() == 2
            && country.bytes().all(|byte| byte.is_ascii_uppercase())
            && (1..=3).contains(&part.len())
            && part.bytes().all(is_part)
    })
}
