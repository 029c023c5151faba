//! What a challenger has shown so far: one trial.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use signalbox_domain::comparison::Comparison;
use signalbox_domain::kpi::Kpis;
use signalbox_domain::segment::Segment;
use signalbox_domain::{Digest, Domain, Timestamp};
use signalbox_stats::{InvalidTest, SampleRatio, SampleRatioState};
use utoipa::ToSchema;
use uuid::Uuid;

use super::disagreements::{Disagreement, Disagreements};
use super::nodes::Nodes;
use super::rules::Rules;
use super::tally::{SavedTally, Tally};

/// Values of one segment key that are told apart; what turns up later counts in the whole only.
const VALUES_MAX: usize = 100;
/// Kinds of faults that are told apart.
const CAUSES_MAX: usize = 32;
/// Characters of a fault's detail.
const DETAIL_CHARS: usize = 300;

/// Who is judged.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Subject {
    /// A release, against the champion.
    Release {
        /// Its name.
        release: String,
    },
    /// A release, against the version that was the champion a year ago: what is lost a little at a time shows here.
    Anchor {
        /// Its name.
        release: String,
    },
    /// The champion, against what callers do today.
    Incumbent {
        /// What they call the system that decides today.
        source: String,
    },
}

/// What makes pairs comparable: the same two sides, and the same prices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialKey {
    /// The scope.
    pub scope: String,
    /// Who is judged.
    pub subject: Subject,
    /// The version that is judged, as `name@version`.
    pub challenger: String,
    /// What it is judged against, as `name@version`, or the source of an incumbent.
    pub champion: String,
    /// Digest of the cost book that prices both.
    #[schema(value_type = String)]
    pub cost_book: Digest,
}

/// Decisions of a challenger that did not count, by cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// How many.
    pub count: u64,
    /// The first decision with it.
    pub decision_id: Uuid,
    /// What that one said.
    pub detail: String,
}

/// Whether the same request gives the same bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Determinism {
    /// Requests that were decided twice.
    pub checked: u64,
    /// Of these, those whose decisions differed.
    pub differed: u64,
    /// The first of them.
    pub example: Option<Uuid>,
}

/// What the canary did on live requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Live {
    /// Requests assigned to it.
    pub assigned: u64,
    /// Requests assigned to the champion meanwhile.
    pub to_champion: u64,
    /// Requests that it answered.
    pub answered: u64,
    /// Requests that it had no time left for.
    pub late: u64,
}

/// The tally of one segment.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentTally {
    /// The how-manieth value of its key this was to turn up, from 1.
    pub place: u32,
    /// Its pairs.
    pub tally: Tally,
}

/// A pair: one request, decided by both.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The decision.
    pub decision_id: Uuid,
    /// The instant of the request.
    pub now: Timestamp,
    /// Where it belongs.
    pub segments: Vec<Segment>,
    /// What the champion's decision costs, in minor units.
    pub champion_minor: i64,
    /// What the challenger's costs.
    pub challenger_minor: i64,
    /// By term: the champion's, the challenger's.
    pub terms: Vec<(String, i64, i64)>,
    /// What differs.
    pub comparison: Comparison,
}

/// What a challenger has shown so far against one champion, at one set of prices.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Who against whom.
    pub key: TrialKey,
    /// What it is judged by.
    pub rules: Rules,
    /// When it began, by the host's clock.
    pub began: Timestamp,
    /// The earliest and latest instant of the requests.
    pub range: Option<(Timestamp, Timestamp)>,
    /// Everything together.
    pub all: Tally,
    /// One by one.
    pub segments: BTreeMap<Segment, SegmentTally>,
    /// By term of the loss: the champion's, the challenger's, in minor units.
    pub terms: BTreeMap<String, (i128, i128)>,
    /// Business figures of the champion's decisions and of the challenger's.
    pub kpis: (Kpis, Kpis),
    /// Pairs that came out the same.
    pub matched: u64,
    /// Pairs that did not.
    pub mismatched: u64,
    /// Requests on which the champion had no decision to compare with.
    pub champion_faulted: u64,
    /// What the challenger did not decide, by cause.
    pub faults: BTreeMap<String, Fault>,
    /// Requests that were to be compared and were not, because the shadow was busy.
    pub dropped: u64,
    /// Whether it is a pure function.
    pub determinism: Determinism,
    /// What it did on live requests, by step of the ramp.
    pub live: BTreeMap<u32, Live>,
    /// Whether requests are split between the arms as the ramp says.
    pub ratio: SampleRatio,
    /// Which nodes get less to do, and which more.
    pub nodes: Nodes,
    /// Disagreements that are kept in full.
    pub disagreements: Disagreements,
}

