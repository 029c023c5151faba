//! A history drawn from a seed, for machines without the data. Its distributions are those that the data folder's
//! README states; `MODEL.md` lists them. Everything in it is made up, and [`Origin::Generated`] says so.

use std::collections::BTreeMap;

use signalbox_domain::Timestamp;

use crate::draw::{Draw, Draws};
use crate::history::{History, Listing, Origin, PastItem, PastOrder, Seller};
use crate::model::constants::{
    DAY_MS, HANDLING_HOURS, HOUR_MS, REJECTION_BP, STATES, TARIFF_STEP_G, band_of,
};
use crate::model::{Pace, day_of, distance_km, handling, transit};

/// Orders of the whole marketplace that have items; a generated order stands for its part of them.
const MARKETPLACE_ORDERS: f64 = 98_666.0;
/// Sellers of the marketplace.
const SELLERS: usize = 3_000;
/// Share of products with two or more sellers, and how often an order falls on one of them.
const SHARED: (f64, f64) = (0.037, 0.13);
/// Orders by month from January 2017 to August 2018, as counted in the unbiased part.
const MONTHS: [f64; 20] = [
    216., 454., 701., 606., 982., 861., 1_001., 1_180., 1_032., 1_148., 1_958., 1_448., 1_903., 1_813.,
    1_886., 1_757., 1_796., 1_625., 1_649., 1_680.,
];
/// 2017-01-01T00:00 in Brazil.
const START: Timestamp = Timestamp(1_483_239_600_000);
/// The mean length of a month.
const MONTH_MS: f64 = 30.4 * DAY_MS as f64;
/// Units in an order: weights of 1 to 6.
const UNITS: [f64; 6] = [23_222.0, 1_939.0, 353.0, 122.0, 58.0, 79.0];
/// Share of orders of several units that hold several products, and of those the share with several sellers.
const MIXED: (f64, f64) = (0.307, 0.39);
/// Price in reais, weight in g, days promised: medians and 90th percentiles.
const PRICE: (f64, f64) = (74.99, 229.9);
const WEIGHT_G: (f64, f64) = (700.0, 6_400.0);
const PROMISED_DAYS: (f64, f64) = (24.0, 35.0);
/// The categories with most orders, with their counts.
const CATEGORIES: [(&str, f64); 8] = [
    ("bed_bath_table", 2_768.0),
    ("health_beauty", 2_531.0),
    ("furniture_decor", 2_260.0),
    ("sports_leisure", 2_255.0),
    ("computers_accessories", 2_099.0),
    ("housewares", 1_869.0),
    ("watches_gifts", 1_587.0),
    ("telephony", 1_196.0),
];

/// A product of the made-up catalogue.
struct Product {
    item: PastItem,
    sellers: Vec<usize>,
}

/// All products, and rows of them by how many sellers they have and by seller.
struct Catalogue {
    products: Vec<Product>,
    alone: Vec<usize>,
    shared: Vec<usize>,
    by_seller: BTreeMap<usize, Vec<usize>>,
}

impl Catalogue {
    fn new(products: Vec<Product>) -> Catalogue {
        let rows = |shared: bool| {
            let found = products
                .iter()
                .enumerate()
                .filter(|(_, product)| (product.sellers.len() >= 2) == shared);
            found.map(|(row, _)| row).collect()
        };
        let (alone, shared) = (rows(false), rows(true));
        let mut by_seller: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (row, product) in products.iter().enumerate() {
            product
                .sellers
                .iter()
                .for_each(|seller| by_seller.entry(*seller).or_default().push(row));
        }
        Catalogue {
            products,
            alone,
            shared,
            by_seller,
        }
    }
}

/// Draws a history of this many orders.
pub fn generate(seed: u64, orders: u32) -> History {
    let draws = Draws::new(seed);
    let sellers: Vec<Seller> = (0..SELLERS)
        .map(|row| seller(&mut draws.about(&["seller", &row.to_string()]), row))
        .collect();
    // The real sample has 1.5 orders for each product that it holds.
    let catalogue = (orders as usize).saturating_mul(2).div_ceil(3).max(50);
    let products =
        (0..catalogue).map(|row| product(&mut draws.about(&["product", &row.to_string()]), row, &sellers));
    let catalogue = Catalogue::new(products.collect());
    let weight = MARKETPLACE_ORDERS / f64::from(orders.max(1));
    let mut past: Vec<PastOrder> = (0..orders)
        .filter_map(|row| {
            order(
                &mut draws.about(&["order", &row.to_string()]),
                row,
                weight,
                &catalogue,
                &sellers,
            )
        })
        .collect();
    past.sort_by(|a, b| (a.placed_at, &a.order_id).cmp(&(b.placed_at, &b.order_id)));
    let shared_listings = listings(&catalogue.products, &sellers);
    History {
        origin: Origin::Generated(seed),
        orders: past,
        sellers,
        shared_listings,
    }
}

