//! The few things that the writer does to a disk, as a trait: what happens when a disk refuses can be tried out only with
//! one that does.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// A file that grows at its end.
pub trait SegmentFile: Send {
    /// Writes at the end. After an error any part of the bytes may be there.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns when the disk has the file's bytes and length.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts the file off.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

/// Where segments are.
pub trait Storage: Send + Sync + fmt::Debug {
    /// A new, empty file; what was there before is gone.
    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>>;
    /// A file that exists.
    fn open(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>>;
}

/// The disk.
#[derive(Debug)]
pub struct Disk;

impl Storage for Disk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        // A left-over is removed, not truncated: the new file must be opened for appending.
        match std::fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let file = OpenOptions::new().append(true).create_new(true).open(path)?;
        Ok(Box::new(file))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        Ok(Box::new(OpenOptions::new().append(true).open(path)?))
    }
}

impl SegmentFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

/// Returns when the disk has the names in `folder`.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
