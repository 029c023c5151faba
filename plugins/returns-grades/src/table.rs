//! The decision table, ready to use: dimensions, and per rule the cells it covers and what it asks for.

use returns_lawful::{WORD_EXPECTED, is_word, words};
use signalbox_plugin::returns::Return;
use signalbox_plugin::words::{disposition, return_reason};
use signalbox_plugin::{Named, Problems, contract::Word};

use crate::dimension::{Cells, Dimension, dimensions};
use crate::parameters::{Parameters, Rule};

/// Most rules of a table.
pub const RULES_MAX: usize = 200;

/// A decision table.
#[derive(Clone)]
pub struct Table {
    pub dimensions: Vec<Dimension>,
    pub rules: Vec<TableRule>,
}

/// One rule of it.
#[derive(Clone, Debug)]
pub struct TableRule {
    /// The cells it covers, one set per dimension.
    pub cells: Vec<Cells>,
    /// What it asks for, in order of preference.
    pub dispositions: Vec<Word>,
    /// The desk that decides, if a person has to.
    pub refer_to: Option<Word>,
}

impl Table {
    /// Reads the rules; adds what is wrong with each of them to `problems`. What is wrong between them is found by
    /// [`report`](crate::report).
    pub fn compile(parameters: &Parameters, problems: &mut Problems) -> Table {
        let rules = &parameters.rules;
        problems.check(
            rules.len() <= RULES_MAX,
            "rules",
            format_args!(
                "expected at most {RULES_MAX}, found {}; split the table into several policies",
                rules.len()
            ),
        );
        let rules = rules.get(..RULES_MAX).unwrap_or(rules);
        let dimensions = dimensions(rules, problems);
        let compiled = rules.iter().enumerate().map(|(at, rule)| {
            let cells: Vec<Cells> = dimensions.iter().map(|dimension| dimension.of_rule(rule)).collect();
            for (dimension, cells) in dimensions.iter().zip(&cells) {
                problems.check(
                    *cells != 0,
                    format!("rules[{at}].{}", dimension.name()),
                    "no value meets this condition, so the rule can never apply; leave it out to allow every value",
                );
            }
            check_words(at, rule, &parameters.house_words, problems);
            TableRule {
                cells,
                dispositions: words(&rule.disposition, &format!("rules[{at}].disposition"), problems),
                refer_to: rule.refer_to.as_deref().map(Word::of),
            }
        });
        let rules = compiled.collect();
        Table { dimensions, rules }
    }

    /// The first rule that matches a unit, by number.
    pub fn find(&self, unit: &Return<'_>, now_ms: i64) -> Option<(usize, &TableRule)> {
        let of_unit: Vec<(Cells, Cells)> = self
            .dimensions
            .iter()
            .map(|dimension| (dimension.of_unit(unit, now_ms), dimension.all()))
            .collect();
        // A value that the table cannot name is in no cell: it meets only a rule that sets no condition on the key.
        let meets =
            |cells: &Cells, unit: Cells, all: Cells| cells & unit != 0 || (unit == 0 && *cells == all);
        self.rules.iter().enumerate().find(|(_, rule)| {
            let mut pairs = rule.cells.iter().zip(&of_unit);
            pairs.all(|(cells, (unit, all))| meets(cells, *unit, *all))
        })
    }
}

fn check_words(at: usize, rule: &Rule, house_words: &[String], problems: &mut Problems) {
    problems.check(
        !rule.disposition.is_empty() || rule.refer_to.is_some(),
        format!("rules[{at}].disposition"),
        "expected at least one disposition, or a desk in `refer_to`",
    );
    problems.check(
        rule.refer_to.as_deref().is_none_or(is_word),
        format!("rules[{at}].refer_to"),
        format_args!(
            "{WORD_EXPECTED}, found {:?}",
            rule.refer_to.as_deref().unwrap_or_default()
        ),
    );
    let path = format!("rules[{at}].disposition");
    known(&rule.disposition, disposition::ALL, house_words, &path, problems);
    let path = format!("rules[{at}].return_reason");
    let reasons = rule.return_reason.as_deref().unwrap_or_default();
    known(reasons, return_reason::ALL, house_words, &path, problems);
    let open = [("category", &rule.category), ("jurisdiction", &rule.jurisdiction)];
    for (key, texts) in open {
        words(
            texts.as_deref().unwrap_or_default(),
            &format!("rules[{at}].{key}"),
            problems,
        );
    }
}

/// Refuses a word that is neither registered nor one of the house.
pub fn known(texts: &[String], registered: &[Named], house: &[String], path: &str, problems: &mut Problems) {
    for (at, text) in texts.iter().enumerate() {
        let is_known = house.contains(text) || registered.iter().any(|named| named.text() == text);
        if !is_known {
            let registered: Vec<_> = registered.iter().map(Named::text).collect();
            problems.add(
                format!("{path}[{at}]"),
                format_args!(
                    "expected one of {}, or a word that `house_words` lists; found `{text}`",
                    registered.join(", ")
                ),
            );
        }
    }
}
