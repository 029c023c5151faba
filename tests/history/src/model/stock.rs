//! Stock: all quantities are modelled, from what was sold where and how often.

use signalbox_domain::Timestamp;
use signalbox_domain::routing::StockRow;

use super::calendar::hours_ms;
use super::constants::{
    COUNT_AGE_MAX_H, COVER_DAYS, DAY_MS, DC_COUNT_CONFIDENCE_BP, DC_LISTING, MARKDOWN, SAFETY_STOCK,
    SELLER_COUNT_CONFIDENCE_BP, STOCK_OUT,
};
use super::index::ProductPast;
use super::{Centre, Model};
use crate::draw::Draw;
use crate::history::{PastOrder, Seller};

/// How we know that a node sells a product: the value of the stock attribute `listing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListingKnown {
    /// It shipped the product in this very order.
    SoldInThisOrder,
    /// It sold the product in other orders.
    SoldInOtherOrders,
    /// Nothing says so but the model.
    Modelled,
}

impl ListingKnown {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            ListingKnown::SoldInThisOrder => "SOLD_IN_THIS_ORDER",
            ListingKnown::SoldInOtherOrders => "SOLD_IN_OTHER_ORDERS",
            ListingKnown::Modelled => "MODELLED",
        }
    }
}

/// What a real seller has of a product that it really sold. `shipped` are the units that it shipped in this very order
/// and so must have had.
pub(super) fn at_seller(
    model: &Model,
    seller: &Seller,
    sku: &str,
    past: &ProductPast,
    shipped: u32,
    order: &PastOrder,
) -> (StockRow, ListingKnown) {
    let per_day = past.per_day(
        past.units_by_seller
            .get(&seller.seller_id)
            .copied()
            .unwrap_or_default(),
    );
    let mut draw = weekly(model, sku, &seller.seller_id, order.placed_at);
    let out = draw.chance(STOCK_OUT.1);
    let quantity = if shipped > 0 {
        Quantity {
            at_least: shipped,
            covered: !out,
        }
    } else {
        Quantity {
            at_least: u32::from(!out),
            covered: !out,
        }
    };
    let trust =
        SELLER_COUNT_CONFIDENCE_BP.0 + SELLER_COUNT_CONFIDENCE_BP.1 * seller.ship_on_time.unwrap_or(0.5);
    let mut row = row(&seller.seller_id, sku, per_day, quantity, &mut draw);
    row.confidence_bp = (trust.round() as u32).min(10_000);
    row.as_of = Some(counted(model, order, &seller.seller_id, COUNT_AGE_MAX_H.0));
    let known = if shipped > 0 {
        ListingKnown::SoldInThisOrder
    } else {
        ListingKnown::SoldInOtherOrders
    };
    (row, known)
}

/// What a modelled distribution centre has of a product; none when it does not list it.
pub(super) fn at_centre(
    model: &Model,
    centre: &Centre,
    sku: &str,
    past: &ProductPast,
    order: &PastOrder,
) -> Option<StockRow> {
    let (base, slope, most) = DC_LISTING;
    let probability = (base + slope * (1.0 + past.units()).log2()).min(most);
    if !model
        .draws
        .about(&["listing", sku, &centre.node_id])
        .chance(probability)
    {
        return None;
    }
    let mut draw = weekly(model, sku, &centre.node_id, order.placed_at);
    let out = draw.chance(STOCK_OUT.0);
    let per_day = past.per_day(past.units()) * centre.share;
    let mut row = row(
        &centre.node_id,
        sku,
        per_day,
        Quantity {
            at_least: u32::from(!out),
            covered: !out,
        },
        &mut draw,
    );
    row.confidence_bp = DC_COUNT_CONFIDENCE_BP;
    row.as_of = Some(counted(model, order, &centre.node_id, COUNT_AGE_MAX_H.1));
    Some(row)
}

/// Units above safety stock: at least these, and the cover that is drawn.
struct Quantity {
    at_least: u32,
    covered: bool,
}

fn row(node_id: &str, sku: &str, per_day: f64, quantity: Quantity, draw: &mut Draw) -> StockRow {
    let cover = if quantity.covered {
        per_day * draw.log_normal(COVER_DAYS.0, COVER_DAYS.1)
    } else {
        0.0
    };
    let safety_stock = ((per_day * SAFETY_STOCK.0) as u32).min(SAFETY_STOCK.1);
    let free = quantity.at_least.saturating_add(cover as u32);
    let weeks = if per_day > 0.0 {
        f64::from(free) / per_day / 7.0
    } else {
        0.0
    };
    let (from_weeks, slope, most) = MARKDOWN;
    StockRow {
        node_id: node_id.to_owned(),
        sku: sku.to_owned(),
        condition: None,
        lot: None,
        owner: None,
        available: free.saturating_add(safety_stock),
        safety_stock,
        available_from: None,
        expires_at: None,
        unit_cost_minor: None,
        as_of: None,
        confidence_bp: 10_000,
        velocity_milli: (per_day * 1_000.0).round() as u32,
        markdown_risk_bp: ((weeks - from_weeks) * slope).clamp(0.0, most) as u32,
    }
}

/// Draws that stay the same within a week, so that orders of one week see one state of a node.
fn weekly(model: &Model, sku: &str, node_id: &str, at: Timestamp) -> Draw {
    let week = at.as_millis().div_euclid(DAY_MS.saturating_mul(7)).to_string();
    model.draws.about(&["stock", sku, node_id, &week])
}

fn counted(model: &Model, order: &PastOrder, node_id: &str, age_max_h: f64) -> Timestamp {
    let age = model
        .draws
        .about(&["counted", &order.order_id, node_id])
        .between(0.0, age_max_h);
    order.placed_at.plus_millis(hours_ms(age).saturating_neg())
}
