//! Who speaks for which function: one person for each, nobody for two.

use std::collections::{BTreeMap, BTreeSet};

use crate::identity::Function;

/// A largest set of pairs of an asked function and a person who may speak for it, such that no person is in two pairs
/// (augmenting paths; at most four functions). Of several largest ones always the same.
pub(super) fn assign<'a>(
    asked: &BTreeSet<Function>,
    people: &BTreeMap<&'a str, BTreeSet<Function>>,
) -> BTreeMap<Function, &'a str> {
    let mut speaker: BTreeMap<Function, &'a str> = BTreeMap::new();
    for function in asked {
        let mut seen = BTreeSet::new();
        place(*function, people, &mut speaker, &mut seen);
    }
    speaker
}

/// Finds somebody for `function`, if need be by giving another one to the function that they speak for now.
fn place<'a>(
    function: Function,
    people: &BTreeMap<&'a str, BTreeSet<Function>>,
    speaker: &mut BTreeMap<Function, &'a str>,
    seen: &mut BTreeSet<&'a str>,
) -> bool {
    let able = people
        .iter()
        .filter(|(_, functions)| functions.contains(&function));
    for (person, _) in able {
        if !seen.insert(person) {
            continue;
        }
        let taken = speaker.iter().find(|(_, taken)| *taken == person);
        let taken = taken.map(|(function, _)| *function);
        if taken.is_none_or(|other| place(other, people, speaker, seen)) {
            speaker.insert(function, person);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use Function::{Compliance, Finance, Operations, Security};

    fn assigned(asked: &[Function], people: &[(&str, &[Function])]) -> Vec<(Function, String)> {
        let asked = asked.iter().copied().collect();
        let people = people
            .iter()
            .map(|(name, functions)| (*name, functions.iter().copied().collect()))
            .collect();
        let assigned = assign(&asked, &people);
        assigned
            .into_iter()
            .map(|(function, name)| (function, name.to_owned()))
            .collect()
    }

    #[test]
    fn nobody_speaks_for_two_functions() {
        let both: &[Function] = &[Operations, Finance];
        assert_eq!(assigned(both, &[("ana", both)]).len(), 1);
        let people: &[(&str, &[Function])] = &[("ana", both), ("bo", both)];
        let found = assigned(both, people);
        assert_eq!(found.len(), 2);
        assert_ne!(found[0].1, found[1].1);
    }

    #[test]
    fn who_could_do_more_makes_room_for_who_cannot() {
        // Taken greedily, ana would take operations, and nobody would be left for it but bo.
        let people: &[(&str, &[Function])] = &[
            ("ana", &[Operations, Finance, Security]),
            ("bo", &[Operations]),
            ("cy", &[Operations, Finance]),
        ];
        let found = assigned(&[Operations, Finance, Security], people);
        let expected = [
            (Operations, "bo".to_owned()),
            (Finance, "cy".to_owned()),
            (Security, "ana".to_owned()),
        ];
        assert_eq!(found, expected);
        assert_eq!(assigned(&[Compliance], people), []);
    }
}
