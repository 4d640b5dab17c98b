//! `fleet.toml`: what the user says of the fleet, read completely or refused completely.
//!
//! Invariant: a [`Config`] has no fault that reading it could have shown. All faults come at once, each
//! with its place and a way out.

mod agent_kind;
mod check;
mod field;
pub mod finding;
mod keys;
mod kind;
mod native;
pub(crate) mod node;
mod reference;
mod schema;
mod table;
pub mod template;
mod value;
#[cfg(test)]
mod tests;

use toml::de::DeTable;

pub use agent_kind::AgentKind;
pub use finding::Finding;
pub use keys::{Agent, Coordinator, Harness, Images, Model, Network, Phase, Pipeline, Repair, Runner, Ssh};
pub(crate) use kind::{path_fault, variable_fault};
pub use reference::reference;
pub use schema::schema;
pub(crate) use schema::{NAME, VARIABLE};

use crate::domain::host::{HostConfig, Reach};
use crate::domain::image::ImagePlaces;
use crate::domain::memory::MemoryLimit;
use crate::domain::runtime;
use crate::domain::swe::Task;
use crate::domain::tree::CRITICAL;
use crate::domain::{HostName, ModelName, PipelineName};
use finding::{Faults, Places};
use keys::{Defaults, File, Host};
use value::{Field as _, Row, Value};

/// The manual of every key, with its default; `fleet init` writes it with one host of its own.
pub const DEFAULT: &str = include_str!("../../fleet.toml");

/// The `fleet.toml` of `fleet init --local`: works on this machine at once, without Docker and ssh.
pub const LOCAL: &str = include_str!("local.toml");

/// The host of a `fleet.toml` that was just begun.
const FIRST_HOST: &str = r#"# Name yours here: a destination that `ssh` reaches without asking for anything.
[[host]]
name = "eval1"
ssh = "user@eval1.example.org"
# slots = 2
# tags = ["big-disk"]

"#;

/// The manual of every key, with one host to be renamed in place of those of this repository.
pub fn starter() -> String {
    let mut out = String::new();
    let mut in_host = false;
    let mut is_first = true;
    for line in DEFAULT.split_inclusive('\n') {
        in_host = line.trim_end() == "[[host]]" || (in_host && !line.trim().is_empty());
        match in_host {
            true if is_first => {
                out.push_str(FIRST_HOST);
                is_first = false;
            }
            true => {}
            // The blank line after each host goes with it.
            false if line.trim().is_empty() && out.ends_with("\n\n") => {}
            false => out.push_str(line),
        }
    }
    out
}

/// Docker's network for tests, where `fleet.toml` names no other.
pub const NO_NETWORK: &str = "none";

/// A whole `fleet.toml`, with every default filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The coordinator.
    pub fleet: Coordinator,
    /// How hosts are reached.
    pub ssh: Ssh,
    /// The fleet binary for hosts of another architecture.
    pub runner: Runner,
    /// The hosts, in the order of the file.
    pub hosts: Vec<HostConfig>,
    /// Where the images of instances are.
    pub images: Images,
    /// The harness on the hosts.
    pub harness: Harness,
    /// What is mended in images.
    pub repairs: Vec<Repair>,
    /// Tests that get another network than their pipeline's.
    pub networks: Vec<Network>,
    /// Who makes trajectories.
    pub agents: Vec<Agent>,
    /// The models, in the order of the file.
    pub models: Vec<Model>,
    /// The pipelines, in the order of the file.
    pub pipelines: Vec<Pipeline>,
}

