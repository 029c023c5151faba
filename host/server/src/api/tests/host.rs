//! The host that the tests ask.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use signalbox_domain::identity::{Function, Grant, GrantedScopes, Principal, Role};
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt;

use crate::api::{self, Api, ApiOptions, Readiness};
use crate::app::{AppOptions, Core};
use crate::clock;
use crate::config::Config;
use crate::control::{By, Lifetime};
use crate::telemetry::Telemetry;

pub const LOCAL: &str = "127.0.0.1:50000";
pub const STRANGER: &str = "10.0.0.7:50000";

/// A host with nothing in its folder: the built-in policies decide.
pub struct Host {
    pub router: Router,
    pub readiness: watch::Sender<Readiness>,
    /// A token that may do everything.
    pub token: String,
    /// How far the API's clock runs ahead, in milliseconds.
    pub ahead_ms: Arc<AtomicI64>,
    pub core: Core,
    _folder: TempDir,
}

/// What was answered.
#[derive(Debug)]
pub struct Answered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answered {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|problem| panic!("{problem}: {}", self.text))
    }

    /// The last part of the problem's type.
    pub fn problem(&self) -> String {
        let uri = self.json()["type"].as_str().unwrap_or_default().to_owned();
        assert_eq!(
            self.headers["content-type"], "application/problem+json",
            "{self:?}"
        );
        uri.rsplit(':').next().unwrap_or_default().to_owned()
    }
}

impl Host {
    pub async fn start() -> Host {
        Host::with(ApiOptions::default(), "").await
    }

    /// A host with other options, and a configuration file.
    pub async fn with(options: ApiOptions, config: &str) -> Host {
        let folder = TempDir::new().unwrap();
        // A small pool: many hosts run beside each other in tests.
        let config =
            format!("{config}\n[sandbox]\ndecisions_max = 2\nbackground_max = 1\npolicies_live = 2\n");
        let mut config = Config::parse("signalbox.toml", &config, folder.path()).unwrap();
        config.folders.rescan = Duration::from_secs(60);
        let telemetry = Telemetry::new().unwrap();
        let program = AppOptions::this_program().unwrap();
        let core = Core::start(&config, program, &telemetry).await.unwrap();
        let (readiness, is_ready) = watch::channel(Readiness::Ready);
        let ahead_ms = Arc::new(AtomicI64::new(0));
        let clock = {
            let ahead_ms = Arc::clone(&ahead_ms);
            Arc::new(move || clock::now().plus_millis(ahead_ms.load(Ordering::Relaxed)))
        };
        let api = Api::new(options, core.services(&config, &telemetry), is_ready, clock);
        let all: Vec<Grant> = Role::ALL.map(|role| grant(role, GrantedScopes::All)).into();
        let token = let_in(&core, "tests", all).await;
        Host {
            router: api::router(api),
            readiness,
            token,
            ahead_ms,
            core,
            _folder: folder,
        }
    }

    pub fn recorder(&self) -> crate::record::Recorder {
        self.core.recorder()
    }

    pub fn control(&self) -> crate::control::ControlHandle {
        self.core.control()
    }

    pub fn revision(&self) -> u64 {
        self.control().snapshot().revision
    }

    pub async fn stop(self) {
        self.core.stop().await;
    }

    /// Makes a principal with a token; the token.
    pub async fn let_in(&self, name: &str, grants: Vec<Grant>) -> String {
        let_in(&self.core, name, grants).await
    }

    /// Sends a request with the token that may do everything.
    pub async fn send(&self, mut request: Request<Body>) -> Answered {
        let shown = format!("Bearer {}", self.token).parse().unwrap();
        request.headers_mut().insert("authorization", shown);
        self.send_as_it_is(request).await
    }

