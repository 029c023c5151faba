//! What is said about the data at the start, and the tables at the end.

use signalbox_domain::Case;
use signalbox_domain::cost_book::CostBook;
use signalbox_domain::routing::RoutingCase;
use signalbox_domain::validate::{Bounds, Circumstances};
use signalbox_history::decision_of;

use super::cohort::{Cohort, RoutingItem};
use super::figures::{AllocationFigures, Decided, ReturnsFigures, RoutingFigures};
use super::narrator::Narrator;
use super::other_acts::PerVersion;
use super::routing_acts::RoutingRun;
use super::show::Show;
use super::tables::{self, RoutingColumn, percent};

/// Below this many orders shares are noise.
const ENOUGH: usize = 500;
/// The least shares of requests with two or more eligible nodes, and of those that can be split.
const LEAST: (f64, f64) = (0.8, 0.2);

/// The figures of the routing part.
pub struct Columns {
    /// By policy version, in the order in which they decided.
    versions: PerVersion<RoutingFigures>,
    /// What really happened with the same orders.
    really: RoutingFigures,
}

/// Says what the requests hold, and what is real in them.
pub fn data(narrator: &mut Narrator, cohort: &Cohort, seed: u64) {
    let shares = &cohort.shares;
    let day = |stamp: signalbox_domain::Timestamp| stamp.to_string().chars().take(10).collect::<String>();
    narrator.note(&format!(
        "cohort: {} of {} orders, placed {} to {}, seed {seed}, {:.1} nodes each",
        cohort.routing.len(),
        cohort.orders_known,
        day(cohort.period.0),
        day(cohort.period.1),
        shares.nodes as f64 / shares.requests.max(1) as f64,
    ));
    narrator.note(&format!(
        "{} have two or more eligible nodes, {} can be split, {} carry what a real seller did where it was a choice",
        percent(shares.share(shares.with_choice)),
        percent(shares.share(shares.can_split)),
        percent(shares.share(shares.with_incumbent)),
    ));
    narrator.note(
        "orders, sellers, freight and delivery times are the data's; stock, capacity, distribution centres",
    );
    narrator.note("and their lanes are modelled, and every request marks them (tests/history/MODEL.md)");
    if shares.requests >= ENOUGH {
        let holds = shares.share(shares.with_choice) >= LEAST.0 && shares.share(shares.can_split) >= LEAST.1;
        narrator.expect(
            holds,
            "at least 80 % leave a choice of nodes, and 20 % can be split",
        );
    }
}

/// Computes the routing figures.
pub fn columns(cohort: &Cohort, run: &RoutingRun) -> Columns {
    let mut versions: PerVersion<RoutingFigures> = Vec::new();
    for exchange in &run.exchanges {
        let (Some(item), Ok(answer)) = (cohort.routing.get(exchange.row), &exchange.outcome) else {
            continue;
        };
        let name = format!("{}@{}", answer.policy, answer.version);
        let row = match versions.iter().position(|(known, _)| *known == name) {
            Some(row) => row,
            None => {
                versions.push((name, RoutingFigures::default()));
                versions.len().saturating_sub(1)
            }
        };
        if let Some((_, figures)) = versions.get_mut(row) {
            figures.add(&Decided {
                request: &item.past.request,
                shape: item.shape,
                answer: &answer.decision,
                loss: answer.host_loss.as_ref(),
                weight: item.weight,
                fallback: !answer.diagnostics.fallbacks.is_empty(),
            });
        }
    }
    let mut really = RoutingFigures::default();
    cohort
        .routing
        .iter()
        .for_each(|item| add_really(&mut really, item));
    Columns { versions, really }
}

/// Counts what really happened, priced by the same model and book as every decision.
fn add_really(really: &mut RoutingFigures, item: &RoutingItem) {
    let bounds = Bounds::default();
    let circumstances = Circumstances {
        now: Default::default(),
        levers: &[],
        bounds: &bounds,
    };
    let (request, answer) = (&item.past.request, &item.past.actual);
    let case = RoutingCase::build(request.clone(), &circumstances).ok();
    let decision = decision_of(request, answer);
    let loss = case
        .zip(decision)
        .and_then(|(case, decision)| case.price(&decision, &CostBook::default()).ok());
    let (shape, weight) = (item.shape, item.weight);
    really.add(&Decided {
        request,
        shape,
        answer,
        loss: loss.as_ref(),
        weight,
        fallback: false,
    });
}

/// Prints every table.
pub fn print(
    show: &mut Show,
    columns: &Columns,
    allocation: &PerVersion<AllocationFigures>,
    returns: &PerVersion<ReturnsFigures>,
) {
    show.narrator.step(
        "The tables",
        "One definition each, so that finance accepts them; modelled is said to be modelled.",
    );
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    show.narrator.print(&tables::requests(&show.sent).to_string());
    show.narrator.print(&format!(
        "Latency from the instant at which a request was due to its answer read; sender and host share {cores} cores.\n"
    ));
    let mut routing: Vec<RoutingColumn<'_>> = columns
        .versions
        .iter()
        .map(|(name, figures)| RoutingColumn {
            name: name.clone(),
            figures,
            recorded: None,
        })
        .collect();
    let recorded = Some(show.cohort.recorded());
    routing.push(RoutingColumn {
        name: "what really happened".to_owned(),
        figures: &columns.really,
        recorded,
    });
    show.narrator.print(&tables::routing(&routing).to_string());
    show.narrator.print(
        "Each order counts as often as it stands for others in the marketplace. Each version decided a drawn part of \
         the\nsame cohort; ± is one standard error. Cost is the host's loss with cost book default 1.0.0 (it is none of \
         the\npolicies' own scores); no outcomes yet, so the cohort is open. Really: one seller had no alternative \
         for most orders.\n",
    );
    let columns: Vec<(String, &AllocationFigures)> =
        allocation.iter().map(|(name, f)| (name.clone(), f)).collect();
    show.narrator.print(&tables::allocation(&columns).to_string());
    show.narrator
        .print("Both versions decided the same requests. What is wanted is what was really bought.\n");
    let columns: Vec<(String, &ReturnsFigures)> = returns.iter().map(|(name, f)| (name.clone(), f)).collect();
    show.narrator.print(&tables::returns(&columns).to_string());
    show.narrator
        .print("Both versions decided the same units. Condition, options and prices are modelled.");
}
