//! Rules of jurisdictions and of the house, as data.

use schemars::JsonSchema;
use serde::Deserialize;
use signalbox_plugin::returns::{DispositionOption, Return};
use signalbox_plugin::{Problems, contract::Word};

/// What a text should have been.
pub const WORD_EXPECTED: &str = "expected a word (1 to 64 characters of A-Z a-z 0-9 _ . -)";

/// Most entries, and most words in one of them.
const ENTRIES_MAX: usize = 200;

/// Dispositions that must not be chosen for certain units, for example because the law forbids destroying unsold apparel.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForbiddenRule {
    /// The dispositions that must not be chosen, such as `DESTROY`. At least one.
    pub dispositions: Vec<String>,
    /// Only for units of these categories. Empty: of every category.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Only under these jurisdictions (ISO 3166, as the request spells them). Empty: under every one.
    #[serde(default)]
    pub jurisdictions: Vec<String>,
}

/// The `forbidden` entries, ready to use.
#[derive(Clone, Debug, Default)]
pub struct Forbidden(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    dispositions: Vec<Word>,
    categories: Vec<Word>,
    jurisdictions: Vec<Word>,
}

impl Forbidden {
    /// Checks the entries of the parameter `forbidden` and makes them ready; adds what is wrong to `problems`.
    pub fn compile(rules: &[ForbiddenRule], problems: &mut Problems) -> Forbidden {
        problems.check(
            rules.len() <= ENTRIES_MAX,
            "forbidden",
            format_args!("expected at most {ENTRIES_MAX} entries, found {}", rules.len()),
        );
        let entries = rules.iter().take(ENTRIES_MAX).enumerate();
        Forbidden(
            entries
                .map(|(at, rule)| {
                    problems.check(
                        !rule.dispositions.is_empty(),
                        format!("forbidden[{at}].dispositions"),
                        "expected at least one disposition, found none",
                    );
                    let mut words =
                        |field, texts| words(texts, &format!("forbidden[{at}].{field}"), problems);
                    Entry {
                        dispositions: words("dispositions", &rule.dispositions),
                        categories: words("categories", &rule.categories),
                        jurisdictions: words("jurisdictions", &rule.jurisdictions),
                    }
                })
                .collect(),
        )
    }

    /// Whether an entry forbids `option` for `unit`.
    pub fn forbids(&self, unit: &Return<'_>, option: &DispositionOption<'_>) -> bool {
        let meets = |words: &[Word], word| words.is_empty() || words.contains(&word);
        self.0.iter().any(|entry| {
            entry.dispositions.contains(&option.disposition())
                && meets(&entry.categories, unit.category())
                && meets(&entry.jurisdictions, unit.jurisdiction())
        })
    }
}

/// Whether `text` may stand as a word in requests and decisions: 1 to 64 characters of `A-Z a-z 0-9 _ . -`.
pub fn is_word(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

/// The words of `texts`; a text that is no word and a list that is too long are problems at `path`.
pub fn words(texts: &[String], path: &str, problems: &mut Problems) -> Vec<Word> {
    problems.check(
        texts.len() <= ENTRIES_MAX,
        path,
        format_args!("expected at most {ENTRIES_MAX} words, found {}", texts.len()),
    );
    for (at, text) in texts.iter().enumerate() {
        problems.check(
            is_word(text),
            format!("{path}[{at}]"),
            format_args!("{WORD_EXPECTED}, found {text:?}"),
        );
    }
    texts
        .iter()
        .take(ENTRIES_MAX)
        .map(|text| Word::of(text))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use signalbox_plugin::returns::{OptionRow, ReturnRow, ReturnsRequest, ReturnsRows};

    fn rule(dispositions: &[&str], categories: &[&str], jurisdictions: &[&str]) -> ForbiddenRule {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        ForbiddenRule {
            dispositions: owned(dispositions),
            categories: owned(categories),
            jurisdictions: owned(jurisdictions),
        }
    }

    fn forbids(rules: &[ForbiddenRule], category: &str, jurisdiction: &str, disposition: &str) -> bool {
        let mut problems = Problems::default();
        let forbidden = Forbidden::compile(rules, &mut problems);
        problems.or(()).unwrap();
        let rows = ReturnsRows {
            unit: ReturnRow {
                category: Word::of(category),
                jurisdiction: Word::of(jurisdiction),
                ..ReturnRow::default()
            },
            options: vec![OptionRow {
                disposition: Word::of(disposition),
                ..OptionRow::default()
            }],
            ..ReturnsRows::default()
        };
        let message = rows.encode();
        let request = ReturnsRequest::parse(&message.narrow, &message.wide).unwrap();
        forbidden.forbids(&request.unit(), &request.option(0))
    }

    #[test]
    fn an_entry_forbids_where_all_of_its_lists_meet() {
        let rules = [rule(&["DESTROY", "RECYCLE"], &["APPAREL"], &["FR"])];
        assert!(forbids(&rules, "APPAREL", "FR", "DESTROY"));
        assert!(!forbids(&rules, "APPAREL", "FR", "DONATE"));
        assert!(!forbids(&rules, "TOYS", "FR", "DESTROY"));
        assert!(!forbids(&rules, "APPAREL", "US", "DESTROY"));
        assert!(forbids(
            &[rule(&["LIQUIDATE"], &[], &[])],
            "TOYS",
            "US",
            "LIQUIDATE"
        ));
    }

    #[test]
    fn an_entry_without_dispositions_is_a_problem_at_its_path() {
        let mut problems = Problems::default();
        Forbidden::compile(
            &[rule(&["DESTROY"], &[], &[]), rule(&[], &["CHILDREN'S"], &[])],
            &mut problems,
        );
        let paths: Vec<_> = problems
            .as_slice()
            .iter()
            .map(|problem| problem.path.as_str())
            .collect();
        assert_eq!(paths, ["forbidden[1].dispositions", "forbidden[1].categories[0]"]);
    }
}
