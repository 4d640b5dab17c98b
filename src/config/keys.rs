//! Every key of `fleet.toml`. From this one declaration come the types, the reader, the suggestions
//! and the JSON Schema. `fleet.toml` itself tells the same at length, with examples.

use std::collections::BTreeMap;

use super::agent_kind::AgentKind;
use super::field::table;
use super::kind::{Key, Kind, Need};
use super::value::{Field, Value};
use crate::domain::memory::MemoryLimit;
use crate::domain::swe::Task;
use crate::domain::{HostName, ModelName, PhaseName, PipelineName, Span};

const DAY: u64 = 86_400;

table! {
    /// `[fleet]`: the coordinator.
    pub struct Coordinator {
        /// Directory of the database; relative to this file.
        state: String = Kind::Path, Need::Default(".fleet");
        /// Directory that `fleet collect` fills; relative to this file.
        results: String = Kind::Path, Need::Default("results");
        /// The pipeline of jobs that name none.
        pipeline: Option<PipelineName> = Kind::Name, Need::Optional;
        /// Most bytes kept of what one phase prints: the first half and the last half.
        output_cap: u64 = Kind::Bytes(4 << 10, 4 << 30), Need::Default("8MiB");
        /// Time between SIGTERM and SIGKILL, when a phase must be stopped.
        grace: Span = Kind::Time(0, 3600), Need::Default("10s");
        /// How often a job whose attempt was lost with proof is tried again.
        lost_retries: u32 = Kind::Count(0, 100), Need::Default("2");
        /// How long a job waits after a fault that was not its own, before it is tried again. Doubles
        /// with each try.
        retry_pause: Span = Kind::Time(0, DAY), Need::Default("30s");
        /// How long none of a model's jobs start once its provider asks for a pause. Doubles while it goes on asking, up
        /// to six times as long.
        provider_pause: Span = Kind::Time(1, DAY), Need::Default("30s");
        /// How long a job waits for a provider that keeps asking for a pause; its tries are not used up meanwhile.
        provider_patience: Span = Kind::Time(0, 30 * DAY), Need::Default("2h");
        /// Most whole dollars that a job's failed tries may have cost; then it is given up. Without it, no limit.
        retry_dollars: Option<u32> = Kind::Count(0, 1_000_000), Need::Optional;
        /// How long a host is left alone on which things fail that work elsewhere. Doubles with each time.
        quarantine: Span = Kind::Time(1, 7 * DAY), Need::Default("10m");
        /// The hosts of assignments are an order: no idle host takes what was meant for another.
        pinned: bool = Kind::Flag, Need::Default("false");
        /// How long `dispatch` waits for unreachable hosts before it says what is left, and ends.
        unreachable: Span = Kind::Time(0, 30 * DAY), Need::Default("10m");
    }
}

table! {
    /// `[ssh]`: how hosts are reached.
    pub struct Ssh {
        /// A configuration file for ssh, instead of the user's own; relative to this file.
        config: Option<String> = Kind::Path, Need::Optional;
        /// How long a connection may take to come up.
        connect_timeout: Span = Kind::Time(1, 600), Need::Default("15s");
        /// A link on which nothing has moved for so long is dead.
        silence: Span = Kind::Time(1, 3600), Need::Default("20s");
        /// At most so many connections are being opened at a time.
        connects: u32 = Kind::Count(1, 100), Need::Default("8");
        /// Longest pause between two tries to reach a host.
        backoff: Span = Kind::Time(1, 3600), Need::Default("30s");
    }
}

table! {
    /// `[runner]`: the fleet binary for hosts of another architecture than this machine's.
    pub struct Runner {
        /// For hosts with `arch = "x86_64"`; relative to this file.
        x86_64: Option<String> = Kind::Path, Need::Optional;
        /// For hosts with `arch = "aarch64"`; relative to this file.
        aarch64: Option<String> = Kind::Path, Need::Optional;
    }
}

/// The architectures that there are runners for.
const ARCHITECTURES: Kind = Kind::Choice(&["x86_64", "aarch64"]);