impl Config {
    /// Reads the text of a `fleet.toml`; `file` is what messages call it.
    pub fn parse(text: &str, file: &str) -> Result<Config, Vec<Finding>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut faults = Faults::default();
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut whole = true;
        for error in errors {
            let at = error.span().map_or(text.len(), |span| span.start);
            faults.add(at, format!("this is not TOML: {}", error.message()));
            // Any other error leaves a torn table, of which nothing more should be said.
            whole &= error.message() == "duplicate key";
        }
        let row = if whole {
            table::read(File::KEYS, table.get_ref(), 0, &mut faults)
        } else {
            Row::default()
        };
        check::across(&row, &mut faults);
        let findings = faults.findings(file, &Places::of(text));
        let file = File::read(Some(&Value::Row(row)));
        match file {
            Some(file) if findings.is_empty() => Ok(Config::of(file)),
            Some(_) | None => Err(findings),
        }
    }

    fn of(file: File) -> Config {
        let hosts = file.host.into_iter().map(|host| merge(host, &file.defaults));
        Config {
            fleet: file.fleet,
            ssh: file.ssh,
            runner: file.runner,
            hosts: hosts.collect(),
            images: file.images,
            harness: file.harness,
            repairs: file.repair,
            networks: file.network,
            agents: file.agent,
            models: file.model,
            pipelines: file.pipeline,
        }
    }

    /// Docker's network for the tests of this instance, taken from this dataset file: as a `[[network]]` has it, which
    /// may name the instance or else the file; else as the pipeline's evaluation has it.
    pub fn network_of<'c>(
        &'c self,
        instance: &str,
        dataset: Option<&str>,
        pipeline: &'c Pipeline,
    ) -> &'c str {
        let by_id = |network: &&Network| network.instances.iter().any(|id| id == instance);
        let by_file = |network: &&Network| {
            let is_it = |file: &String| dataset.is_some_and(|dataset| below(file) == below(dataset));
            network.datasets.iter().any(is_it)
        };
        let named = self.networks.iter().find(by_id);
        let named = named.or_else(|| self.networks.iter().find(by_file));
        let usual = || pipeline.task(Task::Evaluation)?.network.as_deref();
        named
            .map(|network| network.name.as_str())
            .or_else(usual)
            .unwrap_or(NO_NETWORK)
    }

    /// The most memory that the tests of any pipeline get; none where it is left to the host.
    pub fn test_memory(&self) -> Option<MemoryLimit> {
        let limits = self.pipelines.iter();
        let limits = limits.filter_map(|pipeline| pipeline.task(Task::Evaluation)?.memory);
        limits.max_by_key(|limit| match limit {
            MemoryLimit::Bytes(bytes) => *bytes,
            MemoryLimit::Unlimited => u64::MAX,
        })
    }

    /// The repositories of the runtime images that the harness builds: as `[images]` has them, else the harness's own and
    /// what the agents' variables say.
    pub fn runtimes(&self) -> Vec<String> {
        if let Some(repositories) = &self.images.runtime_repositories {
            return repositories.clone();
        }
        let agents = self.agents.iter().map(|agent| &agent.env);
        let told = agents.chain(self.models.iter().map(|model| &model.set));
        let told = told.filter_map(|env| env.get(runtime::VARIABLE));
        let mut all = vec![runtime::REPOSITORY.to_owned()];
        for repository in told {
            if !repository.is_empty() && !all.contains(repository) {
                all.push(repository.clone());
            }
        }
        all
    }

    /// The host of this name.
    pub fn host(&self, name: &HostName) -> Option<&HostConfig> {
        self.hosts.iter().find(|host| host.name == *name)
    }

    /// The model of this name.
    pub fn model(&self, name: &ModelName) -> Option<&Model> {
        self.models.iter().find(|model| model.name == *name)
    }

    /// The pipeline of this name.
    pub fn pipeline(&self, name: &PipelineName) -> Option<&Pipeline> {
        self.pipelines.iter().find(|pipeline| pipeline.name == *name)
    }

    /// Who works for a model in a pipeline: the model's own agent, or else the pipeline's.
    pub fn agent_of<'c>(&'c self, model: &ModelName, pipeline: &'c Pipeline) -> Option<&'c str> {
        let own = self.model(model).and_then(|model| model.agent.as_deref());
        own.or_else(|| pipeline.task(Task::Trajectory)?.agent.as_deref())
    }
}

impl Harness {
    /// The files that decide what a result is worth.
    pub fn critical(&self) -> Vec<String> {
        if self.critical.is_empty() {
            return CRITICAL.map(str::to_owned).to_vec();
        }
        self.critical.clone()
    }
}

impl Images {
    /// Where images are.
    pub fn places(&self) -> ImagePlaces<'_> {
        ImagePlaces {
            bucket: &self.bucket,
            prefix: &self.prefix,
            registries: &self.registries,
        }
    }
}

impl Pipeline {
    /// Does `fleet` do phases of it itself? Then its jobs need an instance, not just any dataset.
    pub fn is_native(&self) -> bool {
        self.phase.iter().any(|phase| phase.does.is_some())
    }

    /// The phase that is this task.
    pub fn task(&self, task: Task) -> Option<&Phase> {
        self.phase.iter().find(|phase| phase.does == Some(task))
    }

    /// Does it need to know where a host's harness is?
    pub fn needs_harness(&self) -> bool {
        self.phase.iter().any(|phase| {
            let argv: Vec<&str> = phase.run.iter().map(String::as_str).collect();
            let scripts = template::scripts(&argv);
            let words = argv.iter().zip(scripts).filter(|(_, script)| !script);
            let others = phase.cwd.iter().chain(phase.env.values());
            words
                .map(|(word, _)| *word)
                .chain(others.map(String::as_str))
                .any(|word| template::mentions(word, "harness"))
        })
    }
}

/// A path without what leads out of the directory that names it: an assignment names `../data/x`, a person `data/x`.
fn below(path: &str) -> &str {
    let mut path = path;
    while let Some(rest) = path.strip_prefix("../").or_else(|| path.strip_prefix("./")) {
        path = rest;
    }
    path
}

fn merge(host: Host, defaults: &Defaults) -> HostConfig {
    let reach = if host.local {
        Reach::Local
    } else {
        Reach::Ssh(host.ssh.unwrap_or_else(|| format!("aws-instance-{}", host.name)))
    };
    HostConfig {
        name: host.name,
        reach,
        slots: host.slots.unwrap_or(defaults.slots),
        arch: host.arch.unwrap_or_else(|| defaults.arch.clone()),
        tags: host.tags.unwrap_or_else(|| defaults.tags.clone()),
        root: host.root.unwrap_or_else(|| defaults.root.clone()),
        harness: host.harness.or_else(|| defaults.harness.clone()),
    }
}
