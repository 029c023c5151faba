//! A validated returns request.

use crate::returns::request::{ReturnOption, ReturnsRequest};
use crate::returns::rules::JurisdictionRule;
use crate::time::Timestamp;
use crate::validate::AppliedLever;
use crate::words::Disposition;

/// A returns request with every disposition known and every lever applied. Row numbers are those of the request.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReturnsCase {
    /// The request, with `now` filled in and the host's levers that acted among its overrides.
    pub request: ReturnsRequest,
    /// The instant of the decision.
    pub now: Timestamp,
    /// Beside `options`.
    pub options: Vec<CaseOption>,
    /// The laws that hold for this item.
    pub rules: Vec<&'static JurisdictionRule>,
    /// The levers that acted.
    pub levers: Vec<AppliedLever>,
}

/// What an option means to the host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CaseOption {
    /// Its disposition with class and GS1 name.
    pub disposition: &'static Disposition,
    /// The lever that switched its destination off: place in [`ReturnsCase::levers`].
    pub switched_off: Option<u32>,
}

/// What an option recovers by its own figures, in minor units: proceeds less handling and transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// With the proceeds that are exceeded in 90 % of cases.
    pub low: i128,
    /// With the expected proceeds.
    pub expected: i128,
}

impl ReturnOption {
    /// What the option recovers by its own figures.
    pub fn recovery(&self) -> Recovery {
        let costs = i128::from(self.handling_minor).saturating_add(i128::from(self.transport_minor));
        let low = self.proceeds_p10_minor.unwrap_or(self.proceeds_minor);
        Recovery {
            low: i128::from(low).saturating_sub(costs),
            expected: i128::from(self.proceeds_minor).saturating_sub(costs),
        }
    }
}

impl ReturnsCase {
    /// The request's row with what it means to the host.
    pub fn option(&self, row: u32) -> Option<(&ReturnOption, &CaseOption)> {
        self.request
            .options
            .get(row as usize)
            .zip(self.options.get(row as usize))
    }
}
