//! One process at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How long a lock that somebody holds is waited for: a host that is just ending lets go, and so does a child process
/// between its start and its program, which shares every open file with its parent for that moment.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it is tried meanwhile.
const EVERY: Duration = Duration::from_millis(10);

/// Locks the file at `path`, made if it is not there; `None` when another process has it. Held as long as the file is open.
pub fn lock(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).open(path)?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::Error(problem)) => return Err(problem),
            Err(TryLockError::WouldBlock) if began.elapsed() >= PATIENCE => return Ok(None),
            Err(TryLockError::WouldBlock) => thread::sleep(EVERY),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_let_go_soon_is_waited_for_and_one_that_is_not_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = lock(&path).unwrap().unwrap();
        assert!(lock(&path).unwrap().is_none());
        let (wants, waits) = std::sync::mpsc::channel();
        let waiting = thread::spawn(move || {
            wants.send(()).unwrap();
            lock(&path).unwrap().is_some()
        });
        waits.recv().unwrap();
        drop(held);
        assert!(waiting.join().unwrap());
    }
}
