//! What happened: past orders, sellers, and who sold what.

use std::path::Path;

use signalbox_domain::Timestamp;
use signalbox_domain::money::Minor;

use crate::error::HistoryError;
use crate::folder::DataFolder;

/// Where a history comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It really happened: read from this file or folder.
    Recorded(String),
    /// Drawn by the generator from this seed.
    Generated(u64),
}

/// One article in an order: one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct PastItem {
    /// The product.
    pub product_id: String,
    /// Who sold and shipped it.
    pub seller_id: String,
    /// The category in English, or `unknown`.
    pub category: String,
    /// Price paid, centavos.
    pub price_minor: Minor,
    /// Freight paid, centavos; for an order of several items a split that Olist made.
    pub freight_minor: Minor,
    /// Weight, g; 0 when the catalogue has none.
    pub weight_g: u32,
    /// Length, mm; 0 when the catalogue has none.
    pub length_mm: u32,
    /// Width, mm; 0 when the catalogue has none.
    pub width_mm: u32,
    /// Height, mm; 0 when the catalogue has none.
    pub height_mm: u32,
}

/// One past order with at least one item.
#[derive(Clone, Debug, PartialEq)]
pub struct PastOrder {
    /// The order's id.
    pub order_id: String,
    /// When the customer bought.
    pub placed_at: Timestamp,
    /// The end of the local day by which delivery was promised.
    pub promised_by: Timestamp,
    /// The customer's state, two letters.
    pub state: String,
    /// First five digits of the customer's postal code.
    pub postal_prefix: String,
    /// Latitude and longitude of the customer's postal area, degrees; none when unknown.
    pub place: Option<(f64, f64)>,
    /// What was bought, one entry a unit.
    pub items: Vec<PastItem>,
    /// Days late by local date, negative when early; none when it was not delivered.
    pub late_days: Option<i32>,
    /// How many orders of the marketplace this one stands for.
    pub weight: f64,
    /// Whether it belongs to the uniform sample over which unweighted rates are right.
    pub unbiased: bool,
}

/// A seller as a node that ships.
#[derive(Clone, Debug, PartialEq)]
pub struct Seller {
    /// The seller's id.
    pub seller_id: String,
    /// Its state, two letters.
    pub state: String,
    /// Latitude and longitude, degrees; none when unknown.
    pub place: Option<(f64, f64)>,
    /// First and last instant at which it had something to ship.
    pub active: (Timestamp, Timestamp),
    /// From purchase to hand-over to the carrier, hours: median and 90th percentile; none without observations.
    pub handling_hours: Option<(f64, f64)>,
    /// Observations behind `handling_hours`.
    pub handling_count: u32,
    /// Orders observed, and how many of them were cancelled or not available.
    pub observed: (u32, u32),
    /// Share of orders handed to the carrier in time, 0 to 1; none without observations.
    pub ship_on_time: Option<f64>,
}

/// A product that a seller really sold.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// The product.
    pub product_id: String,
    /// The seller.
    pub seller_id: String,
    /// Units sold over the whole time.
    pub units_sold: f64,
}

/// Past orders in the order in which they were placed, the sellers, and who sold what.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// Where it comes from.
    pub origin: Origin,
    /// The orders, by `placed_at`.
    pub orders: Vec<PastOrder>,
    /// The sellers.
    pub sellers: Vec<Seller>,
    /// Products with two or more sellers, one entry for each of their sellers.
    pub shared_listings: Vec<Listing>,
}

impl History {
    /// Reads the Olist files.
    ///
    /// # Errors
    /// A [`HistoryError`] that names file and line.
    pub fn read(folder: &DataFolder) -> Result<History, HistoryError> {
        crate::olist::read(folder)
    }

    /// The Olist history when its data is found, else a generated one of `orders` orders. Data that is named (by
    /// `explicit` or by `SIGNALBOX_DATA`) and absent, or is present and broken, is an error: nobody should take drawn
    /// orders for real ones.
    ///
    /// # Errors
    /// A [`HistoryError`] that names file and line.
    pub fn open_or_generate(
        explicit: Option<&Path>,
        seed: u64,
        orders: u32,
    ) -> Result<History, HistoryError> {
        let named = explicit.is_some() || std::env::var_os(crate::folder::DATA_VARIABLE).is_some();
        match DataFolder::find(explicit) {
            Ok(folder) => History::read(&folder),
            Err(HistoryError::NoFolder { .. }) if !named => Ok(crate::generate::generate(seed, orders)),
            Err(problem) => Err(problem),
        }
    }

    /// Whether the orders really happened.
    pub fn is_real(&self) -> bool {
        matches!(self.origin, Origin::Recorded(_))
    }
}
