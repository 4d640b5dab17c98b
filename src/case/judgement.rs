//! What a case amounts to: `verdict.json`, beside the result that it speaks of.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::Case;
use crate::artifacts::quality::{self, Results};
use crate::artifacts::trajectory::{self, Metrics};
use crate::domain::Verdict;
use crate::domain::baseline::Weight;
use crate::domain::secret::{Hide as _, Redactor};
use crate::grade::{Compat, Grading, Log, Material, grade};

/// The version of the rules that this build grades by. Grows when a rule changes.
pub const GRADER: u32 = 3;

/// The version of `verdict.json` that this build writes.
const VERSION: u32 = 1;

/// A verdict with all that is behind it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Judgement {
    /// Of the format.
    pub version: u32,
    /// The [`GRADER`] of the program that graded.
    pub grader: u32,
    /// In brief.
    pub verdict: Verdict,
    /// No code under test can have had a say in it. False wherever tests ran: they and the framework are one process, and
    /// code that replaces the framework speaks just as it does.
    #[serde(default)]
    pub sealed: bool,
    /// Bytes of the model's patch.
    pub patch_bytes: u64,
    /// What the agent took.
    pub metrics: Metrics,
    /// Whether the agent was one whose verdicts calibrate: `gold`, `noop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibrates: Option<String>,
    /// The image that the tests ran in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// What stands out, by name.
    pub findings: Vec<Remark>,
    /// Every expected test, and how it was found. None where nothing was graded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grading: Option<Box<RawValue>>,
}

/// Something that stands out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// The same for all of its kind.
    pub name: String,
    /// In one line. May quote a job: untrusted.
    pub what: String,
}

impl Case {
    /// Grades the evidence; none if the evaluation never came to its end. What looks like a secret is hidden in all
    /// that it quotes, whether it runs on a host or here.
    pub fn grade(&self, how: Compat) -> Option<Grading> {
        let evidence = self.evidence.as_ref()?;
        let material = Material {
            instance: &self.instance,
            evidence,
            log: Log::from(&self.log),
            weight: self.swe.agent.calibrates().and_then(Weight::of),
            baselines: &self.swe.baselines,
            report: &self.report,
        };
        let mut grading = grade(&material, how);
        grading.verdict.hide(&Redactor::new());
        for note in &mut grading.findings {
            note.what.hide(&Redactor::new());
        }
        Some(grading)
    }

    /// Grades the evidence by our own rules and looks at the quality of it all; none if there is no evidence.
    pub fn judge(&self) -> Result<Option<Judgement>, serde_json::Error> {
        let (Some(grading), Some(evidence)) = (self.grade(Compat::Fleet), &self.evidence) else {
            return Ok(None);
        };
        let trajectory = self
            .trajectory
            .as_deref()
            .and_then(|text| trajectory::read(text).ok());
        let files: BTreeSet<&str> = self.files.iter().map(String::as_str).collect();
        let quality = quality::check(&Results {
            instance: &self.instance,
            agent: &self.swe.agent,
            trajectory: trajectory.as_ref(),
            evaluation: Some((evidence, self.log.whole(), &grading)),
            files: &files,
        });
        let mut findings: Vec<Remark> = Vec::new();
        for note in &grading.findings {
            findings.push(Remark {
                name: note.name.word().to_owned(),
                what: note.what.clone(),
            });
        }
        // What grading has said already is not said again.
        let told: BTreeSet<String> = findings.iter().map(|remark| remark.name.clone()).collect();
        let quality = quality
            .into_iter()
            .filter(|finding| !told.contains(finding.name.as_str()));
        findings.extend(quality.map(|finding| Remark {
            name: finding.name.to_string(),
            what: Redactor::new().hidden(&finding.what),
        }));
        Ok(Some(Judgement {
            version: VERSION,
            grader: GRADER,
            sealed: evidence.tests.is_none(),
            patch_bytes: evidence.patch.bytes,
            metrics: trajectory
                .map(|trajectory| trajectory.metrics)
                .unwrap_or_default(),
            calibrates: self.swe.agent.calibrates().map(str::to_owned),
            image: evidence.image.clone(),
            findings,
            grading: Some(to_raw_value(&grading)?),
            verdict: grading.verdict,
        }))
    }
}

impl Judgement {
    /// The bytes of `verdict.json`.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// Reads `verdict.json`; none if this build does not understand it, or would grade otherwise.
    pub fn read(text: &[u8]) -> Option<Judgement> {
        let judgement: Judgement = serde_json::from_slice(text).ok()?;
        (judgement.version == VERSION && judgement.grader == GRADER).then_some(judgement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evidence::{self, Applied, Evidence, Patch, Tests};
    use crate::domain::swe::{Agent, Evaluation, Image, Source, Swe};
    use crate::domain::time::Span;
    use crate::domain::{Instance, Sha256};
    use crate::grade::Printed;

    #[test]
    fn what_grading_and_quality_both_see_is_named_once() {
        let instance: Instance = serde_json::from_value(serde_json::json!({
            "instance_id": "1319603449576684",
            "repo": "12rambau/sepal_ui",
            "base_commit": "97371fbaed444727126a2969cd68f856db77221f",
            "FAIL_TO_PASS": ["t.py::a"],
            "PASS_TO_PASS": [],
            "test_command": "pytest -rA",
            "test_output_parser": "python/parse_log_pytest_v3",
        }))
        .unwrap();
        let swe = Swe {
            image: Image {
                source: Source::Engine("x:1".to_owned()),
                tags: vec!["x:1".to_owned()],
                base_commit: "97371fbaed444727126a2969cd68f856db77221f".to_owned(),
                repo_path: "/app/repo".to_owned(),
                platform: "linux/amd64".to_owned(),
                repairs: Vec::new(),
            },
            agent: Agent::Gold,
            evaluation: Evaluation {
                tests: Span::seconds(1),
                network: "none".to_owned(),
                memory: None,
                shares: None,
                processes: 1,
                log_cap: 1,
            },
            baselines: Vec::new(),
        };
        let evidence = Evidence {
            version: evidence::VERSION,
            image: None,
            loaded: None,
            repo_path: None,
            dataset: Sha256::of(b"dataset"),
            patch: Patch {
                bytes: 500,
                applied_bytes: 500,
                state: Applied::Git,
                said: String::new(),
            },
            golden: Vec::new(),
            tests: Some(Tests {
                exit: Some(1),
                timed_out: false,
                took: Span::seconds(1),
                output: 9,
                cut: true,
                stdout: None,
                network: None,
                memory: Some(1 << 30),
                out_of_memory: true,
            }),
            put_back: Vec::new(),
            report: None,
            sound: false,
            fault: None,
        };
        let case = Case {
            instance,
            swe,
            trajectory: None,
            evidence: Some(evidence),
            log: Printed::read(b"no test here\n".to_vec(), None),
            report: String::new(),
            files: BTreeSet::new(),
        };
        let judgement = case.judge().unwrap().unwrap();
        for name in ["no-tests", "log-cut", "tests-out-of-memory"] {
            let found = judgement.findings.iter().filter(|finding| finding.name == name);
            assert_eq!(found.count(), 1, "{name}: {:?}", judgement.findings);
        }
    }
}
