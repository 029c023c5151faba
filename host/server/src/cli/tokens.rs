//! `signalbox token ...`.

use reqwest::Method;

use super::arguments::{Format, TokenCommand};
use super::client::Client;
use super::error::CliError;
use super::{scopes, table};
use crate::api::{Change, CreateToken, CreatedToken, TokenList};

pub(super) async fn run(client: &Client, command: &TokenCommand) -> Result<(), CliError> {
    match command {
        TokenCommand::Create {
            principal,
            expires_in,
            by,
        } => {
            let body = CreateToken {
                principal: principal.clone(),
                expires_in_s: expires_in.map(|lasting| lasting.0 / 1_000),
                reason: by.reason.clone(),
            };
            let made: CreatedToken = client.send_json(Method::POST, &["v1", "tokens"], &body).await?;
            eprintln!(
                "token {} for {}, until {}; it is shown now and never again:",
                made.token_id, made.principal, made.expires_at
            );
            // Alone on standard output, so that it can go into a file or a secret store.
            table::print(&made.token)
        }
        TokenCommand::List(format) => list(client, format).await,
        TokenCommand::Revoke { token_id, by } => {
            let query = [("reason", by.reason.as_str())];
            let change: Change = client.delete(&["v1", "tokens", token_id], &query).await?;
            scopes::confirm(&format!("token {token_id} is not accepted any more"), &change)
        }
    }
}

async fn list(client: &Client, format: &Format) -> Result<(), CliError> {
    let path = ["v1", "tokens"];
    if format.json {
        return table::print(&client.get_text(&path).await?);
    }
    let list: TokenList = client.get(&path).await?;
    let mut table = table::table(&["token", "principal", "state", "made", "until"]);
    for token in &list.tokens {
        table.add_row([
            token.token_id.clone().into(),
            token.principal.clone().into(),
            table::state(&token.state),
            token.created_at.to_string().into(),
            token.expires_at.to_string().into(),
        ]);
    }
    table::print(&table.to_string())
}
