//! Unit tests of policies without Wasm: a request made of rows goes through the same encoding, the same policy and the same
//! encoding back as in the host.
//!
//! ```
//! use signalbox_plugin::returns::*;
//! use signalbox_plugin::testing;
//! # use serde::Deserialize;
//! # use schemars::JsonSchema;
//! # #[derive(Default, Deserialize, JsonSchema)]
//! # #[serde(deny_unknown_fields, default)]
//! # struct Parameters {}
//! # struct First;
//! # impl ReturnsPolicy for First {
//! #     type Parameters = Parameters;
//! #     const ABOUT: About = about!();
//! #     fn new(_: Parameters) -> Result<Self, Problems> { Ok(First) }
//! #     fn decide(&self, _: &Context, _: &ReturnsRequest<'_>) -> Result<ReturnsDecision, PolicyError> {
//! #         Ok(ReturnsDecision::choose(0, 500))
//! #     }
//! # }
//! let policy = testing::configure::<RunReturns<First>>("{}").unwrap();
//! let request = ReturnsRows { options: vec![OptionRow { proceeds: 500, ..Default::default() }], ..Default::default() };
//! let decision = testing::returns(&policy, &Context::default(), &request).unwrap();
//! assert_eq!(decision.disposition.option, Some(0));
//! ```
//!
//! For routing, [`random`] makes requests from a seed and [`invariants`] says what a decision breaks.

pub mod invariants;
pub mod random;

use signalbox_contract::codec::{Row, rows};
use signalbox_contract::common::{ReasonRow, SummaryRow};
use signalbox_contract::{TablesRef, Word};

use crate::allocation::{
    AllocationPolicy, AllocationRow, AllocationRows, AtpRow, RunAllocation, ShortageRow,
};
use crate::context::Context;
use crate::errors::{PolicyError, Problems};
use crate::policy::{Answer, Run, unreadable};
use crate::returns::{AlternativeRow, DispositionRow, ReturnsPolicy, ReturnsRows, RunReturns};
use crate::routing::{
    CandidateRow, CandidateTermRow, RoutingPolicy, RoutingRows, RunRouting, ShipmentLineRow, ShipmentRow,
    UnassignedRow,
};

/// Builds a policy from its parameters as JSON, as the host's `configure` does.
///
/// # Errors
/// What is wrong with the parameters.
pub fn configure<R: Run>(parameters: &str) -> Result<R, Problems> {
    R::configure(parameters)
}

/// What every decision has, read back from its encoding.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decided {
    /// Confidence and validity.
    pub summary: SummaryRow,
    /// Why.
    pub reasons: Vec<ReasonRow>,
    /// Lines for the author.
    pub log: Vec<String>,
}

impl Decided {
    /// Whether the decision gives a reason of that code.
    pub fn has_reason(&self, code: &str) -> bool {
        self.reasons.iter().any(|reason| reason.code == Word::of(code))
    }

    fn read(answer: &Answer, tables: &TablesRef<'_>) -> Decided {
        Decided {
            summary: all::<SummaryRow>(tables).into_iter().next().unwrap_or_default(),
            reasons: all(tables),
            log: answer.log.clone(),
        }
    }
}

/// A routing decision, read back from its encoding.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DecidedRouting {
    /// What leaves from where.
    pub shipments: Vec<ShipmentRow>,
    /// What the shipments hold.
    pub lines: Vec<ShipmentLineRow>,
    /// What does not ship.
    pub unassigned: Vec<UnassignedRow>,
    /// What was weighed.
    pub candidates: Vec<CandidateRow>,
    /// The terms of candidates.
    pub terms: Vec<CandidateTermRow>,
    /// Confidence, reasons, log.
    pub decided: Decided,
}

/// Decides a routing request.
///
/// # Errors
/// As the policy says.
pub fn routing<P: RoutingPolicy>(
    policy: &RunRouting<P>,
    context: &Context,
    request: &RoutingRows,
) -> Result<DecidedRouting, PolicyError> {
    let message = request.encode();
    let answer = policy.decide(context, &message.narrow, &message.wide)?;
    let tables = answer.tables.read().map_err(unreadable)?;
    Ok(DecidedRouting {
        shipments: all(&tables),
        lines: all(&tables),
        unassigned: all(&tables),
        candidates: all(&tables),
        terms: all(&tables),
        decided: Decided::read(&answer, &tables),
    })
}

/// An allocation decision, read back from its encoding.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DecidedAllocation {
    /// Who gets what.
    pub allocations: Vec<AllocationRow>,
    /// Who gets less than wanted.
    pub shortages: Vec<ShortageRow>,
    /// What channels may still promise.
    pub atp: Vec<AtpRow>,
    /// Confidence, reasons, log.
    pub decided: Decided,
}

/// Decides an allocation request.
///
/// # Errors
/// As the policy says.
pub fn allocation<P: AllocationPolicy>(
    policy: &RunAllocation<P>,
    context: &Context,
    request: &AllocationRows,
) -> Result<DecidedAllocation, PolicyError> {
    let message = request.encode();
    let answer = policy.decide(context, &message.narrow, &message.wide)?;
    let tables = answer.tables.read().map_err(unreadable)?;
    Ok(DecidedAllocation {
        allocations: all(&tables),
        shortages: all(&tables),
        atp: all(&tables),
        decided: Decided::read(&answer, &tables),
    })
}

/// A returns decision, read back from its encoding.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DecidedReturns {
    /// What becomes of the unit.
    pub disposition: DispositionRow,
    /// The options that were considered.
    pub alternatives: Vec<AlternativeRow>,
    /// Confidence, reasons, log.
    pub decided: Decided,
}

/// Decides a returns request.
///
/// # Errors
/// As the policy says.
pub fn returns<P: ReturnsPolicy>(
    policy: &RunReturns<P>,
    context: &Context,
    request: &ReturnsRows,
) -> Result<DecidedReturns, PolicyError> {
    let message = request.encode();
    let answer = policy.decide(context, &message.narrow, &message.wide)?;
    let tables = answer.tables.read().map_err(unreadable)?;
    Ok(DecidedReturns {
        disposition: all::<DispositionRow>(&tables)
            .into_iter()
            .next()
            .unwrap_or_default(),
        alternatives: all(&tables),
        decided: Decided::read(&answer, &tables),
    })
}

fn all<R: Row + OwnedView>(tables: &TablesRef<'_>) -> Vec<R> {
    rows::<R>(tables.table::<R>()).map(R::owned).collect()
}

/// Turns a view back into its row.
trait OwnedView: Row {
    fn owned(view: Self::View<'_>) -> Self;
}

macro_rules! owned_view {
    ($($row:ty,)+) => { $(impl OwnedView for $row {
        fn owned(view: Self::View<'_>) -> Self {
            view.to_row()
        }
    })+ };
}

owned_view! {
    SummaryRow, ReasonRow, ShipmentRow, ShipmentLineRow, UnassignedRow, CandidateRow, CandidateTermRow, AllocationRow,
    ShortageRow, AtpRow, DispositionRow, AlternativeRow,
}
