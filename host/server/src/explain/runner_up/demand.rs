//! The runner-up of an allocation: the demand that went short of most units. The change is the least number of units that some
//! node would have had to have more of its SKU for it to go short of none.

use signalbox_domain::allocation::{AllocationAnswer, AllocationCase, AllocationRequest};

use super::{Bisection, Retry};
use crate::replay::ReplayError;

/// Rows of supply that are tried.
const ROWS_MAX: usize = 8;

/// A demand that nearly got its units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemandRunnerUp {
    /// The demand.
    pub demand_id: String,
    /// Units that it went short of.
    pub short: u32,
    /// Row of the request's `supply` that would have had to have more.
    pub supply_row: u32,
    /// Its node.
    pub node_id: String,
    /// Units on hand that it would have had to have more; one less is not enough.
    pub more_units: u32,
}

impl DemandRunnerUp {
    /// The request with the change applied.
    pub fn apply(&self, request: &mut AllocationRequest) {
        more(request, self.supply_row, self.more_units);
    }

    /// The same for people.
    pub fn sentence(&self) -> String {
        format!(
            "Demand {} went short of {} units; it would have got them if {} (supply {}) had had {} units more (tried out with the same \
             version).",
            self.demand_id, self.short, self.node_id, self.supply_row, self.more_units
        )
    }
}

fn more(request: &mut AllocationRequest, row: u32, units: u32) {
    let row = usize::try_from(row).ok();
    if let Some(supply) = row.and_then(|row| request.supply.get_mut(row)) {
        supply.on_hand = supply.on_hand.saturating_add(units);
    }
}

/// Finds the runner-up of an allocation.
pub(super) async fn find(
    retry: &Retry<'_>,
    request: AllocationRequest,
    decision: &AllocationAnswer,
) -> Result<Option<DemandRunnerUp>, ReplayError> {
    let Some(short) = decision.shortages.iter().max_by_key(|short| short.quantity) else {
        return Ok(None);
    };
    let demand = request
        .demand
        .iter()
        .position(|demand| demand.demand_id == short.demand_id);
    let Some((demand, row)) =
        demand.and_then(|row| Some((request.demand.get(row)?, u32::try_from(row).ok()?)))
    else {
        return Ok(None);
    };
    let units = all_short(&request, decision, &demand.sku);
    let rows = rows(&request, &demand.sku);
    let trial = Trial {
        retry,
        request,
        demand: row,
    };
    for (supply_row, node_id) in rows {
        if let Some(more_units) = trial.least(supply_row, units).await? {
            return Ok(Some(DemandRunnerUp {
                demand_id: short.demand_id.clone(),
                short: short.quantity,
                supply_row,
                node_id,
                more_units,
            }));
        }
    }
    Ok(None)
}

/// Units of a SKU that all demands go short of: when there are that many more, nobody has to.
fn all_short(request: &AllocationRequest, decision: &AllocationAnswer, sku: &str) -> u32 {
    let of_sku = |id: &str| {
        let mut demands = request.demand.iter();
        demands.any(|demand| demand.demand_id == id && demand.sku == sku)
    };
    let short = decision.shortages.iter().filter(|short| of_sku(&short.demand_id));
    short.fold(0, |sum, short| sum.saturating_add(short.quantity))
}

/// Rows of supply of a SKU, with their nodes.
fn rows(request: &AllocationRequest, sku: &str) -> Vec<(u32, String)> {
    let rows = (0u32..).zip(&request.supply);
    let of_sku = rows.filter(|(_, supply)| supply.sku == sku);
    of_sku
        .take(ROWS_MAX)
        .map(|(row, supply)| (row, supply.node_id.clone()))
        .collect()
}

struct Trial<'a> {
    retry: &'a Retry<'a>,
    request: AllocationRequest,
    demand: u32,
}

impl Trial<'_> {
    /// The least number of units more at `row` with which the demand goes short of none, if `most` is enough.
    async fn least(&self, row: u32, most: u32) -> Result<Option<u32>, ReplayError> {
        if most == 0 || !self.wins(row, most).await? {
            return Ok(None);
        }
        let mut bisection = Bisection::up_to(i64::from(most));
        while let Some(units) = bisection.next() {
            let enough = self.wins(row, u32::try_from(units).unwrap_or(most)).await?;
            bisection.tried(units, enough);
        }
        Ok(u32::try_from(bisection.enough).ok())
    }

    /// Whether the demand goes short of nothing with that many units more.
    async fn wins(&self, row: u32, units: u32) -> Result<bool, ReplayError> {
        let mut request = self.request.clone();
        more(&mut request, row, units);
        let decision = self.retry.decide::<AllocationCase>(request).await?;
        Ok(decision.shortages.iter().all(|short| short.demand != self.demand))
    }
}
