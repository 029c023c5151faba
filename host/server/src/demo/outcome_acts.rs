//! The act on outcomes: what became of the orders that a canary and the champion shared. Simulated, by the model that
//! `tests/history/MODEL.md` states, and reported as any system would.

use signalbox_domain::envelope::{Answer, Arm};
use signalbox_domain::outcome::{Happened, LocalInstant, Outcome};
use signalbox_domain::routing::RoutingAnswer;
use signalbox_history::outcomes::{SIMULATED, simulate};
use signalbox_history::{Draws, PastRequest};

use super::cohort::money;
use super::error::DemoError;
use super::host::{People, SIMULATOR};
use super::load::Exchange;
use super::show::Show;

/// Reports of one request.
const LINES: usize = 5_000;

/// Draws outcomes of these decisions on the first orders of the cohort, reports them, and tells what each arm shows.
///
/// # Errors
/// A [`DemoError`].
pub async fn report(
    show: &mut Show,
    people: &People,
    exchanges: &[Exchange<RoutingAnswer>],
) -> Result<(), DemoError> {
    show.narrator.step(
        "What became of these orders is reported: SIMULATED outcomes",
        "Delivery, refusals and invoices are drawn by a stated model (tests/history/MODEL.md); nothing of it happened. They count by \
         assigned arm.",
    );
    let (outcomes, arms) = drawn(show, exchanges);
    let (mut taken, mut lost, mut expired) = (0usize, 0usize, 0usize);
    for part in outcomes.chunks(LINES) {
        let receipts = people.simulator.report(lines(part)?).await?;
        taken = taken.saturating_add(receipts.taken);
        lost = lost.saturating_add(receipts.refused.saturating_add(receipts.unknown_decision));
        expired = expired.saturating_add(receipts.expired);
    }
    show.narrator.expect(
        taken == outcomes.len() && lost == 0 && !outcomes.is_empty(),
        &format!(
            "{taken} of {} simulated outcomes are kept, each with its decision; {expired} came after their attribution window",
            outcomes.len()
        ),
    );
    if let Some(first) = outcomes.first() {
        let kept = show.api.outcomes_of(first.decision_id).await?.outcomes;
        let is_labelled = kept
            .iter()
            .all(|one| one.reported_by == SIMULATOR && one.id.starts_with(SIMULATED));
        show.narrator.expect(
            !kept.is_empty() && is_labelled,
            &format!("each says that it is simulated: reported by {SIMULATOR}"),
        );
    }
    for (name, arm) in [("champion", &arms[0]), ("canary", &arms[1])] {
        show.narrator.note(&format!("{name:9} {}", arm.told()));
    }
    Ok(())
}

/// The outcomes, and what each arm shows: the champion, the canary.
fn drawn(show: &Show, exchanges: &[Exchange<RoutingAnswer>]) -> (Vec<Outcome>, [ArmFigures; 2]) {
    let draws = Draws::new(show.seed);
    let mut arms = [ArmFigures::default(), ArmFigures::default()];
    let mut all = Vec::new();
    for exchange in exchanges {
        let (Some(item), Ok(answer)) = (show.cohort.routing.get(exchange.row), &exchange.outcome) else {
            continue;
        };
        let decided = (answer.decision_id, &answer.decision);
        let outcomes = simulate(&draws, &item.past, decided, shipping(answer));
        let [champion, canary] = &mut arms;
        let arm = match answer.assigned_arm {
            Arm::Champion => champion,
            Arm::Canary => canary,
        };
        arm.add(&item.past, answer, &outcomes);
        all.extend(outcomes);
    }
    (all, arms)
}

/// What the host models for carriage.
fn shipping(answer: &Answer<RoutingAnswer>) -> i64 {
    answer.host_loss.as_ref().map_or(0, |loss| loss.term("shipping"))
}

fn lines(outcomes: &[Outcome]) -> Result<String, DemoError> {
    let lines: Result<Vec<String>, serde_json::Error> = outcomes.iter().map(serde_json::to_string).collect();
    Ok(lines.map_err(DemoError::Json)?.join("\n"))
}

/// What the simulated outcomes of one arm say.
#[derive(Debug, Default)]
struct ArmFigures {
    orders: usize,
    /// Orders of which something came later than promised, or never.
    missed: usize,
    /// Orders of which a node refused something.
    refused: usize,
    invoiced: usize,
    invoiced_minor: i64,
    modelled_minor: i64,
}

impl ArmFigures {
    fn add(&mut self, past: &PastRequest, answer: &Answer<RoutingAnswer>, outcomes: &[Outcome]) {
        let groups = past.request.delivery_groups.iter();
        let promised = groups.filter_map(|group| group.promised_by).min();
        let is_late = |at: LocalInstant| {
            promised.is_some_and(|at_latest| {
                at.is_a_later_day_than(LocalInstant {
                    at: at_latest,
                    offset_s: at.offset_s,
                })
            })
        };
        let (mut late, mut refused) = (false, false);
        for outcome in outcomes {
            match &outcome.what {
                Happened::Delivered { .. } => late |= is_late(outcome.occurred_at),
                Happened::Rejected { .. } => refused = true,
                Happened::ActualCost { amount_minor, .. } => {
                    self.invoiced = self.invoiced.saturating_add(1);
                    self.invoiced_minor = self.invoiced_minor.saturating_add(*amount_minor);
                    self.modelled_minor = self.modelled_minor.saturating_add(shipping(answer));
                }
                _ => {}
            }
        }
        self.orders = self.orders.saturating_add(1);
        self.missed = self.missed.saturating_add(usize::from(late || refused));
        self.refused = self.refused.saturating_add(usize::from(refused));
    }

    fn told(&self) -> String {
        let of = |part: usize| 100.0 * part as f64 / self.orders.max(1) as f64;
        let each = |minor: i64| money(minor as f64 / self.invoiced.max(1) as f64);
        format!(
            "{} orders: {:.1} % missed their promise, {:.1} % refused by a node, carriage {} invoiced for {} modelled (simulated)",
            self.orders,
            of(self.missed),
            of(self.refused),
            each(self.invoiced_minor),
            each(self.modelled_minor)
        )
    }
}
