//! The notes beside a verdict: at most one of a kind, in a fixed order.

use std::fmt::Write as _;

use super::case::Case;
use super::grading::{Finding, Judged, MatchKind, Note};
use super::guard::Doubt;
use crate::domain::evidence::{Applied, Part, PutBack};
use crate::domain::fault::{Fault, FaultName};

/// So many tests are named in one note.
const NAMED: usize = 3;

/// What a reader should know.
pub(super) fn of(case: &Case<'_>, fault: Option<&Fault>) -> Vec<Note> {
    let mut notes: Vec<Note> = case.believed.refused.iter().cloned().collect();
    let doubted = |kinds: &[Doubt]| {
        let fits = move |test: &&Judged| {
            let name = test.by.as_deref().unwrap_or(&test.name);
            let doubt = case.believed.doubts.get(name);
            doubt.is_some_and(|doubt| kinds.contains(doubt))
        };
        all(case).filter(fits).collect::<Vec<_>>()
    };
    let groups: [(Finding, &str, Vec<&Judged>); 6] = [
        (
            Finding::ForgedOutput,
            "claims that do not count",
            doubted(&[Doubt::Forged, Doubt::Outside]),
        ),
        (
            Finding::Contradicted,
            "tests that both passed and failed, so that a line is made up or two tests have one name",
            doubted(&[Doubt::Torn]),
        ),
        (
            Finding::Contradicted,
            "tests that passed by the log, and not by what pytest reports",
            doubted(&[Doubt::Reported, Doubt::Unreported]),
        ),
        (
            Finding::SubtestFailed,
            "tests of which a part failed",
            doubted(&[Doubt::Part]),
        ),
        (
            Finding::AmbiguousMatch,
            "tests that could be several of the log",
            all(case)
                .filter(|test| test.matched == MatchKind::Ambiguous)
                .collect(),
        ),
        (
            Finding::InexactMatch,
            "tests found under another name",
            all(case).filter(|test| test.by.is_some()).collect(),
        ),
    ];
    for (name, what, tests) in groups {
        if !tests.is_empty() {
            let mut told = list(case, name, what, &tests);
            let twins = tests.iter().filter(|test| case.measure.tears(&test.name)).count();
            if name == Finding::Contradicted && twins > 0 {
                let _ = write!(told, "; with the dataset's own solution {twins} of them, too");
            }
            match notes
                .iter_mut()
                .find(|note| note.name == name && name == Finding::Contradicted)
            {
                Some(note) => *note = Note::new(name, &format!("{}; {told}", note.what)),
                None => notes.push(Note::new(name, &told)),
            }
        }
    }
    if let Some(tests) = &case.evidence.tests {
        if tests.cut {
            notes.push(Note::new(Finding::LogCut, "the middle of the log was not kept"));
        }
        if tests.out_of_memory {
            notes.push(Note::new(Finding::OutOfMemory, &memory(tests.memory)));
        }
        if let Some(passed) = case.believed.unnamed {
            notes.push(Note::new(Finding::PassesUnnamed, &super::case::unnamed(passed)));
        } else if case.believed.tests.is_empty() {
            notes.push(Note::new(Finding::NoTests, "the log tells of no test"));
        }
    }
    notes.extend(against_gold(case));
    notes.extend(case.heard.iter().cloned());
    if let Some(fault) = fault.filter(|fault| fault.name == FaultName::EnvironmentBroken) {
        notes.push(Note::new(Finding::EnvironmentFailed, &fault.what));
    }
    if case.evidence.patch.state == Applied::Fuzzy {
        notes.push(Note::new(
            Finding::FuzzyPatch,
            "the model's patch was applied with fuzz",
        ));
    }
    if !case.evidence.put_back.is_empty() {
        notes.push(Note::new(
            Finding::RunnerSteered,
            &steered(&case.evidence.put_back),
        ));
    }
    notes
}

/// The tests' own doing: the limit leaves the host its reserve.
fn memory(limit: Option<u64>) -> String {
    let limit = limit.map_or("their memory".to_owned(), |bytes| {
        format!("all the memory that they had, {} MB", bytes >> 20)
    });
    format!("the tests used up {limit}, and the kernel killed what asked for more")
}

/// What differs from the run of the dataset's own solution, and what does not although it is odd. A patch that does not resolve the task
/// may have broken any number of tests: of that nothing is said.
fn against_gold(case: &Case<'_>) -> Vec<Note> {
    let believed = case.believed;
    let Some(tests) = &case.evidence.tests else {
        return Vec::new();
    };
    let passed = believed.refused.is_none() && all(case).all(|test| test.passed);
    let mut notes = Vec::new();
    if let Some(code) = tests
        .exit
        .filter(|code| *code != 0 && passed && !believed.explained)
        && case.measure.weight.is_none()
        && case.measure.allows(code)
    {
        let what = format!(
            "the test command ended with exit code {code} and the log names no failure; with the dataset's own solution it ends so, too"
        );
        notes.push(Note::new(Finding::EndsAsGold, &what));
    }
    let named = u32::try_from(believed.tests.len()).unwrap_or(u32::MAX);
    if let Some(gold) = case
        .measure
        .more(named, believed.counted)
        .filter(|_| passed && !tests.cut)
    {
        let what = format!(
            "with the dataset's own solution there were {gold} tests, and here {}",
            believed.counted.unwrap_or(named)
        );
        notes.push(Note::new(Finding::FewerTests, &what));
    }
    notes
}

/// What became of the files that steer the test runner.
fn steered(files: &[PutBack]) -> String {
    let part = |file: &&PutBack| match file.what {
        Part::Whole => file.path.clone(),
        Part::Sections => format!("{} (the runner's sections)", file.path),
        Part::Removed => format!("{} (removed)", file.path),
        Part::Left => format!(
            "{} (left, since the dataset's own solution changes it)",
            file.path
        ),
    };
    let named: Vec<String> = files.iter().take(NAMED).map(|file| part(&file)).collect();
    format!(
        "{} that steer the test runner were changed by the patch, and put back before the tests; first {}",
        files.len(),
        named.join(", ")
    )
}

fn all<'a>(case: &'a Case<'_>) -> impl Iterator<Item = &'a Judged> {
    case.judged.iter().flat_map(|list| list.iter())
}

fn list(case: &Case<'_>, name: Finding, what: &str, tests: &[&Judged]) -> String {
    let one = |test: &&Judged| match (&test.by, name) {
        (Some(by), Finding::InexactMatch) => format!("{} (as {by})", test.name),
        _ => case.tell(test),
    };
    let named: Vec<String> = tests.iter().take(NAMED).map(one).collect();
    format!("{}: {what}; first {}", tests.len(), named.join(", "))
}
