//! What a plan and a rehearsal begin with: the fleet as the database knows it, the jobs of the
//! files, and what is known of their times and images. Nothing is stored, no host is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::assignment::{self, Assignment};
use super::{Problem, ProblemKind, Project, image_sizes};
use crate::domain::host::{HostConfig, Link, Outlook, Reach};
use crate::domain::{Epoch, Event, HostName, JobId, ModelName, SetName, Span};
use crate::doors::clock;
use crate::rehearse::{Change, Dice, Faults, IMAGE_BYTES, Measured, Odds, Played, Scene, Works, play};
use crate::report::words;
use crate::schedule::Fleet;
use crate::schedule::fleet::ImageNeed;
use crate::store::Store;

/// Between a decision and the first phase, where nothing was measured.
const BETWEEN: Span = Span(500);

/// What is to be foreseen.
#[derive(Debug, Clone, Default)]
pub struct ForecastRequest {
    /// Assignment files.
    pub files: Vec<PathBuf>,
    /// Changes during the run, in words: `eval3 dies at +2h`.
    pub what_if: Vec<String>,
    /// The hosts of the files are an order.
    pub pinned: bool,
    /// Bytes of the disk of each host's Docker engine, to see which images must leave it.
    pub disk: Option<u64>,
}

/// What is known of a run before it: as it is, and with changes.
pub struct Foresight {
    /// As it is.
    pub scene: Scene,
    /// What the changes are, if any were asked for.
    pub changes: Vec<Change>,
    /// What was assumed, for people.
    pub notes: Vec<String>,
    /// The sets of the files.
    pub sets: Vec<SetName>,
}

impl Foresight {
    /// The scene with the changes.
    pub fn changed(&self) -> Option<Scene> {
        (!self.changes.is_empty()).then(|| Scene {
            changes: self.changes.clone(),
            ..self.scene.clone()
        })
    }
}

/// Reads everything. All faults at once.
pub async fn read_foresight(request: &ForecastRequest, project: &Project) -> Result<Foresight, Problem> {
    let mut faults = Vec::new();
    let assignments = assignment::read_assignments(&request.files, &project.config)
        .map_err(|problem| faults.push(problem))
        .unwrap_or_default();
    let changes = parse_changes(&request.what_if, project)
        .map_err(|problem| faults.push(problem))
        .unwrap_or_default();
    if let Some(problem) = Problem::merged(faults) {
        return Err(problem);
    }
    let added: Vec<HostName> = changes.iter().flat_map(Change::added).cloned().collect();
    let hosts: Vec<HostConfig> = project
        .config
        .hosts
        .iter()
        .cloned()
        .chain(added.iter().map(|name| like_the_others(name, project)))
        .collect();
    let mut notes = Vec::new();
    let (fleet, links) = match Store::peek(&project.database_path()).await? {
        Some(store) => {
            let fleet = store.load(Epoch(0), &hosts).await?;
            let links = store.links().await?;
            store.close().await;
            (fleet, links)
        }
        None => (Fleet::new(Epoch(0), &hosts), BTreeMap::new()),
    };
    let mut absent: BTreeMap<HostName, String> = BTreeMap::new();
    absent.extend(added.into_iter().map(|name| (name, "it is not there".to_owned())));
    for (host, link) in links {
        let known = fleet
            .host(&host)
            .is_some_and(|entry| entry.slots > 0 && entry.gone.is_none());
        if let Link::Down { reason, outlook, .. } = link
            && known
        {
            if outlook == Outlook::Permanent {
                notes.push(format!("{host} counts as down, as last seen: {reason}"));
                absent.insert(host, reason);
            } else {
                notes.push(format!(
                    "{host} was down when last seen ({reason}); it counts as back"
                ));
            }
        }
    }
    let (mut scene, more) = build_scene(fleet, &assignments, absent, project)?;
    scene.policy.pinned |= request.pinned;
    scene.disk = request.disk;
    notes.extend(more);
    Ok(Foresight {
        scene,
        changes,
        notes,
        sets: assignments.iter().map(|one| one.set.name.clone()).collect(),
    })
}

fn parse_changes(what_if: &[String], project: &Project) -> Result<Vec<Change>, Problem> {
    let hosts: Vec<HostName> = project
        .config
        .hosts
        .iter()
        .map(|host| host.name.clone())
        .collect();
    let models: Vec<ModelName> = project
        .config
        .models
        .iter()
        .map(|model| model.name.clone())
        .collect();
    Change::parse(what_if, &hosts, &models).map_err(|faults| {
        let faults = faults.into_iter().map(|what| format!("--what-if {what}"));
        Problem::new(ProblemKind::Input, "a change is not understood").causes(faults)
    })
}

/// A host that is not in `fleet.toml`, with the slots of the first one that is.
fn like_the_others(name: &HostName, project: &Project) -> HostConfig {
    let first = project.config.hosts.first();
    HostConfig {
        name: name.clone(),
        reach: Reach::Local,
        slots: first.map_or(1, |host| host.slots),
        arch: first.map_or_else(String::new, |host| host.arch.clone()),
        tags: Vec::new(),
        root: String::new(),
        harness: None,
    }
}

