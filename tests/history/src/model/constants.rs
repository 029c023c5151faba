//! Every constant of the model, with where it comes from: measured on the Olist files (the tests in `tests/real_data.rs`
//! measure again and fail when a figure drifts), or chosen, because the data holds nothing about it.

use signalbox_domain::money::Minor;

/// One day, ms.
pub const DAY_MS: i64 = 86_400_000;
/// One hour, ms.
pub const HOUR_MS: i64 = 3_600_000;
/// Brasilia standard time; the files give local times without zone, and daylight saving is ignored.
pub const UTC_OFFSET_HOURS: i8 = -3;
/// The standard normal's 90th percentile.
pub const NORMAL_P90: f64 = 1.281_551_565_544_6;

/// What a distance means for carriage. Measured: unbiased orders of one item, by distance from seller to customer.
#[derive(Clone, Copy, Debug)]
pub struct Band {
    /// Where the band ends, km, not part of it.
    pub to_km: f64,
    /// Freight up to 500 g, centavos: intercept of the least-squares line of freight on started steps of 500 g.
    pub base_minor: Minor,
    /// Freight for each started 500 g more, centavos: the slope of that line.
    pub step_minor: Minor,
    /// From the carrier's pick-up to delivery, hours, median.
    pub transit_p50_h: f64,
    /// The same, 90th percentile.
    pub transit_p90_h: f64,
}

const fn band(
    to_km: f64,
    base_minor: Minor,
    step_minor: Minor,
    transit_p50_h: f64,
    transit_p90_h: f64,
) -> Band {
    Band {
        to_km,
        base_minor,
        step_minor,
        transit_p50_h,
        transit_p90_h,
    }
}

/// The bands, nearest first. Measured.
pub const BANDS: [Band; 9] = [
    band(100.0, 909, 81, 50.6, 169.0),
    band(250.0, 1_134, 107, 124.4, 291.1),
    band(500.0, 1_472, 119, 167.8, 397.0),
    band(750.0, 1_570, 148, 200.5, 482.3),
    band(1_000.0, 1_686, 147, 215.7, 490.7),
    band(1_500.0, 2_018, 174, 284.8, 560.2),
    band(2_000.0, 2_769, 211, 333.8, 671.6),
    band(2_500.0, 2_805, 227, 341.9, 715.7),
    band(f64::INFINITY, 3_518, 232, 407.8, 789.8),
];
/// Mass that the base price includes, and the size of a step, g. Chosen; the line above is fitted with it.
pub const TARIFF_STEP_G: u32 = 500;
/// The heaviest parcel, g. Measured: the heaviest article is 40.4 kg.
pub const PARCEL_MAX_G: u32 = 50_000;

/// From purchase to hand-over, hours, median and 90th percentile over all sellers. Measured.
pub const HANDLING_HOURS: (f64, f64) = (44.5, 145.0);
/// A seller's own handling counts n / (n + this) against the figure over all sellers. Chosen.
pub const HANDLING_PRIOR_COUNT: f64 = 20.0;
/// The shortest median handling, hours. Chosen: below it a promise to the minute would be made up.
pub const HANDLING_MIN_H: f64 = 6.0;
/// A modelled distribution centre's handling, hours. Chosen: the fastest tenth of real sellers with 10 or more
/// observations starts at (21, 55).
pub const DC_HANDLING_HOURS: (f64, f64) = (21.0, 55.0);
/// How long before hand-over a node has to know, hours. Chosen.
pub const PACKING_H: f64 = 2.0;

/// Share of a seller's orders that are cancelled or not available, in basis points, over all sellers: 466 of 47,113.
/// Measured.
pub const REJECTION_BP: f64 = 99.0;
/// Prior count of the rejection rate, as with handling. Chosen.
pub const REJECTION_PRIOR_COUNT: f64 = 50.0;
/// A modelled distribution centre's rejections, basis points. Chosen.
pub const DC_REJECTION_BP: u32 = 30;

/// What handling costs at a seller: each shipment, line and unit, centavos. Chosen.
pub const SELLER_PROCESSING: (Minor, Minor, Minor) = (350, 90, 40);
/// The same at a modelled distribution centre. Chosen.
pub const DC_PROCESSING: (Minor, Minor, Minor) = (220, 60, 25);
/// Labour minutes for a line at a seller and at a distribution centre. Chosen.
pub const MINUTES_PER_LINE: (u32, u32) = (6, 3);

/// Cost of goods as a share of the price. Chosen.
pub const UNIT_COST_SHARE: f64 = 0.62;
/// Greenhouse gases: g CO2e a shipment for the last mile, and a tonne-kilometre. Chosen, of the size that road freight
/// factors have.
pub const CARBON: (f64, f64) = (300.0, 95.0);

/// The express service of distribution centres: price and transit time as multiples of standard. Chosen.
pub const EXPRESS: (f64, f64) = (1.7, 0.45);

