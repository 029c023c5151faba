//! `signalbox decisions export`: what is recorded leaves the host whole, as lines of JSON and as Parquet.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use serde_json::Value;
use signalbox_domain::identity::{Grant, GrantedScopes, Role};
use signalbox_flows::{Host, past};
use tempfile::TempDir;

const CHILD: &str = env!("CARGO_BIN_EXE_compile-child");
const PROGRAM: &str = env!("CARGO_BIN_EXE_signalbox-program");
/// A Python with DuckDB; the chore sets it.
const PYTHON: &str = "SIGNALBOX_PYTHON";

/// A host that decided about so many past orders, one of them written over many lines, and one of them erased since.
async fn lived_in(orders: usize) -> (Host, String) {
    let host = Host::start(CHILD, "").await;
    let mut orders = past::orders(orders);
    let last = orders.pop().unwrap();
    for order in &orders {
        host.answer("routing", &serde_json::to_value(order).unwrap())
            .await;
    }
    let pretty = serde_json::to_string_pretty(&last).unwrap();
    let url = format!("http://{}/v1/decisions/routing", host.app.addr);
    let request = host.client().post(url).header("content-type", "application/json");
    let answer = request.body(pretty).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let gone = &orders[0].order.order_id;
    let (status, erased) = host
        .delete(&format!("/v1/decisions?unit={gone}&reason=asked"))
        .await;
    assert_eq!((status, &erased["erased"]), (200, &1.into()));
    let grants = vec![Grant {
        role: Role::Auditor,
        functions: [].into(),
        scopes: GrantedScopes::All,
    }];
    let token = host.token_of("analyst", grants).await.reveal();
    (host, token)
}

/// Runs the program against the host.
async fn export(host: &Host, token: &str, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command
        .current_dir(folder)
        .args(["decisions", "export"])
        .args(arguments)
        .env("SIGNALBOX_SERVER", format!("http://{}", host.app.addr))
        .env("SIGNALBOX_TOKEN", token)
        .env("HOME", folder);
    let run = tokio::task::spawn_blocking(move || command.output().unwrap());
    run.await.unwrap()
}

