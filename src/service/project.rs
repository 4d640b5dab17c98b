//! What every service begins with: the configuration, the places that it names, the means to reach hosts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Problem, ProblemKind};
use crate::config::Config;
use crate::domain::memory::MemoryLimit;
use crate::domain::swe::Task;
use crate::domain::{Epoch, SetName, Timestamp};
use crate::doors::{clock, env, secrets};
use crate::objects;
use crate::plan::Policy;
use crate::plan::reason::Coordination;
use crate::schedule::Fleet;
use crate::store::{Holder, Lease, Store};
use crate::transport::{Controls, Pace, Runners, Transport};

/// Everything that follows from one `fleet.toml`.
pub struct Project {
    /// What `fleet.toml` says.
    pub config: Arc<Config>,
    /// The directory of `fleet.toml`.
    pub base: PathBuf,
    /// Where the database and the lease are.
    pub state: PathBuf,
    /// Where results come home to.
    pub results: PathBuf,
    /// How hosts are reached.
    pub transport: Transport,
}

/// The facts at one instant, as the coordinator at work goes by them.
pub struct FleetSnapshot {
    /// The database, for more of it.
    pub store: Store,
    /// The facts.
    pub fleet: Fleet,
    /// The numbers that the coordinator goes by.
    pub policy: Policy,
    /// The coordinator, if one is at work.
    pub holder: Option<Holder>,
    /// The instant.
    pub now: Timestamp,
    /// Is a coordinator at work?
    pub by: Coordination,
    /// When the last fact was stored.
    pub last_known: Option<Timestamp>,
}

