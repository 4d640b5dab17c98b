//! Closed jobs, opened again that failed for other reasons than the model.

use super::commands::PlannedCommand;
use super::{Problem, ProblemKind, Project, select};
use crate::collect;
use crate::domain::event::Past;
use crate::domain::fault::Class;
use crate::domain::job::Dataset;
use crate::domain::{HostName, SetName, Sha256, evidence};
use crate::doors::clock;
use crate::report::{Account, failed_of};
use crate::schedule::Fleet;
use crate::schedule::fleet::JobEntry;
use crate::store::{Command, Store};

/// Which closed jobs are to be tried again. All that is said must fit.
#[derive(Debug, Clone, Default)]
pub struct RetryRequest {
    /// These; all, if none is named.
    pub jobs: Vec<String>,
    /// Those whose failure is of this class.
    pub class: Option<Class>,
    /// Those that failed with this fault.
    pub fault: Option<String>,
    /// Those whose last attempt was on this host.
    pub host: Option<HostName>,
    /// Those of this set.
    pub set: Option<SetName>,
    /// Those whose result is suspect because their host turned out to be bad.
    pub suspect: bool,
    /// Phases that earlier attempts finished are done again.
    pub fresh: bool,
}

/// What is to be done, and what is not.
pub struct RetryPlan {
    /// What opens the jobs again.
    pub commands: Vec<PlannedCommand>,
    /// How many jobs were asked for that have a result of the model's.
    pub results: usize,
    /// Jobs that start from their trajectory, which is not at home.
    pub without_trajectory: Vec<String>,
}

impl RetryRequest {
    fn is_empty(&self) -> bool {
        self.jobs.is_empty()
            && self.class.is_none()
            && self.fault.is_none()
            && self.host.is_none()
            && self.set.is_none()
            && !self.suspect
    }
}

impl RetryPlan {
    /// Is every trajectory at home that is needed?
    pub fn check_trajectories(&self) -> Result<(), Problem> {
        if self.without_trajectory.is_empty() {
            return Ok(());
        }
        Err(
            Problem::new(ProblemKind::Incomplete, "some trajectories are not at home")
                .causes(self.without_trajectory.iter().cloned())
                .hint("`fleet collect` brings them; then run this again"),
        )
    }
}

/// What opens these jobs again. The trajectories that they start from are stored, unless it is a dry run.
pub async fn plan_retry(
    request: &RetryRequest,
    dry_run: bool,
    project: &Project,
) -> Result<RetryPlan, Problem> {
    if request.is_empty() {
        return Err(Problem::new(ProblemKind::Input, "which jobs?")
            .hint("name them, or say --class, --fault, --host, --set or --suspect; `fleet failures` shows what there is"));
    }
    let fleet = project.read_facts_only().await?;
    check_names(request, &fleet)?;
    let entries: Vec<&JobEntry> = if request.jobs.is_empty() {
        fleet.jobs().collect()
    } else {
        select::jobs_named(&fleet, &request.jobs)?
    };
    let (may, results): (Vec<&JobEntry>, Vec<&JobEntry>) = entries
        .into_iter()
        .filter(|entry| entry.closed.is_some() && is_asked_for(request, entry))
        .partition(|entry| may_try_again(request, entry));
    let mut plan = RetryPlan {
        commands: Vec::new(),
        results: results.len(),
        without_trajectory: Vec::new(),
    };
    for entry in may {
        match find_past(request, entry, dry_run, project).await? {
            Some(from) => plan.commands.push(plan_reopening(entry, from)),
            None => plan.without_trajectory.push(select::describe_job(entry)),
        }
    }
    Ok(plan)
}

