//! `signalbox principal ...`.

use reqwest::Method;
use signalbox_domain::identity::{Grant, GrantedScopes};

use super::arguments::{Format, PrincipalCommand};
use super::client::Client;
use super::error::CliError;
use super::{keys, scopes, table};
use crate::api::{Change, PrincipalBody, PrincipalList};

pub(super) async fn run(client: &Client, command: &PrincipalCommand) -> Result<(), CliError> {
    match command {
        PrincipalCommand::Put {
            name,
            grants: given,
            by,
        } => {
            let body = PrincipalBody {
                grants: given.clone(),
                reason: by.reason.clone(),
            };
            let path = ["v1", "principals", name];
            let change: Change = client.send_json(Method::PUT, &path, &body).await?;
            scopes::confirm(&format!("{name} has {}", grants(given)), &change)
        }
        PrincipalCommand::List(format) => list(client, format).await,
        PrincipalCommand::Key(command) => keys::of_principal(client, command).await,
        PrincipalCommand::Remove { name, by } => {
            let query = [("reason", by.reason.as_str())];
            let change: Change = client.delete(&["v1", "principals", name], &query).await?;
            let said = format!("{name} may do nothing any more, and their tokens are revoked");
            scopes::confirm(&said, &change)
        }
    }
}

async fn list(client: &Client, format: &Format) -> Result<(), CliError> {
    let path = ["v1", "principals"];
    if format.json {
        return table::print(&client.get_text(&path).await?);
    }
    let list: PrincipalList = client.get(&path).await?;
    let mut table = table::table(&["principal", "roles", "valid tokens"]);
    for principal in &list.principals {
        table.add_row([
            principal.name.clone(),
            grants(&principal.grants),
            principal.tokens_valid.to_string(),
        ]);
    }
    table::print(&table.to_string())
}

/// Grants as they are written on the command line.
pub(super) fn grants(grants: &[Grant]) -> String {
    if grants.is_empty() {
        return "no role".to_owned();
    }
    let texts: Vec<String> = grants.iter().map(grant).collect();
    texts.join(" ")
}

fn grant(grant: &Grant) -> String {
    let functions: Vec<&str> = grant.functions.iter().map(|function| function.as_str()).collect();
    let functions = if functions.is_empty() {
        String::new()
    } else {
        format!(":{}", functions.join(","))
    };
    let scopes = match &grant.scopes {
        GrantedScopes::All => String::new(),
        GrantedScopes::Only(scopes) => {
            let names: Vec<&str> = scopes.iter().map(String::as_str).collect();
            format!("@{}", names.join(","))
        }
    };
    format!("{}{functions}{scopes}", grant.role)
}
