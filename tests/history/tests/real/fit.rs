//! Are the constants of the model still what the data says?

use libtest_mimic::Failed;
use signalbox_domain::money::Minor;
use signalbox_domain::routing::{Lane, RoutingRequest, ShipmentView};
use signalbox_history::model::constants::{
    BANDS, DC_ORDERS_PER_DAY, REJECTION_BP, STATES, TARIFF_STEP_G, band_of,
};
use signalbox_history::model::distance_km;
use signalbox_history::{DataFolder, History, Model, PastOrder};

/// Fails with what was measured unless it is within `tolerance` of what was expected.
fn near(what: &str, measured: f64, expected: f64, tolerance: f64) -> Result<(), Failed> {
    if (measured - expected).abs() <= tolerance {
        Ok(())
    } else {
        Err(format!("{what}: measured {measured:.4}, expected {expected:.4} within {tolerance}").into())
    }
}

pub fn files_hold_what_the_readme_says(_: &DataFolder, history: &History) -> Result<(), Failed> {
    near("orders with items", history.orders.len() as f64, 38_684.0, 0.0)?;
    near("sellers", history.sellers.len() as f64, 3_095.0, 0.0)?;
    let mut products: Vec<&str> = history
        .shared_listings
        .iter()
        .map(|listing| listing.product_id.as_str())
        .collect();
    products.dedup();
    near(
        "products with several sellers",
        products.len() as f64,
        1_225.0,
        0.0,
    )?;
    let delivered: Vec<i32> = unbiased(history).filter_map(|order| order.late_days).collect();
    let late = delivered.iter().filter(|days| **days > 0).count() as f64 / delivered.len() as f64;
    near("late by date, unbiased", late, 0.0675, 0.004)?;
    let (observed, failed) = history
        .sellers
        .iter()
        .fold((0.0, 0.0), |(observed, failed), seller| {
            (
                observed + f64::from(seller.observed.0),
                failed + f64::from(seller.observed.1),
            )
        });
    near(
        "rejections, basis points",
        failed * 10_000.0 / observed,
        REJECTION_BP,
        1.0,
    )?;
    near(
        "95th percentile of orders a day",
        orders_per_day(history),
        DC_ORDERS_PER_DAY,
        3.0,
    )
}

fn orders_per_day(history: &History) -> f64 {
    let mut days: std::collections::BTreeMap<i64, f64> = Default::default();
    for order in &history.orders {
        *days
            .entry((order.placed_at.as_millis() - 3 * 3_600_000).div_euclid(86_400_000))
            .or_default() += order.weight;
    }
    percentile(days.into_values().collect(), 0.95)
}

pub fn freight_constants_are_those_of_the_data(_: &DataFolder, history: &History) -> Result<(), Failed> {
    let sellers: std::collections::HashMap<&str, (f64, f64)> = history
        .sellers
        .iter()
        .filter_map(|seller| Some((seller.seller_id.as_str(), seller.place?)))
        .collect();
    for band in &BANDS {
        // (steps above 500 g, freight in centavos) of unbiased orders of one item in this band.
        let points: Vec<(f64, f64)> = unbiased(history)
            .filter(|order| order.items.len() == 1)
            .filter_map(|order| {
                let item = order.items.first()?;
                let km = distance_km(*sellers.get(item.seller_id.as_str())?, order.place?);
                let steps = item
                    .weight_g
                    .saturating_sub(TARIFF_STEP_G)
                    .div_ceil(TARIFF_STEP_G);
                (band_of(km).to_km == band.to_km).then_some((f64::from(steps), item.freight_minor as f64))
            })
            .collect();
        let (base, step) = line(&points);
        near(
            &format!("base up to {} km", band.to_km),
            base,
            band.base_minor as f64,
            25.0,
        )?;
        near(
            &format!("step up to {} km", band.to_km),
            step,
            band.step_minor as f64,
            6.0,
        )?;
    }
    Ok(())
}

/// The least-squares line through points: its value at 0 and its slope.
fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let count = points.len() as f64;
    let (mean_x, mean_y) = points.iter().fold((0.0, 0.0), |(x, y), point| {
        (x + point.0 / count, y + point.1 / count)
    });
    let (xy, xx) = points.iter().fold((0.0, 0.0), |(xy, xx), (x, y)| {
        (xy + (x - mean_x) * (y - mean_y), xx + (x - mean_x).powi(2))
    });
    (mean_y - xy / xx * mean_x, xy / xx)
}

