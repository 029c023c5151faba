//! The figures that sums stand for. Numbers are rounded here and nowhere before.

use std::collections::BTreeMap;

use serde::Serialize;
use signalbox_domain::kpi::{Basis, Kpis};
use signalbox_stats::{CLUSTERS_FEW, ClusterSums, clustered_difference};

use super::inputs::Inputs;
use super::sums::{Pairs, Part, Sums};

/// The chance with which an interval holds the difference.
const CONFIDENCE: f64 = 0.95;

/// All figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// What the others are compared with.
    pub baseline: String,
    /// The chance with which an interval holds the difference.
    pub confidence: f64,
    /// How intervals are made.
    pub method: &'static str,
    /// Figures of what really happened. None: requests hold no outcomes.
    pub measured: Vec<Figure>,
    /// By version, in their order; versions that decided nothing are left out.
    pub versions: Vec<VersionFigures>,
    /// What a reader has to know before relying on it.
    pub limits: Vec<String>,
}

/// One version's figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VersionFigures {
    /// `name@version`, or `incumbent`.
    pub version: String,
    /// Requests for which it has no decision that the host would use.
    pub faults: u64,
    /// Over all requests.
    pub all: PartFigures,
    /// By segment.
    pub segments: BTreeMap<String, PartFigures>,
}

/// The figures of one population.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartFigures {
    /// Requests that the version decided.
    pub decided: u64,
    /// Requests that the baseline decided as well.
    pub pairs: u64,
    /// Of those: both do the same at the same cost.
    pub matched: u64,
    /// Of those: it costs less.
    pub better: u64,
    /// Of those: it costs more.
    pub worse: u64,
    /// The figures.
    pub figures: Vec<Figure>,
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Its name: `cost` and `cost.TERM` in minor units a decision, all others shares from 0 to 1.
    pub name: String,
    /// Whether it was counted, modelled or measured.
    pub basis: Basis,
    /// Over all requests that the version decided; none without any that count.
    pub value: Option<f64>,
    /// Beside the baseline, over the requests that both decided.
    pub paired: Option<Paired>,
}

/// A figure beside the baseline's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Paired {
    /// The baseline's.
    pub baseline: f64,
    /// This version's.
    pub value: f64,
    /// This version's less the baseline's.
    pub difference: f64,
    /// Where the difference lies; none below two days.
    pub interval: Option<[f64; 2]>,
    /// Days.
    pub days: u64,
}

impl Figures {
    /// The figures of sums.
    pub fn of(inputs: &Inputs, sums: &Sums) -> Figures {
        let named = inputs.versions.iter().zip(&sums.versions);
        let versions: Vec<VersionFigures> = named
            .filter(|(version, sums)| version.digest.is_some() || sums.all.kpis.common().decisions > 0)
            .map(|(version, of)| VersionFigures {
                version: version.version.clone(),
                faults: of.faults.count(),
                all: part(&of.all, sums),
                segments: of
                    .segments
                    .iter()
                    .map(|(segment, of)| (segment.to_string(), part(of, sums)))
                    .collect(),
            })
            .collect();
        let baseline = inputs.versions.first().map(|version| version.version.clone());
        Figures {
            baseline: baseline.unwrap_or_default(),
            confidence: CONFIDENCE,
            method: "difference of ratios over the requests that both decided, linearised; variance over local days with the \
                     correction G/(G-1), quantile of Student's t with G-1 degrees of freedom",
            measured: Vec::new(),
            limits: limits(inputs, sums, &versions),
            versions,
        }
    }
}

fn limits(inputs: &Inputs, sums: &Sums, versions: &[VersionFigures]) -> Vec<String> {
    let mut limits = vec![
        "All amounts are modelled by the host's cost model; nothing here was measured.".to_owned(),
        "Intervals are for one look and one comparison, and take days as independent of each other."
            .to_owned(),
        format!("Inventory: {}.", inputs.inventory),
    ];
    let days = sums
        .versions
        .iter()
        .map(|version| version.all.pairs.days.len())
        .max();
    let days = days.and_then(|days| u64::try_from(days).ok()).unwrap_or_default();
    if versions.len() > 1 && days < CLUSTERS_FEW {
        limits.push(format!(
            "There are {days} days only: below {CLUSTERS_FEW} an interval is likely too narrow."
        ));
    }
    if versions
        .iter()
        .any(|version| version.faults > 0 && version.version != "incumbent")
    {
        limits.push(
            "Requests for which a version has no usable decision are in no paired figure of it.".to_owned(),
        );
    }
    for (version, of) in inputs.versions.iter().zip(&sums.versions) {
        for key in &of.too_many {
            limits.push(format!(
                "{}: {key} has too many values to be told apart.",
                version.version
            ));
        }
    }
    limits
}

fn part(part: &Part, sums: &Sums) -> PartFigures {
    let values = values(&part.kpis);
    let figures = sums.figures.iter().enumerate().map(|(place, name)| {
        let (basis, value) = values.get(name).copied().unwrap_or((Basis::Modelled, None));
        Figure {
            name: name.clone(),
            basis,
            value,
            paired: paired(&part.pairs, place),
        }
    });
    PartFigures {
        decided: part.kpis.common().decisions,
        pairs: part.pairs.pairs,
        matched: part.pairs.matched,
        better: part.pairs.better,
        worse: part.pairs.worse,
        figures: figures.collect(),
    }
}

/// By name, over all that was decided.
fn values(kpis: &Kpis) -> BTreeMap<String, (Basis, Option<f64>)> {
    let common = kpis.common();
    let a_decision = |sum: i128| (common.priced > 0).then(|| sum as f64 / common.priced as f64);
    let total = common
        .loss_minor
        .values()
        .fold(0i128, |sum, term| sum.saturating_add(*term));
    let terms = common
        .loss_minor
        .iter()
        .map(|(name, sum)| (format!("cost.{name}"), (Basis::Modelled, a_decision(*sum))));
    let ratios = kpis.ratios().into_iter().map(|ratio| {
        let value = (ratio.whole != 0).then(|| ratio.part as f64 / ratio.whole as f64);
        (ratio.name.to_owned(), (ratio.basis, value))
    });
    std::iter::once(("cost".to_owned(), (Basis::Modelled, a_decision(total))))
        .chain(terms)
        .chain(ratios)
        .collect()
}

fn paired(pairs: &Pairs, place: usize) -> Option<Paired> {
    let clusters = pairs.days.values().map(|sums| {
        let [part, whole, first_part, first_whole] = sums.get(place).copied().unwrap_or_default();
        ClusterSums {
            challenger: (part, whole),
            champion: (first_part, first_whole),
        }
    });
    // A day on which nothing counts (no order of several units) is no cluster.
    let clusters = clusters.filter(|sums| sums.challenger.1 != 0 || sums.champion.1 != 0);
    let found = clustered_difference(clusters, CONFIDENCE)?;
    Some(Paired {
        baseline: found.champion,
        value: found.challenger,
        difference: found.difference,
        interval: found.interval.map(|(low, high)| [low, high]),
        days: found.clusters,
    })
}
