//! The routing case of a past order: the slice of the network that may serve it, the request, and what really happened.

use std::collections::BTreeMap;

use signalbox_domain::Word;
use signalbox_domain::envelope::Incumbent;
use signalbox_domain::money::Minor;
use signalbox_domain::routing::{OrderLine, RoutingAnswer, RoutingRequest, StockRow, Together};

use super::Model;
use super::actual::actual;
use super::constants::{SELLER_ACTIVE_SLACK_MS, UNIT_COST_SHARE};
use super::request::request;
use super::site::{Site, of_centre, of_seller};
use super::stock::{ListingKnown, at_centre, at_seller};
use crate::history::{PastItem, PastOrder};

/// What really became of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Reality {
    /// Freight that was paid, centavos.
    pub freight_minor: Minor,
    /// Whether it came by the promised local date; none when it was not delivered.
    pub promise_kept: Option<bool>,
    /// Who really shipped it.
    pub sellers: Vec<String>,
}

/// A routing request and what it was made from.
#[derive(Clone, Debug, PartialEq)]
pub struct PastRequest {
    /// The request. It has an incumbent where a product of the order has two or more real sellers, so that shipping from
    /// this one was a choice.
    pub request: RoutingRequest,
    /// What the seller that really shipped did, whether or not there was a choice.
    pub actual: RoutingAnswer,
    /// What became of it.
    pub reality: Reality,
}

/// One line in the making: all units of one product.
pub(super) struct Draft<'a> {
    pub(super) sku: &'a str,
    /// Units by the seller that shipped them.
    pub(super) by_seller: BTreeMap<&'a str, u32>,
    pub(super) line: OrderLine,
}

/// The nodes, stock and lanes in the making.
#[derive(Default)]
pub(super) struct Slice {
    pub(super) sites: Vec<Site>,
    pub(super) stock: Vec<(StockRow, ListingKnown)>,
    /// Known nodes that may not serve it.
    pub(super) dropped: u32,
}

pub(super) fn case(model: &Model, order: &PastOrder) -> Option<PastRequest> {
    let drafts = drafts(order);
    let network = network(model, order, &drafts)?;
    let request = request(model, order, &drafts, &network)?;
    let actual = actual(order, &drafts, &request)?;
    let sellers: Vec<String> = actual
        .shipments
        .iter()
        .map(|shipment| shipment.from_node.clone())
        .collect();
    let had_choice = drafts.iter().any(|draft| real_nodes(&network, draft.sku) >= 2);
    let incumbent = Incumbent {
        source: Word::new("olist").ok()?,
        decision: actual.clone(),
    };
    Some(PastRequest {
        request: RoutingRequest {
            incumbent: had_choice.then_some(incumbent),
            ..request
        },
        actual,
        reality: Reality {
            freight_minor: order.items.iter().map(|item| item.freight_minor).sum(),
            promise_kept: order.late_days.map(|days| days <= 0),
            sellers,
        },
    })
}

fn drafts(order: &PastOrder) -> Vec<Draft<'_>> {
    let mut drafts: Vec<Draft<'_>> = Vec::new();
    for item in &order.items {
        let row = match drafts.iter().position(|draft| draft.sku == item.product_id) {
            Some(row) => row,
            None => {
                drafts.push(Draft {
                    sku: &item.product_id,
                    by_seller: BTreeMap::new(),
                    line: bare_line(&format!("L{}", drafts.len().saturating_add(1)), item),
                });
                drafts.len().saturating_sub(1)
            }
        };
        if let Some(draft) = drafts.get_mut(row) {
            let units = draft.by_seller.entry(&item.seller_id).or_default();
            *units = units.saturating_add(1);
            draft.line.quantity = draft.line.quantity.saturating_add(1);
            draft.line.net_revenue_minor = draft.line.net_revenue_minor.saturating_add(item.price_minor);
        }
    }
    for draft in &mut drafts {
        let price = draft.line.net_revenue_minor as f64 / f64::from(draft.line.quantity.max(1));
        draft.line.unit_cost_minor = (price * UNIT_COST_SHARE).round() as Minor;
    }
    drafts
}

fn bare_line(line_id: &str, item: &PastItem) -> OrderLine {
    let mut sides = [item.length_mm, item.width_mm, item.height_mm];
    sides.sort_unstable();
    let [height_mm, width_mm, length_mm] = sides;
    OrderLine {
        line_id: line_id.to_owned(),
        group_id: Some("G1".to_owned()),
        sku: item.product_id.clone(),
        gtin: None,
        quantity: 0,
        net_revenue_minor: 0,
        unit_cost_minor: 0,
        weight_g: item.weight_g,
        length_mm,
        width_mm,
        height_mm,
        kit_id: None,
        kit_ratio: 1,
        together: Together::Free,
        firm_node: None,
        requires: Vec::new(),
        substitutes: Vec::new(),
    }
}

/// Who may serve the order: every real seller of one of its products that was active then, and every modelled centre
/// that lists one.
fn network(model: &Model, order: &PastOrder, drafts: &[Draft<'_>]) -> Option<Slice> {
    let mut network = Slice::default();
    let mut sellers: Vec<&str> = Vec::new();
    for draft in drafts {
        let past = model.index.products.get(draft.sku)?;
        sellers.extend(past.units_by_seller.keys().map(String::as_str));
    }
    sellers.sort_unstable();
    sellers.dedup();
    for id in sellers {
        add_seller(model, order, drafts, id, &mut network)?;
    }
    for centre in &model.centres {
        let rows: Vec<StockRow> = drafts
            .iter()
            .filter_map(|draft| {
                at_centre(
                    model,
                    centre,
                    draft.sku,
                    model.index.products.get(draft.sku)?,
                    order,
                )
            })
            .collect();
        if rows.is_empty() {
            network.dropped = network.dropped.saturating_add(1);
            continue;
        }
        network
            .stock
            .extend(rows.into_iter().map(|row| (row, ListingKnown::Modelled)));
        network.sites.push(of_centre(model, centre, order.placed_at)?);
    }
    // Policies break ties by position: a drawn order gives no kind of node the first place.
    network
        .sites
        .sort_by_cached_key(|site| model.draws.about(&["position", &site.node.node_id]).bits());
    Some(network)
}

fn add_seller(
    model: &Model,
    order: &PastOrder,
    drafts: &[Draft<'_>],
    id: &str,
    network: &mut Slice,
) -> Option<()> {
    let shipped = drafts.iter().any(|draft| draft.by_seller.contains_key(id));
    let Some(seller) = model.index.sellers.get(id) else {
        // A seller that shipped and is not known makes the order useless; another one is only left out.
        return (!shipped).then_some(());
    };
    let slack = SELLER_ACTIVE_SLACK_MS;
    let active =
        (seller.active.0.plus_millis(-slack)..=seller.active.1.plus_millis(slack)).contains(&order.placed_at);
    if !active && !shipped {
        network.dropped = network.dropped.saturating_add(1);
        return Some(());
    }
    for draft in drafts {
        let past = model.index.products.get(draft.sku)?;
        if past.units_by_seller.contains_key(id) {
            let units = draft.by_seller.get(id).copied().unwrap_or_default();
            network
                .stock
                .push(at_seller(model, seller, draft.sku, past, units, order));
        }
    }
    network
        .sites
        .push(of_seller(model, seller, order.placed_at, shipped)?);
    Some(())
}

fn real_nodes(network: &Slice, sku: &str) -> usize {
    network
        .stock
        .iter()
        .filter(|(row, known)| row.sku == sku && *known != ListingKnown::Modelled)
        .count()
}
