//! Who calls, and who may do what.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use signalbox_domain::identity::{Function, Grant, GrantedScopes, Role};

use super::{By, Format, Lasting, lasting};
use crate::cli::approval_arguments::PrincipalKeyCommand;

#[derive(Debug, Args)]
pub(crate) struct Login {
    /// The host's address
    pub url: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token for a principal; it goes to standard output, once
    Create {
        /// Whom it stands for
        principal: String,
        /// How long it is valid, such as 12h or 30d: at least a minute, at most 366d; 90d without it
        #[arg(long, value_name = "TIME", value_parser = lasting)]
        expires_in: Option<Lasting>,
        #[command(flatten)]
        by: By,
    },
    /// Every token, without its secret
    List(Format),
    /// Have a token accepted no longer, at once
    Revoke {
        /// Its id, as `signalbox token list` shows it
        token_id: String,
        #[command(flatten)]
        by: By,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PrincipalCommand {
    /// Say what somebody may do; replaces what they might before
    Put {
        /// Their name: letters, digits and . _ - @
        name: String,
        /// A role, with functions for an approver and scopes where it is not for all: ROLE[:FUNCTION,...][@SCOPE,...]
        #[arg(long = "grant", value_name = "GRANT", value_parser = grant)]
        grants: Vec<Grant>,
        #[command(flatten)]
        by: By,
    },
    /// Keys with which approvers sign: register, list, revoke
    #[command(subcommand, arg_required_else_help = true)]
    Key(PrincipalKeyCommand),
    /// Everybody, with what they may do
    List(Format),
    /// Let somebody do nothing any more, and revoke their tokens
    Remove {
        /// Their name
        name: String,
        #[command(flatten)]
        by: By,
    },
}

/// Reads `approver:finance,operations@routing`.
fn grant(text: &str) -> Result<Grant, String> {
    let (who, scopes) = match text.split_once('@') {
        Some((who, scopes)) => {
            let names = scopes.split(',').map(str::to_owned);
            (who, GrantedScopes::Only(names.collect()))
        }
        None => (text, GrantedScopes::All),
    };
    let (role, functions) = match who.split_once(':') {
        Some((role, functions)) => (
            role,
            functions.split(',').map(function).collect::<Result<_, _>>()?,
        ),
        None => (who, BTreeSet::new()),
    };
    let known = Role::ALL.into_iter().find(|known| known.as_str() == role);
    let role = known.ok_or_else(|| {
        let names: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
        format!("expected one of the roles {}, found `{role}`", names.join(", "))
    })?;
    Ok(Grant {
        role,
        functions,
        scopes,
    })
}

pub(crate) fn function(text: &str) -> Result<Function, String> {
    let known = Function::ALL.into_iter().find(|known| known.as_str() == text);
    known.ok_or_else(|| {
        let names: Vec<&str> = Function::ALL.iter().map(|function| function.as_str()).collect();
        format!(
            "expected one of the functions {}, found `{text}`",
            names.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_a_role_with_functions_and_scopes() {
        let all = grant("operator").unwrap();
        assert_eq!((all.role, &all.scopes), (Role::Operator, &GrantedScopes::All));
        let approver = grant("approver:finance,security@routing,returns").unwrap();
        assert_eq!(approver.functions.len(), 2);
        let scopes = ["routing", "returns"].map(str::to_owned);
        assert_eq!(approver.scopes, GrantedScopes::Only(scopes.into()));
        for wrong in ["", "boss", "approver:money", "Operator", "@routing"] {
            assert!(grant(wrong).is_err(), "{wrong}");
        }
    }
}
