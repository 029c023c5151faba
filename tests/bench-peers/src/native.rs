//! The policy in plain Rust: for every line the cheapest node that is not excluded and has enough, the lower number
//! first where two cost the same.

use signalbox_bench::orders::Order;

/// The chosen node of every line; `None` where no node can.
pub fn picks(order: &Order) -> Vec<Option<u32>> {
    order
        .lines
        .iter()
        .map(|line| {
            line.offers
                .iter()
                .filter(|offer| !offer.excluded && offer.available >= offer.safety + line.quantity)
                .map(|offer| (offer.base + offer.unit * i64::from(line.quantity), offer.node))
                .min()
                .map(|(_, node)| node)
        })
        .collect()
}