pub fn transit_constants_are_those_of_the_data(folder: &DataFolder, _: &History) -> Result<(), Failed> {
    // The transit times are read only here, so the history does not carry them.
    let file = std::fs::File::open(folder.file("olist/orders.ndjson.zst"))?;
    let reader = std::io::BufReader::new(zstd::Decoder::new(file)?);
    let mut transit: Vec<Vec<f64>> = vec![Vec::new(); BANDS.len()];
    for text in std::io::BufRead::lines(reader) {
        let order: serde_json::Value = serde_json::from_str(&text?)?;
        let derived = &order["derived"];
        let usable =
            derived["core_random"] == true && derived["n_items"] == 1 && !derived["late_days"].is_null();
        let handled = derived["handling_hours"].as_f64();
        if let (true, Some(_), Some(km), Some(hours)) = (
            usable,
            handled,
            derived["max_distance_km"].as_f64(),
            derived["transit_hours"].as_f64(),
        ) {
            let row = BANDS.iter().position(|band| km < band.to_km).ok_or("no band")?;
            transit[row].push(hours);
        }
    }
    for (band, hours) in BANDS.iter().zip(transit) {
        near(
            &format!("transit p50 up to {} km", band.to_km),
            percentile(hours.clone(), 0.5),
            band.transit_p50_h,
            1.0,
        )?;
        near(
            &format!("transit p90 up to {} km", band.to_km),
            percentile(hours, 0.9),
            band.transit_p90_h,
            3.0,
        )?;
    }
    Ok(())
}

pub fn state_constants_are_those_of_the_data(_: &DataFolder, history: &History) -> Result<(), Failed> {
    let all = unbiased(history).count() as f64;
    for state in &STATES {
        let here: Vec<&PastOrder> = unbiased(history)
            .filter(|order| order.state == state.code)
            .collect();
        near(
            &format!("customers of {}", state.code),
            here.len() as f64 * 10_000.0 / all,
            f64::from(state.customers_bp),
            15.0,
        )?;
        let lat = percentile(
            here.iter().filter_map(|order| Some(order.place?.0)).collect(),
            0.5,
        );
        let lon = percentile(
            here.iter().filter_map(|order| Some(order.place?.1)).collect(),
            0.5,
        );
        near(&format!("latitude of {}", state.code), lat, state.lat, 0.15)?;
        near(&format!("longitude of {}", state.code), lon, state.lon, 0.15)?;
    }
    Ok(())
}

/// The lane that a shipment of a real seller took.
fn lane<'a>(request: &'a RoutingRequest, shipment: &ShipmentView) -> Option<&'a Lane> {
    request.network.lanes.get(shipment.lane? as usize)
}

pub fn modelled_promises_are_kept_as_often_as_real_ones(
    _: &DataFolder,
    history: &History,
) -> Result<(), Failed> {
    let model = Model::new(history.clone(), 1);
    let (mut modelled, mut kept, mut count) = (0.0, 0.0, 0.0);
    for order in unbiased(history).filter(|order| order.items.len() == 1) {
        let case = model.routing(order).ok_or("an order without request")?;
        if let Some(really) = case.reality.promise_kept {
            let lane = lane(&case.request, &case.actual.shipments[0]).ok_or("a shipment without lane")?;
            modelled += f64::from(lane.on_time_bp.unwrap_or_default()) / 10_000.0;
            kept += f64::from(u8::from(really));
            count += 1.0;
        }
    }
    eprintln!(
        "promise kept, {count} orders: modelled {:.4}, measured {:.4}",
        modelled / count,
        kept / count
    );
    near("modelled promise kept", modelled / count, kept / count, 0.01)
}

pub fn modelled_freight_is_what_was_paid(_: &DataFolder, history: &History) -> Result<(), Failed> {
    let model = Model::new(history.clone(), 1);
    // Modelled and paid, for orders of one unit and of several.
    let mut totals: [(Minor, Minor); 2] = Default::default();
    for order in unbiased(history) {
        let case = model.routing(order).ok_or("an order without request")?;
        let (modelled, paid) = &mut totals[usize::from(order.items.len() > 1)];
        for shipment in &case.actual.shipments {
            let tariff = lane(&case.request, shipment)
                .ok_or("a shipment without lane")?
                .tariff;
            let steps = mass(&case.request, shipment)
                .saturating_sub(tariff.included_g)
                .div_ceil(tariff.step_g);
            *modelled += tariff.base_minor + tariff.step_minor * Minor::from(steps);
            *paid += shipment.cost_minor;
        }
    }
    let bias = |(modelled, paid): (Minor, Minor)| (modelled - paid) as f64 / paid as f64;
    let [one, several] = totals;
    eprintln!(
        "freight, modelled against paid: one unit {:+.4}, several units {:+.4}",
        bias(one),
        bias(several)
    );
    near(
        "bias of modelled freight, orders of one unit",
        bias(one),
        0.0,
        0.03,
    )?;
    // Olist charges freight for every unit, as if each went in a parcel of its own; the model packs them together. So
    // the model must be cheaper here, and says nothing about what Olist's carriers charged Olist.
    if bias(several) < -0.1 {
        Ok(())
    } else {
        Err(format!("several units: {:+.4}", bias(several)).into())
    }
}

/// What a shipment weighs, g.
fn mass(request: &RoutingRequest, shipment: &ShipmentView) -> u32 {
    let weights = shipment.lines.iter().filter_map(|part| {
        let line = request.lines.iter().find(|line| line.line_id == part.line_id)?;
        Some(line.weight_g * part.quantity)
    });
    weights.sum()
}

fn unbiased(history: &History) -> impl Iterator<Item = &PastOrder> {
    history.orders.iter().filter(|order| order.unbiased)
}

fn percentile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() as f64 * share) as usize).min(values.len() - 1)]
}