/// The error rate of the test of the split.
pub(super) const RATIO_ALPHA: f64 = 0.001;

impl Trial {
    /// A trial that begins now.
    ///
    /// # Errors
    /// [`InvalidTest`] for rates that no plan may have.
    pub fn begin(key: TrialKey, domain: Domain, rules: Rules, now: Timestamp) -> Result<Trial, InvalidTest> {
        Ok(Trial {
            all: Tally::new(&rules, rules.harm_alpha())?,
            key,
            rules,
            began: now,
            range: None,
            segments: BTreeMap::new(),
            terms: BTreeMap::new(),
            kpis: (Kpis::of(domain), Kpis::of(domain)),
            matched: 0,
            mismatched: 0,
            champion_faulted: 0,
            faults: BTreeMap::new(),
            dropped: 0,
            determinism: Determinism::default(),
            live: BTreeMap::new(),
            ratio: SampleRatio::new(RATIO_ALPHA)?,
            nodes: Nodes::default(),
            disagreements: Disagreements::default(),
        })
    }

    /// Takes a pair into account.
    pub fn pair(&mut self, pair: Pair) {
        self.all.add(pair.champion_minor, pair.challenger_minor);
        self.range = Some(match self.range {
            None => (pair.now, pair.now),
            Some((first, last)) => (first.min(pair.now), last.max(pair.now)),
        });
        for (name, champion, challenger) in &pair.terms {
            let sums = self.terms.entry(name.clone()).or_default();
            sums.0 = sums.0.saturating_add(i128::from(*champion));
            sums.1 = sums.1.saturating_add(i128::from(*challenger));
        }
        for segment in &pair.segments {
            if let Some(tally) = self.segment(segment) {
                tally.add(pair.champion_minor, pair.challenger_minor);
            }
        }
        self.nodes.add(&pair.comparison);
        match pair.comparison {
            Comparison::Matched => self.matched = self.matched.saturating_add(1),
            Comparison::Mismatched(mismatch) => {
                self.mismatched = self.mismatched.saturating_add(1);
                self.disagreements.add(Disagreement {
                    decision_id: pair.decision_id,
                    now: pair.now,
                    segments: pair.segments,
                    mismatch: *mismatch,
                });
            }
        }
    }

    /// Notes that the challenger had no decision that counts.
    pub fn fault(&mut self, cause: &str, detail: &str, decision_id: Uuid) {
        if let Some(fault) = self.faults.get_mut(cause) {
            fault.count = fault.count.saturating_add(1);
            return;
        }
        if self.faults.len() < CAUSES_MAX {
            let fault = Fault {
                count: 1,
                decision_id,
                detail: detail.chars().take(DETAIL_CHARS).collect(),
            };
            self.faults.insert(cause.to_owned(), fault);
        }
    }

    /// What it did on live requests at all steps together.
    pub fn live_in_all(&self) -> Live {
        let add = u64::saturating_add;
        self.live.values().fold(Live::default(), |all, step| Live {
            assigned: add(all.assigned, step.assigned),
            to_champion: add(all.to_champion, step.to_champion),
            answered: add(all.answered, step.answered),
            late: add(all.late, step.late),
        })
    }

    /// Notes whether a second decision of the same request had the same bytes.
    pub fn decided_twice(&mut self, same: bool, decision_id: Uuid) {
        let Determinism {
            checked,
            differed,
            example,
        } = &mut self.determinism;
        *checked = checked.saturating_add(1);
        if !same {
            *differed = differed.saturating_add(1);
            example.get_or_insert(decision_id);
        }
    }

