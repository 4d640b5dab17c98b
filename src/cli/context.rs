//! What most verbs begin with: the configuration, the places that it names, the means to reach hosts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{CommandError, Kind};
use crate::config::Config;
use crate::domain::memory::MemoryLimit;
use crate::domain::swe::Task;
use crate::domain::wire::Authority;
use crate::domain::{Epoch, Event, Fleet, SetName};
use crate::doors::{clock, env, random, secrets};
use crate::engine;
use crate::objects;
use crate::plan::Policy;
use crate::plan::reason::Coordination;
use crate::store::{Holder, Lease, LeaseError, Runs, Store};
use crate::transport::{Controls, Pace, Runners, Transport};
use crate::view::Seen;

/// Everything that follows from `fleet.toml`.
pub(super) struct Context {
    pub(super) config: Arc<Config>,
    /// The directory of `fleet.toml`.
    pub(super) base: PathBuf,
    pub(super) state: PathBuf,
    pub(super) results: PathBuf,
    pub(super) transport: Transport,
}

/// The sole right to change things, until it is dropped.
pub(super) struct Coordinator {
    pub(super) store: Store,
    pub(super) fleet: Fleet,
    pub(super) authority: Authority,
    pub(super) lease: Lease,
    who: Box<Holder>,
}

impl Coordinator {
    /// Tells processes that only look what this one runs.
    pub(super) fn announce(&mut self, runs: Runs) -> Result<(), CommandError> {
        self.who.runs = Some(runs);
        Ok(self.lease.announce(&self.who)?)
    }

    /// Stores events, and folds them.
    pub(super) async fn record(&mut self, events: &[Event]) -> Result<(), CommandError> {
        engine::record(&self.store, &mut self.fleet, events).await?;
        Ok(())
    }
}

/// What a process sees that only looks.
pub(super) struct Look {
    pub(super) store: Store,
    pub(super) fleet: Fleet,
    pub(super) policy: Policy,
    /// Who coordinates, if anybody does.
    pub(super) holder: Option<Holder>,
    pub(super) seen: Seen,
}

impl Context {
    /// Reads `fleet.toml`. Paths in it are relative to the directory that it lies in.
    pub(super) fn load(file: &Path, ssh_config: Option<&Path>) -> Result<Context, CommandError> {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|error| {
            CommandError::new(Kind::Input, format!("cannot read {name}"))
                .caused_by(&error)
                .hint("`fleet init` writes one; `--config FILE` names another")
        })?;
        let config =
            Config::parse(&text, &name).map_err(|findings| CommandError::findings(&name, &findings))?;
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
            CommandError::new(Kind::Environment, "cannot make a directory for ssh's sockets")
                .caused_by(&error)
        })?;
        let transport = Transport {
            ssh_config: ssh_config
                .map(Path::to_owned)
                .or(config.ssh.config.as_ref().map(named)),
            connect_timeout: config.ssh.connect_timeout,
            silence: config.ssh.silence,
            runners: Arc::new(Runners::new(runners)),
            pace: Pace::new(config.ssh.connects as usize),
            controls: Arc::new(controls),
        };
        let (state, results) = (base.join(&config.fleet.state), base.join(&config.fleet.results));
        Ok(Context {
            config: Arc::new(config),
            base,
            state,
            results,
            transport,
        })
    }

    /// The numbers that `plan` goes by.
    pub(super) fn policy(&self) -> Policy {
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
    pub(super) async fn objects(&self) -> objects::Store {
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
    pub(super) fn database(&self) -> PathBuf {
        self.state.join("fleet.sqlite")
    }

    /// Takes the lease and a new epoch, and loads the facts.
    pub(super) async fn coordinate(&self) -> Result<Coordinator, CommandError> {
        self.coordinate_above(Epoch(0)).await
    }

    /// The same, with an epoch above one that hosts have heard.
    pub(super) async fn coordinate_above(&self, heard: Epoch) -> Result<Coordinator, CommandError> {
        let mut who = Holder {
            pid: std::process::id(),
            host: hostname(),
            since: clock::now(),
            epoch: None,
            runs: None,
        };
        let lease = Lease::take(&self.state, &who)?;
        let store = Store::open(&self.database()).await?;
        let epoch = store.next_epoch(heard).await?;
        who.epoch = Some(epoch);
        lease.announce(&who)?;
        let mut fleet = store.load(epoch, &self.config.hosts).await?;
        fleet.pause_providers(self.config.fleet.provider_pause);
        let coordinator = random::token().map_err(|error| {
            CommandError::new(Kind::Environment, "cannot read randomness").caused_by(&error)
        })?;
        Ok(Coordinator {
            store,
            fleet,
            authority: Authority { epoch, coordinator },
            lease,
            who: Box::new(who),
        })
    }

    /// The facts as [`Context::peek`] has them, with the links as they are stored, as the coordinator at work goes by
    /// them: its sets are enabled; all are, where nobody says which.
    pub(super) async fn look(&self) -> Result<Look, CommandError> {
        // Asked first: what ends meanwhile was at work.
        let holder = self.coordinator();
        let (store, mut fleet) = self.peek().await?;
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
        let seen = Seen {
            now: clock::now(),
            by,
            last_known: store.last_event().await?,
        };
        Ok(Look {
            store,
            fleet,
            policy,
            holder,
            seen,
        })
    }

    /// The facts, for reading only, beside a coordinator or without one.
    pub(super) async fn peek(&self) -> Result<(Store, Fleet), CommandError> {
        let nothing = || {
            CommandError::new(
                Kind::Input,
                format!(
                    "nothing has been dispatched from here ({} is not there)",
                    self.database().display()
                ),
            )
            .hint("`fleet dispatch FILE` begins; `fleet adopt` finds jobs that hosts remember")
        };
        let store = Store::peek(&self.database()).await?.ok_or_else(nothing)?;
        let mut fleet = store.load(Epoch(0), &self.config.hosts).await?;
        fleet.pause_providers(self.config.fleet.provider_pause);
        fleet.recall_complaints(clock::now());
        Ok((store, fleet))
    }

    /// Does somebody coordinate now?
    pub(super) fn coordinator(&self) -> Option<Holder> {
        Lease::holder(&self.state)
    }
}

fn hostname() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_else(|| "this machine".to_owned())
}

impl From<LeaseError> for CommandError {
    fn from(error: LeaseError) -> CommandError {
        match error {
            LeaseError::Held { .. } => CommandError::new(Kind::Refused, error.to_string()),
            LeaseError::Io { .. } => CommandError::new(Kind::Environment, error.to_string()),
        }
    }
}