fn seller(draw: &mut Draw, row: usize) -> Seller {
    let at = STATES
        .get(draw.weighted(STATES.iter().map(|state| f64::from(state.sellers_bp))))
        .unwrap_or(&STATES[0]);
    let p50 = draw.log_normal(HANDLING_HOURS.0 * 0.9, HANDLING_HOURS.0 * 2.2);
    let count = draw.log_normal(8.0, 120.0).min(2_000.0) as u32;
    Seller {
        seller_id: format!("{:032x}", u128::from(draw.bits()) << 64 | row as u128),
        state: at.code.to_owned(),
        place: Some(around(draw, (at.lat, at.lon), at.spread)),
        active: (START, START.plus_millis((MONTHS.len() as f64 * MONTH_MS) as i64)),
        handling_hours: (count > 0).then_some((p50, p50 * 2.4)),
        handling_count: count,
        observed: (
            count,
            (0..count)
                .filter(|_| draw.chance(REJECTION_BP / 10_000.0))
                .count() as u32,
        ),
        ship_on_time: Some(draw.between(0.75, 1.0)),
    }
}

fn product(draw: &mut Draw, row: usize, sellers: &[Seller]) -> Product {
    // A few sellers sell most: the cube draws low rows far more often.
    let pick = |draw: &mut Draw| (draw.unit().powi(3) * sellers.len() as f64) as usize;
    let mut by: Vec<usize> = vec![pick(draw)];
    if is_shared(row) {
        let more = draw
            .weighted([1_030.0, 147.0, 32.0, 10.0].into_iter())
            .saturating_add(1);
        by.extend((0..more).map(|_| pick(draw)));
        by.sort_unstable();
        by.dedup();
    }
    let category = CATEGORIES
        .get(draw.weighted(CATEGORIES.iter().map(|category| category.1)))
        .unwrap_or(&CATEGORIES[0]);
    let mut side = || (draw.log_normal(200.0, 450.0)).clamp(20.0, 1_050.0) as u32;
    let (length_mm, width_mm, height_mm) = (side(), side(), side());
    let item = PastItem {
        product_id: format!("{:032x}", u128::from(draw.bits()) << 64 | row as u128),
        seller_id: String::new(),
        category: category.0.to_owned(),
        price_minor: (draw.log_normal(PRICE.0, PRICE.1) * 100.0).clamp(500.0, 600_000.0) as i64,
        freight_minor: 0,
        weight_g: draw.log_normal(WEIGHT_G.0, WEIGHT_G.1).clamp(50.0, 30_000.0) as u32,
        length_mm,
        width_mm,
        height_mm,
    };
    Product { item, sellers: by }
}

/// Shared products are spread evenly over the catalogue.
fn is_shared(row: usize) -> bool {
    row.checked_rem((1.0 / SHARED.0) as usize) == Some(0)
}

fn order(
    draw: &mut Draw,
    row: u32,
    weight: f64,
    catalogue: &Catalogue,
    sellers: &[Seller],
) -> Option<PastOrder> {
    let placed_at = moment(draw);
    let at = STATES.get(draw.weighted(STATES.iter().map(|state| f64::from(state.customers_bp))))?;
    let place = around(draw, (at.lat, at.lon), at.spread);
    let units = draw.weighted(UNITS.into_iter()).saturating_add(1);
    let mixed = units >= 2 && draw.chance(MIXED.0);
    let (first, first_seller) = choose(draw, catalogue, None)?;
    let other = if mixed {
        let same = (!draw.chance(MIXED.1)).then_some(first_seller);
        choose(draw, catalogue, same)?
    } else {
        (first, first_seller)
    };
    let chosen = (0..units).map(|unit| if unit == 0 { (first, first_seller) } else { other });
    let items: Option<Vec<PastItem>> = chosen
        .map(|(product, seller)| sold(draw, product, sellers.get(seller)?, place))
        .collect();
    let days = draw.log_normal(PROMISED_DAYS.0, PROMISED_DAYS.1).clamp(5.0, 60.0) as i64;
    let promised_by = day_of(placed_at).1.plus_millis(days.saturating_mul(DAY_MS));
    let seller = sellers.get(first_seller)?;
    let pace = handling(seller).then(transit(distance_km(seller.place?, place)));
    Some(PastOrder {
        order_id: format!("{:032x}", u128::from(draw.bits()) << 64 | u128::from(row)),
        placed_at,
        promised_by,
        state: at.code.to_owned(),
        postal_prefix: format!("{:05}", draw.between(1_000.0, 99_999.0) as u32),
        place: Some(place),
        items: items?,
        late_days: Some(late_days(draw, pace, placed_at, promised_by)),
        weight,
        unbiased: true,
    })
}

