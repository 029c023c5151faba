//! Past orders as requests.

use std::sync::LazyLock;

use signalbox_domain::routing::RoutingRequest;
use signalbox_history::{History, Model, Sample};

/// The seed of everything that is drawn.
pub const SEED: u64 = 20_260_302;

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let history = History::open_or_generate(None, SEED, 4_000).unwrap();
    if !history.is_real() {
        println!("no data folder: what should be past orders is drawn by the generator from seed {SEED}");
    }
    Model::new(history, SEED)
});

/// The Olist orders, or drawn ones where the data is not there; then one line says so.
pub fn model() -> &'static Model {
    &MODEL
}

/// About `count` of them, half of them of several pieces: a few are of sellers that the history does not know.
pub fn orders(count: usize) -> Vec<RoutingRequest> {
    let sample = Sample {
        orders: count,
        multi_unit_share: 0.5,
        seed: SEED,
    };
    let orders = sample.draw(MODEL.history());
    orders
        .iter()
        .filter_map(|sampled| Some(MODEL.routing(sampled.order)?.request))
        .collect()
}
