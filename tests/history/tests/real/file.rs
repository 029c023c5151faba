//! What `cargo history` writes.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Command;

use libtest_mimic::Failed;
use signalbox_domain::Case;
use signalbox_domain::envelope::Envelope as _;
use signalbox_domain::returns::ReturnsCase;
use signalbox_domain::routing::RoutingCase;
use signalbox_domain::validate::{Bounds, Circumstances};
use signalbox_history::{DataFolder, History};

/// Every so many requests: a debug build takes its time.
const EVERY: &str = "40";

pub fn the_written_history_is_the_same_twice_and_every_line_is_a_request(
    folder: &DataFolder,
    history: &History,
) -> Result<(), Failed> {
    let (once, twice) = (written(folder)?, written(folder)?);
    if once != twice {
        return Err("the same seed and the same files gave other bytes".into());
    }
    let all = valid::<RoutingCase>(&once["routing.ndjson.zst"])?;
    let peak = valid::<RoutingCase>(&once["routing-peak.ndjson.zst"])?;
    let rest = valid::<RoutingCase>(&once["routing-rest.ndjson.zst"])?;
    let returns = valid::<ReturnsCase>(&once["returns.ndjson.zst"])?;
    let expected = history.orders.len().div_ceil(40);
    if (all, peak + rest) != (expected, expected) || peak == 0 || returns < 300 {
        return Err(format!(
            "{expected} orders gave {all}: {peak} in the peak, {rest} outside; {returns} returns"
        )
        .into());
    }
    Ok(())
}

type Files = BTreeMap<String, Vec<u8>>;

fn written(folder: &DataFolder) -> Result<Files, Failed> {
    let out = tempfile::tempdir()?;
    let run = Command::new(env!("CARGO_BIN_EXE_signalbox-history"))
        .args(["--every", EVERY, "--data"])
        .arg(folder.path())
        .arg(out.path())
        .output()?;
    if !run.status.success() {
        return Err(String::from_utf8_lossy(&run.stderr).into_owned().into());
    }
    read(out.path())
}

fn read(folder: &Path) -> Result<Files, Failed> {
    let mut files = Files::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        files.insert(name, std::fs::read(entry.path())?);
    }
    Ok(files)
}

/// How many requests a file holds; all of them are valid.
fn valid<C: Case>(file: &[u8]) -> Result<usize, Failed>
where
    C::Request: serde::de::DeserializeOwned,
{
    let mut count = 0;
    for line in BufReader::new(zstd::Decoder::new(file)?).lines() {
        let request: C::Request = serde_json::from_str(&line?)?;
        let now = request.envelope().now.ok_or("a request without its instant")?;
        let circumstances = Circumstances {
            now,
            levers: &[],
            bounds: &Bounds::default(),
        };
        C::build(request, &circumstances).map_err(|problem| problem.to_string())?;
        count += 1;
    }
    Ok(count)
}
