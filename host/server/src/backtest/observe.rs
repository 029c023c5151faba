//! From what the versions decided to what is added up.

use signalbox_domain::comparison::{Comparison, compare};
use signalbox_domain::envelope::Envelope;
use signalbox_domain::kpi::Kpis;
use signalbox_domain::loss::Loss;
use signalbox_domain::segment::SegmentKey;

use super::day::Day;
use super::sums::{PairOf, Part, Sums};
use crate::decide::Decidable;

/// Why a version has no decision that the host would use: the cause as one word, and the same for people.
pub type Fault = (String, String);

/// What one version decided, with the host's loss.
pub type Decided<C> = Result<(<C as signalbox_domain::Case>::Decision, Loss), Fault>;

/// One version's figures of one request.
struct One {
    kpis: Kpis,
    figures: Vec<(i128, i128)>,
}

/// Adds one request with what each version decided, in the versions' order. `cases` are the request as each version saw it:
/// the same rows, of which only stock and capacity may differ.
pub fn observe<C: Decidable>(
    sums: &mut Sums,
    line: u64,
    cases: &[&C],
    day: Day,
    keys: &[SegmentKey],
    decided: &[Decided<C>],
) {
    let Some(case) = cases.first().copied() else {
        return;
    };
    sums.requests = sums.requests.saturating_add(1);
    sums.saw(case.now());
    let ones: Vec<Option<One>> = decided
        .iter()
        .zip(cases)
        .map(|(decided, case)| {
            decided
                .as_ref()
                .ok()
                .map(|(decision, loss)| one(*case, decision, loss))
        })
        .collect();
    if sums.figures.is_empty()
        && let Some((Ok((_, loss)), Some(one))) = decided.iter().zip(&ones).find(|(_, one)| one.is_some())
    {
        sums.figures = names(loss, &one.kpis);
    }
    let first = decided
        .first()
        .and_then(|first| first.as_ref().ok())
        .zip(ones.first().and_then(Option::as_ref));
    let segments = case.segments(keys);
    let versions = sums.versions.iter_mut().zip(decided).zip(&ones);
    for (place, ((version, decided), one)) in versions.enumerate() {
        let (decided, one) = match (decided, one) {
            (Ok(decided), Some(one)) => (decided, one),
            (Err((cause, detail)), _) => {
                version.faults.add(line, cause, detail);
                continue;
            }
            (Ok(_), None) => continue,
        };
        let pair = first.filter(|_| place > 0).map(|(first, first_one)| {
            let same =
                || compare(case, (&first.0, &first.1), (&decided.0, &decided.1)) == Comparison::Matched;
            PairOf {
                day,
                matched: first.1.total_minor == decided.1.total_minor && same(),
                difference_minor: decided.1.total_minor.saturating_sub(first.1.total_minor),
                figures: (&one.figures, &first_one.figures),
            }
        });
        add(&mut version.all, one, pair.as_ref());
        for segment in &segments {
            if version.too_many.contains(&segment.key) {
                continue;
            }
            let domain = <C::Request as Envelope>::DOMAIN;
            let part = version
                .segments
                .entry(segment.clone())
                .or_insert_with(|| Part::new(domain));
            add(part, one, pair.as_ref());
        }
        version.bound_segments();
    }
}

fn add(part: &mut Part, one: &One, pair: Option<&PairOf<'_>>) {
    part.kpis.merge(&one.kpis);
    if let Some(pair) = pair {
        part.pairs.add(pair);
    }
}

fn one<C: Decidable>(case: &C, decision: &C::Decision, loss: &Loss) -> One {
    let mut kpis = Kpis::of(<C::Request as Envelope>::DOMAIN);
    case.add_to(&mut kpis, decision, false, Some(loss));
    let amounts = std::iter::once(loss.total_minor).chain(loss.terms.iter().map(|term| term.amount_minor));
    let ratios = kpis.ratios();
    let figures = amounts
        .map(|amount| (i128::from(amount), 1))
        .chain(ratios.iter().map(|ratio| (ratio.part, ratio.whole)))
        .collect();
    One { kpis, figures }
}

/// The names of figures, in the order of [`one`].
fn names(loss: &Loss, kpis: &Kpis) -> Vec<String> {
    let terms = loss.terms.iter().map(|term| format!("cost.{}", term.name));
    let ratios = kpis.ratios().into_iter().map(|ratio| ratio.name.to_owned());
    std::iter::once("cost".to_owned())
        .chain(terms)
        .chain(ratios)
        .collect()
}
