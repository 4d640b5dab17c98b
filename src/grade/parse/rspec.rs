//! Ruby's `RSpec`.

use super::scan::{counted, lines, lines_back, lines_with};
use super::{Results, Sign, Status};

/// `text - passed|failed|pending`.
pub(super) fn parse(log: &str) -> Results {
    let mut results = Results::default();
    for line in lines(log).map(str::trim) {
        let Some((name, word)) = line.rsplit_once(" - ") else {
            continue;
        };
        let status = match word {
            "passed" => Status::Passed,
            "failed" => Status::Failed,
            "pending" => Status::Skipped,
            _ => continue,
        };
        results.set(name, status);
    }
    results
}

/// `rspec ./a_spec.rb:3 # Calculator adds`: the names of the list below `Failed examples:`.
pub(super) fn listed(log: &str) -> impl Iterator<Item = &str> {
    lines_with(log, "rspec ").filter_map(|line| {
        let (_, name) = line.strip_prefix("rspec ")?.split_once(" # ")?;
        Some(name.trim())
    })
}

/// `3 examples, 1 failure, 1 pending`.
pub(super) fn sign(log: &str) -> Sign {
    lines_back(log)
        .find_map(|line| {
            let count = |names: [&str; 2]| {
                let found = counted(line).find(|(_, word)| names.contains(word));
                found.map(|(n, _)| n)
            };
            Some(Sign::Ended {
                passed: None,
                total: Some(count(["examples", "example"])?),
                failed: Some(count(["failures", "failure"])?),
                errors: None,
            })
        })
        .unwrap_or(Sign::Missing)
}
