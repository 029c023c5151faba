//! Which arm a request is assigned to while a release is in its canary.
//!
//! The arm follows from a hash and nothing else, so that every replica and every restart gives the same one, and a share
//! that grows only adds units: a unit that is in at 5 % is in at 10 %. The hash takes in the release, so that the units of
//! one canary are not those of the next one.
//!
//! | unit | assigned as a whole | canary with probability |
//! |---|---|---|
//! | order, return | every request about one order or return authorisation | the share |
//! | pilot region x time | every request from one region within one [`BLOCK_HOURS`]-hour block (UTC) | one half in pilot regions, none elsewhere |
//!
//! The share of a pilot is the share of regions that take part. Within them blocks go half and half to either arm, also
//! at the last step: an arm without the other would have nothing beside it in the same stock. Four hours are long beside
//! the minutes that a decision takes to use up stock, and short enough for a hundred blocks an arm within weeks.
//!
//! A batch of an allocation shares its pool of stock as a whole, so its unit is its pool's region (see
//! [`SegmentKey::Region`]) and block; it has no other.
//!
//! The champion gets, with probability 1 and no unit, what nothing can be learned from: requests of no region or of several
//! (they share stock with both arms), and requests in the mode OBSERVE, whose callers act on an answer of their own.

use crate::case::Case;
use crate::digest::Digest;
use crate::envelope::{Arm, Envelope as _, Mode};
use crate::release::ReleaseId;
use crate::rollout::{CanaryUnit, WHOLE_BP};
use crate::segment::{SegmentKey, SegmentValues};
use crate::time::Timestamp;
use crate::word::Word;

/// Hours of a block of a pilot region. Blocks are counted from the epoch, so that the first one of a day begins at
/// midnight UTC.
pub const BLOCK_HOURS: i64 = 4;
const BLOCK_MS: i64 = BLOCK_HOURS * 3_600_000;

/// The share of a pilot region's blocks that the canary decides, in basis points.
const BLOCK_SHARE_BP: u32 = WHOLE_BP / 2;

/// How live traffic is split between the champion and one release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The release.
    pub release: ReleaseId,
    /// What is assigned as a whole.
    pub unit: CanaryUnit,
    /// The share of the units, in basis points; of pilot regions, the share of regions.
    pub share_bp: u32,
}

/// Which arm a request belongs to, and how likely that was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The arm.
    pub arm: Arm,
    /// How likely its unit was to be the canary's, in basis points: outcomes are weighted by it. 0 means that they tell
    /// nothing about the two arms.
    pub probability_bp: u32,
    /// The unit: `order:` or `return:` and its id, or `region:` with the region and the start of the block
    /// (`region:BR.01@2026-03-02T12:00:00.000Z`). None when the request has none.
    pub unit: Option<String>,
}

impl Assignment {
    /// The champion decides, and nothing is learned.
    const fn outside() -> Assignment {
        Assignment {
            arm: Arm::Champion,
            probability_bp: 0,
            unit: None,
        }
    }
}

impl Split {
    /// The arm of a request.
    pub fn assign<C: Case>(&self, case: &C) -> Assignment {
        let request = case.request();
        if request.envelope().mode == Mode::Observe {
            return Assignment::outside();
        }
        match self.unit {
            CanaryUnit::Order | CanaryUnit::Return => match request.units().first() {
                Some(id) => self.of_unit(id),
                None => Assignment::outside(),
            },
            CanaryUnit::PilotRegionTime => {
                let mut regions = SegmentValues::default();
                case.segment_values(SegmentKey::Region, &mut regions);
                match regions.only() {
                    Some(region) => self.of_block(region, case.now()),
                    None => Assignment::outside(),
                }
            }
        }
    }

    /// The arm of an order or a return.
    pub fn of_unit(&self, id: &str) -> Assignment {
        let unit = self.unit.as_str();
        Assignment {
            arm: arm(self.bucket(unit, &[id]) < self.share_bp),
            probability_bp: self.share_bp.min(WHOLE_BP),
            unit: Some(format!("{unit}:{id}")),
        }
    }

    /// The arm of a region at an instant.
    pub fn of_block(&self, region: &Word, now: Timestamp) -> Assignment {
        let start = Timestamp(now.as_millis().div_euclid(BLOCK_MS).saturating_mul(BLOCK_MS));
        let in_pilot = self.bucket("pilot region", &[region]) < self.share_bp;
        let block = start.as_millis().to_string();
        let drawn = self.bucket("block", &[region, &block]) < BLOCK_SHARE_BP;
        Assignment {
            arm: arm(in_pilot && drawn),
            probability_bp: if in_pilot { BLOCK_SHARE_BP } else { 0 },
            unit: Some(format!("region:{region}@{start}")),
        }
    }

    /// A number from 0 to 9,999: the first 64 bits of SHA-256 over the length-prefixed parts `signalbox assignment 1`, what
    /// is drawn, the release and the key, as a fraction of 2^64, times 10,000, rounded down.
    fn bucket(&self, drawn: &str, key: &[&str]) -> u32 {
        let mut parts: Vec<&[u8]> = vec![
            b"signalbox assignment 1",
            drawn.as_bytes(),
            self.release.as_str().as_bytes(),
        ];
        parts.extend(key.iter().map(|part| part.as_bytes()));
        let digest = Digest::of_parts(&parts);
        let (first, _) = digest
            .as_bytes()
            .split_first_chunk::<8>()
            .unwrap_or((&[0; 8], &[]));
        let scaled = u128::from(u64::from_be_bytes(*first)).saturating_mul(u128::from(WHOLE_BP)) >> 64;
        // Below 10,000 by construction.
        u32::try_from(scaled).unwrap_or(WHOLE_BP)
    }
}

const fn arm(canary: bool) -> Arm {
    if canary { Arm::Canary } else { Arm::Champion }
}

#[cfg(test)]
mod tests;
