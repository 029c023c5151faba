//! `signalbox webhooks`.

use reqwest::Method;
use serde_json::json;

use super::arguments::{Format, WebhooksCommand};
use super::client::Client;
use super::error::CliError;
use super::table;
use crate::api::{DeadLetterView, DeadLetters};

pub(super) async fn run(client: &Client, command: &WebhooksCommand) -> Result<(), CliError> {
    match command {
        WebhooksCommand::Dead(format) => dead(client, format).await,
        WebhooksCommand::Resend { dead_letters } => {
            for id in dead_letters {
                let path = ["v1", "webhooks", "dead-letters", &id.to_string(), "resend"];
                let again: DeadLetterView = client.send_json(Method::POST, &path, &json!({})).await?;
                table::print(&format!("{} is sent to {} again", again.event_id, again.webhook))?;
            }
            Ok(())
        }
    }
}

async fn dead(client: &Client, format: &Format) -> Result<(), CliError> {
    let path = ["v1", "webhooks", "dead-letters"];
    if format.json {
        return table::print(&table::pretty(&client.get_text(&path).await?));
    }
    let found: DeadLetters = client.get(&path).await?;
    if found.dead_letters.is_empty() {
        return table::print("everything was delivered, or still may be");
    }
    let mut rows = table::table(&["number", "given up at", "webhook", "type", "attempts", "why", ""]);
    for letter in &found.dead_letters {
        rows.add_row([
            letter.dead_letter_id.to_string(),
            letter.at.to_string(),
            letter.webhook.clone(),
            letter.kind.clone(),
            letter.attempts.to_string(),
            letter.error.clone(),
            if letter.again {
                "waits to be sent again"
            } else {
                ""
            }
            .to_owned(),
        ]);
    }
    table::print(&rows.to_string())
}
