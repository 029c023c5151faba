//! A dimension of the table: the values of one key, cut into the cells that the rules can tell apart.
//!
//! Words that no rule names are one cell; numbers are cut where a rule's range starts or ends. So the table is a box of
//! finitely many cells, each rule covers some cells of each dimension, and what can be said about the cells is exact for all
//! units.

use signalbox_plugin::Problems;
use signalbox_plugin::contract::Word;
use signalbox_plugin::returns::Return;

use crate::keys::{LISTS, ListKey, NUMBERS, NumberKey, WORDS, WordKey};
use crate::parameters::{Range, Rule};

/// A set of cells of one dimension, as bits.
pub type Cells = u128;

/// Most cells of a dimension.
pub const CELLS_MAX: usize = 128;

/// One dimension.
#[derive(Clone)]
pub enum Dimension {
    List(ListKey),
    /// The words that rules name, then one cell for every other.
    Words(WordKey, Vec<(Word, String)>),
    /// The numbers at which a cell starts, after the first; then, if the number is optional, one cell for "not given".
    Numbers(NumberKey, Vec<i64>),
}

/// The dimensions of the keys that at least one rule sets a condition on.
pub fn dimensions(rules: &[Rule], problems: &mut Problems) -> Vec<Dimension> {
    let lists = LISTS
        .iter()
        .filter(|key| rules.iter().any(|rule| (key.of_rule)(rule).is_some()));
    let words = WORDS
        .iter()
        .filter(|key| rules.iter().any(|rule| (key.of_rule)(rule).is_some()));
    let numbers = NUMBERS
        .iter()
        .filter(|key| rules.iter().any(|rule| (key.of_rule)(rule).is_some()));
    lists
        .map(|key| Dimension::List(*key))
        .chain(words.map(|key| Dimension::Words(*key, named_words(key, rules))))
        .chain(numbers.map(|key| Dimension::Numbers(*key, cuts(key, rules))))
        .inspect(|dimension| {
            let cells = dimension.cells();
            problems.check(
                cells <= CELLS_MAX,
                "rules",
                format_args!(
                    "the rules tell {cells} different values of `{}` apart, at most {CELLS_MAX} can be checked; split the \
                     table into several policies",
                    dimension.name()
                ),
            );
        })
        .collect()
}

fn named_words(key: &WordKey, rules: &[Rule]) -> Vec<(Word, String)> {
    let mut named: Vec<(Word, String)> = Vec::new();
    for text in rules.iter().filter_map(key.of_rule).flatten() {
        let word = Word::of(text);
        if !named.iter().any(|(known, _)| *known == word) {
            named.push((word, text.clone()));
        }
    }
    named
}

fn cuts(key: &NumberKey, rules: &[Rule]) -> Vec<i64> {
    let ranges = rules.iter().filter_map(key.of_rule);
    let ends = ranges.flat_map(|range| [range.at_least, range.below]);
    let mut cuts: Vec<i64> = ends
        .flatten()
        .filter(|cut| key.least < *cut && *cut <= key.most)
        .collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

impl Dimension {
    /// The key.
    pub fn name(&self) -> &'static str {
        match self {
            Dimension::List(key) => key.name,
            Dimension::Words(key, _) => key.name,
            Dimension::Numbers(key, _) => key.name,
        }
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        match self {
            Dimension::List(key) => key.texts.len(),
            Dimension::Words(_, named) => named.len() + 1,
            Dimension::Numbers(key, cuts) => cuts.len() + 1 + usize::from(key.optional),
        }
    }

    /// Every cell.
    pub fn all(&self) -> Cells {
        match CELLS_MAX - self.cells().min(CELLS_MAX) {
            CELLS_MAX => 0,
            unused => Cells::MAX >> unused,
        }
    }

    /// The cells that a rule's condition holds for: all of them where it sets none, none where it can never hold.
    pub fn of_rule(&self, rule: &Rule) -> Cells {
        match self {
            Dimension::List(key) => match (key.of_rule)(rule) {
                None => self.all(),
                Some(numbers) => numbers.into_iter().map(bit).fold(0, |all, cell| all | cell),
            },
            Dimension::Words(key, named) => match (key.of_rule)(rule) {
                None => self.all(),
                Some(texts) => {
                    let places = texts.iter().filter_map(|text| {
                        let word = Word::of(text);
                        named.iter().position(|(known, _)| *known == word)
                    });
                    places
                        .map(|place| bit(place as u32))
                        .fold(0, |all, cell| all | cell)
                }
            },
            Dimension::Numbers(key, cuts) => match (key.of_rule)(rule) {
                None => self.all(),
                Some(range) => starts(key, cuts)
                    .enumerate()
                    .filter(|(_, start)| holds(range, *start))
                    .map(|(cell, _)| bit(cell as u32))
                    .fold(0, |all, cell| all | cell),
            },
        }
    }

    /// The cell that a unit is in; none when its value is one that the table cannot name.
    pub fn of_unit(&self, unit: &Return<'_>, now_ms: i64) -> Cells {
        match self {
            Dimension::List(key) => (key.of_unit)(unit).map_or(0, bit),
            Dimension::Words(key, named) => {
                let word = (key.of_unit)(unit);
                let place = named.iter().position(|(known, _)| *known == word);
                bit(place.unwrap_or(named.len()) as u32)
            }
            Dimension::Numbers(key, cuts) => match (key.of_unit)(unit, now_ms) {
                None => bit(cuts.len() as u32 + 1),
                Some(number) => {
                    let number = number.clamp(key.least, key.most);
                    bit(cuts.partition_point(|cut| *cut <= number) as u32)
                }
            },
        }
    }

    /// One value of the lowest cell in `cells`, in words: `grade = C`.
    pub fn example(&self, cells: Cells) -> String {
        let cell = cells.trailing_zeros() as usize;
        let name = self.name();
        match self {
            Dimension::List(key) => format!("{name} = {}", key.texts.get(cell).unwrap_or(&"?")),
            Dimension::Words(_, named) => match named.get(cell) {
                Some((_, text)) => format!("{name} = {text}"),
                None => format!("a {name} that no rule names"),
            },
            Dimension::Numbers(key, cuts) => match starts(key, cuts).nth(cell) {
                Some(start) => format!("{name} = {start}"),
                None => format!("{name} not given"),
            },
        }
    }
}

fn bit(cell: u32) -> Cells {
    Cells::from(1u8).checked_shl(cell).unwrap_or(0)
}

/// The smallest number of each cell.
fn starts<'a>(key: &NumberKey, cuts: &'a [i64]) -> impl Iterator<Item = i64> + use<'a> {
    std::iter::once(key.least).chain(cuts.iter().copied())
}

/// Whether a cell that starts at `start` lies in the range: a cell never straddles an end of a range.
fn holds(range: Range, start: i64) -> bool {
    range.at_least.is_none_or(|least| least <= start) && range.below.is_none_or(|end| start < end)
}
