//! What is wrong between the rules of a table, each with a unit for which it goes wrong.

use signalbox_plugin::Problems;

use crate::analysis::{BoxCells, Search, TooLarge};
use crate::dimension::Cells;
use crate::parameters::Rule;
use crate::table::Table;

/// Most problems of one kind that are told: the first few are enough to start with.
const TOLD_MAX: usize = 5;

/// Adds every gap (unless there is a default), every rule that can never apply and, if `strict`, every pair of rules that
/// disagree about a unit.
pub fn report(table: &Table, rules: &[Rule], has_default: bool, strict: bool, problems: &mut Problems) {
    let mut reporter = Reporter {
        table,
        rules,
        search: Search::new(),
        problems,
    };
    let checked = reporter.unreachable().and_then(|unreachable| {
        if strict {
            reporter.conflicts(&unreachable)?;
        }
        if has_default { Ok(()) } else { reporter.gaps() }
    });
    if checked == Err(TooLarge) {
        reporter.problems.add(
            "rules",
            "the table is too large to be checked for gaps and for rules that never apply; use fewer rules or fewer \
             conditions, or split it into several policies",
        );
    }
}

struct Reporter<'a> {
    table: &'a Table,
    rules: &'a [Rule],
    search: Search,
    problems: &'a mut Problems,
}

impl Reporter<'_> {
    fn gaps(&mut self) -> Result<(), TooLarge> {
        let space: BoxCells = self
            .table
            .dimensions
            .iter()
            .map(|dimension| dimension.all())
            .collect();
        let covers: Vec<&[Cells]> = self
            .table
            .rules
            .iter()
            .map(|rule| rule.cells.as_slice())
            .collect();
        let mut gaps: Vec<BoxCells> = Vec::new();
        while gaps.len() < TOLD_MAX {
            let told: Vec<&[Cells]> = covers
                .iter()
                .copied()
                .chain(gaps.iter().map(Vec::as_slice))
                .collect();
            let Some(gap) = self.search.uncovered(&space, &told)? else {
                break;
            };
            let unit = self.unit(&gap);
            self.problems.add(
                "rules",
                format_args!("no rule matches {unit}; add a rule for it, widen one, or give a `default`"),
            );
            gaps.push(gap);
        }
        Ok(())
    }

    /// Reports the rules that can never apply, and returns their numbers.
    fn unreachable(&mut self) -> Result<Vec<usize>, TooLarge> {
        let mut unreachable = Vec::new();
        for (at, rule) in self.table.rules.iter().enumerate() {
            if rule.cells.contains(&0) {
                // Reported where the condition is.
                unreachable.push(at);
                continue;
            }
            let mut earlier: Vec<usize> = Vec::new();
            for (number, other) in self.table.rules.iter().enumerate().take(at) {
                if self.search.meet(&rule.cells, &other.cells)? {
                    earlier.push(number);
                }
            }
            if self.covered(&rule.cells, &earlier)? {
                unreachable.push(at);
                self.tell_unreachable(at, earlier)?;
            }
        }
        Ok(unreachable)
    }

    fn covered(&mut self, space: &[Cells], by: &[usize]) -> Result<bool, TooLarge> {
        let rules = &self.table.rules;
        let covers: Vec<&[Cells]> = by
            .iter()
            .filter_map(|number| rules.get(*number))
            .map(|rule| rule.cells.as_slice())
            .collect();
        Ok(self.search.uncovered(space, &covers)?.is_none())
    }

    /// Names the earlier rules that matter: those without which the rule could apply.
    fn tell_unreachable(&mut self, at: usize, mut earlier: Vec<usize>) -> Result<(), TooLarge> {
        let Some(rule) = self.table.rules.get(at) else {
            return Ok(());
        };
        for number in earlier.clone().into_iter().rev() {
            let without: Vec<usize> = earlier.iter().copied().filter(|other| *other != number).collect();
            if self.covered(&rule.cells, &without)? {
                earlier = without;
            }
        }
        let names: Vec<String> = earlier.iter().map(|number| self.name(*number)).collect();
        let first = earlier.first().and_then(|number| self.table.rules.get(*number));
        let common = first
            .map(|first| meeting(&rule.cells, &first.cells))
            .unwrap_or_default();
        let unit = self.unit(&common);
        let (come, taker) = match names.as_slice() {
            [only] => (
                format!("{only} comes first and takes every unit it could match"),
                only,
            ),
            [first, ..] => (
                format!(
                    "{} come first and together take every unit it could match",
                    names.join(" and ")
                ),
                first,
            ),
            [] => return Ok(()),
        };
        let message = format!(
            "can never apply: {come}; for example {unit} goes to {taker}; move it up, narrow what comes first, or delete it"
        );
        self.problems.add(format!("rules[{at}]"), message);
        Ok(())
    }

    fn conflicts(&mut self, unreachable: &[usize]) -> Result<(), TooLarge> {
        let mut told = 0;
        for (at, rule) in self.table.rules.iter().enumerate() {
            for (number, other) in self.table.rules.iter().enumerate().take(at) {
                let agree = rule.dispositions == other.dispositions && rule.refer_to == other.refer_to;
                if agree || unreachable.contains(&at) || unreachable.contains(&number) {
                    continue;
                }
                if self.search.meet(&rule.cells, &other.cells)? {
                    told += 1;
                    if told <= TOLD_MAX {
                        self.tell_conflict(at, number, &meeting(&rule.cells, &other.cells));
                    }
                }
            }
        }
        if told > TOLD_MAX {
            let more = told - TOLD_MAX;
            self.problems
                .add("rules", format_args!("{more} more pairs of rules disagree"));
        }
        Ok(())
    }

    fn tell_conflict(&mut self, at: usize, earlier: usize, common: &[Cells]) {
        let (unit, name) = (self.unit(common), self.name(earlier));
        let (there, here) = (self.outcome(earlier), self.outcome(at));
        self.problems.add(
            format!("rules[{at}]"),
            format_args!(
                "overlaps {name} and disagrees with it: {unit} matches both, and would get {there} there and {here} here; \
                 narrow one of them, or set `strict = false` to let the first decide"
            ),
        );
    }

    fn name(&self, number: usize) -> String {
        match self.rules.get(number).and_then(|rule| rule.name.as_deref()) {
            Some(name) => format!("rules[{number}] (\"{name}\")"),
            None => format!("rules[{number}]"),
        }
    }

    fn outcome(&self, number: usize) -> String {
        let Some(rule) = self.rules.get(number) else {
            return String::new();
        };
        let dispositions = rule.disposition.join(", else ");
        match rule.refer_to.as_deref() {
            None => dispositions,
            Some(desk) if dispositions.is_empty() => format!("referred to {desk}"),
            Some(desk) => format!("{dispositions} and referred to {desk}"),
        }
    }

    /// A unit in a box, by the values that matter.
    fn unit(&self, cells: &[Cells]) -> String {
        let pairs = self.table.dimensions.iter().zip(cells);
        let values: Vec<String> = pairs
            .filter(|(dimension, cells)| **cells != dimension.all())
            .map(|(dimension, cells)| dimension.example(*cells))
            .collect();
        if values.is_empty() {
            "any unit".to_owned()
        } else {
            format!("a unit with {}", values.join(", "))
        }
    }
}

fn meeting(a: &[Cells], b: &[Cells]) -> BoxCells {
    a.iter().zip(b).map(|(a, b)| a & b).collect()
}