/// Modelled distribution centres: the state that each stands in, at the median place of its customers. Chosen: the
/// states with most orders, spread so that every region is reached.
pub const DC_STATES: [&str; 8] = ["SP", "RJ", "MG", "RS", "PR", "BA", "PE", "DF"];
/// A distribution centre lists a product with probability `.0 + .1 * log2(1 + units sold)`, at most `.2`. Chosen so that
/// best-sellers are near every customer and the long tail is at its seller and one or two centres.
pub const DC_LISTING: (f64, f64, f64) = (0.2, 0.055, 0.75);
/// How long before its first and after its last ship limit a seller may still sell. Chosen: most sellers sell seldom.
pub const SELLER_ACTIVE_SLACK_MS: i64 = DAY_MS * 90;
/// A listed product is out of stock with this probability, at a distribution centre and at another seller. Chosen.
pub const STOCK_OUT: (f64, f64) = (0.08, 0.15);
/// Days that stock covers at the velocity of its node: median and 90th percentile. Chosen.
pub const COVER_DAYS: (f64, f64) = (21.0, 70.0);
/// Safety stock: days of sales, and the most units. Chosen.
pub const SAFETY_STOCK: (f64, u32) = (2.0, 5);
/// The most hours since stock was counted, at a seller and at a distribution centre. Chosen.
pub const COUNT_AGE_MAX_H: (f64, f64) = (6.0, 0.25);
/// How far a distribution centre's count can be trusted, basis points. Chosen.
pub const DC_COUNT_CONFIDENCE_BP: u32 = 9_900;
/// A seller's count: basis points at an on-time shipping rate of 0, and what a rate of 1 adds. Chosen.
pub const SELLER_COUNT_CONFIDENCE_BP: (f64, f64) = (8_000.0, 1_900.0);
/// Markdown risk: weeks of cover from which it grows, basis points for each week more, and the most. Chosen.
pub const MARKDOWN: (f64, f64, f64) = (8.0, 250.0, 9_000.0);

/// Orders a day that all distribution centres together can take: the 95th percentile of the marketplace's days.
/// Measured (244), so that on peak days of November 2017 centres are full.
pub const DC_ORDERS_PER_DAY: f64 = 244.0;
/// The least orders a day that a seller can take, and its limit as a multiple of its busiest day. Chosen.
pub const SELLER_CAPACITY: (u32, f64) = (4, 1.2);

/// A state of Brazil. Measured over the unbiased orders and the seller table.
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// Two letters.
    pub code: &'static str,
    /// Median latitude of its customers, degrees.
    pub lat: f64,
    /// Median longitude of its customers, degrees.
    pub lon: f64,
    /// Its share of customers, in 1/10,000.
    pub customers_bp: u32,
    /// Its share of what sellers ship, in 1/10,000.
    pub sellers_bp: u32,
    /// Median distance of its customers from that place, degrees.
    pub spread: f64,
}

const fn state(
    code: &'static str,
    lat: f64,
    lon: f64,
    customers_bp: u32,
    sellers_bp: u32,
    spread: f64,
) -> State {
    State {
        code,
        lat,
        lon,
        customers_bp,
        sellers_bp,
        spread,
    }
}

/// Every state, most customers first.
pub const STATES: [State; 27] = [
    state("SP", -23.51, -46.70, 4_256, 7_094, 0.27),
    state("RJ", -22.89, -43.24, 1_303, 435, 0.18),
    state("MG", -19.93, -43.98, 1_170, 794, 1.38),
    state("RS", -29.90, -51.23, 550, 199, 0.71),
    state("PR", -25.38, -50.40, 495, 772, 1.55),
    state("SC", -27.10, -48.91, 353, 367, 0.67),
    state("BA", -12.94, -38.71, 333, 57, 0.72),
    state("ES", -20.31, -40.32, 202, 32, 0.14),
    state("GO", -16.68, -49.26, 201, 46, 0.67),
    state("DF", -15.81, -47.96, 190, 82, 0.10),
    state("PE", -8.11, -34.97, 176, 41, 0.15),
    state("CE", -3.80, -38.59, 137, 9, 0.13),
    state("PA", -1.44, -48.47, 94, 1, 0.13),
    state("MA", -2.57, -44.26, 75, 39, 0.73),
    state("MT", -15.58, -56.08, 75, 14, 1.71),
    state("MS", -20.49, -54.61, 69, 5, 1.17),
    state("PB", -7.13, -35.39, 55, 4, 0.55),
    state("RN", -5.85, -35.25, 51, 5, 0.10),
    state("PI", -5.08, -42.77, 47, 1, 0.10),
    state("AL", -9.63, -35.75, 46, 0, 0.06),
    state("SE", -10.93, -37.07, 37, 1, 0.04),
    state("TO", -10.19, -48.32, 26, 0, 1.58),
    state("RO", -9.43, -63.57, 26, 1, 0.75),
    state("AM", -3.09, -60.01, 13, 0, 0.04),
    state("AC", -9.96, -67.83, 9, 0, 0.03),
    state("RR", 2.82, -60.68, 5, 0, 0.03),
    state("AP", 0.04, -51.07, 5, 0, 0.03),
];

/// The state of this code; Sao Paulo's when there is none.
pub fn state_of(code: &str) -> &'static State {
    const FIRST: &State = &STATES[0];
    STATES.iter().find(|state| state.code == code).unwrap_or(FIRST)
}

/// The band of a distance in km.
pub fn band_of(km: f64) -> &'static Band {
    // The last band has no end, so that only a distance that is no number finds none.
    const FIRST: &Band = &BANDS[0];
    BANDS.iter().find(|band| km < band.to_km).unwrap_or(FIRST)
}