table! {
    /// `[defaults]`: what holds for hosts that do not say otherwise.
    pub(super) struct Defaults {
        /// How many jobs a host runs at a time.
        slots: u32 = Kind::Count(1, 64), Need::Default("1");
        /// What its processor is; decides which runner it gets.
        arch: String = ARCHITECTURES, Need::Default("x86_64");
        /// Free words for people.
        tags: Vec<String> = Kind::List(&Kind::Name), Need::Optional;
        /// The runner's directory on the host.
        root: String = Kind::HostPath, Need::Default("~/.fleet");
        /// The harness on the host: `{harness}` and `FLEET_HARNESS`.
        harness: Option<String> = Kind::HostPath, Need::Optional;
    }
}

table! {
    /// `[[host]]`: one host.
    pub(super) struct Host {
        /// Its name in assignments and tables.
        name: HostName = Kind::Name, Need::Required;
        /// Its ssh destination; without it, `aws-instance-` and the name.
        ssh: Option<String> = Kind::Destination, Need::Optional;
        /// It is this machine: no ssh.
        local: bool = Kind::Flag, Need::Default("false");
        /// How many jobs it runs at a time.
        slots: Option<u32> = Kind::Count(1, 64), Need::Optional;
        /// What its processor is; decides which runner it gets.
        arch: Option<String> = ARCHITECTURES, Need::Optional;
        /// Free words for people, instead of the default ones.
        tags: Option<Vec<String>> = Kind::List(&Kind::Name), Need::Optional;
        /// The runner's directory on the host.
        root: Option<String> = Kind::HostPath, Need::Optional;
        /// The harness on the host: `{harness}` and `FLEET_HARNESS`.
        harness: Option<String> = Kind::HostPath, Need::Optional;
    }
}

table! {
    /// `[[model]]`: a model under evaluation.
    pub struct Model {
        /// Its name in assignments.
        name: ModelName = Kind::Name, Need::Required;
        /// Who works for it: an `[[agent]]`, or `gold` or `noop`, which are built in. Without it, the
        /// agent that the pipeline's trajectory names.
        agent: Option<String> = Kind::Name, Need::Optional;
        /// Names of variables that its jobs get from the coordinator's environment: its keys.
        env: Vec<String> = Kind::List(&Kind::Variable), Need::Optional;
        /// Whose key it works with: models that share one share its rate. Without it, the model has a rate of its own.
        provider: Option<String> = Kind::Name, Need::Optional;
        /// Variables that are no secrets, with their values.
        set: BTreeMap<String, String> = Kind::Variables, Need::Optional;
    }
}

table! {
    /// `[harness]`: the tree that `fleet deploy` brings to the hosts, and what is looked at in it.
    pub struct Harness {
        /// The tree on this machine; relative to this file.
        tree: Option<String> = Kind::Path, Need::Optional;
        /// The files that decide what a result is worth, relative to the tree: `fleet verify` compares them, and each
        /// result carries their digest. Without it, the four of the multi-SWE benchmark.
        critical: Vec<String> = Kind::List(&Kind::Inside), Need::Optional;
        /// What is no part of the tree, beside history, environments, caches, results, archives and keys: names, with
        /// `*` for any run of characters; with a `/`, whole paths from the tree.
        exclude: Vec<String> = Kind::List(&Kind::Text), Need::Optional;
        /// Run once in each new version on a host, before it is used: program and arguments.
        setup: Vec<String> = Kind::Run, Need::Optional;
        /// How many versions a host keeps beside the one in use.
        keep: u32 = Kind::Count(0, 100), Need::Default("2");
    }
}

/// What `fleet` does itself.
const TASKS: &[&str] = &[
    Task::Image.as_str(),
    Task::Trajectory.as_str(),
    Task::Evaluation.as_str(),
    Task::Report.as_str(),
];

const AGENT_KINDS: &[&str] = &[AgentKind::OpenHands.as_str(), AgentKind::Command.as_str()];

