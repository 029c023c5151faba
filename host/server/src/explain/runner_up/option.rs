//! The runner-up of a return: the best option that was weighed, was possible and was not taken. The change is the least by which
//! its proceeds would have had to be higher. Where no proceeds do it, the option that was taken has no capacity left instead.

use signalbox_domain::returns::{ReturnsAnswer, ReturnsCase, ReturnsRequest};
use signalbox_domain::word::Word;

use super::{Bisection, Retry};
use crate::replay::ReplayError;

/// Higher proceeds are not tried, in minor units.
const PROCEEDS_MAX: i64 = 100_000_000;

/// An option that was nearly taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionRunnerUp {
    /// Row of the request's `options`.
    pub option_row: u32,
    /// Its disposition.
    pub disposition: Word,
    /// What it would have taken.
    pub change: OptionChange,
}

/// A change of the request that makes the option the one that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionChange {
    /// It brings that much more (`proceeds_minor`, and `proceeds_p10_minor` where there is one), in minor units; one less is not
    /// enough.
    ProceedsUpBy {
        /// By how much.
        minor: i64,
    },
    /// No proceeds make it win; it is taken when this option has no capacity left.
    Without {
        /// Row of `options`.
        option_row: u32,
    },
}

impl OptionChange {
    /// The request with this change applied for the option in `row`.
    pub fn apply(self, request: &mut ReturnsRequest, row: u32) {
        let row = match self {
            OptionChange::ProceedsUpBy { .. } => row,
            OptionChange::Without { option_row } => option_row,
        };
        let option = usize::try_from(row)
            .ok()
            .and_then(|row| request.options.get_mut(row));
        let Some(option) = option else {
            return;
        };
        match self {
            OptionChange::ProceedsUpBy { minor } => {
                option.proceeds_minor = option.proceeds_minor.saturating_add(minor);
                option.proceeds_p10_minor = option
                    .proceeds_p10_minor
                    .map(|proceeds| proceeds.saturating_add(minor));
            }
            OptionChange::Without { .. } => option.capacity_left = Some(0),
        }
    }
}

impl OptionRunnerUp {
    /// The same for people.
    pub fn sentence(&self) -> String {
        let name = format!("{} (option {})", self.disposition, self.option_row);
        match self.change {
            OptionChange::ProceedsUpBy { minor } => format!(
                "{name} would have been taken if it had brought {minor} minor units more (tried out with the same version)."
            ),
            OptionChange::Without { option_row } => format!(
                "{name} would have been taken if option {option_row} had had no capacity left (tried out with the same version); no \
                 proceeds of its own alone would have made it."
            ),
        }
    }
}

/// Finds the runner-up of a return.
pub(super) async fn find(
    retry: &Retry<'_>,
    request: ReturnsRequest,
    decision: &ReturnsAnswer,
) -> Result<Option<OptionRunnerUp>, ReplayError> {
    let Some(taken) = decision.option_row else {
        return Ok(None);
    };
    let possible = decision
        .alternatives
        .iter()
        .filter(|other| other.failed_constraint.is_none() && other.option_row != taken);
    let Some(best) = possible.max_by_key(|other| other.expected_recovery_minor) else {
        return Ok(None);
    };
    let trial = Trial {
        retry,
        request,
        row: best.option_row,
    };
    let change = trial.least(taken).await?;
    Ok(change.map(|change| OptionRunnerUp {
        option_row: best.option_row,
        disposition: best.disposition.clone(),
        change,
    }))
}

struct Trial<'a> {
    retry: &'a Retry<'a>,
    request: ReturnsRequest,
    row: u32,
}

impl Trial<'_> {
    /// The least change that makes the option the one that is taken.
    async fn least(&self, taken: u32) -> Result<Option<OptionChange>, ReplayError> {
        let most = OptionChange::ProceedsUpBy { minor: PROCEEDS_MAX };
        if self.wins(most).await? {
            let mut bisection = Bisection::up_to(PROCEEDS_MAX);
            while let Some(minor) = bisection.next() {
                let enough = self.wins(OptionChange::ProceedsUpBy { minor }).await?;
                bisection.tried(minor, enough);
            }
            let minor = bisection.enough;
            return Ok(Some(OptionChange::ProceedsUpBy { minor }));
        }
        let without = OptionChange::Without { option_row: taken };
        Ok(self.wins(without).await?.then_some(without))
    }

    /// Whether the option is taken after the change.
    async fn wins(&self, change: OptionChange) -> Result<bool, ReplayError> {
        let mut request = self.request.clone();
        change.apply(&mut request, self.row);
        let decision = self.retry.decide::<ReturnsCase>(request).await?;
        Ok(decision.option == Some(self.row))
    }
}
