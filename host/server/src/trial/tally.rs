//! One population of pairs: all of them, or those of a segment.

use serde::{Deserialize, Serialize};
use signalbox_stats::{
    AsymptoticMean, AsymptoticMeanState, Design, EProcess, EProcessState, InvalidTest, Question,
};

use super::rules::Rules;

/// What pairs added up to, and the three questions asked of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    counts: Counts,
    non_inferiority: EProcess,
    harm: EProcess,
    superiority: EProcess,
    mean: AsymptoticMean,
    settings: Settings,
}

/// What pairs added up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Pairs.
    pub pairs: u64,
    /// Pairs in which the challenger costs less.
    pub better: u64,
    /// Pairs in which it costs more.
    pub worse: u64,
    /// What the champion's decisions cost, in minor units.
    pub champion_minor: i128,
    /// What the challenger's decisions cost, in minor units.
    pub challenger_minor: i128,
    /// Pairs in which it costs more by more than the bound.
    pub clipped_worse: u64,
}

impl Counts {
    /// Mean difference a decision, in minor units; positive is worse. Not clipped. None without pairs.
    pub fn mean_minor(&self) -> Option<f64> {
        let difference = self.challenger_minor.saturating_sub(self.champion_minor);
        (self.pairs > 0).then(|| difference as f64 / self.pairs as f64)
    }

    /// The share of pairs clipped on the harm side.
    pub fn clipped_share(&self) -> f64 {
        self.clipped_worse as f64 / (self.pairs.max(1)) as f64
    }

    /// Adds a pair and gives its difference, in minor units.
    fn add(&mut self, champion_minor: i64, challenger_minor: i64, bound_minor: u64) -> f64 {
        let difference = i128::from(challenger_minor).saturating_sub(i128::from(champion_minor));
        self.pairs = self.pairs.saturating_add(1);
        self.better = self.better.saturating_add(u64::from(difference < 0));
        self.worse = self.worse.saturating_add(u64::from(difference > 0));
        self.champion_minor = self.champion_minor.saturating_add(i128::from(champion_minor));
        self.challenger_minor = self.challenger_minor.saturating_add(i128::from(challenger_minor));
        let over = difference > i128::from(bound_minor);
        self.clipped_worse = self.clipped_worse.saturating_add(u64::from(over));
        difference as f64
    }
}

/// What the tests were set up with.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Settings {
    bound_minor: u64,
    margin: f64,
    alpha: f64,
    harm_alpha: f64,
}

impl Settings {
    fn of(rules: &Rules, harm_alpha: f64) -> Settings {
        Settings {
            bound_minor: rules.bound_minor,
            margin: rules.margin(),
            alpha: rules.alpha(),
            harm_alpha,
        }
    }
}

/// One test as it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// Natural logarithm of the e-value now.
    pub log_e: f64,
    /// The error rate.
    pub alpha: f64,
    /// Whether its null hypothesis was rejected at some time.
    pub rejected: bool,
}

/// What is kept of a tally.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedTally {
    counts: Counts,
    non_inferiority: EProcessState,
    harm: EProcessState,
    superiority: EProcessState,
    mean: AsymptoticMeanState,
}

impl Tally {
    /// Nothing yet, under `rules`, with `harm_alpha` for the test for harm.
    ///
    /// # Errors
    /// [`InvalidTest`] for rates or margins that no plan may have.
    pub fn new(rules: &Rules, harm_alpha: f64) -> Result<Tally, InvalidTest> {
        let settings = Settings::of(rules, harm_alpha);
        let Settings { margin, alpha, .. } = settings;
        Ok(Tally {
            counts: Counts::default(),
            non_inferiority: EProcess::new(Question::NonInferiority, margin, alpha)?,
            harm: EProcess::new(Question::Harm, margin, harm_alpha)?,
            superiority: EProcess::new(Question::Superiority, 0.0, alpha)?,
            mean: AsymptoticMean::new(Design::at(alpha))?,
            settings,
        })
    }

    /// Takes a pair into account.
    pub fn add(&mut self, champion_minor: i64, challenger_minor: i64) {
        let difference_minor = self
            .counts
            .add(champion_minor, challenger_minor, self.settings.bound_minor);
        let difference = difference_minor / self.settings.bound_minor.max(1) as f64;
        self.non_inferiority.observe(difference);
        self.harm.observe(difference);
        self.superiority.observe(difference);
        // Losses are at most 2^53 - 1, and no difference of two of them is refused.
        let _ = self.mean.observe(difference_minor);
    }

    /// Where the mean difference lies, in minor units: lower and upper end. None below the minimum of pairs.
    pub fn range_minor(&self) -> Option<[f64; 2]> {
        let interval = self.mean.estimate().interval()?;
        Some([interval.low, interval.high])
    }

    /// What the pairs added up to.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The question: is it not worse by the margin?
    pub fn non_inferiority(&self) -> Standing {
        standing(&self.non_inferiority, self.settings.alpha)
    }

    /// The question: is it worse by more than the margin?
    pub fn harm(&self) -> Standing {
        standing(&self.harm, self.settings.harm_alpha)
    }

    /// The question: is it better?
    pub fn superiority(&self) -> Standing {
        standing(&self.superiority, self.settings.alpha)
    }

    /// What has to be kept to go on later.
    pub fn save(&self) -> SavedTally {
        SavedTally {
            counts: self.counts,
            non_inferiority: self.non_inferiority.state(),
            harm: self.harm.state(),
            superiority: self.superiority.state(),
            mean: self.mean.state(),
        }
    }

    /// Goes on from what was kept of a tally under the same rules and error rate.
    ///
    /// # Errors
    /// [`InvalidTest`] for numbers that no run can reach.
    pub fn restore(rules: &Rules, harm_alpha: f64, saved: &SavedTally) -> Result<Tally, InvalidTest> {
        let settings = Settings::of(rules, harm_alpha);
        let Settings { margin, alpha, .. } = settings;
        let (question, state) = (Question::NonInferiority, saved.non_inferiority);
        Ok(Tally {
            counts: saved.counts,
            non_inferiority: EProcess::restore(question, margin, alpha, state)?,
            harm: EProcess::restore(Question::Harm, margin, harm_alpha, saved.harm)?,
            superiority: EProcess::restore(Question::Superiority, 0.0, alpha, saved.superiority)?,
            mean: AsymptoticMean::restore(Design::at(alpha), saved.mean)?,
            settings,
        })
    }
}

fn standing(test: &EProcess, alpha: f64) -> Standing {
    Standing {
        log_e: test.log_e(),
        alpha,
        rejected: test.rejected(),
    }
}
