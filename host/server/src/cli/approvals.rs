//! `signalbox approvals ...` and `signalbox release approve|dissent|...`.

use std::fmt::Write;
use std::fs::File;
use std::io::{BufReader, stdin};
use std::path::Path;
use std::process::ExitCode;

use reqwest::Method;
use signalbox_domain::approvals::{Approval, Dissent as Said, SignedBy};
use signalbox_domain::identity::Function;
use signalbox_domain::release::ReleaseId;

use super::approval_arguments::{ApprovalsCommand, Approve, Because, Delegate, Dissent};
use super::client::Client;
use super::error::CliError;
use super::ledger::journal;
use super::ledger_arguments::Place;
use super::release_arguments::Which;
use super::releases::{confirm, print_json};
use super::{scopes, table};
use crate::api::{
    ApprovalView, ApprovalsView, ApproveRelease, Change, DelegateApproval, DelegationList, DissentRelease,
    ReleaseChanged, ReleaseDetail, SignedApproval, WhoAmI, WithdrawApproval,
};
use crate::clock;
use crate::error_text::chain;
use crate::statements::{self, Checked};

/// What needs a host.
pub(super) async fn run(client: &Client, command: &ApprovalsCommand) -> Result<(), CliError> {
    match command {
        ApprovalsCommand::List { which, format } => {
            let view = view(client, which).await?;
            if format.json {
                return print_json(&view);
            }
            table::print(render(&view).trim_start_matches('\n'))
        }
        ApprovalsCommand::Delegations(format) => {
            let path = ["v1", "delegations"];
            if format.json {
                return table::print(&client.get_text(&path).await?);
            }
            delegations(&client.get(&path).await?)
        }
        ApprovalsCommand::RevokeDelegation { delegation_id, by } => {
            let query = [("reason", by.reason.as_str())];
            let path = ["v1", "delegations", delegation_id];
            let change: Change = client.delete(&path, &query).await?;
            scopes::confirm(
                &format!("{delegation_id} was taken back; what was approved by it no longer counts"),
                &change,
            )
        }
        // Needs none: see `verify`.
        ApprovalsCommand::Verify { .. } => Ok(()),
    }
}

pub(super) async fn approve(client: &Client, options: &Approve) -> Result<(), CliError> {
    let functions = match options.functions.as_slice() {
        [] => None,
        some => Some(some.iter().copied().collect()),
    };
    let expires_at = options
        .expires_in
        .map(|lasting| clock::now().plus_millis(lasting.0));
    let changed: ReleaseChanged = match &options.key {
        None => {
            let body = ApproveRelease {
                scope: options.which.scope.clone(),
                functions,
                delegation_id: options.delegation.clone(),
                conditions: options.conditions.clone(),
                evidence: options.evidence,
                expires_at,
                reason: options.reason.clone(),
            };
            send(client, &options.which, "approve", &body).await?
        }
        Some(file) => {
            let body = signed(client, options, file).await?;
            send(client, &options.which, "approve-signed", &body).await?
        }
    };
    confirm(&changed)
}

/// Signs here what the host is to record. The digests are those that the host shows; it checks them again.
async fn signed(client: &Client, options: &Approve, file: &Path) -> Result<SignedApproval, CliError> {
    let key = statements::read_key(file).map_err(|error| CliError::Report(chain(&error)))?;
    let detail = detail(client, &options.which).await?;
    let scope = detail.release.scope.clone();
    let version = options.which.version.clone();
    let Some(bound) = detail.approvals.bound else {
        return Err(CliError::Report(format!(
            "no evidence of {version} is frozen in scope `{scope}`, so there is nothing to agree to"
        )));
    };
    if let Some(found) = options.evidence.filter(|evidence| *evidence != bound.evidence) {
        return Err(CliError::Report(format!(
            "--evidence: expected {}, which counts now, found {found}",
            bound.evidence
        )));
    }
    let who: WhoAmI = client.get(&["v1", "whoami"]).await?;
    let own = |functions: Vec<Function>| match functions.is_empty() {
        false => functions,
        true => {
            let there = who.grants.iter().filter(|grant| grant.scopes.cover(Some(&scope)));
            there.flat_map(|grant| grant.functions.iter().copied()).collect()
        }
    };
    let now = clock::now();
    let lifetime = options
        .expires_in
        .map_or(Approval::DEFAULT_LIFETIME_MS, |lasting| lasting.0);
    let approval = Approval {
        release_id: ReleaseId::of(&scope, &version),
        scope: scope.clone(),
        version,
        bound,
        approver: who.principal.clone(),
        functions: own(options.functions.clone()).into_iter().collect(),
        delegation_id: options.delegation.clone(),
        conditions: options.conditions.clone(),
        reason: options.reason.clone(),
        given_at: now,
        expires_at: now.plus_millis(lifetime),
        signed_by: SignedBy::ApproverKey,
    };
    Ok(SignedApproval {
        scope: Some(scope.clone()),
        statement: statements::sign(&approval, &key),
    })
}

