//! `fleet check`: read assignments and datasets, and tell everything that is wrong with them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::context::Context;
use super::printer::Printer;
use super::{CommandError, Kind, assignment, datasets, exit};
use crate::config::{Config, NO_NETWORK, Pipeline};
use crate::dataset;
use crate::domain::swe::Source;
use crate::domain::{Instance, InstanceId, PipelineName, Sha256, image};
use crate::grade;
use crate::report::table::{Table, left, right};
use crate::report::text::printable;
use crate::report::words;

/// Check assignments and datasets before anything runs: every fault of every file at once
///
/// A dataset is a file of instances (.jsonl, or .json with one or a list of them), an assignment is a .json
/// that says which host does what; its datasets are checked with it. If all is well, lists what was understood.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet check assignments/phase8.json
  fleet check datasets/*.jsonl
  fleet check --json data.jsonl | jq '.files[].instances[].data | [.image, .tags]'")]
pub(super) struct Args {
    /// Assignment and dataset files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The JSON form.
#[derive(Debug, Serialize)]
struct Listing {
    version: u32,
    files: Vec<Checked>,
}

/// A file without fault.
#[derive(Debug, Serialize)]
struct Checked {
    file: String,
    kind: What,
    instances: Vec<Row>,
    /// What is no fault, and will disappoint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    Assignment,
    Dataset,
}

#[derive(Debug, Serialize)]
struct Row {
    instance_id: InstanceId,
    /// Of a dataset: where it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    /// Of an assignment: how many jobs it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    jobs: Option<usize>,
    /// None, where a program of the user makes of the dataset what it will.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data>,
}

#[derive(Debug, Serialize)]
struct Data {
    /// Docker's network that its tests will have.
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<String>,
    /// What its test command is known to install packages by.
    #[serde(skip_serializing_if = "Option::is_none")]
    installs: Option<String>,
    repo: String,
    base_commit: String,
    repo_path: String,
    language: String,
    test_command: String,
    parser: String,
    fail_to_pass: usize,
    pass_to_pass: usize,
    test_patches: usize,
    gold_patches: usize,
    image: String,
    taken_from: TakenFrom,
    /// The names that the image gets on a host.
    tags: Vec<String>,
}

/// What the image is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum TakenFrom {
    /// An archive in an object store.
    Archive,
    /// A reference that the engine has, or pulls.
    Reference,
}

pub(super) fn run(args: &Args, context: &Context, printer: &Printer) -> Result<exit::VerbExit, CommandError> {
    let mut files = Vec::new();
    let mut faults = Vec::new();
    for path in &args.files {
        match check(path, &context.config) {
            Ok(file) => files.push(file),
            Err(error) => faults.push(error),
        }
    }
    if let Some(error) = CommandError::all(faults) {
        return Err(error);
    }
    if args.json {
        printer.json(&Listing { version: 1, files })?;
        return Ok(exit::OK);
    }
    for file in &files {
        if files.len() > 1 {
            printer.heading(&file.file)?;
        }
        printer.data(&file.table().render(printer.width()))?;
        for row in &file.instances {
            if let Some(data) = &row.data {
                printer.data(&data.details(&row.instance_id))?;
            }
        }
        for warning in &file.warnings {
            printer.say(&format!("warning: {warning}"));
        }
    }
    printer.say(&format!(
        "no fault in {}",
        words::count(files.len(), "file", "files")
    ));
    Ok(exit::OK)
}

fn check(path: &Path, config: &Config) -> Result<Checked, CommandError> {
    let file = datasets::shown(path);
    let text = datasets::text(path, &file, datasets::LARGEST_FILE)
        .map_err(|what| CommandError::new(Kind::Input, what))?;
    let lines = path.extension().is_some_and(|ending| ending == "jsonl");
    if !lines && !dataset::is_dataset(&text) {
        let instances = planned(&assignment::read(path, config)?, config)?;
        return Ok(Checked {
            file,
            kind: What::Assignment,
            warnings: warnings(&instances),
            instances,
        });
    }
    let reading = datasets::read(&text, &file);
    if !reading.findings.is_empty() {
        return Err(CommandError::findings(&file, &reading.findings));
    }
    let pipeline = config
        .fleet
        .pipeline
        .as_ref()
        .and_then(|name| config.pipeline(name));
    let rows = reading.found.iter().map(|found| {
        Ok(Row {
            instance_id: found.instance.id.clone(),
            line: Some(found.line),
            jobs: None,
            data: Some(Data::of(&found.instance, Some(&file), pipeline, config)?),
        })
    });
    let instances = rows.collect::<Result<Vec<_>, CommandError>>()?;
    Ok(Checked {
        kind: What::Dataset,
        warnings: warnings(&instances),
        instances,
        file,
    })
}

/// So many ids are named in a warning.
const NAMED: usize = 3;

/// What will disappoint: tests that install packages as they begin, and will have no network for it; instances that cannot
/// be calibrated.
fn warnings(rows: &[Row]) -> Vec<String> {
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
            some(ids)
        )
    });
    let mut warnings: Vec<String> = installs.collect();
    if !no_gold.is_empty() {
        warnings.push(format!(
            "{} cannot be calibrated: `patch` is empty, so whether the tests can be passed is not to be tried",
            some(no_gold)
        ));
    }
    if !no_tests.is_empty() {
        warnings.push(format!(
            "`test_patch` of {} is empty: unless the image holds the tests already, nothing can be resolved",
            some(no_tests)
        ));
    }
    warnings
}

/// The first ids, and how many more there are.
fn some(mut ids: Vec<&str>) -> String {
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
fn planned(assignment: &assignment::Assignment, config: &Config) -> Result<Vec<Row>, CommandError> {
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
                .map_err(|error| CommandError::new(Kind::Internal, error.to_string()))?;
            Data::of(&instance, file, pipeline, config)
        });
        Ok(Row {
            instance_id: id.clone(),
            line: None,
            jobs: Some(jobs),
            data: data.transpose()?,
        })
    });
    rows.collect()
}

impl Data {
    fn of(
        instance: &Instance,
        file: Option<&str>,
        pipeline: Option<&Pipeline>,
        config: &Config,
    ) -> Result<Data, CommandError> {
        let images = &config.images;
        let source = image::source(instance, images.places())
            .map_err(|bad| CommandError::new(Kind::Input, format!("{}: its image {bad}", instance.id)))?;
        let tags = image::tags(instance)
            .map_err(|bad| CommandError::new(Kind::Input, format!("{}: its id {bad}", instance.id)))?;
        let network = |pipeline| config.network_of(instance.id.as_str(), file, pipeline).to_owned();
        Ok(Data {
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
                Source::Object { .. } => TakenFrom::Archive,
                Source::Engine(_) => TakenFrom::Reference,
            },
            tags,
        })
    }

    /// What a person compares with what the harness says, uncut.
    fn details(&self, id: &InstanceId) -> String {
        let from = match self.taken_from {
            TakenFrom::Archive => "archive",
            TakenFrom::Reference => "reference",
        };
        let mut lines = vec![
            ("repo", format!("{} at {}", self.repo, self.base_commit)),
            (from, printable(&self.image).into_owned()),
        ];
        lines.extend(self.tags.iter().map(|tag| ("tag", tag.clone())));
        lines.push(("tests", printable(&self.test_command).into_owned()));
        let lines = lines.iter().map(|(key, value)| format!("  {key:<9}  {value}\n"));
        format!("\n{id}\n{}", lines.collect::<String>())
    }
}

impl Checked {
    fn table(&self) -> Table {
        let count = match self.kind {
            What::Assignment => "jobs",
            What::Dataset => "line",
        };
        let mut table = Table::new(&[
            left("instance"),
            right(count),
            left("parser"),
            right("f2p"),
            right("p2p"),
        ]);
        for row in &self.instances {
            let count = row.jobs.unwrap_or_default().to_string();
            let count = row.line.map_or(count, |line| line.to_string());
            let id = row.instance_id.as_str();
            match &row.data {
                Some(data) => table.row([
                    id,
                    &count,
                    &data.parser,
                    &data.fail_to_pass.to_string(),
                    &data.pass_to_pass.to_string(),
                ]),
                None => table.row([id, &count, "(a program of yours reads it)", "", ""]),
            }
        }
        table
    }
}
