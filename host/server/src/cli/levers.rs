//! `signalbox lever ...`.

use reqwest::Method;
use signalbox_domain::Timestamp;
use signalbox_domain::envelope::{Lever, LeverKind};
use signalbox_domain::routing::CapacityPool;

use super::arguments::{Format, LeverCommand, LeverPut, Pool};
use super::client::Client;
use super::error::CliError;
use super::{scopes, table};
use crate::api::{Change, LeverBody, LeverList};
use crate::clock;

pub(super) async fn run(client: &Client, command: &LeverCommand) -> Result<(), CliError> {
    match command {
        LeverCommand::Put(options) => put(client, options).await,
        LeverCommand::List(format) => list(client, format).await,
        LeverCommand::Remove { lever, by } => {
            let query = [("reason", by.reason.as_str())];
            let change: Change = client.delete(&["v1", "levers", lever], &query).await?;
            scopes::confirm(&format!("lever {lever} no longer acts"), &change)
        }
    }
}

async fn put(client: &Client, options: &LeverPut) -> Result<(), CliError> {
    let body = body(options, clock::now());
    let until = body.expires_at;
    let change: Change = client
        .send_json(Method::PUT, &["v1", "levers", &options.lever], &body)
        .await?;
    scopes::confirm(&format!("lever {} acts until {until}", options.lever), &change)
}

fn body(options: &LeverPut, now: Timestamp) -> LeverBody {
    let kind = match (&options.node_off, &options.suspend) {
        (Some(_), _) => LeverKind::NodeOff,
        (None, Some(_)) => LeverKind::ServiceSuspended,
        (None, None) => LeverKind::CapacityScaled,
    };
    let lasting = options.lasting.map(|lasting| now.plus_millis(lasting.0));
    LeverBody {
        kind,
        node_id: options.node_off.clone().or_else(|| options.node.clone()),
        service: options.suspend.clone(),
        pool: options.pool.map(|pool| match pool {
            Pool::Ship => CapacityPool::Ship,
            Pool::Pickup => CapacityPool::Pickup,
        }),
        capacity_bp: options.capacity_bp,
        // The arguments need one of the two.
        expires_at: lasting.or(options.until).unwrap_or(now),
        reason: options.reason.clone(),
    }
}

async fn list(client: &Client, format: &Format) -> Result<(), CliError> {
    if format.json {
        return table::print(&client.get_text(&["v1", "levers"]).await?);
    }
    let list: LeverList = client.get(&["v1", "levers"]).await?;
    if list.levers.is_empty() {
        return table::print("no lever is in force");
    }
    let mut table = table::table(&["lever", "effect", "until", "reason"]);
    for lever in &list.levers {
        table.add_row([
            lever.lever_id.clone(),
            effect(lever),
            lever.expires_at.to_string(),
            lever.reason.clone(),
        ]);
    }
    table::print(&table.to_string())
}

fn effect(lever: &Lever) -> String {
    let node = lever.node_id.as_deref();
    match lever.kind {
        LeverKind::NodeOff => format!("{} is off", node.unwrap_or("?")),
        LeverKind::CapacityScaled => {
            let pool = match lever.pool {
                Some(CapacityPool::Ship) => " (SHIP)",
                Some(CapacityPool::Pickup) => " (PICKUP)",
                None => "",
            };
            let share = f64::from(lever.capacity_bp.unwrap_or_default()) / 100.0;
            format!("capacity of {}{pool} at {share} %", node.unwrap_or("?"))
        }
        LeverKind::ServiceSuspended => {
            let service = lever.service.as_ref().map_or("?", |service| service.as_str());
            match node {
                Some(node) => format!("{service} from {node} is suspended"),
                None => format!("{service} is suspended"),
            }
        }
    }
}
