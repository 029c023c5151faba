//! Backups of a host that goes on deciding and changing, and what comes back from them.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

#[path = "common/served.rs"]
mod served;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use served::{SIGNALBOX, Served, folders, order};
use signalbox_domain::Digest;
use signalbox_ledger::{Journal, statements};
use signalbox_server::app::{App, AppOptions};
use signalbox_server::config::Config;

fn restore(backup: &Path, data: &Path) -> Output {
    let mut command = Command::new(SIGNALBOX);
    command.arg("restore").arg(backup).arg("--data").arg(data);
    command.output().unwrap()
}

async fn backup(host: &Served, arguments: &[&str]) -> PathBuf {
    let mut command = Command::new(SIGNALBOX);
    command
        .arg("backup")
        .args(arguments)
        .args(["--server", &host.url("")]);
    command
        .env("SIGNALBOX_TOKEN", &host.token)
        .env("XDG_CONFIG_HOME", "/nonexistent");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    host.folder().join("data/backups").join(arguments[0])
}

/// Decides, and pulls and lets go levers, until told to stop; the ids of what was answered as logged, in order.
async fn traffic(
    client: reqwest::Client,
    base: String,
    first: Arc<tokio::sync::Notify>,
    stop: Arc<AtomicBool>,
) -> Vec<String> {
    let mut logged = Vec::new();
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        count += 1;
        let mut request = order();
        request["order"]["order_id"] = json!(format!("O-{count}"));
        let sent = client
            .post(format!("{base}/v1/decisions/routing"))
            .json(&request)
            .send();
        let answer: Value = sent.await.unwrap().json().await.unwrap();
        assert_eq!(answer["logged"], true, "{answer:#}");
        logged.push(answer["decision_id"].as_str().unwrap().to_owned());
        let forced = json!({ "forced": count % 2 == 0 });
        let url = format!("{base}/v1/scopes/returns/builtin");
        assert_eq!(client.post(url).json(&forced).send().await.unwrap().status(), 200);
        if count == 20 {
            first.notify_one();
        }
    }
    logged
}

/// A host on the data folder `data`, with nothing in its watched folder.
fn config(data: &Path) -> (tempfile::TempDir, Config) {
    let folder = folders("");
    let mut config = Config::load(Some(&folder.path().join("signalbox.toml"))).unwrap();
    config.folders.data = data.to_owned();
    (folder, config)
}

