//! Lanes: what carriage from a node costs and how long it takes.

use signalbox_domain::money::Minor;
use signalbox_domain::routing::{Lane, Tariff};
use signalbox_domain::{Timestamp, Word};

use super::calendar::hours_ms;
use super::constants::{CARBON, EXPRESS, PACKING_H, PARCEL_MAX_G, TARIFF_STEP_G, band_of};
use super::delivery::{Pace, transit};
use super::place::distance_km;
use super::site::Site;

/// The ways from a node: the standard service, whose cost and times were measured, and from a modelled centre a
/// modelled express service. The flag says which are modelled.
pub(super) fn lanes(
    site: &Site,
    to: (f64, f64),
    now: Timestamp,
    promised_by: Timestamp,
    weight_g: f64,
) -> Vec<(Lane, bool)> {
    let standard = lane(site, to, now, promised_by, weight_g, "STANDARD", (1.0, 1.0));
    let express = site
        .modelled
        .then(|| lane(site, to, now, promised_by, weight_g, "EXPRESS", EXPRESS))
        .flatten();
    standard
        .into_iter()
        .map(|lane| (lane, site.modelled))
        .chain(express.map(|lane| (lane, true)))
        .collect()
}

fn lane(
    site: &Site,
    to: (f64, f64),
    now: Timestamp,
    promised_by: Timestamp,
    weight_g: f64,
    service: &str,
    (price, time): (f64, f64),
) -> Option<Lane> {
    let km = distance_km(site.place, to);
    let band = band_of(km);
    let normal = transit(km);
    let pace = site.handling.then(Pace {
        p50_h: normal.p50_h * time,
        p90_h: normal.p90_h * time,
    });
    let ship_at = site.ship_at(now);
    let scaled = |amount: Minor| (amount as f64 * price).round() as Minor;
    Some(Lane {
        node_id: site.node.node_id.clone(),
        group_id: Some("G1".to_owned()),
        carrier: Word::new("CORREIOS").ok(),
        service: Word::new(service).ok()?,
        order_by: Some(ship_at.plus_millis(hours_ms(PACKING_H).saturating_neg())),
        ship_at,
        deliver_p50_at: now.plus_millis(hours_ms(pace.p50_h)),
        deliver_p90_at: now.plus_millis(hours_ms(pace.p90_h)),
        on_time_bp: Some(pace.within_bp(promised_by.millis_since(now) as f64 / hours_ms(1.0) as f64)),
        tariff: Tariff {
            base_minor: scaled(band.base_minor),
            included_g: TARIFF_STEP_G,
            step_g: TARIFF_STEP_G,
            step_minor: scaled(band.step_minor),
            max_parcel_g: PARCEL_MAX_G,
            dim_divisor: 0,
            surcharge_minor: 0,
            duty_tax_minor: 0,
        },
        distance_m: (km * 1_000.0).round() as u32,
        co2_g: (CARBON.0 + CARBON.1 * km * weight_g / 1_000_000.0).round() as u32,
        provides: Vec::new(),
    })
}
