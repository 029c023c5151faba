//! The model against the real files. Where they are absent, every test here is counted as ignored and one line says so:
//! the standard harness could only let them pass.

#![expect(
    clippy::indexing_slicing,
    reason = "a test may fail by a panic; clippy knows no tests without the standard harness"
)]

mod real {
    pub mod file;
    pub mod fit;
    pub mod requests;
}

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use signalbox_history::{DataFolder, History};

/// A test over the real history.
type Test = fn(&DataFolder, &History) -> Result<(), Failed>;

const TESTS: [(&str, Test); 10] = [
    (
        "the_written_history_is_the_same_twice_and_every_line_is_a_request",
        real::file::the_written_history_is_the_same_twice_and_every_line_is_a_request,
    ),
    (
        "files_hold_what_the_readme_says",
        real::fit::files_hold_what_the_readme_says,
    ),
    (
        "freight_constants_are_those_of_the_data",
        real::fit::freight_constants_are_those_of_the_data,
    ),
    (
        "transit_constants_are_those_of_the_data",
        real::fit::transit_constants_are_those_of_the_data,
    ),
    (
        "state_constants_are_those_of_the_data",
        real::fit::state_constants_are_those_of_the_data,
    ),
    (
        "modelled_promises_are_kept_as_often_as_real_ones",
        real::fit::modelled_promises_are_kept_as_often_as_real_ones,
    ),
    (
        "modelled_freight_is_what_was_paid",
        real::fit::modelled_freight_is_what_was_paid,
    ),
    (
        "requests_leave_something_to_decide",
        real::requests::requests_leave_something_to_decide,
    ),
    (
        "requests_are_valid_and_what_happened_breaks_no_invariant",
        real::requests::requests_are_valid_and_what_happened_breaks_no_invariant,
    ),
    (
        "other_domains_have_requests",
        real::requests::other_domains_have_requests,
    ),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = DataFolder::find(None);
    if let Err(problem) = &folder {
        eprintln!(
            "skipped, counted as ignored: {} tests against real data: {problem}",
            TESTS.len()
        );
    }
    let absent = folder.is_err();
    // Read once, by whichever test comes first.
    let history = std::sync::Arc::new(std::sync::OnceLock::<Result<(DataFolder, History), String>>::new());
    let trials = TESTS.iter().map(|(name, test)| {
        let (history, folder) = (history.clone(), folder.as_ref().ok().cloned());
        let run = move || {
            let read = history.get_or_init(|| {
                let folder = folder.ok_or("no data folder")?;
                let history = History::read(&folder).map_err(|problem| format!("{problem:?}"))?;
                Ok((folder, history))
            });
            let (folder, history) = read.as_ref().map_err(Clone::clone)?;
            test(folder, history)
        };
        Trial::test(*name, run).with_ignored_flag(absent)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
