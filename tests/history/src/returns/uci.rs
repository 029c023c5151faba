//! Reads the UCI cancellations, or draws some.

use serde::Deserialize;
use signalbox_domain::Timestamp;
use signalbox_domain::money::Minor;

use crate::draw::Draws;
use crate::error::HistoryError;
use crate::folder::DataFolder;
use crate::history::Origin;
use crate::model::constants::DAY_MS;
use crate::olist::{local_at, rows};

/// A credited line whose purchase is known.
#[derive(Clone, Debug, PartialEq)]
pub struct PastReturn {
    /// The credit note and the article.
    pub rma_id: String,
    /// The stock code.
    pub sku: String,
    /// The article in words, capitals.
    pub description: String,
    /// The customer's country, ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// What was paid for one unit, pence.
    pub price_minor: Minor,
    /// When it was bought.
    pub sold_at: Timestamp,
    /// When it was credited.
    pub credited_at: Timestamp,
}

/// Credited lines, and where they come from.
#[derive(Clone, Debug, PartialEq)]
pub struct ReturnsHistory {
    /// Whether they really happened: the path of the file, or the seed.
    pub origin: Origin,
    /// The lines, by `credited_at`.
    pub returns: Vec<PastReturn>,
}

#[derive(Deserialize)]
struct RawCancellation {
    invoice: String,
    stock_code: String,
    description: String,
    invoice_date: String,
    country: String,
    derived_is_product: u8,
    derived_match: String,
    derived_purchase_date: String,
    derived_purchase_price: Option<f64>,
}

/// Articles of the generator.
const ARTICLES: [(&str, &str); 6] = [
    ("22423", "REGENCY CAKESTAND 3 TIER"),
    ("85123A", "WHITE HANGING HEART T-LIGHT HOLDER"),
    ("85042", "ANTIQUE LILY FAIRY LIGHTS"),
    ("21871", "SAVE THE PLANET MUG"),
    ("22457", "NATURAL SLATE HEART CHALKBOARD"),
    ("21035", "SET/2 RED RETROSPOT TEA TOWELS"),
];

impl ReturnsHistory {
    /// Reads the cancellations of products whose purchase by the same customer was found.
    ///
    /// # Errors
    /// A [`HistoryError`] that names file and line.
    pub fn read(folder: &DataFolder) -> Result<ReturnsHistory, HistoryError> {
        let path = folder.file("returns/uci_cancellations.csv.zst");
        let mut returns = Vec::new();
        for (row, raw) in rows::<RawCancellation>(&path)?.into_iter().enumerate() {
            if raw.derived_is_product != 1 || raw.derived_match != "qty_covered" {
                continue;
            }
            // The header is line 1.
            let line = row.saturating_add(2);
            let time = |text: &str| {
                local_at(text, 0).ok_or_else(|| HistoryError::Time {
                    path: path.clone(),
                    line,
                    found: text.to_owned(),
                })
            };
            returns.push(PastReturn {
                rma_id: format!("{}-{}", raw.invoice, raw.stock_code),
                sku: raw.stock_code,
                country: country(&raw.country),
                price_minor: (raw.derived_purchase_price.unwrap_or(0.0) * 100.0).round() as Minor,
                sold_at: time(&raw.derived_purchase_date)?,
                credited_at: time(&raw.invoice_date)?,
                description: raw.description,
            });
        }
        returns.retain(|past| past.price_minor > 0);
        returns.sort_by(|a, b| (a.credited_at, &a.rma_id).cmp(&(b.credited_at, &b.rma_id)));
        Ok(ReturnsHistory {
            origin: Origin::Recorded(path.display().to_string()),
            returns,
        })
    }

    /// Draws lines with the distributions of the matched cancellations: bought 10.3 days before (median; 84 at the 90th
    /// percentile), at GBP 2.95 (9.95).
    pub fn generate(seed: u64, count: u32) -> ReturnsHistory {
        let draws = Draws::new(seed);
        let start = Timestamp(1_259_625_600_000);
        let mut returns: Vec<PastReturn> = (0..count)
            .map(|row| {
                let mut draw = draws.about(&["cancellation", &row.to_string()]);
                let article = ARTICLES
                    .get(draw.weighted(ARTICLES.iter().map(|_| 1.0)))
                    .unwrap_or(&ARTICLES[0]);
                let credited_at = start.plus_millis((draw.between(0.0, 739.0) * DAY_MS as f64) as i64);
                let days = draw.log_normal(10.3, 84.0).min(400.0);
                PastReturn {
                    rma_id: format!("C{row:06}-{}", article.0),
                    sku: article.0.to_owned(),
                    description: article.1.to_owned(),
                    country: if draw.chance(0.86) { "GB" } else { "DE" },
                    price_minor: (draw.log_normal(2.95, 9.95) * 100.0).max(1.0) as Minor,
                    sold_at: credited_at.plus_millis((-days * DAY_MS as f64) as i64),
                    credited_at,
                }
            })
            .collect();
        returns.sort_by(|a, b| (a.credited_at, &a.rma_id).cmp(&(b.credited_at, &b.rma_id)));
        ReturnsHistory {
            origin: Origin::Generated(seed),
            returns,
        }
    }
}

/// The code of a country as the file names it; the United Kingdom's for those not listed.
fn country(name: &str) -> &'static str {
    match name {
        "Germany" => "DE",
        "EIRE" => "IE",
        "France" => "FR",
        "USA" => "US",
        "Spain" => "ES",
        "Netherlands" => "NL",
        "Belgium" => "BE",
        "Portugal" => "PT",
        "Switzerland" => "CH",
        "Australia" => "AU",
        _ => "GB",
    }
}
