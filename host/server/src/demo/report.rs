//! What is said about the data at the start, and the tables at the end.

use signalbox_domain::Case;
use signalbox_domain::cost_book::CostBook;
use signalbox_domain::kpi::{AllocationKpis, ReturnsKpis};
use signalbox_domain::routing::RoutingCase;
use signalbox_domain::validate::{Bounds, Circumstances};

use super::cohort::{Cohort, RoutingItem};
use super::error::DemoError;
use super::figures::RoutingFigures;
use super::narrator::Narrator;
use super::other_acts::PerVersion;
use super::routing_acts::{RoutingRun, version_of};
use super::show::Show;
use super::stage::COST_BOOK;
use super::tables::{self, RoutingColumn, percent};

/// Below this many orders shares are noise.
const ENOUGH: usize = 500;
/// The least shares of requests with two or more eligible nodes, and of those that can be split.
const LEAST: (f64, f64) = (0.8, 0.2);

/// The figures of the routing part.
#[derive(Default)]
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

/// Computes the routing figures. Takes a while of computing: not for an async worker.
///
/// # Errors
/// [`DemoError::Figures`] when an answer does not belong to its request.
pub fn columns(cohort: &Cohort, run: &RoutingRun) -> Result<Columns, DemoError> {
    let mut columns = Columns::default();
    for version in &run.versions() {
        let mut figures = RoutingFigures::default();
        for (row, answer) in run.answers().filter(|(_, answer)| version_of(answer) == *version) {
            let Some(item) = cohort.routing.get(row) else {
                continue;
            };
            let fell_back = !answer.diagnostics.fallbacks.is_empty();
            let loss = answer.host_loss.as_ref();
            let added = figures.add(&case(item)?, &answer.decision, loss, fell_back, item.weight);
            added.map_err(DemoError::Figures)?;
        }
        columns.versions.push((version.clone(), figures));
    }
    let book = CostBook::parse("the demo's cost book", COST_BOOK)
        .map_err(|problem| DemoError::Start(problem.into()))?;
    for item in &cohort.routing {
        // Priced by the same model and book as every decision.
        let case = case(item)?;
        let decision = case.decision_of(&item.past.actual).map_err(DemoError::Figures)?;
        let loss = case.price(&decision, &book).ok();
        let really = &mut columns.really;
        really
            .add(&case, &item.past.actual, loss.as_ref(), false, item.weight)
            .map_err(DemoError::Figures)?;
    }
    Ok(columns)
}

fn case(item: &RoutingItem) -> Result<RoutingCase, DemoError> {
    let bounds = Bounds::default();
    let circumstances = Circumstances {
        now: Default::default(),
        levers: &[],
        bounds: &bounds,
    };
    RoutingCase::build(item.past.request.clone(), &circumstances).map_err(DemoError::Figures)
}

/// Prints every table.
pub fn print(
    show: &mut Show,
    columns: &Columns,
    allocation: &PerVersion<AllocationKpis>,
    returns: &PerVersion<ReturnsKpis>,
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
         the\nsame cohort; ± is one standard error. Cost is the host's loss with the cost book demo 1.0.0 (it is none of \
         the\npolicies' own scores); no outcomes yet, so the cohort is open. Really: one seller had no alternative \
         for most orders.\n",
    );
    show.narrator.print(&tables::allocation(allocation).to_string());
    show.narrator
        .print("Both versions decided the same requests. What is wanted is what was really bought.\n");
    show.narrator.print(&tables::returns(returns).to_string());
    show.narrator
        .print("Both versions decided the same units. Condition, options and prices are modelled.");
}
