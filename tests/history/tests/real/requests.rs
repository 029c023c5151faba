//! Do the requests leave something to decide, and are they what a caller could send?

use libtest_mimic::Failed;
use signalbox_domain::routing::RoutingRequest;
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

pub fn other_domains_have_requests(folder: &DataFolder, history: &History) -> Result<(), Failed> {
    let cases = allocation::cases(&Model::new(history.clone(), 1), 60);
    let demands: usize = cases.iter().map(|request| request.demand.len()).sum();
    eprintln!("allocation: {} requests, {demands} demands", cases.len());
    let past = ReturnsHistory::read(folder)?;
    let items = returns::cases(&past, 1, 2_000);
    let options: usize = items.iter().map(|request| request.options.len()).sum();
    eprintln!(
        "returns: {} of {} credited lines, {options} options",
        items.len(),
        past.returns.len()
    );
    if cases.len() < 50 || demands < cases.len() * 20 || items.len() < 1_800 || options < items.len() * 3 {
        return Err("too few".into());
    }
    Ok(())
}
