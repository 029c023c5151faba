//! Reads the Olist files of the data folder.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;
use signalbox_domain::Timestamp;
use signalbox_domain::money::Minor;

use crate::error::HistoryError;
use crate::folder::DataFolder;
use crate::history::{History, Listing, Origin, PastItem, PastOrder, Seller};
use crate::model::constants::{DAY_MS, UTC_OFFSET_HOURS};

/// Reads orders, sellers and shared listings.
pub(crate) fn read(folder: &DataFolder) -> Result<History, HistoryError> {
    Ok(History {
        origin: Origin::Recorded(folder.path().join("olist").display().to_string()),
        orders: orders(&folder.file("olist/orders.ndjson.zst"))?,
        sellers: sellers(&folder.file("olist/seller_nodes.csv"))?,
        shared_listings: listings(&folder.file("olist/multi_seller_products.csv"))?,
    })
}

#[derive(Deserialize)]
struct RawOrder {
    order_id: String,
    order_purchase_timestamp: String,
    order_estimated_delivery_date: String,
    customer_zip_code_prefix: String,
    customer_state: String,
    derived_customer_lat: Option<f64>,
    derived_customer_lng: Option<f64>,
    items: Vec<RawItem>,
    derived: RawDerived,
}

#[derive(Deserialize)]
struct RawItem {
    product_id: String,
    product_category_name_english: Option<String>,
    product_weight_g: Option<f64>,
    product_length_cm: Option<f64>,
    product_height_cm: Option<f64>,
    product_width_cm: Option<f64>,
    price: f64,
    freight_value: f64,
    seller_id: String,
}

#[derive(Deserialize)]
struct RawDerived {
    late_days: Option<f64>,
    core_random: bool,
    weight: f64,
}

/// The orders that have items, by purchase time. `.gz` and `.zst` are read.
fn orders(path: &Path) -> Result<Vec<PastOrder>, HistoryError> {
    let read = |source| HistoryError::Read {
        path: path.to_path_buf(),
        source,
    };
    let mut orders = Vec::new();
    for (row, line) in BufReader::new(open(path).map_err(read)?).lines().enumerate() {
        let line_number = row.saturating_add(1);
        let raw: RawOrder =
            serde_json::from_str(&line.map_err(read)?).map_err(|source| HistoryError::Order {
                path: path.to_path_buf(),
                line: line_number,
                source,
            })?;
        if !raw.items.is_empty() {
            orders.push(order(raw, path, line_number)?);
        }
    }
    orders.sort_by(|a, b| (a.placed_at, &a.order_id).cmp(&(b.placed_at, &b.order_id)));
    Ok(orders)
}

fn order(raw: RawOrder, path: &Path, line: usize) -> Result<PastOrder, HistoryError> {
    let time = |text: &str| {
        local(text).ok_or_else(|| HistoryError::Time {
            path: path.to_path_buf(),
            line,
            found: text.to_owned(),
        })
    };
    Ok(PastOrder {
        placed_at: time(&raw.order_purchase_timestamp)?,
        promised_by: time(&raw.order_estimated_delivery_date)?.plus_millis(DAY_MS),
        order_id: raw.order_id,
        state: raw.customer_state,
        postal_prefix: raw.customer_zip_code_prefix,
        place: raw.derived_customer_lat.zip(raw.derived_customer_lng),
        items: raw.items.into_iter().map(item).collect(),
        late_days: raw.derived.late_days.map(|days| days.round() as i32),
        weight: raw.derived.weight,
        unbiased: raw.derived.core_random,
    })
}

fn item(raw: RawItem) -> PastItem {
    let millimetres = |centimetres: Option<f64>| whole(centimetres.map(|value| value * 10.0));
    PastItem {
        product_id: raw.product_id,
        seller_id: raw.seller_id,
        category: raw
            .product_category_name_english
            .unwrap_or_else(|| "unknown".to_owned()),
        price_minor: centavos(raw.price),
        freight_minor: centavos(raw.freight_value),
        weight_g: whole(raw.product_weight_g),
        length_mm: millimetres(raw.product_length_cm),
        width_mm: millimetres(raw.product_width_cm),
        height_mm: millimetres(raw.product_height_cm),
    }
}