/// Are there such a set and such a host?
fn check_names(request: &RetryRequest, fleet: &Fleet) -> Result<(), Problem> {
    if let Some(unknown) = request
        .set
        .as_ref()
        .filter(|set| !fleet.jobs().any(|entry| entry.job.set == **set))
    {
        return Err(
            Problem::new(ProblemKind::Input, format!("no set is called {unknown}"))
                .hint("`fleet status` lists them"),
        );
    }
    if let Some(unknown) = request.host.as_ref().filter(|host| fleet.host(host).is_none()) {
        return Err(
            Problem::new(ProblemKind::Input, format!("no host is called {unknown}"))
                .hint("`fleet hosts` lists them"),
        );
    }
    Ok(())
}

/// The class of this name, if what failed of it may be tried again.
pub fn parse_class(word: &str) -> Result<Class, Problem> {
    let known = Class::ALL.into_iter().find(|class| class.word() == word);
    match known {
        Some(Class::Model) => Err(Problem::new(
            ProblemKind::Input,
            "what a model did is never tried again: it is a result",
        )
        .hint("for more independent tries of a question, ask for more `runs` in the assignment")),
        Some(class) => Ok(class),
        None => {
            let all: Vec<&str> = Class::ALL.iter().map(|class| class.word()).collect();
            Err(Problem::new(
                ProblemKind::Input,
                format!("no class is called `{}`", word.escape_debug()),
            )
            .hint(format!("there are {}", all.join(", "))))
        }
    }
}

/// Was it asked for?
fn is_asked_for(request: &RetryRequest, entry: &JobEntry) -> bool {
    let last = entry.decisive();
    // By the same groups as `fleet failures` shows.
    let failed = failed_of(entry);
    let is_of = |class| failed.as_ref().is_some_and(|(of, _)| *of == class);
    let is_called = |name| failed.as_ref().is_some_and(|(_, called)| called.as_str() == name);
    request.class.is_none_or(is_of)
        && request.fault.as_deref().is_none_or(is_called)
        && request
            .host
            .as_ref()
            .is_none_or(|host| last.is_some_and(|last| last.host == *host))
        && request.set.as_ref().is_none_or(|set| entry.job.set == *set)
        && (!request.suspect || entry.suspect().is_some())
}

/// A result of the model's own is no failure; one that is suspect is none of its own.
fn may_try_again(request: &RetryRequest, entry: &JobEntry) -> bool {
    let named = !request.jobs.is_empty();
    match Account::of(entry) {
        Account::Waiting
        | Account::Running
        | Account::Resolved
        | Account::Unresolved
        | Account::Succeeded => false,
        Account::Undecided => entry.suspect().is_some() || named || failed_of(entry).is_some(),
        Account::Cancelled => named,
        Account::Excluded | Account::Failed => true,
    }
}

/// What the next attempt may take over; none if it has to come home first.
async fn find_past(
    request: &RetryRequest,
    entry: &JobEntry,
    dry_run: bool,
    project: &Project,
) -> Result<Option<Past>, Problem> {
    if request.fresh {
        return Ok(Some(Past::Nothing));
    }
    if entry.suspect().is_none() {
        return Ok(Some(Past::Kept));
    }
    let path = collect::home(&project.results, &entry.job).join(evidence::TRAJECTORY);
    let Ok(text) = std::fs::read_to_string(&path) else {
        return Ok(None);
    };
    let file = Dataset {
        path: path.display().to_string().into(),
        sha256: Sha256::of(text.as_bytes()),
    };
    if !dry_run {
        let store = Store::open(&project.database_path()).await?;
        store.keep_file(clock::now(), file.sha256, &text).await?;
        store.close().await;
    }
    Ok(Some(Past::Trajectory(file)))
}

fn plan_reopening(entry: &JobEntry, from: Past) -> PlannedCommand {
    let takes = match &from {
        Past::Kept => "",
        Past::Nothing => ", from the beginning",
        Past::Trajectory(_) => ", from its trajectory at home",
    };
    let why = entry
        .suspect()
        .map_or("asked for with `fleet retry`", |_| "its result is suspect");
    PlannedCommand {
        what: format!("{} open again{takes}", select::describe_job(entry)),
        wish: Command::Reopen {
            job: entry.job.id,
            why: why.to_owned(),
            from,
        },
    }
}
