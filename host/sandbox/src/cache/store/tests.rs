use std::time::Duration;

use super::*;
use crate::compile::Preinitialised;
use crate::description::RawDescription;
use crate::engine::{self, CodeSettings, Effort, Shape};
use crate::limits::Limits;

fn compiled() -> Compiled {
    Compiled {
        description: RawDescription {
            name: "n".into(),
            version: "1.0.0".into(),
            domain: "routing".into(),
            summary: String::new(),
            parameter_schema: "{}".into(),
            reason_codes: vec![],
            words: vec![],
            attribute_keys: vec![],
        },
        preinitialised: Preinitialised::Yes,
    }
}

fn keys(count: usize) -> Vec<CacheKey> {
    let code = CodeSettings::default();
    let engine = engine::build(code, Effort::Full, Shape::of(code.kind).pool(1, 0, 1)).unwrap();
    let key = |parameters: String| {
        CacheKey::of(&super::super::KeyParts {
            engine: &engine,
            code,
            component_digest: &[7; 32],
            parameters: &parameters,
            limits: &Limits::default(),
        })
    };
    (0..count)
        .map(|number| key(format!("{{\"n\":{number}}}")))
        .collect()
}

fn open(home: &Path, bytes_max: u64) -> Cache {
    Cache::open(&CacheConfig {
        folder: home.join("cache"),
        secret_file: home.join("keys/secret"),
        bytes_max,
    })
    .unwrap()
}

fn files(home: &Path) -> Vec<PathBuf> {
    fs::read_dir(home.join("cache"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

#[test]
fn an_entry_comes_back_as_it_was_put_also_for_the_next_host() {
    let home = tempfile::tempdir().unwrap();
    let [key, other] = keys(2).try_into().ok().unwrap();
    open(home.path(), 1 << 20)
        .put(&key, &compiled(), b"machine code")
        .unwrap();
    let entry = open(home.path(), 1 << 20).get(&key).unwrap();
    assert_eq!(entry.code.bytes(), b"machine code");
    assert_eq!(entry.compiled.description.name, "n");
    assert!(open(home.path(), 1 << 20).get(&other).is_none());
}

#[test]
fn every_single_flipped_bit_and_every_cut_is_a_miss_and_the_entry_is_removed() {
    let home = tempfile::tempdir().unwrap();
    let key = keys(1).remove(0);
    let cache = open(home.path(), 1 << 20);
    cache.put(&key, &compiled(), b"machine code").unwrap();
    let path = home.path().join("cache").join(key.file_name());
    let whole = fs::read(&path).unwrap();
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &flipped).unwrap();
        assert!(cache.get(&key).is_none(), "bit {bit}");
        assert!(!path.exists(), "bit {bit}");
    }
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(cache.get(&key).is_none(), "{length} bytes");
    }
    fs::write(&path, &whole).unwrap();
    assert!(cache.get(&key).is_some());
}

#[test]
fn an_entry_under_another_name_or_secret_is_a_miss() {
    let home = tempfile::tempdir().unwrap();
    let [key, other] = keys(2).try_into().ok().unwrap();
    let cache = open(home.path(), 1 << 20);
    cache.put(&key, &compiled(), b"machine code").unwrap();
    let folder = home.path().join("cache");
    fs::copy(folder.join(key.file_name()), folder.join(other.file_name())).unwrap();
    assert!(cache.get(&other).is_none());
    fs::remove_file(home.path().join("keys/secret")).unwrap();
    assert!(open(home.path(), 1 << 20).get(&key).is_none());
}

#[test]
fn what_a_killed_host_left_is_cleared_and_what_a_living_one_writes_is_not() {
    let home = tempfile::tempdir().unwrap();
    drop(open(home.path(), 1 << 20));
    let folder = home.path().join("cache");
    let (dead, alive) = (folder.join("dead.1-0.partial"), folder.join("alive.2-0.partial"));
    fs::write(&dead, b"half an ent").unwrap();
    fs::write(&alive, b"half an ent").unwrap();
    let writer = File::open(&alive).unwrap();
    flock(&writer, FlockOperation::LockExclusive).unwrap();
    drop(open(home.path(), 1 << 20));
    assert!(!dead.exists());
    assert!(alive.exists());
}

#[test]
fn the_least_recently_used_entry_makes_room() {
    let home = tempfile::tempdir().unwrap();
    let [first, second, third] = keys(3).try_into().ok().unwrap();
    let code = vec![0; 1_000];
    let cache = open(home.path(), 4_000);
    let age = |key: &CacheKey, seconds| {
        let file = File::open(home.path().join("cache").join(key.file_name())).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds))
            .unwrap();
    };
    cache.put(&first, &compiled(), &code).unwrap();
    age(&first, 100);
    cache.put(&second, &compiled(), &code).unwrap();
    age(&second, 50);
    // Used again: now `second` is the oldest.
    assert!(cache.get(&first).is_some());
    cache.put(&third, &compiled(), &vec![0; 1_500]).unwrap();
    assert!(cache.get(&second).is_none());
    assert!(cache.get(&first).is_some() && cache.get(&third).is_some());
    assert_eq!(files(home.path()).len(), 2);
}