impl Project {
    /// Reads `fleet.toml`. Paths in it are relative to the directory that it lies in.
    pub fn load(file: &Path, ssh_config: Option<&Path>) -> Result<Project, Problem> {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|error| {
            Problem::new(ProblemKind::Input, format!("cannot read {name}"))
                .caused_by(&error)
                .hint("`fleet init` writes one; `--config FILE` names another")
        })?;
        let config = Config::parse(&text, &name).map_err(|findings| Problem::findings(&name, &findings))?;
        let named = config.models.iter().flat_map(|model| &model.env);
        let named = named.chain(config.pipelines.iter().flat_map(|pipeline| &pipeline.env));
        let set = named.filter_map(|name| Some((name.clone(), env::get(name)?)));
        secrets::learn(&set.collect());
        let base = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let base = base.canonicalize().unwrap_or(base);
        let named = |path: &String| base.join(path);
        let runners: BTreeMap<String, PathBuf> = [
            ("x86_64", &config.runner.x86_64),
            ("aarch64", &config.runner.aarch64),
        ]
        .into_iter()
        .filter_map(|(arch, path)| Some((arch.to_owned(), named(path.as_ref()?))))
        .collect();
        let controls = Controls::new().map_err(|error| {
            Problem::new(
                ProblemKind::Environment,
                "cannot make a directory for ssh's sockets",
            )
            .caused_by(&error)
        })?;
        let transport = Transport {
            ssh_config: ssh_config
                .map(Path::to_owned)
                .or(config.ssh.config.as_ref().map(named)),
            connect_timeout: config.ssh.connect_timeout,
            silence: config.ssh.silence,
            local_runner: None,
            runners: Arc::new(Runners::new(runners)),
            pace: Pace::new(config.ssh.connects as usize),
            controls: Arc::new(controls),
        };
        let (state, results) = (base.join(&config.fleet.state), base.join(&config.fleet.results));
        Ok(Project {
            config: Arc::new(config),
            base,
            state,
            results,
            transport,
        })
    }

    /// The numbers that `plan` goes by.
    pub fn policy(&self) -> Policy {
        let (fleet, images) = (&self.config.fleet, &self.config.images);
        let providers = self.config.models.iter();
        let pipelines = &self.config.pipelines;
        Policy {
            lost_retries: fleet.lost_retries,
            retry_pause: fleet.retry_pause,
            unreachable: fleet.unreachable,
            pinned: fleet.pinned,
            quarantine: fleet.quarantine,
            provider_patience: fleet.provider_patience,
            retry_money: fleet.retry_dollars.map(|dollars| u64::from(dollars) * 1_000_000),
            prefetch: images.prefetch,
            high_water: u64::from(images.high_water),
            low_water: u64::from(images.low_water),
            docker: pipelines.iter().any(|pipeline| pipeline.containers),
            test_memory: match self.config.test_memory() {
                Some(MemoryLimit::Bytes(bytes)) => Some(bytes),
                Some(MemoryLimit::Unlimited) | None => None,
            },
            providers: providers
                .filter_map(|model| Some((model.name.clone(), model.provider.clone()?)))
                .collect(),
            image_phases: pipelines
                .iter()
                .filter_map(|pipeline| {
                    Some((pipeline.name.clone(), pipeline.task(Task::Image)?.name.clone()))
                })
                .collect(),
            ..Policy::default()
        }
    }

    /// Where images are, as `fleet.toml` and the user's own AWS configuration say.
    pub async fn open_objects(&self) -> objects::Store {
        let images = &self.config.images;
        objects::Store::open(objects::Settings {
            endpoint: images.endpoint.clone(),
            region: images.region.clone(),
            path_style: images.path_style,
            unsigned: images.unsigned,
            expires: images.expires.duration(),
        })
        .await
    }

    /// The database's file.
    pub fn database_path(&self) -> PathBuf {
        self.state.join("fleet.sqlite")
    }

    /// The facts as [`Project::read_facts`] has them, with the links as they are stored, as the coordinator at work goes by
    /// them: its sets are enabled; all are, where no coordinator names them.
    pub async fn take_snapshot(&self) -> Result<FleetSnapshot, Problem> {
        // Asked first: what ends meanwhile was at work.
        let holder = self.running_coordinator();
        let (store, mut fleet) = self.read_facts().await?;
        for (host, link) in store.links().await? {
            fleet.restore_link(&host, link);
        }
        let runs = holder.as_ref().and_then(|holder| holder.runs.as_ref());
        let sets: BTreeSet<SetName> = match runs {
            Some(runs) => runs.sets.iter().cloned().collect(),
            None => fleet.jobs().map(|entry| entry.job.set.clone()).collect(),
        };
        for set in &sets {
            fleet.enable(set);
        }
        let mut policy = self.policy();
        policy.pinned |= runs.is_some_and(|runs| runs.pinned);
        let by = match &holder {
            Some(_) => Coordination::AtWork,
            None => Coordination::Nobody,
        };
        Ok(FleetSnapshot {
            now: clock::now(),
            by,
            last_known: store.last_event().await?,
            store,
            fleet,
            policy,
            holder,
        })
    }

    /// The facts, for reading only, beside a coordinator or without one.
    pub async fn read_facts(&self) -> Result<(Store, Fleet), Problem> {
        let nothing = || {
            Problem::new(
                ProblemKind::Input,
                format!(
                    "nothing has been dispatched from here ({} is not there)",
                    self.database_path().display()
                ),
            )
            .hint("`fleet dispatch FILE` begins; `fleet adopt` finds jobs that hosts remember")
        };
        let store = Store::peek(&self.database_path()).await?.ok_or_else(nothing)?;
        let mut fleet = store.load(Epoch(0), &self.config.hosts).await?;
        fleet
            .notes_mut()
            .pause_providers(self.config.fleet.provider_pause);
        fleet.recall_complaints(clock::now());
        Ok((store, fleet))
    }

    /// The facts alone.
    pub async fn read_facts_only(&self) -> Result<Fleet, Problem> {
        let (store, fleet) = self.read_facts().await?;
        store.close().await;
        Ok(fleet)
    }

    /// The coordinator that is at work now, if one is.
    pub fn running_coordinator(&self) -> Option<Holder> {
        Lease::holder(&self.state)
    }
}