fn build_scene(
    mut fleet: Fleet,
    assignments: &[Assignment],
    absent: BTreeMap<HostName, String>,
    project: &Project,
) -> Result<(Scene, Vec<String>), Problem> {
    let now = clock::now();
    let internal =
        |error: crate::schedule::fleet::FoldError| Problem::new(ProblemKind::Internal, error.to_string());
    for assignment in assignments {
        for job in &assignment.jobs {
            if fleet.job(job.id).is_none() {
                fleet
                    .fold(now, &Event::JobAdded(Arc::clone(job)))
                    .map_err(internal)?;
            }
        }
        set_image_needs(&mut fleet, assignment, project);
    }
    let measured = Measured::of(&fleet);
    let mut works = Works::new(&project.config, &measured, &fleet);
    let sets: BTreeSet<&SetName> = assignments.iter().map(|one| &one.set.name).collect();
    let open = fleet
        .jobs()
        .filter(|entry| entry.closed.is_none() && (entry.live().is_some() || sets.contains(&entry.job.set)));
    let all: BTreeMap<JobId, Arc<_>> = open
        .map(|entry| (entry.job.id, Arc::new(works.of(&entry.job))))
        .collect();
    let notes = describe_assumptions(&measured, &works);
    for set in sets {
        fleet.enable(set);
    }
    let paces = fleet.hosts().map(|(name, _)| (name.clone(), measured.pace(name)));
    let scene = Scene {
        paces: paces.collect(),
        policy: project.policy(),
        begins: now,
        works: all,
        absent,
        disk: None,
        between: measured
            .between()
            .unwrap_or_else(|| Arc::new(Odds::assumed(BETWEEN, 0.3))),
        changes: Vec::new(),
        fleet,
    };
    Ok((scene, notes))
}

fn describe_assumptions(measured: &Measured, works: &Works<'_>) -> Vec<String> {
    let guessed: Vec<String> = works
        .guessed()
        .iter()
        .map(|(phase, span)| format!("{phase} {span}"))
        .collect();
    let mut notes = Vec::new();
    match measured.count() {
        0 => notes.push("nothing has been measured here yet".to_owned()),
        count => notes.push(format!("times follow {count} measured phases")),
    }
    if let Some((bytes, known)) = works.runtime() {
        let bytes = words::bytes(bytes);
        notes.push(if known {
            format!("runtime images of the harness count {bytes} each, as those do that are on the hosts")
        } else {
            format!(
                "runtime images of the harness count {bytes} each: assumed, since no host has told of one"
            )
        });
    }
    if !guessed.is_empty() {
        notes.push(format!(
            "assumed, since nothing like it was measured: {}",
            guessed.join(", ")
        ));
    }
    notes
}

/// The images that the jobs need. No store is asked: sizes are those of the hosts' shelves, or assumed.
fn set_image_needs(fleet: &mut Fleet, assignment: &Assignment, project: &Project) {
    for (job, image) in image_sizes::open_images(fleet, assignment, project) {
        let source = image.source.to_string();
        let known = fleet
            .hosts()
            .find_map(|(_, host)| host.shelf.get(source.as_str()));
        let bytes = known.map_or(IMAGE_BYTES, |stock| stock.bytes);
        let need = ImageNeed {
            source: source.into(),
            bytes,
            names: image.names,
        };
        fleet.notes_mut().need_image(job, Arc::new(need));
    }
}

/// Plays a scene so many times, on all processors. The same seed gives the same plays.
pub fn play_scene(scene: &Scene, runs: u32, seed: u64, faults: &Faults) -> Vec<Played> {
    let dice = (0..runs).map(|run| Some(Dice::new(seed.wrapping_add(u64::from(run)))));
    play_all(scene, &dice.collect::<Vec<_>>(), faults)
}

/// Plays a scene once as it is expected, and so many times with dice; on all processors.
pub fn play_expected_and_random(scene: &Scene, runs: u32) -> (Played, Vec<Played>) {
    let dice = (0..runs).map(|run| Some(Dice::new(u64::from(run))));
    let all: Vec<Option<Dice>> = std::iter::once(None).chain(dice).collect();
    let mut played = play_all(scene, &all, &Faults::default());
    let expected = played.remove(0);
    (expected, played)
}

fn play_all(scene: &Scene, dice: &[Option<Dice>], faults: &Faults) -> Vec<Played> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let once = |dice: &Option<Dice>| {
        let mut played = play(scene, dice.clone(), faults);
        if dice.is_some() {
            // Only sums are shown of many plays.
            played.turns = Vec::new();
        }
        played
    };
    let mut plays: Vec<(usize, Played)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                let mine = dice.iter().enumerate().skip(worker).step_by(threads);
                scope.spawn(move || mine.map(|(n, dice)| (n, once(dice))).collect::<Vec<_>>())
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    });
    plays.sort_by_key(|(n, _)| *n);
    plays.into_iter().map(|(_, played)| played).collect()
}
