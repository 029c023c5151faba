//! Do the requests leave something to decide, and are they what a caller could send?

use libtest_mimic::Failed;
use signalbox_domain::allocation::AllocationCase;
use signalbox_domain::cost_book::CostBook;
use signalbox_domain::returns::ReturnsCase;
use signalbox_domain::routing::{RoutingCase, RoutingRequest};
use signalbox_domain::validate::{Bounds, Circumstances};
use signalbox_domain::{Case, Timestamp};
use signalbox_history::returns::{self, ReturnsHistory};
use signalbox_history::{DataFolder, History, Model, Sample, Shape, Shares, allocation};

pub fn requests_leave_something_to_decide(_: &DataFolder, history: &History) -> Result<(), Failed> {
    let model = Model::new(history.clone(), 1);
    let mut shares = Shares::default();
    let mut largest = 0;
    for sampled in (Sample {
        orders: 6_000,
        multi_unit_share: 0.25,
        seed: 1,
    })
    .draw(history)
    {
        let case = model.routing(sampled.order).ok_or("an order without request")?;
        let json = serde_json::to_string(&case.request)?;
        largest = largest.max(json.len());
        let back: RoutingRequest = serde_json::from_str(&json)?;
        if back != case.request {
            return Err(format!(
                "order {} changes on its way through JSON",
                case.request.order.order_id
            )
            .into());
        }
        let shape = Shape::of(&case.request);
        if shape.eligible == 0 {
            return Err(format!(
                "order {}: its own seller is not eligible",
                case.request.order.order_id
            )
            .into());
        }
        shares.add(shape);
    }
    let share = |part: usize| shares.share(part);
    eprintln!(
        "requests {}: two or more eligible nodes {:.3}, can split {:.3}, incumbent {:.3}, one node holds all {:.3}, \
         nodes {:.2} on average, largest request {largest} bytes",
        shares.requests,
        share(shares.with_choice),
        share(shares.can_split),
        share(shares.with_incumbent),
        share(shares.one_node_holds_all),
        shares.nodes as f64 / shares.requests as f64,
    );
    if share(shares.with_choice) < 0.8 || share(shares.can_split) < 0.2 {
        return Err("too little to decide".into());
    }
    // 12.9 % of orders have a product of several sellers; not all of these sold at the time.
    if !(0.09..0.15).contains(&share(shares.with_incumbent)) {
        return Err("incumbents are not as frequent as products of several sellers".into());
    }
    Ok(())
}

pub fn requests_are_valid_and_what_happened_breaks_no_invariant(
    _: &DataFolder,
    history: &History,
) -> Result<(), Failed> {
    let model = Model::new(history.clone(), 1);
    let bounds = Bounds::default();
    let circumstances = Circumstances {
        now: Timestamp(0),
        levers: &[],
        bounds: &bounds,
    };
    let book = CostBook::default();
    let (mut actual_minor, mut built_in_minor, mut count) = (0, 0, 0);
    for sampled in (Sample {
        orders: 4_000,
        multi_unit_share: 0.25,
        seed: 2,
    })
    .draw(history)
    {
        let past = model.routing(sampled.order).ok_or("an order without request")?;
        let id = past.request.order.order_id.clone();
        let case = RoutingCase::build(past.request, &circumstances)
            .map_err(|invalid| format!("order {id}: {invalid:?}"))?;
        let decision = case
            .decision_of(&past.actual)
            .map_err(|invalid| format!("order {id}: {invalid:?}"))?;
        let broken = case.check(&decision);
        if !broken.is_empty() {
            return Err(format!("order {id}: {broken:?}").into());
        }
        actual_minor += case.price(&decision, &book)?.total_minor;
        built_in_minor += case.price(&case.built_in(), &book)?.total_minor;
        count += 1;
    }
    eprintln!(
        "loss of {count} orders, centavos each: really {}, built-in policy {}",
        actual_minor / count,
        built_in_minor / count
    );
    Ok(())
}

pub fn other_domains_have_requests(folder: &DataFolder, history: &History) -> Result<(), Failed> {
    let bounds = Bounds::default();
    let circumstances = Circumstances {
        now: Timestamp(0),
        levers: &[],
        bounds: &bounds,
    };
    let book = CostBook::default();
    let cases = allocation::cases(&Model::new(history.clone(), 1), 60);
    let demands: usize = cases.iter().map(|request| request.demand.len()).sum();
    eprintln!("allocation: {} requests, {demands} demands", cases.len());
    for request in &cases {
        let case = AllocationCase::build(request.clone(), &circumstances)
            .map_err(|invalid| format!("{invalid:?}"))?;
        case.price(&case.built_in(), &book)?;
    }
    let past = ReturnsHistory::read(folder)?;
    let items = returns::cases(&past, 1, 2_000);
    let options: usize = items.iter().map(|request| request.options.len()).sum();
    eprintln!(
        "returns: {} of {} credited lines, {options} options",
        items.len(),
        past.returns.len()
    );
    for request in &items {
        let case =
            ReturnsCase::build(request.clone(), &circumstances).map_err(|invalid| format!("{invalid:?}"))?;
        case.price(&case.built_in(), &book)?;
    }
    if cases.len() < 50 || demands < cases.len() * 20 || items.len() < 1_800 || options < items.len() * 3 {
        return Err("too few".into());
    }
    Ok(())
}