fn moment(draw: &mut Draw) -> Timestamp {
    let month = draw.weighted(MONTHS.into_iter()) as f64;
    let day = START.plus_millis(((month + draw.unit()) * MONTH_MS) as i64);
    // Most orders come between nine and midnight.
    day_of(day)
        .0
        .plus_millis((draw.between(9.0, 24.0) * HOUR_MS as f64) as i64)
}

/// A product and who sells it this time; of `seller` when one is given.
fn choose<'a>(
    draw: &mut Draw,
    catalogue: &'a Catalogue,
    seller: Option<usize>,
) -> Option<(&'a Product, usize)> {
    let rows = match seller {
        Some(seller) => catalogue.by_seller.get(&seller)?,
        None if draw.chance(SHARED.1) => &catalogue.shared,
        None => &catalogue.alone,
    };
    // A few products sell most.
    let row = rows.get((draw.unit().powi(4) * rows.len() as f64) as usize)?;
    let product = catalogue.products.get(*row)?;
    let by = seller.or_else(|| {
        product
            .sellers
            .get(draw.weighted(product.sellers.iter().map(|_| 1.0)))
            .copied()
    })?;
    Some((product, by))
}

fn sold(draw: &mut Draw, product: &Product, seller: &Seller, to: (f64, f64)) -> Option<PastItem> {
    let band = band_of(distance_km(seller.place?, to));
    let steps = product
        .item
        .weight_g
        .saturating_sub(TARIFF_STEP_G)
        .div_ceil(TARIFF_STEP_G);
    let freight = band
        .base_minor
        .saturating_add(band.step_minor.saturating_mul(i64::from(steps))) as f64;
    Some(PastItem {
        seller_id: seller.seller_id.clone(),
        freight_minor: (freight * draw.log_normal(0.97, 1.35)) as i64,
        ..product.item.clone()
    })
}

fn late_days(draw: &mut Draw, pace: Pace, placed_at: Timestamp, promised_by: Timestamp) -> i32 {
    let arrived = placed_at.plus_millis((draw.log_normal(pace.p50_h, pace.p90_h) * HOUR_MS as f64) as i64);
    // `promised_by` is the end of the promised day: arriving within it is zero days late.
    let late = arrived
        .millis_since(promised_by)
        .div_euclid(DAY_MS)
        .saturating_add(1);
    i32::try_from(late).unwrap_or(i32::MAX)
}

fn around(draw: &mut Draw, (lat, lon): (f64, f64), spread: f64) -> (f64, f64) {
    // The median distance from the middle of a round normal cloud is 1.18 standard deviations.
    (
        lat + draw.normal() * spread / 1.18,
        lon + draw.normal() * spread / 1.18,
    )
}

fn listings(products: &[Product], sellers: &[Seller]) -> Vec<Listing> {
    let shared = products.iter().filter(|product| product.sellers.len() >= 2);
    shared
        .flat_map(|product| product.sellers.iter().map(move |seller| (product, *seller)))
        .filter_map(|(product, seller)| {
            Some(Listing {
                product_id: product.item.product_id.clone(),
                seller_id: sellers.get(seller)?.seller_id.clone(),
                units_sold: 1.0,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_history_and_another_seed_another() {
        assert_eq!(generate(1, 200), generate(1, 200));
        assert_ne!(generate(1, 200).orders, generate(2, 200).orders);
        assert!(!generate(1, 200).is_real());
    }

    #[test]
    fn the_distributions_are_those_of_the_data() {
        let history = generate(11, 6_000);
        let share = |part: usize| part as f64 / history.orders.len() as f64;
        let orders = &history.orders;
        let several = share(orders.iter().filter(|order| order.items.len() >= 2).count());
        assert!((0.08..0.12).contains(&several), "several units {several}");
        let late = share(orders.iter().filter(|order| order.late_days > Some(0)).count());
        assert!((0.04..0.10).contains(&late), "late {late}");
        let home = share(orders.iter().filter(|order| order.state == "SP").count());
        assert!((0.40..0.46).contains(&home), "SP {home}");
        let mut freight: Vec<i64> = orders
            .iter()
            .flat_map(|order| order.items.iter().map(|item| item.freight_minor))
            .collect();
        freight.sort_unstable();
        let median = freight[freight.len() / 2];
        assert!(
            (1_400..1_900).contains(&median),
            "median freight {median}, 1626 in the data"
        );
        let sellers_of_two = orders
            .iter()
            .filter(|order| {
                order
                    .items
                    .iter()
                    .any(|item| item.seller_id != order.items[0].seller_id)
            })
            .count();
        assert!(
            (0.004..0.02).contains(&share(sellers_of_two)),
            "several sellers {}",
            share(sellers_of_two)
        );
    }
}