    /// The tally of a segment; none where too many values have turned up already.
    fn segment(&mut self, segment: &Segment) -> Option<&mut Tally> {
        if !self.segments.contains_key(segment) {
            let of_key = self
                .segments
                .keys()
                .filter(|known| known.key == segment.key)
                .count();
            if of_key >= VALUES_MAX {
                return None;
            }
            let place = u32::try_from(of_key).unwrap_or(u32::MAX).saturating_add(1);
            let tally = Tally::new(&self.rules, self.rules.segment_harm_alpha(place)).ok()?;
            self.segments
                .insert(segment.clone(), SegmentTally { place, tally });
        }
        self.segments.get_mut(segment).map(|segment| &mut segment.tally)
    }

    /// What has to be kept to go on later.
    pub fn save(&self) -> SavedTrial {
        SavedTrial {
            schema: SCHEMA,
            key: self.key.clone(),
            rules: self.rules.clone(),
            began: self.began,
            range: self.range,
            all: self.all.save(),
            segments: self
                .segments
                .iter()
                .map(|(segment, one)| (segment.clone(), one.place, one.tally.save()))
                .collect(),
            terms: self.terms.clone(),
            kpis: self.kpis.clone(),
            matched: self.matched,
            mismatched: self.mismatched,
            champion_faulted: self.champion_faulted,
            faults: self.faults.clone(),
            dropped: self.dropped,
            determinism: self.determinism,
            live: self.live.clone(),
            ratio: self.ratio.state(),
            nodes: self.nodes.clone(),
            disagreements: self.disagreements.clone(),
        }
    }

    /// Goes on from what was kept.
    ///
    /// # Errors
    /// [`NotATrial`] when it was not kept by this version of the host, or holds what no run can reach.
    pub fn restore(saved: SavedTrial) -> Result<Trial, NotATrial> {
        if saved.schema != SCHEMA {
            return Err(NotATrial::Schema {
                expected: SCHEMA,
                found: saved.schema,
            });
        }
        let mut segments = BTreeMap::new();
        for (segment, place, tally) in saved.segments {
            let harm_alpha = saved.rules.segment_harm_alpha(place);
            let tally = Tally::restore(&saved.rules, harm_alpha, &tally)?;
            segments.insert(segment, SegmentTally { place, tally });
        }
        Ok(Trial {
            all: Tally::restore(&saved.rules, saved.rules.harm_alpha(), &saved.all)?,
            key: saved.key,
            rules: saved.rules,
            began: saved.began,
            range: saved.range,
            segments,
            terms: saved.terms,
            kpis: saved.kpis,
            matched: saved.matched,
            mismatched: saved.mismatched,
            champion_faulted: saved.champion_faulted,
            faults: saved.faults,
            dropped: saved.dropped,
            determinism: saved.determinism,
            live: saved.live,
            ratio: SampleRatio::restore(RATIO_ALPHA, saved.ratio)?,
            nodes: saved.nodes,
            disagreements: saved.disagreements,
        })
    }
}

/// The form in which trials are kept.
const SCHEMA: u32 = 1;

/// What is kept of a trial.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedTrial {
    schema: u32,
    key: TrialKey,
    rules: Rules,
    began: Timestamp,
    range: Option<(Timestamp, Timestamp)>,
    all: SavedTally,
    segments: Vec<(Segment, u32, SavedTally)>,
    terms: BTreeMap<String, (i128, i128)>,
    kpis: (Kpis, Kpis),
    matched: u64,
    mismatched: u64,
    champion_faulted: u64,
    faults: BTreeMap<String, Fault>,
    dropped: u64,
    determinism: Determinism,
    live: BTreeMap<u32, Live>,
    ratio: SampleRatioState,
    #[serde(default)]
    nodes: Nodes,
    disagreements: Disagreements,
}

/// Why a kept trial is not gone on with.
#[derive(Debug, thiserror::Error)]
pub enum NotATrial {
    /// Another version of the host kept it.
    #[error("expected a trial in form {expected}, found form {found}")]
    Schema {
        /// The form of this host.
        expected: u32,
        /// The form that was found.
        found: u32,
    },
    /// It holds numbers that no run can reach.
    #[error("the tests in it cannot be gone on with")]
    Tests(#[from] InvalidTest),
}
