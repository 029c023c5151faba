//! Random numbers that are the same on every machine, and simulated runs.

use signalbox_stats::{EProcess, Question};

/// Simulated runs behind a share.
pub const RUNS: u64 = 2_000;

/// SplitMix64 (Steele, Lea, Flood 2014).
pub struct Random(u64);

impl Random {
    /// The generator of one run.
    pub fn of(run: u64) -> Random {
        Random(run.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// 1 with this chance, else 0.
    pub fn coin(&mut self, chance: f64) -> f64 {
        f64::from(u8::from(self.uniform() < chance))
    }

    /// Normal by Box and Muller.
    pub fn normal(&mut self, mean: f64, sd: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        mean + sd * radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Exponential with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.uniform()).ln()
    }
}

/// Share of the runs for which `run` is true.
pub fn share(run: impl Fn(&mut Random) -> bool) -> f64 {
    (0..RUNS).filter(|n| run(&mut Random::of(*n))).count() as f64 / RUNS as f64
}

/// Largest share that honest runs with this chance show by chance once in a thousand times.
pub fn at_most(chance: f64) -> f64 {
    chance + 3.1 * (chance * (1.0 - chance) / RUNS as f64).sqrt()
}

/// After how many differences each run rejected, if it did by `pairs`.
pub fn stopping_times(
    (question, margin, alpha): (Question, f64, f64),
    pairs: usize,
    draw: impl Fn(&mut Random, usize) -> f64,
) -> Vec<Option<usize>> {
    (0..RUNS)
        .map(|run| {
            let mut random = Random::of(run);
            let mut test = EProcess::new(question, margin, alpha).unwrap();
            (0..pairs).find_map(|pair| {
                test.observe(draw(&mut random, pair));
                test.rejected().then_some(pair + 1)
            })
        })
        .collect()
}

/// Share of the runs that rejected, and the median of when, over all runs.
pub fn summary(mut times: Vec<Option<usize>>) -> (f64, Option<usize>) {
    times.sort_by_key(|time| time.unwrap_or(usize::MAX));
    let rejected = times.iter().flatten().count() as f64 / times.len() as f64;
    (rejected, times[times.len() / 2])
}
