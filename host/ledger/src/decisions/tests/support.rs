//! Records, logs and disks that refuse.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use signalbox_domain::envelope::{AnsweredBy, Arm, Mode, Status};
use signalbox_domain::{Digest, Domain, Timestamp};
use tempfile::TempDir;
use uuid::Uuid;

use crate::decisions::storage::{Disk, SegmentFile, Storage};
use crate::decisions::*;

pub fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Record `number`, answered `number` seconds after 1970.
pub fn record(number: u64) -> DecisionRecord {
    DecisionRecord {
        envelope: Envelope {
            decision_id: id(number),
            at: seconds(number),
            now: seconds(number),
            deadline_ms: 200,
            scope: if number.is_multiple_of(3) {
                "routing-eu"
            } else {
                "routing"
            }
            .to_owned(),
            domain: Domain::Routing,
            mode: Mode::Decide,
            units: vec![unit(number)],
            policy: "routing-balanced".to_owned(),
            version: format!("1.{}.0", number % 4),
            policy_digest: Digest::of(&(number % 4).to_le_bytes()),
            plugin_digest: Some(Digest::of(b"plugin")),
            assigned_arm: if number.is_multiple_of(5) {
                Arm::Canary
            } else {
                Arm::Champion
            },
            assigned: number.is_multiple_of(5).then(|| Assigned {
                release: "rel-3f2a90c41b7d5e68".to_owned(),
                step: 1,
                probability_bp: 500,
                unit: Some(format!("order:{}", unit(number))),
            }),
            answered_by: if number.is_multiple_of(7) {
                AnsweredBy::BuiltIn
            } else {
                AnsweredBy::Champion
            },
            status: Status::Full,
            fallback_causes: if number.is_multiple_of(7) {
                vec!["DEADLINE".to_owned(), "TRAP".to_owned()]
            } else {
                vec![]
            },
            cost_book: "default".to_owned(),
            cost_book_digest: Digest::of(b"costs"),
            levers: vec![],
            host_version: "0.1.0".to_owned(),
            masked: vec![],
            idempotency: None,
        },
        payload: Payload::Kept(Texts {
            request: format!("{{\"order\":\"{}\",\"now\":{number}}}", unit(number)),
            answer: format!("{{\"decision\":{{\"lines\":[{number}]}},\"logged\":true}}"),
        }),
    }
}

pub fn id(number: u64) -> Uuid {
    Uuid::from_u128(u128::from(number))
}

pub fn unit(number: u64) -> String {
    format!("order-{number}")
}

pub fn seconds(number: u64) -> Timestamp {
    Timestamp(i64::try_from(number).unwrap() * 1_000)
}

/// Bounds under which nothing happens by itself while a test looks.
pub fn calm() -> Options {
    Options {
        index_interval: Duration::from_secs(3_600),
        ..Options::default()
    }
}

/// Segments of ten records of [`record`], by age.
pub fn tens() -> Options {
    Options {
        segment_age_ms_max: 10_000,
        ..calm()
    }
}

pub fn open(folder: &Path) -> DecisionLog {
    open_with(folder, calm())
}

pub fn open_with(folder: &Path, options: Options) -> DecisionLog {
    let (log, report) = DecisionLog::open(folder, options).unwrap();
    assert_eq!(report, OpenReport::default());
    log
}

/// Appends records one by one: a frame each.
pub fn append(log: &DecisionLog, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        log.append_durable(&record(number)).unwrap().wait().unwrap();
    }
}

/// Every record that can be read, in order; fails at damage.
pub fn all(log: &DecisionLog) -> Vec<DecisionRecord> {
    let (records, damage) = all_and_damage(log);
    assert_eq!(damage, []);
    records
}

pub fn all_and_damage(log: &DecisionLog) -> (Vec<DecisionRecord>, Vec<SegmentDamage>) {
    let mut records = Vec::new();
    let damage = log
        .scan(None, None, |_, record| {
            records.push(record);
            ControlFlow::Continue(())
        })
        .unwrap();
    (records, damage)
}

