//! Assignments and datasets, checked before anything runs: every fault of every file at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Problem, ProblemKind, assignment, datasets};
use crate::config::{Config, NO_NETWORK, Pipeline};
use crate::dataset;
use crate::domain::swe::Source;
use crate::domain::{Instance, InstanceId, PipelineName, Sha256, image};
use crate::grade;

/// A file without fault.
#[derive(Debug, Serialize)]
pub struct CheckedFile {
    /// Its name.
    pub file: String,
    /// What it is.
    pub kind: CheckedKind,
    /// What it holds.
    pub instances: Vec<CheckedInstance>,
    /// What is no fault, and will disappoint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckedKind {
    /// It says which host does what.
    Assignment,
    /// It holds instances.
    Dataset,
}

/// An instance, as a file has it.
#[derive(Debug, Serialize)]
pub struct CheckedInstance {
    /// Which.
    pub instance_id: InstanceId,
    /// Of a dataset: where it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Of an assignment: how many jobs it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<usize>,
    /// None, where a program of the user makes of the dataset what it will.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<InstanceData>,
}

/// What is known of an instance.
#[derive(Debug, Serialize)]
pub struct InstanceData {
    /// Docker's network that its tests will have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// What its test command is known to install packages by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installs: Option<String>,
    /// The repository.
    pub repo: String,
    /// Where the work begins.
    pub base_commit: String,
    /// Where the repository is in the image.
    pub repo_path: String,
    /// Its language.
    pub language: String,
    /// What runs the tests.
    pub test_command: String,
    /// What reads their output.
    pub parser: String,
    /// How many tests must pass now.
    pub fail_to_pass: usize,
    /// How many must pass still.
    pub pass_to_pass: usize,
    /// How many patches bring tests.
    pub test_patches: usize,
    /// How many are its own solution.
    pub gold_patches: usize,
    /// Where its image comes from.
    pub image: String,
    /// What that is.
    pub taken_from: ImageOrigin,
    /// The names that the image gets on a host.
    pub tags: Vec<String>,
}

/// What the image is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageOrigin {
    /// An archive in an object store.
    Archive,
    /// A reference that the engine has, or pulls.
    Reference,
}

/// Checks these files, assignments and datasets.
pub fn check_files(files: &[PathBuf], config: &Config) -> Result<Vec<CheckedFile>, Problem> {
    let (mut checked, mut faults) = (Vec::new(), Vec::new());
    for path in files {
        match check_file(path, config) {
            Ok(file) => checked.push(file),
            Err(problem) => faults.push(problem),
        }
    }
    Problem::merged(faults).map_or(Ok(checked), Err)
}

fn check_file(path: &Path, config: &Config) -> Result<CheckedFile, Problem> {
    let file = datasets::display_path(path);
    let text = datasets::read_text(path, &file, datasets::LARGEST_FILE)
        .map_err(|what| Problem::new(ProblemKind::Input, what))?;
    let lines = path.extension().is_some_and(|ending| ending == "jsonl");
    if !lines && !dataset::is_dataset(&text) {
        let instances = list_planned(&assignment::read_assignment(path, config)?, config)?;
        return Ok(CheckedFile {
            file,
            kind: CheckedKind::Assignment,
            warnings: find_warnings(&instances),
            instances,
        });
    }
    let reading = datasets::read_dataset(&text, &file);
    if !reading.findings.is_empty() {
        return Err(Problem::findings(&file, &reading.findings));
    }
    let pipeline = config
        .fleet
        .pipeline
        .as_ref()
        .and_then(|name| config.pipeline(name));
    let rows = reading.found.iter().map(|found| {
        Ok(CheckedInstance {
            instance_id: found.instance.id.clone(),
            line: Some(found.line),
            jobs: None,
            data: Some(InstanceData::of(&found.instance, Some(&file), pipeline, config)?),
        })
    });
    let instances = rows.collect::<Result<Vec<_>, Problem>>()?;
    Ok(CheckedFile {
        kind: CheckedKind::Dataset,
        warnings: find_warnings(&instances),
        instances,
        file,
    })
}

/// So many ids are named in a warning.
const NAMED: usize = 3;

