//! An assignment file of what is still missing, shared out fairly among the hosts.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::assignment_file::{self, FilePlace};
use super::known_results::{self, KnownResults};
use super::{NoteSink, Problem, ProblemKind, Project, instances};
use crate::assign::{self, Missing, Room, Share};
use crate::config::finding::suggestion;
use crate::domain::{HostName, ModelName, PipelineName, SetName, hold};
use crate::doors::clock;
use crate::report::words;
use crate::validate::POOL;

pub use super::assignment_file::FileWritten;

/// What is wanted.
#[derive(Debug, Clone, Default)]
pub struct AssignRequest {
    /// Dataset files, or directories of them.
    pub datasets: Vec<PathBuf>,
    /// Which models.
    pub models: Vec<ModelName>,
    /// Independent tries of each instance by each model.
    pub runs: u32,
    /// The set's name; that of the file, if there is none.
    pub set: Option<SetName>,
    /// The file; `assignments/NAME.json`, if there is none.
    pub out: Option<PathBuf>,
    /// Only these hosts; all that are neither gone nor held, if none is named.
    pub hosts: Vec<HostName>,
    /// Bind no job to a host.
    pub star: bool,
    /// What the jobs go through, if it is not the default.
    pub pipeline: Option<PipelineName>,
    /// More trees of results that count.
    pub done: Vec<PathBuf>,
    /// Replace a file that says something else.
    pub force: bool,
    /// Write nothing.
    pub dry_run: bool,
}

/// What was assigned.
pub struct AssignedShares {
    /// The set.
    pub set: SetName,
    /// Its file.
    pub file: PathBuf,
    /// What became of that.
    pub written: FileWritten,
    /// What the file says.
    pub text: String,
    /// How many jobs it asks for.
    pub jobs: usize,
    /// What each host gets.
    pub shares: Vec<Share>,
    /// What was counted; its tasks are in the shares.
    pub missing: Missing,
}

/// Writes an assignment of what no job of any set has answered, or is under way to answer.
pub async fn assign_missing(
    request: &AssignRequest,
    project: &Project,
    notes: &dyn NoteSink,
) -> Result<AssignedShares, Problem> {
    let place = FilePlace::find(request.set.as_ref(), request.out.as_deref());
    let base = place.as_ref().map(|place| place.base.clone()).unwrap_or_default();
    let subjects = instances::read_instances(&request.datasets, &base, &project.config.images);
    let mut faults = find_unknown_names(request, project);
    let (place, subjects) = match (place, subjects) {
        (Ok(place), Ok(subjects)) if faults.is_empty() => (place, subjects),
        (place, subjects) => {
            faults.extend(place.err());
            faults.extend(subjects.err());
            return Err(Problem::merged(faults)
                .unwrap_or_else(|| Problem::new(ProblemKind::Internal, "nothing is wrong")));
        }
    };
    let past = known_results::read_known_results(project, &request.done, notes).await?;
    let mut models: Vec<ModelName> = Vec::new();
    for model in &request.models {
        if !models.contains(model) {
            models.push(model.clone());
        }
    }
    let mut missing = assign::missing(&subjects, &models, request.runs, &past.known, &past.estimate);
    note_missing(&missing, notes);
    let tasks = std::mem::take(&mut missing.tasks);
    let count = tasks.len();
    if let Some(set) = past.fleet.as_ref() {
        assignment_file::check_set(set, &place.set, &tasks)?;
    }
    let rooms = find_rooms(request, project, &past, notes)?;
    let shares = assign::balance(tasks, &rooms);
    let text = assign::text(&shares, request.pipeline.as_ref(), request.star.then_some(POOL));
    let written = if count == 0 {
        notes.note("nothing is missing, and no file was written");
        FileWritten::Nothing
    } else {
        assignment_file::check_text(&text, &place, &project.config)?;
        assignment_file::write_text(&text, &place, request.force, request.dry_run, notes)?
    };
    Ok(AssignedShares {
        set: place.set,
        file: place.file,
        written,
        text,
        jobs: count,
        shares,
        missing,
    })
}

/// Names that fleet.toml does not have, all at once.
fn find_unknown_names(request: &AssignRequest, project: &Project) -> Vec<Problem> {
    let config = &project.config;
    let mut faults = Vec::new();
    let mut add = |what: &str, name: &str, known: Vec<&str>| {
        let message = format!("fleet.toml has no {what} `{name}`");
        faults.push(Problem::new(ProblemKind::Input, message).hint(suggestion(name, known)));
    };
    for name in request.models.iter().filter(|name| config.model(name).is_none()) {
        let known = config.models.iter().map(|model| model.name.as_str());
        add("model", name.as_str(), known.collect());
    }
    for name in request.hosts.iter().filter(|name| config.host(name).is_none()) {
        let known = config.hosts.iter().map(|host| host.name.as_str());
        add("host", name.as_str(), known.collect());
    }
    for name in request
        .pipeline
        .iter()
        .filter(|name| config.pipeline(name).is_none())
    {
        let known = config.pipelines.iter().map(|one| one.name.as_str());
        add("pipeline", name.as_str(), known.collect());
    }
    faults
}

/// The hosts that get a share.
fn find_rooms(
    request: &AssignRequest,
    project: &Project,
    past: &KnownResults,
    notes: &dyn NoteSink,
) -> Result<Vec<Room>, Problem> {
    let away = |host: &HostName| {
        let fleet = past.fleet.as_ref()?;
        if let Some(word) = &fleet.host(host)?.gone {
            return Some(format!("it was declared gone ({word})"));
        }
        // What is over, or may be by the time that the set is dispatched, is no reason.
        let lasts = |hold: &&hold::Hold| {
            hold.kind != hold::Kind::Ailing && hold.until.is_none_or(|until| until > clock::now())
        };
        let hold = fleet.host_hold(host).filter(lasts)?;
        Some(format!("it is {} ({})", hold.kind.word(), hold.why))
    };
    let mut rooms = Vec::new();
    for host in &project.config.hosts {
        if request.hosts.is_empty() {
            if let Some(why) = away(&host.name) {
                notes.note(&format!("{} gets nothing: {why}", host.name));
                continue;
            }
        } else if !request.hosts.contains(&host.name) {
            continue;
        }
        rooms.push(Room {
            host: host.name.clone(),
            slots: host.slots,
        });
    }
    if rooms.is_empty() {
        return Err(
            Problem::new(ProblemKind::Input, "there is no host that could get a share")
                .hint("`fleet host back HOST` takes back that it is gone; `--hosts` names one all the same"),
        );
    }
    Ok(rooms)
}

fn note_missing(missing: &Missing, notes: &dyn NoteSink) {
    let list = |parts: &[(usize, &str)]| {
        let parts = parts.iter().filter(|(n, _)| *n > 0);
        let parts: Vec<String> = parts.map(|(n, what)| format!("{n} {what}")).collect();
        parts.join(", ")
    };
    let taken = list(&[
        (missing.results, "with a result that counts"),
        (missing.at_home, "with one among collected results"),
        (missing.under_way, "under way"),
    ]);
    let again: Vec<(usize, &str)> = missing.again.iter().map(|(word, n)| (*n, *word)).collect();
    let again = list(&again);
    let mut text = format!(
        "{} wanted, {} missing",
        words::jobs(missing.wanted),
        missing.tasks.len()
    );
    if !taken.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(text, "; taken away: {taken}");
    }
    if !again.is_empty() {
        let _ = write!(text, "; missing again: {again}");
    }
    notes.note(&text);
}
