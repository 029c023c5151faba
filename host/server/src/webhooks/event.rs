//! What webhooks are told, as CloudEvents 1.0 in structured JSON.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use signalbox_domain::Timestamp;
use signalbox_domain::events::{Entry, Event, PolicyVersion};

use super::instant;

/// What an event's type begins with.
const TYPE: &str = "signalbox.";

/// What webhooks can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// A release waits for approvals, and who gave or took back one.
    Approvals,
    /// Approvals have been waited for too long.
    Escalations,
    /// A gate of a release was met, or is no longer.
    Gates,
    /// A release went on: submitted, promoted, live.
    Progress,
    /// Something was stopped: held, rolled back, withdrawn, the kill switch, a break-glass.
    Stops,
    /// A version or a release was rejected.
    Rejections,
    /// A webhook could not be told something.
    DeadLetters,
}

/// Something that is not in the ledger and that webhooks are told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// What it belongs to.
    pub group: Group,
    /// What happened, in snake case, such as `gates_changed`.
    pub kind: String,
    /// The scope that it is about, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What it is about, such as `routing-balanced@1.2.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Its figures, for programs.
    pub data: Value,
}

/// A notice as it is kept.
#[derive(Serialize, Deserialize)]
struct KeptNotice {
    at: Timestamp,
    notice: Notice,
}

impl Notice {
    pub(super) fn to_text(&self, at: Timestamp) -> String {
        let kept = KeptNotice {
            at,
            notice: self.clone(),
        };
        // A struct of texts and JSON always has a JSON form.
        serde_json::to_string(&kept).unwrap_or_default()
    }
}

/// Something to tell, before it is known to whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Where it comes from and its number there, such as `ledger-17`.
    pub place: String,
    pub group: Group,
    pub kind: String,
    pub scope: Option<String>,
    pub subject: Option<String>,
    pub at: Timestamp,
    pub data: Value,
}

impl Told {
    /// What an entry of the ledger is told as; `None` for what nobody waits for.
    pub fn of_entry(seq: u64, entry: &Entry) -> Option<Told> {
        let mut json = serde_json::to_value(&entry.event).ok()?;
        let mut data = json.get_mut("data").map(Value::take).unwrap_or_default();
        let (group, kind) = classified(&entry.event, &data)?;
        let subject = subject(&data);
        data = json!({ "seq": seq, "actor": entry.actor, "reason": entry.reason, "event": data });
        Some(Told {
            place: format!("ledger-{seq}"),
            group,
            kind,
            scope: entry.event.scope().map(str::to_owned),
            subject,
            at: entry.at,
            data,
        })
    }

    /// What a kept notice is told as; `None` when a newer host wrote it.
    pub fn of_notice(number: u64, text: &str) -> Option<Told> {
        let KeptNotice { at, notice } = serde_json::from_str(text).ok()?;
        Some(Told {
            place: format!("notice-{number}"),
            group: notice.group,
            kind: notice.kind,
            scope: notice.scope,
            subject: notice.subject,
            at,
            data: notice.data,
        })
    }

    /// The event's type.
    pub fn event_type(&self) -> String {
        format!("{TYPE}{}", self.kind)
    }

    /// The event's id for a receiver: the same whenever it is sent, another one for another receiver.
    pub fn id(&self, url: &str) -> String {
        let digest = Sha256::digest(url.as_bytes());
        let short = digest
            .iter()
            .take(4)
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        format!("{}-{short}", self.place)
    }

    /// The CloudEvent.
    pub fn body(&self, id: &str) -> String {
        let mut event = json!({
            "specversion": "1.0",
            "id": id,
            "source": "urn:signalbox:host",
            "type": self.event_type(),
            "time": instant(self.at),
            "datacontenttype": "application/json",
            "data": self.data,
        });
        if let Some(fields) = event.as_object_mut() {
            let extra = [("subject", &self.subject), ("scope", &self.scope)];
            for (name, value) in extra {
                if let Some(value) = value {
                    fields.insert(name.to_owned(), Value::String(value.clone()));
                }
            }
        }
        event.to_string()
    }
}

