//! Collected results graded again, from their bytes alone.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::verdicts::{self, VERDICT};
use super::{Problem, ProblemKind};
use crate::case::{Case, Judgement};
use crate::collect::ResultFile;
use crate::domain::Verdict;
use crate::domain::verdict::{Decision, Outcome};
use crate::grade::Compat;

/// By which rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegradeRules {
    /// Ours: verdicts that change are written.
    Own,
    /// Those of the Velora harness, its errors included: nothing is written.
    VeloraHead,
}

/// What was graded.
pub struct Regraded {
    /// In the order of their directories.
    pub results: Vec<RegradedResult>,
    complaints: Vec<String>,
}

impl Regraded {
    /// Could every result be graded?
    pub fn check_complete(&self) -> Result<(), Problem> {
        if self.complaints.is_empty() {
            return Ok(());
        }
        Err(
            Problem::new(ProblemKind::Incomplete, "not every result could be graded")
                .causes(self.complaints.iter().cloned())
                .hint("`fleet collect --verify` finds results that were damaged, and brings them again"),
        )
    }
}

/// One result.
#[derive(Debug, Serialize)]
pub struct RegradedResult {
    /// Its directory, below the one that was asked for.
    pub path: String,
    /// What stood there.
    pub was: Option<BriefVerdict>,
    /// What it is.
    pub now: Option<BriefVerdict>,
    /// Is it another one?
    pub changed: bool,
}

/// A verdict, as far as it is compared.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct BriefVerdict {
    /// Resolved, unresolved or undecided.
    pub decision: Decision,
    /// How the evaluation ended.
    pub outcome: Outcome,
    /// Passed and all of the tests that must pass now.
    pub fail_to_pass: (u32, u32),
    /// Passed and all of those that passed before.
    pub pass_to_pass: (u32, u32),
    /// Why it is not resolved.
    pub why: Option<String>,
}

/// Grades all results in these directories. Verdicts that change are written, unless it is a dry run.
pub fn regrade_results(dirs: &[PathBuf], rules: RegradeRules, dry_run: bool) -> Result<Regraded, Problem> {
    let (mut lines, mut complaints) = (Vec::new(), Vec::new());
    for dir in dirs {
        let mut homes = Vec::new();
        verdicts::find_results(dir, &mut homes).map_err(|error| {
            Problem::new(ProblemKind::Input, format!("cannot look into {}", dir.display())).caused_by(&error)
        })?;
        homes.sort();
        for home in homes {
            let path = home.strip_prefix(dir).unwrap_or(&home).display().to_string();
            match regrade_one(&home, &path, rules, dry_run) {
                Ok(line) => lines.extend(line),
                Err(why) => complaints.push(format!("{path}: {why}")),
            }
        }
    }
    Ok(Regraded {
        results: lines,
        complaints,
    })
}

/// What was and what is; none for results that are not graded.
fn regrade_one(
    home: &Path,
    path: &str,
    rules: RegradeRules,
    dry_run: bool,
) -> Result<Option<RegradedResult>, String> {
    ResultFile::read(home).map_err(|error| error.to_string())?;
    let Some(case) = Case::read(home).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let stands = std::fs::read(home.join(VERDICT)).ok();
    let was: Option<Judgement> = stands.and_then(|text| serde_json::from_slice(&text).ok());
    let was = was.map(|judgement| brief(judgement.verdict));
    if rules == RegradeRules::VeloraHead {
        let now = case
            .grade(Compat::VeloraHead)
            .map(|grading| brief(grading.verdict));
        let decision = |brief: &Option<BriefVerdict>| brief.as_ref().map(|brief| brief.decision);
        let changed = decision(&was) != decision(&now);
        let path = path.to_owned();
        return Ok(Some(RegradedResult {
            path,
            was,
            now,
            changed,
        }));
    }
    let judgement = case.judge().map_err(|error| error.to_string())?;
    let now = judgement
        .as_ref()
        .map(|judgement| brief(judgement.verdict.clone()));
    let changed = was != now;
    if let Some(judgement) = judgement.filter(|_| !dry_run) {
        verdicts::write_verdict(home, &judgement)?;
    }
    let path = path.to_owned();
    Ok(Some(RegradedResult {
        path,
        was,
        now,
        changed,
    }))
}

fn brief(verdict: Verdict) -> BriefVerdict {
    BriefVerdict {
        decision: verdict.decision,
        outcome: verdict.outcome,
        fail_to_pass: verdict.fail_to_pass,
        pass_to_pass: verdict.pass_to_pass,
        why: verdict.why,
    }
}