#[derive(Deserialize)]
struct RawSeller {
    seller_id: String,
    seller_state: String,
    derived_lat: Option<f64>,
    derived_lng: Option<f64>,
    derived_first_ship_limit_full: String,
    derived_last_ship_limit_full: String,
    derived_orders_sampled_single_seller: Option<f64>,
    derived_canceled_sampled: Option<f64>,
    derived_unavailable_sampled: Option<f64>,
    derived_handling_n: Option<f64>,
    derived_handling_hours_median: Option<f64>,
    derived_handling_hours_p90: Option<f64>,
    derived_ship_on_time_rate: Option<f64>,
}

fn sellers(path: &Path) -> Result<Vec<Seller>, HistoryError> {
    rows::<RawSeller>(path)?
        .into_iter()
        .enumerate()
        .map(|(row, raw)| seller(raw, path, row.saturating_add(2)))
        .collect()
}

fn seller(raw: RawSeller, path: &Path, line: usize) -> Result<Seller, HistoryError> {
    let time = |text: &str| {
        local(text).ok_or_else(|| HistoryError::Time {
            path: path.to_path_buf(),
            line,
            found: text.to_owned(),
        })
    };
    let failed = whole(raw.derived_canceled_sampled).saturating_add(whole(raw.derived_unavailable_sampled));
    Ok(Seller {
        active: (
            time(&raw.derived_first_ship_limit_full)?,
            time(&raw.derived_last_ship_limit_full)?,
        ),
        seller_id: raw.seller_id,
        state: raw.seller_state,
        place: raw.derived_lat.zip(raw.derived_lng),
        handling_hours: raw
            .derived_handling_hours_median
            .zip(raw.derived_handling_hours_p90),
        handling_count: whole(raw.derived_handling_n),
        observed: (whole(raw.derived_orders_sampled_single_seller), failed),
        ship_on_time: raw.derived_ship_on_time_rate,
    })
}

#[derive(Deserialize)]
struct RawListing {
    product_id: String,
    seller_id: String,
    derived_items_sold: f64,
}

fn listings(path: &Path) -> Result<Vec<Listing>, HistoryError> {
    let listing = |raw: RawListing| Listing {
        product_id: raw.product_id,
        seller_id: raw.seller_id,
        units_sold: raw.derived_items_sold,
    };
    Ok(rows::<RawListing>(path)?.into_iter().map(listing).collect())
}

/// The rows of a CSV file with a header, plain or compressed.
pub(crate) fn rows<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>, HistoryError> {
    let file = open(path).map_err(|source| HistoryError::Read {
        path: path.to_path_buf(),
        source,
    })?;
    let table: Result<Vec<T>, csv::Error> = csv::Reader::from_reader(file).deserialize().collect();
    table.map_err(|source| HistoryError::Table {
        path: path.to_path_buf(),
        source,
    })
}

fn open(path: &Path) -> std::io::Result<Box<dyn Read>> {
    let file = File::open(path)?;
    Ok(match path.extension().and_then(|extension| extension.to_str()) {
        Some("zst") => Box::new(zstd::Decoder::new(file)?),
        Some("gz") => Box::new(flate2::read::GzDecoder::new(file)),
        _ => Box::new(file),
    })
}

/// The instant of a Brazilian local time or date (its start).
fn local(text: &str) -> Option<Timestamp> {
    local_at(text, UTC_OFFSET_HOURS)
}

/// The instant of a local time or date (its start) at a fixed offset from UTC.
pub(crate) fn local_at(text: &str, offset_hours: i8) -> Option<Timestamp> {
    let time = text
        .parse::<jiff::civil::DateTime>()
        .or_else(|_| text.parse::<jiff::civil::Date>().map(Into::into))
        .ok()?;
    let zoned = time
        .to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(offset_hours)))
        .ok()?;
    Some(Timestamp(zoned.timestamp().as_millisecond()))
}

/// Centavos of an amount that the files give in whole reais with two decimals.
fn centavos(amount: f64) -> Minor {
    (amount.max(0.0) * 100.0).round() as Minor
}

/// A measure or count as a whole number; 0 when absent.
fn whole(value: Option<f64>) -> u32 {
    value.unwrap_or(0.0).max(0.0).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_date_starts_at_three_in_the_morning_utc() {
        assert_eq!(
            local("2016-10-20").unwrap().to_string(),
            "2016-10-20T03:00:00.000Z"
        );
        assert_eq!(
            local("2016-09-04T21:15:19").unwrap().to_string(),
            "2016-09-05T00:15:19.000Z"
        );
        assert_eq!(local("yesterday"), None);
    }

    #[test]
    fn amounts_are_rounded_to_centavos_not_cut() {
        assert_eq!(centavos(39.99), 3_999);
        assert_eq!(centavos(0.29), 29);
    }
}