fn succeeded(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_is_the_record_of_a_decision_oldest_first() {
    let (host, token) = lived_in(30).await;
    let folder = TempDir::new().unwrap();
    let output = export(&host, &token, folder.path(), &[]).await;
    succeeded(&output);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "30 decisions\n");
    let found = lines(&output.stdout);
    assert_eq!(found.len(), 30);
    let mut before = String::new();
    for line in &found {
        let id = line["decision_id"].as_str().unwrap();
        let (status, record) = host.get(&format!("/v1/decisions/{id}")).await;
        assert_eq!((status, &record), (200, line));
        let at = line["at"].as_str().unwrap().to_owned();
        assert!(at >= before, "{at} after {before}");
        before = at;
    }
    assert_eq!(found.iter().filter(|line| line["erased"] == true).count(), 1);

    let order = found[7]["request"]["order"]["order_id"].as_str().unwrap();
    let output = export(&host, &token, folder.path(), &["--order", order]).await;
    let one = lines(&output.stdout);
    assert!(!one.is_empty() && one.iter().all(|line| line["units"][0] == order));
    let none = export(&host, &token, folder.path(), &["--policy", "nobody"]).await;
    succeeded(&none);
    assert_eq!(none.stdout, b"");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parquet_has_the_same_decisions_in_typed_columns() {
    let (host, token) = lived_in(30).await;
    let folder = TempDir::new().unwrap();
    succeeded(&export(&host, &token, folder.path(), &["--out", "all.ndjson"]).await);
    succeeded(&export(&host, &token, folder.path(), &["--out", "all.parquet"]).await);
    let expected = lines(&fs::read(folder.path().join("all.ndjson")).unwrap());
    let reader = SerializedFileReader::new(File::open(folder.path().join("all.parquet")).unwrap()).unwrap();
    let schema = reader.metadata().file_metadata().schema().get_fields().to_vec();
    let column = |name: &str| schema.iter().position(|field| field.name() == name).unwrap();
    let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), expected.len());
    for (row, line) in rows.iter().zip(&expected) {
        let text = |name: &str| row.get_string(column(name)).ok().map(String::as_str);
        assert_eq!(text("decision_id"), line["decision_id"].as_str());
        assert_eq!(text("answered_by"), line["answered_by"].as_str());
        assert_eq!(row.get_bool(column("erased")).unwrap(), line["erased"] == true);
        if line["erased"] == true {
            assert_eq!((text("request"), text("answer")), (None, None));
            continue;
        }
        for whole in ["request", "answer"] {
            let kept: Value = serde_json::from_str(text(whole).unwrap()).unwrap();
            assert_eq!(kept, line[whole]);
        }
        assert_eq!(text("currency"), line["request"]["currency"].as_str());
        assert_eq!(
            row.get_long(column("host_loss_minor")).ok(),
            line["answer"]["host_loss"]["total_minor"].as_i64()
        );
        let units = row.get_list(column("units")).unwrap();
        assert_eq!(units.len(), line["units"].as_array().unwrap().len());
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_left_as_it_was_when_the_export_fails() {
    let (host, token) = lived_in(2).await;
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("kept.parquet"), "before").unwrap();
    let refused = export(&host, "sbt_nobody", folder.path(), &["--out", "kept.parquet"]).await;
    assert!(!refused.status.success());
    assert_eq!(fs::read(folder.path().join("kept.parquet")).unwrap(), b"before");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

    let nowhere = export(
        &host,
        &token,
        folder.path(),
        &["--out", "no/such/folder/a.ndjson"],
    )
    .await;
    let said = String::from_utf8_lossy(&nowhere.stderr).into_owned();
    assert!(
        !nowhere.status.success() && said.contains("no/such/folder/a.ndjson cannot be written"),
        "{said}"
    );
    host.stop().await;
}

/// What an analyst does with the file.
const ANALYSIS: &str = r#"
import json, sys, duckdb
parquet, ndjson = sys.argv[1:]
db = duckdb.connect()
rows = db.execute(f"""
    SELECT count(*), count(DISTINCT decision_id), sum(host_loss_minor), count_if(erased), min("at") <= max("at"),
           sum(CAST(json_extract(answer, '$.host_loss.total_minor') AS BIGINT)), sum(len(units))
    FROM '{parquet}'""").fetchone()
lines = [json.loads(line) for line in open(ndjson)]
losses = [line["answer"]["host_loss"]["total_minor"] for line in lines if not line["erased"]]
expected = (len(lines), len(lines), sum(losses), 1, True, sum(losses), sum(len(line["units"]) for line in lines))
assert rows == expected, (rows, expected)
zone = db.execute(f"""SELECT typeof("at") FROM '{parquet}' LIMIT 1""").fetchone()[0]
assert zone == "TIMESTAMP WITH TIME ZONE", zone
read = db.execute(f"SELECT count(*), count(DISTINCT policy) FROM read_ndjson_auto('{ndjson}')").fetchone()
assert read[0] == len(lines), read
print("DuckDB", duckdb.__version__, "reads", rows)
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Python with DuckDB; `cargo api` installs one and runs it"]
async fn duckdb_reads_both_formats_with_the_same_figures() {
    let python = std::env::var_os(PYTHON).unwrap_or_else(|| panic!("{PYTHON} is not set: run `cargo api`"));
    let (host, token) = lived_in(120).await;
    let folder = TempDir::new().unwrap();
    succeeded(&export(&host, &token, folder.path(), &["--out", "all.ndjson"]).await);
    succeeded(&export(&host, &token, folder.path(), &["--out", "all.parquet"]).await);
    let mut command = Command::new(python);
    command
        .current_dir(folder.path())
        .args(["-c", ANALYSIS, "all.parquet", "all.ndjson"]);
    let output = command.output().unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    succeeded(&output);
    host.stop().await;
}