fn options() -> AppOptions {
    AppOptions {
        compile_program: SIGNALBOX.into(),
        ..AppOptions::this_program().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_taken_under_load_is_a_host_that_goes_on() {
    let host = Served::start("").await;
    host.go_live("behave").await;
    let (first, stop) = (
        Arc::new(tokio::sync::Notify::new()),
        Arc::new(AtomicBool::new(false)),
    );
    let load = tokio::spawn(traffic(
        host.client(),
        host.url(""),
        Arc::clone(&first),
        Arc::clone(&stop),
    ));
    first.notified().await;
    let page: Value = host
        .client()
        .get(host.url("/v1/decisions?limit=1000"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let before: Vec<Value> = page["decisions"].as_array().unwrap().clone();
    assert!(before.len() >= 20, "{}", before.len());
    let folder = backup(&host, &["one", "--with-secrets"]).await;
    stop.store(true, Ordering::Relaxed);
    let logged = load.await.unwrap();
    assert!(logged.len() >= before.len());

    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("restored");
    let restored = restore(&folder, &data);
    assert!(
        restored.status.success(),
        "{}",
        String::from_utf8_lossy(&restored.stderr)
    );
    let copied = Journal::open_read_only(&data.join("ledger.sqlite")).unwrap();
    let verified = copied.verify().unwrap();
    assert_eq!(verified.signed_to, verified.head.seq);
    // What was copied is the beginning of what went on.
    let ledger: Value = {
        let url = host.url(&format!("/v1/ledger?limit=1&before={}", verified.head.seq + 1));
        host.client().get(url).send().await.unwrap().json().await.unwrap()
    };
    assert_eq!(ledger["entries"][0]["digest"], verified.head.digest.to_string());
    drop(copied);
    let original = host.app.control.snapshot();
    let token = host.token.clone();
    let client = host.client();
    host.stop().await;

    let (_folder, config) = config(&data);
    let app = App::start(config, options()).await.unwrap();
    app.ready().await;
    let snapshot = app.control.snapshot();
    let live = |snapshot: &signalbox_server::snapshot::Snapshot| {
        let champion = &snapshot.scope("routing").unwrap().champion;
        champion.as_ref().map(|policy| policy.version.to_string())
    };
    assert_eq!(live(&snapshot).as_deref(), Some("hostile@1.0.0"));
    assert_eq!(live(&snapshot), live(&original));
    assert_eq!(snapshot.versions, original.versions);
    assert_eq!(snapshot.identity.principals(), original.identity.principals());
    // The token of before is valid, and every decision that was acknowledged before the backup is there.
    assert!(!token.is_empty());
    for decision in &before {
        let id = decision["decision_id"].as_str().unwrap();
        let url = format!("http://{}/v1/decisions/{id}", app.addr);
        assert_eq!(client.get(url).send().await.unwrap().status(), 200, "{id}");
    }
    let id = before[0]["decision_id"].as_str().unwrap();
    let url = format!("http://{}/v1/decisions/{id}/replay", app.addr);
    let replayed: Value = client
        .post(url)
        .json(&json!({}))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(replayed["identical"], true, "{replayed:#}");
    app.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_secrets_none_are_copied_and_the_host_says_what_to_do() {
    let host = Served::start("").await;
    let folder = backup(&host, &["bare"]).await;
    assert!(folder.join("ledger.sqlite").exists() && !folder.join("secret").exists());
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("restored");
    let said = String::from_utf8(restore(&folder, &data).stdout).unwrap();
    assert!(
        said.contains("has no key") && said.contains("new-key --lost"),
        "{said}"
    );
    let (_one, refused) = config(&data);
    let problem = App::start(refused, options()).await.err().unwrap();
    let problem = signalbox_server::error_text::chain(&problem);
    assert!(problem.contains("ledger.key is missing"), "{problem}");

    let made = Command::new(SIGNALBOX)
        .args(["ledger", "new-key", "--lost", "--reason", "moved", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (_two, accepted) = config(&data);
    App::start(accepted, options()).await.unwrap().shutdown().await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_was_changed_is_refused_and_leaves_nothing_behind() {
    let host = Served::start("").await;
    let folder = backup(&host, &["spoiled"]).await;
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("restored");
    let refused = |word: &str| {
        let output = restore(&folder, &data);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(word), "{word} in {said}");
    };
    std::fs::write(folder.join("artifacts/more"), "x").unwrap();
    refused("artifacts/more is not in the backup's backup.json");
    std::fs::remove_file(folder.join("artifacts/more")).unwrap();

    let ledger = folder.join("ledger.sqlite");
    let whole = std::fs::read(&ledger).unwrap();
    let mut changed = whole.clone();
    let place = changed.len() / 2;
    changed[place] ^= 1;
    std::fs::write(&ledger, &changed).unwrap();
    refused("was changed since the backup was taken");
    std::fs::write(&ledger, &whole).unwrap();

    // Whoever also changes the manifest still has the ledger's own signatures against them.
    let manifest = std::fs::read_to_string(folder.join("backup.json")).unwrap();
    let mut other: Value = serde_json::from_str(&manifest).unwrap();
    other["ledger"]["seq"] = json!(1);
    std::fs::write(folder.join("backup.json"), other.to_string()).unwrap();
    refused("does not vouch for this backup.json");
    let up = manifest.replace("\"ledger.sqlite\"", "\"../ledger.sqlite\"");
    std::fs::write(folder.join("backup.json"), up).unwrap();
    refused("leads out of it");
    std::fs::write(folder.join("backup.json"), &manifest).unwrap();

    // Nor does it help to leave the signature out, or to sign with a key of one's own.
    let signature = folder.join("backup.sig.json");
    let signed = std::fs::read_to_string(&signature).unwrap();
    std::fs::remove_file(&signature).unwrap();
    refused("backup.sig.json is missing");
    std::fs::write(&signature, "{}").unwrap();
    refused("is no DSSE envelope");
    let own = home.path().join("own.key");
    let public = statements::new_key(&own).unwrap();
    let digest = Digest::of(manifest.as_bytes());
    let mine = statements::read_key(&own).unwrap();
    std::fs::remove_file(&own).unwrap();
    let forged = statements::seal("https://signalbox.dev/backup/v1", "backup.json", digest, &mine);
    std::fs::write(&signature, serde_json::to_string(&forged).unwrap()).unwrap();
    refused(&format!("says that key {} signed, expected", public.id()));
    std::fs::write(&signature, &signed).unwrap();

    // A key that was kept elsewhere is asked before anything of the backup is believed.
    let with_key = |key: &str| {
        let mut command = Command::new(SIGNALBOX);
        command.arg("restore").arg(&folder).arg("--data").arg(&data);
        command.args(["--public-key", key]).output().unwrap()
    };
    let other = with_key(&public.to_string());
    assert_eq!(other.status.code(), Some(1));
    let said = String::from_utf8(other.stderr).unwrap();
    assert!(said.contains(&format!("expected {}", public.id())), "{said}");
    assert!(!data.exists() && std::fs::read_dir(home.path()).unwrap().next().is_none());

    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("mine"), "").unwrap();
    refused("is not empty");
    std::fs::remove_file(data.join("mine")).unwrap();
    let ledger = Journal::open_read_only(&host.folder().join("data/ledger.sqlite")).unwrap();
    let verified = ledger.verify().unwrap();
    let kept = verified.keys.last().unwrap().key.to_string();
    let done = with_key(&kept);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));

    // The ledger says who took it, and what it is.
    let url = host.url("/v1/ledger?limit=1&kind=backup_taken");
    let page: Value = host.client().get(url).send().await.unwrap().json().await.unwrap();
    let entry = &page["entries"][0];
    assert!(entry["actor"].is_string(), "{page:#}");
    assert!(
        entry.to_string().contains(&digest.to_string()) && entry.to_string().contains("spoiled"),
        "{page:#}"
    );
    host.stop().await;
}
