//! Reading everything again, to find what the disk has changed.

use std::fs::File;

use super::DecisionLog;
use super::error::{DamageKind, DecisionLogError, SegmentDamage, disk};
use super::frame::Unreadable;
use super::segment::{self, HEADER_BYTES, Stretch, Walk};
use super::shared::held;

impl DecisionLog {
    /// Reads every record of every segment, checks it and that none is missing, and gives back the damaged places.
    ///
    /// # Errors
    /// [`DecisionLogError`] when a segment cannot be read at all.
    pub fn verify(&self) -> Result<Vec<SegmentDamage>, DecisionLogError> {
        self.shared.flush_if_open()?;
        let _chores = held(&self.shared.chores);
        let catalogue = self.shared.catalogue();
        let mut damage = Vec::new();
        for (known, next_seq) in catalogue.with_next_seq() {
            let (file, found, header) = segment::open(&self.shared.folder, known.number, known.first_seq)?;
            damage.extend(header);
            // What is being written now is not looked at.
            let end = known.end.min(found.end);
            let path = segment::path(&self.shared.folder, known.number);
            let mut check = Check {
                path,
                damage: Vec::new(),
                expected: known.first_seq,
            };
            check.frames(&file, end)?;
            check.expect(next_seq, end);
            damage.append(&mut check.damage);
        }
        self.shared.damaged(damage.iter().cloned());
        Ok(damage)
    }
}

struct Check {
    path: std::path::PathBuf,
    damage: Vec<SegmentDamage>,
    /// The sequence number that comes next.
    expected: u64,
}

impl Check {
    fn frames(&mut self, file: &File, end: u64) -> Result<(), DecisionLogError> {
        for stretch in Walk::new(file, HEADER_BYTES as u64, end) {
            match stretch.map_err(disk("read", &self.path))? {
                Stretch::Damaged { offset, bytes, kind } => self.add(offset, bytes, kind),
                Stretch::Frame(frame) => {
                    self.expect(frame.header.first_seq, frame.offset);
                    self.expected = frame.header.next_seq();
                    match frame.records(file) {
                        Ok(_) => {}
                        Err(Unreadable::Disk(e)) => return Err(disk("read", &self.path)(e)),
                        Err(Unreadable::Damaged(kind)) => self.add(frame.offset, frame.header.total(), kind),
                    }
                }
            }
        }
        Ok(())
    }

    fn expect(&mut self, found: u64, offset: u64) {
        let expected = self.expected;
        if found != expected {
            self.add(offset, 0, DamageKind::Missing { expected, found });
        }
    }

    fn add(&mut self, offset: u64, bytes: u64, kind: DamageKind) {
        self.damage.push(SegmentDamage {
            path: self.path.clone(),
            offset,
            bytes,
            kind,
        });
    }
}