/// What an event belongs to, and its kind; for a release also what happened to it.
fn classified(event: &Event, data: &Value) -> Option<(Group, String)> {
    let kind = event.kind();
    if let Event::ReleaseChanged(change) = event {
        let change = change.event.kind();
        let group = match change {
            "rejected" => Group::Rejections,
            "held" | "rolled_back" => Group::Stops,
            _ => Group::Progress,
        };
        return Some((group, format!("release_{change}")));
    }
    let group = match kind {
        "evidence_frozen" | "approval_given" | "approval_withdrawn" | "dissented" | "approval_delegated"
        | "delegation_revoked" => Group::Approvals,
        "glass_reviewed" => Group::Approvals,
        "approval_escalated" => Group::Escalations,
        "went_live" => Group::Progress,
        "rolled_back" | "version_withdrawn" | "break_glass_proposed" | "glass_broken" | "glass_ended" => {
            Group::Stops
        }
        "builtin_forced" if data.get("forced").and_then(Value::as_bool) == Some(true) => Group::Stops,
        "version_rejected" => Group::Rejections,
        _ => return None,
    };
    Some((group, kind.to_owned()))
}

/// The version that an event is about.
fn subject(data: &Value) -> Option<String> {
    let named = ["version", "from"].iter().find_map(|field| data.get(field))?;
    let version = PolicyVersion::deserialize(named).ok()?;
    Some(version.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(event: Event) -> Entry {
        Entry {
            at: Timestamp(1_772_500_000_000),
            actor: "ana".to_owned(),
            reason: "late deliveries".to_owned(),
            event,
        }
    }

    #[test]
    fn a_rollback_is_a_cloud_event_with_scope_and_subject() {
        let told = Told::of_entry(
            17,
            &entry(Event::RolledBack {
                scope: "routing".to_owned(),
                from: "routing-balanced@1.2.0".parse().unwrap(),
                to: None,
            }),
        );
        let told = told.unwrap();
        assert_eq!(told.group, Group::Stops);
        let id = told.id("https://hooks.example/a");
        assert_eq!(id, told.id("https://hooks.example/a"));
        assert_ne!(id, told.id("https://hooks.example/b"));
        let body: Value = serde_json::from_str(&told.body("ledger-17-x")).unwrap();
        let expected = json!({
            "specversion": "1.0",
            "id": "ledger-17-x",
            "source": "urn:signalbox:host",
            "type": "signalbox.rolled_back",
            "time": "2026-03-03T01:06:40.000Z",
            "datacontenttype": "application/json",
            "subject": "routing-balanced@1.2.0",
            "scope": "routing",
            "data": {
                "seq": 17,
                "actor": "ana",
                "reason": "late deliveries",
                "event": {
                    "scope": "routing",
                    "from": { "policy": "routing-balanced", "version": "1.2.0" }
                }
            }
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn what_nobody_waits_for_is_not_told() {
        let forced = |forced| Event::BuiltinForced {
            scope: "routing".to_owned(),
            forced,
        };
        assert!(Told::of_entry(1, &entry(forced(true))).is_some());
        assert!(Told::of_entry(1, &entry(forced(false))).is_none());
        assert!(Told::of_entry(1, &entry(Event::DecisionsNotLogged { count: 1 })).is_none());
    }

    #[test]
    fn a_notice_comes_back_as_it_was_kept() {
        let notice = Notice {
            group: Group::Gates,
            kind: "gates_changed".to_owned(),
            scope: Some("routing".to_owned()),
            subject: None,
            data: json!({ "gate": "non_inferior", "state": "met" }),
        };
        let told = Told::of_notice(3, &notice.to_text(Timestamp(5))).unwrap();
        assert_eq!(
            (told.place.as_str(), told.group, told.at),
            ("notice-3", Group::Gates, Timestamp(5))
        );
        assert_eq!(told.data, notice.data);
    }
}