/// What will disappoint: tests that install packages as they begin, and will have no network for it; instances that cannot
/// be calibrated.
fn find_warnings(rows: &[CheckedInstance]) -> Vec<String> {
    let mut without: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let (mut no_gold, mut no_tests) = (Vec::new(), Vec::new());
    for row in rows {
        let (id, Some(data)) = (row.instance_id.as_str(), &row.data) else {
            continue;
        };
        if let (Some(installs), Some(NO_NETWORK)) = (&data.installs, data.network.as_deref()) {
            without.entry(installs).or_default().push(id);
        }
        if data.gold_patches == 0 {
            no_gold.push(id);
        }
        if data.test_patches == 0 {
            no_tests.push(id);
        }
    }
    let installs = without.into_iter().map(|(installs, ids)| {
        format!(
            "the test command of {} installs packages (`{installs}`), and `network` is none for it; \
             if the image does not hold them, name these instances in a [[network]] of fleet.toml",
            name_some(ids)
        )
    });
    let mut warnings: Vec<String> = installs.collect();
    if !no_gold.is_empty() {
        warnings.push(format!(
            "{} cannot be calibrated: `patch` is empty, so whether the tests can be passed is not to be tried",
            name_some(no_gold)
        ));
    }
    if !no_tests.is_empty() {
        warnings.push(format!(
            "`test_patch` of {} is empty: unless the image holds the tests already, nothing can be resolved",
            name_some(no_tests)
        ));
    }
    warnings
}

/// The first ids, and how many more there are.
fn name_some(mut ids: Vec<&str>) -> String {
    ids.dedup();
    let more = ids.len().saturating_sub(NAMED);
    ids.truncate(NAMED);
    let named = ids.join(", ");
    if more > 0 {
        format!("{named} and {more} more")
    } else {
        named
    }
}

/// What jobs of an assignment have in common: instance, native pipeline, data, and the file that it is from.
type Planned<'a> = (
    &'a InstanceId,
    Option<&'a PipelineName>,
    Option<Sha256>,
    Option<&'a str>,
);

/// What an assignment comes to, by instance and what its jobs get of it.
fn list_planned(
    assignment: &assignment::Assignment,
    config: &Config,
) -> Result<Vec<CheckedInstance>, Problem> {
    let mut counts: BTreeMap<Planned<'_>, usize> = BTreeMap::new();
    for job in &assignment.jobs {
        let pipeline = config.pipeline(&job.pipeline);
        let native = pipeline.is_some_and(Pipeline::is_native);
        let sha256 = job.dataset.as_ref().map(|dataset| dataset.sha256);
        let file = job.dataset.as_ref().map(|dataset| dataset.path.as_ref());
        let pipeline = native.then_some(&job.pipeline);
        *counts.entry((&job.instance, pipeline, sha256, file)).or_default() += 1;
    }
    let bodies: BTreeMap<Sha256, &str> = assignment
        .set
        .datasets
        .iter()
        .map(|dataset| (dataset.sha256, dataset.body.as_str()))
        .collect();
    let rows = counts.into_iter().map(|((id, pipeline, sha256, file), jobs)| {
        let pipeline = pipeline.and_then(|name| config.pipeline(name));
        let body = sha256
            .filter(|_| pipeline.is_some())
            .and_then(|sha256| bodies.get(&sha256));
        let data = body.map(|body| {
            let instance = serde_json::from_str(body)
                .map_err(|error| Problem::new(ProblemKind::Internal, error.to_string()))?;
            InstanceData::of(&instance, file, pipeline, config)
        });
        Ok(CheckedInstance {
            instance_id: id.clone(),
            line: None,
            jobs: Some(jobs),
            data: data.transpose()?,
        })
    });
    rows.collect()
}

impl InstanceData {
    fn of(
        instance: &Instance,
        file: Option<&str>,
        pipeline: Option<&Pipeline>,
        config: &Config,
    ) -> Result<InstanceData, Problem> {
        let images = &config.images;
        let source = image::source(instance, images.places())
            .map_err(|bad| Problem::new(ProblemKind::Input, format!("{}: its image {bad}", instance.id)))?;
        let tags = image::tags(instance)
            .map_err(|bad| Problem::new(ProblemKind::Input, format!("{}: its id {bad}", instance.id)))?;
        let network = |pipeline| config.network_of(instance.id.as_str(), file, pipeline).to_owned();
        Ok(InstanceData {
            network: pipeline.map(network),
            installs: grade::installs(&instance.test_command),
            repo: instance.repo.clone(),
            base_commit: instance.base_commit.clone(),
            repo_path: instance.repo_path.clone(),
            language: instance.language.clone(),
            test_command: instance.test_command.clone(),
            parser: instance.parser.clone(),
            fail_to_pass: instance.fail_to_pass.len(),
            pass_to_pass: instance.pass_to_pass.len(),
            test_patches: instance.test_patches.len(),
            gold_patches: instance.gold_patches.len(),
            image: source.to_string(),
            taken_from: match source {
                Source::Object { .. } => ImageOrigin::Archive,
                Source::Engine(_) => ImageOrigin::Reference,
            },
            tags,
        })
    }
}