pub fn records(numbers: impl IntoIterator<Item = u64>) -> Vec<DecisionRecord> {
    numbers.into_iter().map(record).collect()
}

/// The numbers of the records that match.
pub fn found(log: &DecisionLog, filter: &Filter) -> Vec<u64> {
    let page = log.find(filter, None, PAGE_MAX).unwrap();
    assert_eq!((page.behind, page.before, page.damage), (0, None, vec![]));
    let numbers = page.entries.iter().map(|(_, envelope)| number_of(envelope));
    numbers.collect()
}

pub fn number_of(envelope: &Envelope) -> u64 {
    u64::try_from(envelope.decision_id.as_u128()).unwrap()
}

/// The segment files, oldest first.
pub fn segments(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("segments")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// A disk that refuses when told to.
#[derive(Debug, Default)]
pub struct Failing {
    state: std::sync::Arc<FailingState>,
}

#[derive(Debug)]
pub struct FailingState {
    /// Bytes that may still be written.
    pub room: AtomicU64,
    pub sync_fails: AtomicBool,
    pub cut_fails: AtomicBool,
    pub sync_panics: AtomicBool,
}

impl Default for FailingState {
    fn default() -> FailingState {
        FailingState {
            room: AtomicU64::new(u64::MAX),
            sync_fails: AtomicBool::new(false),
            cut_fails: AtomicBool::new(false),
            sync_panics: AtomicBool::new(false),
        }
    }
}

impl Failing {
    pub fn new() -> (std::sync::Arc<Failing>, std::sync::Arc<FailingState>) {
        let failing = Failing::default();
        let state = std::sync::Arc::clone(&failing.state);
        (std::sync::Arc::new(failing), state)
    }
}

impl Storage for Failing {
    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        let (file, state) = (Disk.create(path)?, self.state.clone());
        Ok(Box::new(FailingFile { file, state }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        let (file, state) = (Disk.open(path)?, self.state.clone());
        Ok(Box::new(FailingFile { file, state }))
    }
}

struct FailingFile {
    file: Box<dyn SegmentFile>,
    state: std::sync::Arc<FailingState>,
}

impl SegmentFile for FailingFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let room = usize::try_from(self.state.room.load(Ordering::SeqCst)).unwrap();
        if bytes.len() > room {
            // As a full disk does: what fits is written.
            self.file.append(&bytes[..room])?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.file.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        assert!(
            !self.state.sync_panics.load(Ordering::SeqCst),
            "the writer dies, as the test wants"
        );
        if self.state.sync_fails.load(Ordering::SeqCst) {
            return Err(io::Error::other("the disk is broken"));
        }
        self.file.sync()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        if self.state.cut_fails.load(Ordering::SeqCst) {
            return Err(io::Error::other("the disk is broken"));
        }
        self.file.cut(length)
    }
}

/// A disk whose syncs wait until they are let through.
#[derive(Debug, Default)]
pub struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct GateState {
    closed: bool,
    waiting: bool,
}

impl Gate {
    pub fn close(&self) {
        self.state.lock().unwrap().closed = true;
    }

    pub fn open(&self) {
        self.state.lock().unwrap().closed = false;
        self.changed.notify_all();
    }

    /// Waits until a sync waits.
    pub fn wait_for_sync(&self) {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_while(state, |state| !state.waiting).unwrap());
    }

    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.waiting = state.closed;
        self.changed.notify_all();
        let mut state = self.changed.wait_while(state, |state| state.closed).unwrap();
        state.waiting = false;
    }
}

#[derive(Debug)]
pub struct Gated(pub std::sync::Arc<Gate>);

struct GatedFile {
    file: Box<dyn SegmentFile>,
    gate: std::sync::Arc<Gate>,
}

impl Storage for Gated {
    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        let (file, gate) = (Disk.create(path)?, self.0.clone());
        Ok(Box::new(GatedFile { file, gate }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        let (file, gate) = (Disk.open(path)?, self.0.clone());
        Ok(Box::new(GatedFile { file, gate }))
    }
}

impl SegmentFile for GatedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.gate.pass();
        self.file.sync()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.cut(length)
    }
}
