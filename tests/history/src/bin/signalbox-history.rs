//! `cargo history DIR`: all of the real history as decision requests, one JSON text a line, for `signalbox backtest`.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Parser;
use jiff::Timestamp as Instant;
use jiff::tz::TimeZone;
use serde::Serialize;
use signalbox_history::returns::{self, ReturnsHistory};
use signalbox_history::{DataFolder, History, HistoryError, Model, PastOrder};

/// zstd's own default: most of what can be gained, at hundreds of megabytes a second.
const LEVEL: i32 = 3;
/// How often progress is shown, in requests.
const SHOWN_EVERY: u64 = 2_000;
/// Whose days and months count.
const ZONE: &str = "America/Sao_Paulo";
/// The marketplace's worst month: 18 % of orders late, against 6 % in the others.
const PEAK: (i16, i8) = (2017, 11);

/// Writes the real history as decision requests
///
/// Every order of the data folder (Olist, September 2016 to September 2018; the files are thinned) as a routing request in the
/// order in which they were placed, with its real seller as the incumbent where there was a choice; and every cancelled line whose purchase was found (UCI Online Retail II) as a returns
/// request. What is real and what is modelled is in MODEL.md. The same seed and the same files give the same bytes.
#[derive(Parser)]
#[command(
    bin_name = "cargo history",
    after_help = "Files: routing.ndjson.zst, routing-peak.ndjson.zst (November 2017 alone), routing-rest.ndjson.zst (without it), \
                  returns.ndjson.zst.\n\nExample:\n  cargo history /tmp/history\n  signalbox backtest --params policies/routing-nearest-1.0.0.toml \
                  --params policies/routing-balanced-1.0.0.toml --requests /tmp/history/routing.ndjson.zst --zone America/Sao_Paulo"
)]
struct Arguments {
    /// Where the files are written; what is there under their names is replaced
    out: PathBuf,
    /// The data folder; ../shared/data when absent
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The seed of everything that is modelled
    #[arg(long, default_value_t = 20_260_302)]
    seed: u64,
    /// Every so many of them only, in time order
    #[arg(long, value_name = "N", default_value = "1")]
    every: NonZeroUsize,
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error("{} cannot be written", .file.display())]
    Write { file: PathBuf, source: io::Error },
    #[error("the time zone {ZONE} is not known here; install tzdata")]
    Zone(#[source] jiff::Error),
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    run(&arguments).map_err(Into::into)
}

fn run(arguments: &Arguments) -> Result<(), Failed> {
    let folder = DataFolder::find(arguments.data.as_deref())?;
    std::fs::create_dir_all(&arguments.out).map_err(|source| Failed::Write {
        file: arguments.out.clone(),
        source,
    })?;
    orders(&folder, arguments)?;
    let mut file = Lines::create(&arguments.out, "returns.ndjson.zst")?;
    let history = ReturnsHistory::read(&folder)?;
    let requests = returns::cases(&history, arguments.seed, usize::MAX);
    for request in requests.iter().step_by(arguments.every.get()) {
        file.push(request)?;
    }
    file.end()
}

fn orders(folder: &DataFolder, arguments: &Arguments) -> Result<(), Failed> {
    let zone = TimeZone::get(ZONE).map_err(Failed::Zone)?;
    let model = Model::new(History::read(folder)?, arguments.seed);
    let mut orders: Vec<&PastOrder> = model.history().orders.iter().collect();
    orders.sort_by(|one, other| (one.placed_at, &one.order_id).cmp(&(other.placed_at, &other.order_id)));
    let mut all = Lines::create(&arguments.out, "routing.ndjson.zst")?;
    let mut peak = Lines::create(&arguments.out, "routing-peak.ndjson.zst")?;
    let mut rest = Lines::create(&arguments.out, "routing-rest.ndjson.zst")?;
    let (mut unknown, mut in_peak, mut outside) = (0u64, Late::default(), Late::default());
    for order in orders.into_iter().step_by(arguments.every.get()) {
        let Some(past) = model.routing(order) else {
            unknown = unknown.saturating_add(1);
            continue;
        };
        all.push(&past.request)?;
        let (file, late) = match is_peak(order, &zone) {
            true => (&mut peak, &mut in_peak),
            false => (&mut rest, &mut outside),
        };
        file.push(&past.request)?;
        late.add(past.reality.promise_kept, order.weight);
    }
    for file in [all, peak, rest] {
        file.end()?;
    }
    eprintln!("{unknown} orders are left out: the history does not know one of their sellers");
    eprintln!(
        "of the marketplace's delivered orders came late, by local date: {in_peak} in the peak, {outside} outside it"
    );
    Ok(())
}

fn is_peak(order: &PastOrder, zone: &TimeZone) -> bool {
    let Ok(placed_at) = Instant::from_millisecond(order.placed_at.as_millis()) else {
        return false;
    };
    let local = placed_at.to_zoned(zone.clone());
    (local.year(), local.month()) == PEAK
}

/// How often orders really came late, each with the weight that undoes the thinning of the files.
#[derive(Default)]
struct Late {
    late: f64,
    delivered: f64,
    orders: u64,
}

impl Late {
    fn add(&mut self, promise_kept: Option<bool>, weight: f64) {
        if let Some(kept) = promise_kept {
            self.orders = self.orders.saturating_add(1);
            self.delivered += weight;
            self.late += if kept { 0.0 } else { weight };
        }
    }
}

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = 100.0 * self.late / self.delivered.max(1.0);
        write!(f, "{percent:.2} % ({} orders in the files)", self.orders)
    }
}

/// A compressed file of requests. It has its name once it is complete.
struct Lines {
    file: PathBuf,
    beside: PathBuf,
    out: BufWriter<zstd::Encoder<'static, File>>,
    lines: u64,
}

impl Lines {
    fn create(folder: &Path, name: &str) -> Result<Lines, Failed> {
        let (file, beside) = (folder.join(name), folder.join(format!("{name}.part")));
        let cannot = |source| Failed::Write {
            file: beside.clone(),
            source,
        };
        let out = File::create(&beside).and_then(|out| zstd::Encoder::new(out, LEVEL));
        Ok(Lines {
            out: BufWriter::new(out.map_err(cannot)?),
            file,
            beside,
            lines: 0,
        })
    }

    fn push(&mut self, request: &impl Serialize) -> Result<(), Failed> {
        let written = serde_json::to_writer(&mut self.out, request)
            .map_err(io::Error::from)
            .and_then(|()| self.out.write_all(b"\n"));
        written.map_err(|source| self.cannot(source))?;
        self.lines = self.lines.saturating_add(1);
        if self.lines.is_multiple_of(SHOWN_EVERY) && io::stderr().is_terminal() {
            eprint!("\r{} requests in {}", self.lines, self.file.display());
        }
        Ok(())
    }

    fn end(self) -> Result<(), Failed> {
        let (beside, file) = (self.beside.clone(), self.file.clone());
        let cannot = |source| Failed::Write {
            file: file.clone(),
            source,
        };
        let encoder = self
            .out
            .into_inner()
            .map_err(|problem| cannot(problem.into_error()))?;
        let done = encoder.finish().and_then(|file| file.sync_all());
        done.and_then(|()| std::fs::rename(&beside, &file))
            .map_err(cannot)?;
        eprintln!("\r{}: {} requests", file.display(), self.lines);
        Ok(())
    }

    fn cannot(&self, source: io::Error) -> Failed {
        Failed::Write {
            file: self.beside.clone(),
            source,
        }
    }
}