table! {
    /// `[images]`: where the images of instances are.
    pub struct Images {
        /// The bucket of images whose instance does not say otherwise.
        bucket: String = Kind::Name, Need::Default("kuberha-velora");
        /// What their keys begin with.
        prefix: String = Kind::Path, Need::Default("velora-files/images/");
        /// Registries whose images the engine pulls, as HOST or HOST/PATH. A reference to any other that is tagged with
        /// the base commit stands for an archive in the bucket.
        registries: Vec<String> = Kind::List(&Kind::Text), Need::Optional;
        /// The region.
        region: String = Kind::Name, Need::Default("us-east-1");
        /// The object store, where it is not Amazon's.
        endpoint: Option<String> = Kind::Text, Need::Optional;
        /// The bucket is part of the path, not of the host name.
        path_style: bool = Kind::Flag, Need::Default("false");
        /// The bucket is public: nothing is signed.
        unsigned: bool = Kind::Flag, Need::Default("false");
        /// How long a signed address is good.
        expires: Span = Kind::Time(60, 7 * DAY), Need::Default("12h");
        /// What images must run on.
        platform: String = Kind::Text, Need::Default("linux/amd64");
        /// Repositories of the runtime images that the harness builds on the hosts, which are removed by the same marks.
        /// Without it, the harness's own, and what an agent's `env` sets `OH_RUNTIME_RUNTIME_IMAGE_REPO` to.
        runtime_repositories: Option<Vec<String>> = Kind::List(&Kind::Text), Need::Optional;
        /// The image of a host's next job is fetched while the present one runs.
        prefetch: bool = Kind::Flag, Need::Default("true");
        /// Images, also those that the harness has built, are removed once so many hundredths of the engine's disk are in use, …
        high_water: u32 = Kind::Count(1, 100), Need::Default("85");
        /// … until it is so many: those first that are needed last.
        low_water: u32 = Kind::Count(1, 100), Need::Default("70");
    }
}

table! {
    /// `[[agent]]`: who makes trajectories.
    pub struct Agent {
        /// Its name.
        name: String = Kind::Name, Need::Required;
        /// `openhands`: the harness on the host. `command`: a program that leaves a patch.
        kind: AgentKind = Kind::Choice(AGENT_KINDS), Need::Required;
        /// Of a command: program and arguments, as in a phase.
        run: Vec<String> = Kind::Run, Need::Optional;
        /// Of a command: where it runs. Without it, its own output directory.
        cwd: Option<String> = Kind::Directory, Need::Optional;
        /// Variables that are no secrets, with their values.
        env: BTreeMap<String, String> = Kind::Variables, Need::Optional;
        /// Of openhands: its agent class.
        class: String = Kind::Name, Need::Default("CodeActAgent");
        /// Of openhands: most iterations.
        iterations: u32 = Kind::Count(1, 100_000), Need::Default("200");
    }
}

table! {
    /// `[[repair]]`: what is mended in an image before it is used.
    pub struct Repair {
        /// Its name.
        name: String = Kind::Name, Need::Required;
        /// A script for sh in the image; where it succeeds, nothing is to be mended.
        probe: String = Kind::Script, Need::Required;
        /// A script for sh in the image, as root; what it leaves becomes the image.
        script: String = Kind::Script, Need::Required;
        /// Docker's network for the script.
        network: String = Kind::Name, Need::Default("bridge");
    }
}

table! {
    /// `[[network]]`: instances whose tests get another of Docker's networks than their pipeline's.
    pub struct Network {
        /// Docker's network for their tests.
        name: String = Kind::Name, Need::Required;
        /// The ids of such instances.
        instances: Vec<String> = Kind::List(&Kind::Name), Need::Optional;
        /// Dataset files, as assignments name them: it holds for every instance that a job takes from one of them.
        datasets: Vec<String> = Kind::List(&Kind::Path), Need::Optional;
    }
}

table! {
    /// `[[pipeline]]`: what is done with a job.
    pub struct Pipeline {
        /// Its name in assignments.
        name: PipelineName = Kind::Name, Need::Required;
        /// Its phases start containers, which are removed by label when a phase ends.
        containers: bool = Kind::Flag, Need::Default("false");
        /// Names of variables that its jobs get from the coordinator's environment.
        env: Vec<String> = Kind::List(&Kind::Variable), Need::Optional;
        /// Its phases, in order; the first that fails ends the attempt.
        phase: Vec<Phase> = Kind::Tables(Phase::KEYS, 1), Need::Required;
    }
}