    /// Sends a request with the token that it has, or with none.
    pub async fn send_as_it_is(&self, request: Request<Body>) -> Answered {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        // A stream of events has no end to wait for.
        let is_stream = parts
            .headers
            .get("content-type")
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        let bytes = if is_stream {
            Default::default()
        } else {
            to_bytes(body, usize::MAX).await.unwrap()
        };
        Answered {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    pub async fn get(&self, path: &str) -> Answered {
        self.send(request("GET", path, STRANGER).body(Body::empty()).unwrap())
            .await
    }

    /// Sends JSON from the host's own machine.
    pub async fn send_json(&self, method: &str, path: &str, body: &Value) -> Answered {
        let request = request(method, path, LOCAL).header("content-type", "application/json");
        self.send(request.body(body.to_string().into()).unwrap()).await
    }

    pub async fn decide(&self, domain: &str, body: &Value) -> Answered {
        self.send_json("POST", &format!("/v1/decisions/{domain}"), body)
            .await
    }
}

/// A role; an approver speaks for every function.
pub fn grant(role: Role, scopes: GrantedScopes) -> Grant {
    Grant {
        role,
        functions: match role {
            Role::Approver => Function::ALL.into(),
            _ => BTreeSet::new(),
        },
        scopes,
    }
}

async fn let_in(core: &Core, name: &str, grants: Vec<Grant>) -> String {
    let by = || By {
        actor: "setup".to_owned(),
        reason: String::new(),
    };
    let control = core.control();
    let principal = Principal {
        name: name.to_owned(),
        grants,
    };
    control.put_principal(principal, by()).await.unwrap();
    let made = control.create_token(name, Lifetime::DEFAULT, by()).await;
    made.unwrap().token.reveal()
}

/// A request of `peer` to the host as `localhost`.
pub fn request(method: &str, path: &str, peer: &str) -> axum::http::request::Builder {
    let peer: SocketAddr = peer.parse().unwrap();
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost:8080")
        .extension(ConnectInfo(peer))
}

/// Two pieces of one SKU; `DC` has five.
pub fn order() -> Value {
    json!({
        "currency": "EUR",
        "now": "2026-03-02T12:00:00Z",
        "order": { "order_id": "O-1", "channel": "web" },
        "delivery_groups": [{
            "group_id": "G", "method": "SHIP", "destination": { "country": "DE" }, "promised_by": "2026-03-07T12:00:00Z"
        }],
        "lines": [{ "line_id": "L", "sku": "A", "quantity": 2, "net_revenue_minor": 2000, "weight_g": 500 }],
        "network": {
            "nodes": [{ "node_id": "DC", "type": "DC" }],
            "stock": [{ "node_id": "DC", "sku": "A", "available": 5 }],
            "lanes": [{
                "node_id": "DC", "service": "STANDARD", "ship_at": "2026-03-02T18:00:00Z",
                "deliver_p50_at": "2026-03-04T12:00:00Z", "deliver_p90_at": "2026-03-05T12:00:00Z",
                "tariff": { "base_minor": 490, "max_parcel_g": 30000, "included_g": 5000 }
            }]
        }
    })
}

/// Three pieces wanted, two there.
pub fn allocation() -> Value {
    json!({
        "currency": "EUR",
        "now": "2026-03-02T12:00:00Z",
        "supply": [{ "node_id": "DC", "sku": "A", "on_hand": 2 }],
        "demand": [{ "demand_id": "D", "channel": "web", "sku": "A", "quantity": 3, "unit_value_minor": 1000 }]
    })
}

/// A returned item that can be sold again.
pub fn returned() -> Value {
    json!({
        "currency": "EUR",
        "now": "2026-03-02T12:00:00Z",
        "return": {
            "rma_id": "R", "sku": "A", "category": "HOME", "stage": "INSPECTED", "jurisdiction": "DE", "grade": "A",
            "packaging": "SEALED", "carrying_value_minor": 1000, "current_price_minor": 2000
        },
        "options": [{ "disposition": "RESTOCK", "destination_node": "DC", "proceeds_minor": 1800, "handling_minor": 100 }]
    })
}
