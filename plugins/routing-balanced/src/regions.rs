//! Which rates count for an order: those of the region that it goes to, or those that count everywhere.

use signalbox_plugin::Word;
use signalbox_plugin::routing::RoutingRequest;

use crate::parameters::Parameters;
use crate::rates::Rates;

/// The rates of a policy, worked out once from its parameters.
#[derive(Clone, Debug)]
pub(crate) struct Regions {
    everywhere: Rates,
    /// Regions with rates of their own, rising.
    own: Vec<(Word, Rates)>,
}

impl Regions {
    pub fn new(parameters: &Parameters) -> Regions {
        let (weights, prices) = (&parameters.weights, &parameters.prices);
        let mut own: Vec<(Word, Rates)> = parameters
            .regions
            .iter()
            .map(|(code, region)| {
                let weights = region.weights.over(weights);
                (Word::of(code), Rates::new(&weights, prices))
            })
            .collect();
        own.sort_by_key(|(region, _)| *region);
        Regions {
            everywhere: Rates::new(weights, prices),
            own,
        }
    }

    /// The rates for an order, and whether they are its region's own.
    pub fn of(&self, request: &RoutingRequest<'_>) -> (&Rates, bool) {
        let own = self.region(request).and_then(|region| {
            let place = self.own.binary_search_by_key(&region, |(own, _)| *own).ok()?;
            self.own.get(place)
        });
        own.map_or((&self.everywhere, false), |(_, rates)| (rates, true))
    }

    /// The region that all delivery groups go to; not looked for when no region has rates of its own.
    fn region(&self, request: &RoutingRequest<'_>) -> Option<Word> {
        if self.own.is_empty() {
            return None;
        }
        let mut regions = request.groups().iter().map(|group| group.region());
        let first = regions.next()?;
        regions.all(|region| region == first).then_some(first)
    }
}
