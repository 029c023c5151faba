//! The gates that rest on what really happened to the units of a canary and of the champion beside it.

use signalbox_domain::Domain;
use signalbox_domain::outcome::Metric;
use signalbox_domain::rollout::{OutcomePlan, RolloutPlan};

use super::gates::{Figure, Gate, GateState};
use super::words::{one_in, signed_money};
use crate::measured::{ArmFigures, MeasuredFigures, MetricFigures, Worse};

/// Units with an invoice below which a bias is an accident.
const INVOICES_MIN: u64 = 100;

/// Every gate that rests on outcomes, of a release in canary.
pub(super) fn gates(plan: &RolloutPlan, domain: Domain, measured: Option<&MeasuredFigures>) -> Vec<Gate> {
    let plan = &plan.outcomes;
    let mut gates = vec![enough(plan, domain, measured)];
    let judged = measured.iter().flat_map(|measured| &measured.metrics);
    let shown =
        judged.filter_map(|figures| Some(metric(plan, domain, figures, plan.margin(figures.metric)?)));
    gates.extend(shown);
    gates.push(bias(plan, measured));
    gates
}

/// Whether as many outcomes are known as the plan waits for, of both arms alike.
fn enough(plan: &OutcomePlan, domain: Domain, measured: Option<&MeasuredFigures>) -> Gate {
    let awaited = OutcomePlan::awaited(domain);
    let known = |arm: fn(&MetricFigures) -> ArmFigures| {
        let of = |metric: &Metric| measured?.metric(*metric).map(|figures| arm(figures).units);
        awaited
            .iter()
            .map(|metric| of(metric).unwrap_or(0))
            .min()
            .unwrap_or(0)
    };
    let (champion, canary) = (known(|figures| figures.champion), known(|figures| figures.canary));
    let fewest = champion.min(canary);
    let open = measured.map_or(0, |measured| {
        measured.open.champion.saturating_add(measured.open.canary)
    });
    let lopsided = measured.is_some_and(|measured| measured.reports.answered);
    let asked = plan.min_units;
    let (state, detail) = if lopsided {
        (
            GateState::Inconclusive,
            "reports do not come for both arms as requests were assigned to them: what they say cannot be compared".to_owned(),
        )
    } else if asked == 0 {
        (
            GateState::Met,
            format!(
                "the plan waits for no outcomes; they are known of {canary} units of the canary and {champion} of the champion"
            ),
        )
    } else if awaited.is_empty() {
        (GateState::Met, format!("no outcomes are measured of {domain}"))
    } else {
        let state = match fewest >= asked {
            true => GateState::Met,
            false => GateState::Inconclusive,
        };
        (
            state,
            format!(
                "outcomes are known of {canary} units of the canary and {champion} of the champion, of at least {asked} each; of \
                 {open} more something is reported, and their time is not over"
            ),
        )
    };
    let gate = Gate::new("outcomes", state, detail);
    gate.with(Figure::new(
        fewest as f64,
        "units",
        asked as f64,
        champion.saturating_add(canary),
    ))
}

/// Whether a metric is not worse by more than the plan allows.
fn metric(plan: &OutcomePlan, domain: Domain, figures: &MetricFigures, margin: f64) -> Gate {
    let is_awaited = plan.min_units > 0 && OutcomePlan::awaited(domain).contains(&figures.metric);
    let (state, told) = if figures.is_harmed(margin) {
        (GateState::Unmet, wrongly(figures, margin))
    } else if figures.is_within(margin) || is_awaited {
        let state = match figures.is_within(margin) {
            true => GateState::Met,
            false => GateState::Inconclusive,
        };
        (
            state,
            format!(
                "If it were worse by more than {}, this would pass it at most 1 time in {}",
                amount(figures.metric, margin),
                one_in(figures.alpha)
            ),
        )
    } else {
        (
            GateState::Met,
            format!(
                "Nothing shows that it is worse by more than {}, and the plan does not wait for more",
                amount(figures.metric, margin)
            ),
        )
    };
    let detail = format!("{}. {told}", compared(figures));
    let difference = figures.difference().unwrap_or_default();
    let sample = figures.champion.units.saturating_add(figures.canary.units);
    let unit = match figures.metric {
        Metric::ActualCost | Metric::Recovered => "minor units a unit",
        _ => "share",
    };
    Gate::new(name(figures.metric), state, detail).with(Figure::new(difference, unit, margin, sample))
}