pub(super) async fn dissent(client: &Client, options: &Dissent) -> Result<(), CliError> {
    let body = DissentRelease {
        scope: options.which.scope.clone(),
        conditions: options.conditions.clone(),
        reason: options.reason.clone(),
    };
    confirm(&send(client, &options.which, "dissent", &body).await?)
}

pub(super) async fn withdraw(client: &Client, options: &Because) -> Result<(), CliError> {
    let body = WithdrawApproval {
        scope: options.which.scope.clone(),
        reason: options.reason.clone(),
    };
    confirm(&send(client, &options.which, "withdraw-approval", &body).await?)
}

pub(super) async fn delegate(client: &Client, options: &Delegate) -> Result<(), CliError> {
    let lasting = options.lasting.map(|lasting| {
        let begins_at = options.from.unwrap_or_else(clock::now);
        begins_at.plus_millis(lasting.0)
    });
    let Some(ends_at) = lasting.or(options.until) else {
        // The arguments ask for one of the two.
        return Err(CliError::Report(
            "say until when, with --for or --until".to_owned(),
        ));
    };
    let body = DelegateApproval {
        scope: options.scope.clone(),
        to: options.to.clone(),
        functions: options.functions.iter().copied().collect(),
        only: options.only.clone(),
        begins_at: options.from,
        ends_at,
        reason: options.reason.clone(),
    };
    let path = ["v1", "delegations"];
    let change: Change = client.send_json(Method::POST, &path, &body).await?;
    scopes::confirm(
        &format!(
            "{} speaks for you in scope {} until {ends_at}",
            options.to, options.scope
        ),
        &change,
    )
}

