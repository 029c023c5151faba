//! The order-to-request model. `MODEL.md` says what is real in it and what is modelled; [`constants`] holds every figure.

mod actual;
mod calendar;
pub mod constants;
mod delivery;
mod index;
mod lanes;
mod place;
mod request;
mod routing;
mod site;
mod stock;

pub use delivery::{Pace, handling, transit};
pub use place::distance_km;
pub use routing::{PastRequest, Reality};

pub(crate) use calendar::day_of;
pub(crate) use place::place_or_state;

use crate::draw::Draws;
use crate::history::{History, PastOrder};
use constants::{DC_STATES, STATES, state_of};
use index::Index;

/// A history, indexed, and the seed from which everything modelled is drawn.
pub struct Model {
    history: History,
    pub(crate) index: Index,
    pub(crate) draws: Draws,
    pub(crate) centres: Vec<Centre>,
}

/// A modelled distribution centre.
#[derive(Clone, Debug)]
pub(crate) struct Centre {
    /// Its node id, `DC-` and the state.
    pub(crate) node_id: String,
    /// The state it stands in.
    pub(crate) state: &'static str,
    /// Latitude and longitude, degrees.
    pub(crate) place: (f64, f64),
    /// The share of all customers that it is the nearest centre of.
    pub(crate) share: f64,
}

impl Model {
    /// Indexes a history.
    pub fn new(history: History, seed: u64) -> Model {
        Model {
            index: Index::new(&history),
            history,
            draws: Draws::new(seed),
            centres: centres(),
        }
    }

    /// The history.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The routing request that this order would have been, and what really became of it. None when the history does not
    /// know one of the order's sellers.
    pub fn routing(&self, order: &PastOrder) -> Option<PastRequest> {
        routing::case(self, order)
    }

    /// The nearest modelled distribution centre of a place: its row in `centres`.
    pub(crate) fn nearest_centre(&self, place: (f64, f64)) -> usize {
        nearest(self.centres.iter().map(|centre| centre.place), place)
    }
}

/// The distribution centres, each with the share of customers whose state it is nearest to.
fn centres() -> Vec<Centre> {
    let mut centres: Vec<Centre> = DC_STATES
        .iter()
        .map(|code| {
            let state = state_of(code);
            Centre {
                node_id: format!("DC-{code}"),
                state: state.code,
                place: (state.lat, state.lon),
                share: 0.0,
            }
        })
        .collect();
    for state in &STATES {
        let row = nearest(centres.iter().map(|centre| centre.place), (state.lat, state.lon));
        if let Some(centre) = centres.get_mut(row) {
            centre.share += f64::from(state.customers_bp) / 10_000.0;
        }
    }
    centres
}

/// The row of the place nearest to `to`; 0 when there is none.
fn nearest(places: impl Iterator<Item = (f64, f64)>, to: (f64, f64)) -> usize {
    let distances = places.map(|place| place::distance_km(place, to)).enumerate();
    distances
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(0, |(row, _)| row)
}

#[cfg(test)]
mod tests;