table! {
    /// `[[pipeline.phase]]`: one program, run to its end; or something that `fleet` does itself.
    pub struct Phase {
        /// Its name; its output is `log/<name>.log`.
        name: PhaseName = Kind::Name, Need::Required;
        /// Program and arguments. `{instance}`, `{model}`, `{run}`, `{set}`, `{task}`, `{job}`,
        /// `{attempt}` and `{harness}` are filled in, except in scripts of a shell.
        run: Vec<String> = Kind::Run, Need::Optional;
        /// What `fleet` does itself, in place of `run`.
        does: Option<Task> = Kind::Choice(TASKS), Need::Optional;
        /// Of a trajectory: the agent for models that name none.
        agent: Option<String> = Kind::Name, Need::Optional;
        /// Of an image: the `[[repair]]`s that it gets.
        repairs: Vec<String> = Kind::List(&Kind::Name), Need::Optional;
        /// Of an evaluation: longest time for the test command. Without it, 15m.
        tests: Option<Span> = Kind::Time(1, DAY), Need::Optional;
        /// Of an evaluation: Docker's network for the tests. Without it, `none`.
        network: Option<String> = Kind::Name, Need::Optional;
        /// Of an evaluation: most memory for the tests, or `unlimited`. Without it, the host's less a reserve, by its slots.
        memory: Option<MemoryLimit> = Kind::Memory(16 << 20, 1 << 44), Need::Optional;
        /// Of an evaluation: most processes and threads of the tests. Without it, 4096.
        processes: Option<u32> = Kind::Count(16, 1 << 20), Need::Optional;
        /// Of an evaluation: most bytes kept of what the tests print. Without it, 256MiB.
        log_cap: Option<u64> = Kind::Bytes(64 << 10, 16 << 30), Need::Optional;
        /// Where it runs; placeholders are filled in. Without it, the attempt's `out/`.
        cwd: Option<String> = Kind::Directory, Need::Optional;
        /// Variables that are no secrets, with their values.
        env: BTreeMap<String, String> = Kind::Variables, Need::Optional;
        /// Longest time that it may take.
        deadline: Span = Kind::Time(1, 30 * DAY), Need::Required;
        /// Longest time with neither output nor CPU use.
        stall: Option<Span> = Kind::Time(1, 30 * DAY), Need::Optional;
    }
}

table! {
    /// `fleet.toml`: the hosts, models and pipelines of a fleet.
    pub(super) struct File {
        /// The coordinator.
        fleet: Coordinator = Kind::Table(Coordinator::KEYS), Need::Default("");
        /// How hosts are reached.
        ssh: Ssh = Kind::Table(Ssh::KEYS), Need::Default("");
        /// The fleet binary for hosts of another architecture.
        runner: Runner = Kind::Table(Runner::KEYS), Need::Default("");
        /// What holds for hosts that do not say otherwise.
        defaults: Defaults = Kind::Table(Defaults::KEYS), Need::Default("");
        /// The hosts.
        host: Vec<Host> = Kind::Tables(Host::KEYS, 1), Need::Required;
        /// The models.
        model: Vec<Model> = Kind::Tables(Model::KEYS, 0), Need::Optional;
        /// Where the images of instances are.
        images: Images = Kind::Table(Images::KEYS), Need::Default("");
        /// The harness on the hosts.
        harness: Harness = Kind::Table(Harness::KEYS), Need::Default("");
        /// What is mended in images.
        repair: Vec<Repair> = Kind::Tables(Repair::KEYS, 0), Need::Optional;
        /// Tests that get another network.
        network: Vec<Network> = Kind::Tables(Network::KEYS, 0), Need::Optional;
        /// Who makes trajectories.
        agent: Vec<Agent> = Kind::Tables(Agent::KEYS, 0), Need::Optional;
        /// The pipelines.
        pipeline: Vec<Pipeline> = Kind::Tables(Pipeline::KEYS, 0), Need::Optional;
    }
}