/// Checks a ledger's approvals without a host; the exit code says whether all of them hold.
pub(super) fn verify(export: Option<&Path>, place: &Place) -> Result<ExitCode, CliError> {
    let report = |error: &dyn std::error::Error| CliError::Report(chain(error));
    let checked = match export {
        Some(file) if file == Path::new("-") => {
            statements::check_export(stdin().lock(), &mut |_| {}).map_err(|error| report(&error))?
        }
        Some(file) => {
            let opened = File::open(file).map_err(|source| CliError::Unreadable {
                file: file.to_owned(),
                source,
            })?;
            let checked = statements::check_export(BufReader::new(opened), &mut |_| {});
            checked.map_err(|error| report(&error))?
        }
        None => statements::check_journal(&journal(place)?).map_err(|error| report(&error))?,
    };
    if !checked.complete {
        return Err(CliError::Report(
            "the export is partial: keys, roles and evidence may be in the rest; export the whole ledger with `signalbox \
             ledger export`"
                .to_owned(),
        ));
    }
    table::print(&told(&checked))?;
    Ok(match checked.bad.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn told(checked: &Checked) -> String {
    let mut text = String::new();
    for found in &checked.found {
        let _ = writeln!(
            text,
            "entry {:>6}  holds  {}  {} of {} in scope {}, signed by {}",
            found.seq, found.approval_id, found.approver, found.version, found.scope, found.signed_by
        );
    }
    for bad in &checked.bad {
        let _ = writeln!(
            text,
            "entry {:>6}  DOES NOT HOLD  {}: {}",
            bad.seq, bad.approval_id, bad.problem
        );
    }
    let _ = write!(
        text,
        "{} approvals hold, {} do not; the ledger's {} entries are as they were written.",
        checked.found.len(),
        checked.bad.len(),
        checked.entries
    );
    text
}

async fn send(
    client: &Client,
    Which { version, .. }: &Which,
    what: &str,
    body: &impl serde::Serialize,
) -> Result<ReleaseChanged, CliError> {
    let number = version.version.to_string();
    let path = ["v1", "releases", &version.policy, &number, what];
    client.send_json(Method::POST, &path, body).await
}

async fn detail(client: &Client, Which { version, scope }: &Which) -> Result<ReleaseDetail, CliError> {
    let number = version.version.to_string();
    let query: Vec<(&str, String)> = scope.iter().map(|scope| ("scope", scope.clone())).collect();
    let path = ["v1", "releases", &version.policy, &number];
    client.get_where(&path, &query).await
}

async fn view(client: &Client, Which { version, scope }: &Which) -> Result<ApprovalsView, CliError> {
    let number = version.version.to_string();
    let query: Vec<(&str, String)> = scope.iter().map(|scope| ("scope", scope.clone())).collect();
    let path = ["v1", "releases", &version.policy, &number, "approvals"];
    client.get_where(&path, &query).await
}

/// Who agreed and who did not, for people.
pub(super) fn render(view: &ApprovalsView) -> String {
    let Some(evidence) = &view.evidence else {
        return "\n\nApprovals\n  none can be given before the evidence is frozen".to_owned();
    };
    let mut text = format!(
        "\n\nApprovals on evidence {} (frozen {} by {})",
        evidence.evidence, evidence.at, evidence.by
    );
    for approval in &view.approvals {
        text.push_str(&line(approval));
    }
    for dissent in &view.dissents {
        text.push_str(&dissenting(dissent));
    }
    let missing: Vec<&str> = view.missing_functions.iter().map(|each| each.as_str()).collect();
    let _ = match (view.met, missing.is_empty()) {
        (true, _) => write!(text, "\n  everybody agreed who has to"),
        (false, true) => write!(text, "\n  missing: {} more people", view.missing_people),
        (false, false) => write!(
            text,
            "\n  missing: {} more people, for {}",
            view.missing_people.max(1),
            missing.join(" and ")
        ),
    };
    if let Some(at) = view.escalated_at {
        let _ = write!(text, "; told again at {at}");
    }
    text
}

fn line(approval: &ApprovalView) -> String {
    let functions: Vec<&str> = approval.functions.iter().map(|each| each.as_str()).collect();
    let mut text = format!(
        "\n  {:7} {} for {}, {}, signed by {}, until {}: {}",
        if approval.counts { "agrees" } else { "(not)" },
        approval.approver,
        functions.join(", "),
        approval.given_at,
        approval.signed_by,
        approval.expires_at,
        approval.reason,
    );
    if let Some(id) = &approval.delegation_id {
        let _ = write!(text, "\n          by delegation {id}");
    }
    for condition in &approval.conditions {
        let _ = write!(text, "\n          on condition: {condition}");
    }
    if let Some(why) = &approval.why_not {
        let _ = write!(text, "\n          does not count: {why}");
    }
    text
}

fn dissenting(dissent: &Said) -> String {
    let mut text = format!(
        "\n  {:7} {}, {}: {}",
        if dissent.overcome { "(not)" } else { "dissents" },
        dissent.by,
        dissent.at,
        dissent.reason
    );
    for condition in &dissent.conditions {
        let _ = write!(text, "\n          would want: {condition}");
    }
    if dissent.overcome {
        text.push_str("\n          agreed since");
    }
    text
}

fn delegations(list: &DelegationList) -> Result<(), CliError> {
    if list.delegations.is_empty() {
        return table::print("no delegation; `signalbox release delegate SCOPE --to NAME ...` makes one");
    }
    let mut table = table::table(&[
        "delegation",
        "from",
        "to",
        "functions",
        "where",
        "since",
        "until",
        "state",
    ]);
    let now = clock::now();
    for known in &list.delegations {
        let delegation = &known.delegation;
        let functions: Vec<&str> = delegation.functions.iter().map(|each| each.as_str()).collect();
        let only = delegation.only.as_ref().map(|only| format!(" {only}"));
        let state = match known.revoked_at {
            Some(_) => "revoked",
            None if known.in_force(now) => "valid",
            None if now < delegation.begins_at => "waiting",
            None => "expired",
        };
        table.add_row([
            known.delegation_id.clone().into(),
            delegation.from.clone().into(),
            delegation.to.clone().into(),
            functions.join(", ").into(),
            format!("{}{}", delegation.scope, only.unwrap_or_default()).into(),
            delegation.begins_at.to_string().into(),
            delegation.ends_at.to_string().into(),
            table::state(state),
        ]);
    }
    table::print(&table.to_string())
}