/// Why a canary is ended that its outcomes show to be worse.
pub(in crate::control) fn harm(worse: &Worse<'_>) -> String {
    let Worse { figures, margin } = worse;
    format!("{}. {}", compared(figures), wrongly(figures, *margin))
}

/// The error rate of what stops it, in words.
fn wrongly(figures: &MetricFigures, margin: f64) -> String {
    format!(
        "If it were within the margin of {}, this would be seen at most 1 time in {}",
        amount(figures.metric, margin),
        one_in(figures.harm_alpha)
    )
}

/// Both arms in words: `promise missed: 3.10 % of 204 units of the canary, 3.40 % of 1,796 of the champion`.
fn compared(figures: &MetricFigures) -> String {
    let arm = |arm: ArmFigures, whose: &str| {
        let mean = arm.mean.map(|mean| amount(figures.metric, mean));
        format!(
            "{} over {} units of the {whose}",
            mean.unwrap_or_else(|| "nothing".to_owned()),
            arm.units
        )
    };
    let range = figures.range.map_or_else(
        || "too few to say where the difference lies".to_owned(),
        |[low, high]| {
            format!(
                "the canary's lies between {} and {}",
                signed(figures.metric, low),
                signed(figures.metric, high)
            )
        },
    );
    format!(
        "{}: {}, {}; {range}",
        what(figures.metric),
        arm(figures.canary, "canary"),
        arm(figures.champion, "champion")
    )
}

/// Whether the prices, on which every modelled figure rests, agree with what was invoiced.
fn bias(plan: &OutcomePlan, measured: Option<&MeasuredFigures>) -> Gate {
    let invoices = measured.and_then(|measured| measured.cost_book);
    let Some((found, share)) = invoices.and_then(|found| Some((found, found.share()?))) else {
        return Gate::new(
            "cost_book_bias",
            GateState::Met,
            "no invoice was reported of what the cost book prices".to_owned(),
        );
    };
    let bound = plan.bias_max();
    let few = found.units < INVOICES_MIN;
    let is_met = few || share.abs() <= bound;
    let which = if share < 0.0 { "less" } else { "more" };
    let mut detail = format!(
        "the cost book has {:.1} % {which} than was invoiced, over {} units; {:.1} % may be",
        100.0 * share.abs(),
        found.units,
        100.0 * bound
    );
    if few {
        detail.push_str(&format!(
            "; fewer than {INVOICES_MIN} invoices say little, and stop nothing"
        ));
    }
    Gate::met_if("cost_book_bias", is_met, detail).with(Figure::new(share, "share", bound, found.units))
}

const fn name(metric: Metric) -> &'static str {
    match metric {
        Metric::Missed => "promise_kept",
        Metric::RetailerCancelled => "retailer_cancelled",
        Metric::FirstPass => "first_pass",
        Metric::Rejected => "node_rejected",
        Metric::ActualCost => "actual_cost",
        Metric::Recovered => "recovered",
    }
}

const fn what(metric: Metric) -> &'static str {
    match metric {
        Metric::Missed => "first promise missed",
        Metric::RetailerCancelled => "units cancelled by the retailer",
        Metric::FirstPass => "units shipped by the first assigned node",
        Metric::Rejected => "units rejected by nodes",
        Metric::ActualCost => "invoiced cost",
        Metric::Recovered => "recovered",
    }
}

/// A share as a percentage, an amount as money.
fn amount(metric: Metric, value: f64) -> String {
    match metric {
        Metric::ActualCost | Metric::Recovered => super::words::money(value),
        _ => format!("{:.2} %", 100.0 * value),
    }
}

fn signed(metric: Metric, value: f64) -> String {
    match metric {
        Metric::ActualCost | Metric::Recovered => signed_money(value),
        _ => format!(
            "{:.2} points {}",
            100.0 * value.abs(),
            if value > 0.0 { "more" } else { "less" }
        ),
    }
}
