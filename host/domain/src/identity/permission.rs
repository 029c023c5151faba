//! What can be permitted, and to which roles.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Role;

/// Something that a principal may or may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Ask for decisions.
    Decide,
    /// Report what became of decisions.
    ReportOutcomes,
    /// See policies, versions, releases, scopes and levers.
    ReadPolicies,
    /// See logged decisions, explain and replay them.
    ReadDecisions,
    /// See and verify the ledger.
    ReadLedger,
    /// See principals and tokens; never a secret.
    ReadIdentity,
    /// See metrics.
    ReadMetrics,
    /// Submit a version for release.
    SubmitRelease,
    /// Promote a release to its next stage.
    PromoteRelease,
    /// Hold a release, and resume it.
    HoldRelease,
    /// Reject a release.
    RejectRelease,
    /// Take the champion or a canary back.
    RollBack,
    /// Agree to a release.
    Approve,
    /// Propose, confirm and end a break-glass.
    BreakGlass,
    /// Say that a break-glass was looked at afterwards.
    ReviewGlass,
    /// Pull and let go levers.
    PutLever,
    /// Choose what a scope runs where `immediate` is allowed, and turn its kill switch.
    ManageScope,
    /// Take a version out of use for ever.
    WithdrawVersion,
    /// Put and remove principals, hand out and revoke tokens.
    ManageIdentity,
    /// Erase a person's data from the decision log.
    Erase,
    /// Take a backup.
    Backup,
    /// See what webhooks could not be told, and send it again.
    ManageWebhooks,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Permission; 22] = [
        Permission::Decide,
        Permission::ReportOutcomes,
        Permission::ReadPolicies,
        Permission::ReadDecisions,
        Permission::ReadLedger,
        Permission::ReadIdentity,
        Permission::ReadMetrics,
        Permission::SubmitRelease,
        Permission::PromoteRelease,
        Permission::HoldRelease,
        Permission::RejectRelease,
        Permission::RollBack,
        Permission::Approve,
        Permission::BreakGlass,
        Permission::ReviewGlass,
        Permission::PutLever,
        Permission::ManageScope,
        Permission::WithdrawVersion,
        Permission::ManageIdentity,
        Permission::Erase,
        Permission::Backup,
        Permission::ManageWebhooks,
    ];

    /// The roles that have it. No role has everything: an admin hands out roles, and that is in the ledger, but decides
    /// nothing about policies.
    pub const fn roles(self) -> &'static [Role] {
        use Role::{Admin, Approver, Auditor, Author, Operator, Service};
        match self {
            Permission::Decide | Permission::ReportOutcomes => &[Service],
            Permission::ReadPolicies => &[Author, Operator, Approver, Auditor, Admin],
            Permission::ReadDecisions => &[Author, Operator, Approver, Auditor],
            Permission::ReadLedger => &[Operator, Approver, Auditor, Admin],
            Permission::ReadIdentity => &[Auditor, Admin],
            Permission::ReadMetrics => &[Operator, Auditor, Service, Admin],
            Permission::SubmitRelease => &[Author],
            Permission::PromoteRelease
            | Permission::HoldRelease
            | Permission::RollBack
            | Permission::BreakGlass
            | Permission::PutLever
            | Permission::ManageScope
            | Permission::WithdrawVersion => &[Operator],
            Permission::ReviewGlass => &[Approver, Auditor],
            Permission::RejectRelease => &[Operator, Approver],
            Permission::ManageWebhooks => &[Operator, Admin],
            Permission::Approve => &[Approver],
            Permission::ManageIdentity | Permission::Erase | Permission::Backup => &[Admin],
        }
    }

    /// What it lets somebody do, as it stands in `may ...`.
    pub const fn in_words(self) -> &'static str {
        match self {
            Permission::Decide => "ask for decisions",
            Permission::ReportOutcomes => "report outcomes",
            Permission::ReadPolicies => "see policies and releases",
            Permission::ReadDecisions => "see logged decisions",
            Permission::ReadLedger => "see the ledger",
            Permission::ReadIdentity => "see principals and tokens",
            Permission::ReadMetrics => "see metrics",
            Permission::SubmitRelease => "submit a release",
            Permission::PromoteRelease => "promote a release",
            Permission::HoldRelease => "hold or resume a release",
            Permission::RejectRelease => "reject a release",
            Permission::RollBack => "roll back",
            Permission::Approve => "approve a release",
            Permission::BreakGlass => "break the glass",
            Permission::ReviewGlass => "review a break-glass",
            Permission::PutLever => "put or delete a lever",
            Permission::ManageScope => "choose what a scope runs",
            Permission::WithdrawVersion => "withdraw a version",
            Permission::ManageIdentity => "manage principals and tokens",
            Permission::Erase => "erase data from the decision log",
            Permission::Backup => "take a backup",
            Permission::ManageWebhooks => "manage webhooks",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.in_words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::assert_golden;

    #[test]
    fn the_table_of_permissions_and_roles_is_the_one_that_was_agreed_on() {
        let mut table = String::new();
        for permission in Permission::ALL {
            let name = serde_json::to_value(permission).unwrap();
            let roles: Vec<&str> = permission.roles().iter().map(|role| role.as_str()).collect();
            table.push_str(&format!("{:18}{}\n", name.as_str().unwrap(), roles.join(" ")));
        }
        assert_golden("permissions.txt", &table);
    }

    #[test]
    fn no_permission_is_for_nobody_and_no_role_for_nothing() {
        assert!(
            Permission::ALL
                .iter()
                .all(|permission| !permission.roles().is_empty())
        );
        let used = |role: &Role| {
            Permission::ALL
                .iter()
                .any(|permission| permission.roles().contains(role))
        };
        assert!(Role::ALL.iter().all(used));
    }

    #[test]
    fn whoever_writes_a_policy_can_neither_approve_nor_promote_it_by_that_role() {
        for permission in [Permission::Approve, Permission::PromoteRelease] {
            assert!(!permission.roles().contains(&Role::Author), "{permission}");
            assert!(!permission.roles().contains(&Role::Admin), "{permission}");
        }
    }
}
