//! `signalbox key ...` and `signalbox principal key ...`.

use reqwest::Method;

use super::approval_arguments::{KeyCommand, PrincipalKeyCommand};
use super::client::Client;
use super::error::CliError;
use super::{scopes, table};
use crate::api::{Change, KeyList, RegisterKey};
use crate::error_text::chain;
use crate::statements;

/// What needs no host.
pub(super) fn own(command: &KeyCommand) -> Result<(), CliError> {
    let KeyCommand::New { file } = command;
    let public = statements::new_key(file).map_err(|error| CliError::Report(chain(&error)))?;
    eprintln!(
        "{} holds the private half and is for you alone; the public half, for an admin to register with\n  signalbox principal \
         key add YOUR-NAME {public}",
        file.display()
    );
    // Alone on standard output, so that it can go into a file or a message.
    table::print(&public.to_string())
}

pub(super) async fn of_principal(client: &Client, command: &PrincipalKeyCommand) -> Result<(), CliError> {
    match command {
        PrincipalKeyCommand::Add { name, public_key, by } => {
            let body = RegisterKey {
                principal: name.clone(),
                public_key: public_key.clone(),
                reason: by.reason.clone(),
            };
            let path = ["v1", "approver-keys"];
            let change: Change = client.send_json(Method::POST, &path, &body).await?;
            scopes::confirm(&format!("the key signs approvals of {name}"), &change)
        }
        PrincipalKeyCommand::Revoke { key_id, by } => {
            let query = [("reason", by.reason.as_str())];
            let path = ["v1", "approver-keys", &key_id.to_string()];
            let change: Change = client.delete(&path, &query).await?;
            scopes::confirm(
                &format!("{key_id} signs no more; what it signed no longer counts"),
                &change,
            )
        }
        PrincipalKeyCommand::List(format) => {
            let path = ["v1", "approver-keys"];
            if format.json {
                return table::print(&client.get_text(&path).await?);
            }
            let list: KeyList = client.get(&path).await?;
            let mut table = table::table(&["key", "principal", "state", "registered by", "at"]);
            for view in &list.keys {
                let state = if view.key.revoked_at.is_some() {
                    "revoked"
                } else {
                    "valid"
                };
                table.add_row([
                    view.key_id.to_string().into(),
                    view.key.principal.clone().into(),
                    table::state(state),
                    view.key.registered_by.clone().into(),
                    view.key.registered_at.to_string().into(),
                ]);
            }
            table::print(&table.to_string())
        }
    }
}
