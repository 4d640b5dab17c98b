//! One host: its facts, what it saw of the harness, and whether that is the one that is pinned.

use super::super::{Project, harness};
use super::advice::advice;
use super::facts;
use super::health_check::{HealthCheck, check};
use crate::domain::Lock;
use crate::domain::deploy::Look;
use crate::domain::exam::{CheckResult, Inspect, Section, Subject};
use crate::domain::host::HostConfig;
use crate::domain::memory::MemoryLimit;
use crate::domain::tree::short;
use crate::domain::wire::{Answer, Ask};
use crate::pipeline;
use crate::report::words;
use crate::transport::{Call, LinkError};

/// What is asked of every host.
pub(super) struct HostQuestions {
    mend: bool,
    /// The platform of images, where jobs start containers.
    platform: Option<String>,
    /// The memory of tests, where `fleet.toml` says how much.
    memory: Option<MemoryLimit>,
    /// The sections of the harness's settings; none where no agent is the harness.
    sections: Option<Vec<Section>>,
    /// Phases use the harness by themselves.
    phases: bool,
    critical: Vec<String>,
    lock: Option<Lock>,
}

impl HostQuestions {
    /// As the pipelines want it.
    pub(super) fn new(project: &Project, mend: bool) -> HostQuestions {
        let config = &project.config;
        let containers = config.pipelines.iter().any(|pipeline| pipeline.containers);
        let sections = pipeline::sections(config).map(|sections| {
            let section = |(name, keyless)| Section { name, keyless };
            sections.into_iter().map(section).collect()
        });
        HostQuestions {
            mend,
            platform: containers.then(|| config.images.platform.clone()),
            memory: config.test_memory(),
            sections,
            phases: config.pipelines.iter().any(pipeline::speaks_of_harness),
            critical: config.harness.critical(),
            // That it cannot be read is said elsewhere.
            lock: harness::read_lock(project).unwrap_or_default(),
        }
    }

    fn examine(&self, host: &HostConfig) -> Inspect {
        let used = self.phases || self.sections.is_some();
        let subject = host.harness.clone().filter(|_| used).map(|at| Subject {
            at,
            // It is not known what a script of phases needs; but what is pinned must be there.
            critical: if self.sections.is_some() || self.lock.is_some() {
                self.critical.clone()
            } else {
                Vec::new()
            },
            sections: self.sections.clone().unwrap_or_default(),
            python: self.sections.is_some(),
        });
        Inspect {
            harness: subject,
            containers: self.platform.is_some(),
            mend: self.mend,
        }
    }
}

/// Everything that is checked of a host.
pub(super) async fn check_host(
    project: &Project,
    host: &HostConfig,
    questions: &HostQuestions,
) -> Vec<HealthCheck> {
    match ask(project, host, questions).await {
        Ok(checks) => checks,
        Err(error) => vec![unreachable(host, &error)],
    }
}

fn unreachable(host: &HostConfig, error: &LinkError) -> HealthCheck {
    let remedy = error
        .hint()
        .unwrap_or_else(|| "is it up? try `ssh` by hand".to_owned());
    check(host.name.as_str(), "link", error.bare().to_string(), Some(remedy))
}

async fn ask(
    project: &Project,
    host: &HostConfig,
    questions: &HostQuestions,
) -> Result<Vec<HealthCheck>, LinkError> {
    let mut call = project.transport.open(host).await?.call();
    let asked = converse(&mut call, host, questions).await;
    call.hang_up().await;
    asked
}

async fn converse(
    call: &mut Call,
    host: &HostConfig,
    questions: &HostQuestions,
) -> Result<Vec<HealthCheck>, LinkError> {
    let name = host.name.as_str();
    let failed = |why: String| {
        let remedy = "look at the disk and at the runner's directory there (~/.fleet)".to_owned();
        check(name, "runner", why, Some(remedy))
    };
    let mut checks = match call.ask(Ask::Probe).await? {
        Answer::Facts(found) => {
            facts::check_facts(host, &found, questions.platform.as_deref(), questions.memory)
        }
        Answer::Failed(why) => vec![failed(why)],
        other => return Err(odd(host, &other)),
    };
    let examine = questions.examine(host);
    let looks_at_harness = examine.harness.is_some();
    match call.ask(Ask::Examine(Box::new(examine))).await? {
        Answer::Observations(seen) => checks.extend(seen.into_iter().map(|seen| observed(host, seen))),
        Answer::Failed(why) => checks.push(failed(why)),
        other => return Err(odd(host, &other)),
    }
    if let Some(lock) = questions.lock.as_ref().filter(|_| looks_at_harness) {
        checks.extend(drift(call, host, lock).await);
    }
    Ok(checks)
}

fn odd(host: &HostConfig, answer: &Answer) -> LinkError {
    LinkError::Handshake(format!("unexpected answer {answer:?}")).on(&host.name)
}

fn observed(host: &HostConfig, seen: CheckResult) -> HealthCheck {
    let remedy = (!seen.ok).then(|| advice(seen.what, host));
    let mut check = check(host.name.as_str(), seen.what.word(), seen.found, remedy);
    check.fix = seen.safe;
    check.fixed = seen.done;
    check
}

/// The critical files, against `fleet.lock`. One that is missing has been told already.
async fn drift(call: &mut Call, host: &HostConfig, lock: &Lock) -> Option<HealthCheck> {
    let name = host.name.as_str();
    let paths = Look::Paths(lock.critical().to_vec());
    let found = harness::inspect_harness(call, host, paths).await.ok()?;
    let drift = lock.tree().part(lock.critical()).drift(&found.tree);
    let changed: Vec<&str> = drift
        .iter()
        .filter(|drift| drift.found.is_some())
        .map(|drift| drift.path.as_str())
        .collect();
    if changed.is_empty() {
        let found = format!("as fleet.lock pins it ({})", short(lock.digest()));
        return drift.is_empty().then(|| check(name, "drift", found, None));
    }
    let found = format!(
        "{} not what fleet.lock pins: {}",
        words::count(changed.len(), "file is", "files are"),
        changed.join(", ")
    );
    let remedy = format!("`fleet verify {name}` shows it, `fleet deploy DIR --host {name}` mends it");
    Some(check(name, "drift", found, Some(remedy)))
}
