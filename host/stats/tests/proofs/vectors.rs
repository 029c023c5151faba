//! The numbers of the reference package; `tests/vectors/make.py` says how they were made.

use signalbox_stats::{Arm, BoundedMean, EProcess, Question, SampleRatio};

/// Runs `row(start, fields)` for every line after the header; `start` when `same(fields)` differs from the line before.
fn each<'a>(text: &'a str, key: usize, mut row: impl FnMut(bool, &[&'a str])) {
    let mut last: Vec<&str> = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        row(last.get(..key) != fields.get(..key), &fields);
        last = fields;
    }
}

fn number(text: &str) -> f64 {
    text.parse().unwrap()
}

#[test]
fn e_processes_are_those_of_confseq() {
    let mut test = EProcess::new(Question::Harm, 0.0, 0.05).unwrap();
    let (mut rows, mut sum, mut count) = (0, 0.0, 0.0);
    each(include_str!("../vectors/e_process.csv"), 2, |start, fields| {
        if start {
            let question = match fields[0] {
                "non_inferiority" => Question::NonInferiority,
                "harm" => Question::Harm,
                _ => Question::Superiority,
            };
            test = EProcess::new(question, number(fields[1]), 0.05).unwrap();
            (sum, count) = (0.0, 0.0);
        }
        test.observe(number(fields[2]));
        rows += 1;
        (sum, count) = (sum + number(fields[2]), count + 1.0);
        assert!((test.mean().unwrap() - sum / count).abs() < 1e-12);
        let expected = number(fields[3]);
        assert!(
            (test.log_e() - expected).abs() < 1e-10,
            "row {rows}: {} instead of {expected}",
            test.log_e()
        );
    });
    assert_eq!(rows, 600);
}

#[test]
fn bounded_sequences_are_those_of_confseq() {
    let mut sequence = BoundedMean::new(0.5).unwrap();
    let mut rows = 0;
    each(include_str!("../vectors/bounded.csv"), 2, |start, fields| {
        if start {
            sequence = BoundedMean::new(number(fields[1])).unwrap();
        }
        sequence.observe(number(fields[2])).unwrap();
        rows += 1;
        let (low, high) = (number(fields[3]), number(fields[4]));
        let interval = sequence.estimate().interval().unwrap();
        assert!(
            (interval.low - low).abs() < 1e-10 && (interval.high - high).abs() < 1e-10,
            "row {rows}: {interval:?} instead of {low} to {high}"
        );
    });
    assert_eq!(rows, 360);
}

#[test]
fn at_a_constant_share_the_ratio_test_is_the_dirichlet_multinomial_bayes_factor() {
    let mut test = SampleRatio::new(0.001).unwrap();
    let (mut rows, mut last_share) = (0, "");
    each(include_str!("../vectors/ratio.csv"), 1, |start, fields| {
        if start || fields[0] != last_share || rows % 120 == 0 {
            test = SampleRatio::new(0.001).unwrap();
        }
        last_share = fields[0];
        let arm = if fields[1] == "1" {
            Arm::Canary
        } else {
            Arm::Champion
        };
        test.observe(arm, number(fields[0])).unwrap();
        rows += 1;
        let expected = number(fields[2]);
        assert!(
            (test.log_e() - expected).abs() < 1e-9,
            "row {rows}: {} instead of {expected}",
            test.log_e()
        );
    });
    assert_eq!(rows, 480);
}
