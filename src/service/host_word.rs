//! A person's word about a host: that it is gone for good, that it is back, that what it did is not to be trusted.

use super::commands::{self, PlannedCommand};
use super::{Problem, ProblemKind, Project, select};
use crate::domain::{AttemptId, HostName, Span};
use crate::doors::clock;
use crate::plan;
use crate::schedule::Fleet;
use crate::store::Command;

/// The host will never come back: its jobs are free to run elsewhere. How many that were.
pub async fn declare_gone(host: &HostName, why: &str, project: &Project) -> Result<usize, Problem> {
    let fleet = read_facts_of(host, project).await?;
    let freed = fleet.host(host).map_or(0, |entry| entry.live.len());
    submit_word(host, Some(why.to_owned()), project).await?;
    Ok(freed)
}

/// The host is back: jobs may run there again.
pub async fn declare_back(host: &HostName, project: &Project) -> Result<(), Problem> {
    read_facts_of(host, project).await?;
    submit_word(host, None, project).await
}

async fn submit_word(host: &HostName, word: Option<String>, project: &Project) -> Result<(), Problem> {
    let wish = Command::HostGone {
        host: host.clone(),
        word,
    };
    commands::submit(project, &[&wish]).await
}

/// The facts; there must be such a host.
async fn read_facts_of(host: &HostName, project: &Project) -> Result<Fleet, Problem> {
    let fleet = project.read_facts_only().await?;
    if fleet.host(host).is_none() {
        return Err(
            Problem::new(ProblemKind::Input, format!("no host is called {host}"))
                .hint("`fleet hosts` lists them"),
        );
    }
    Ok(fleet)
}

/// What marks the results of a host that its badness may have spoilt: of this last time only, or of all time.
pub async fn plan_recall(
    host: &HostName,
    within: Option<Span>,
    why: &str,
    project: &Project,
) -> Result<Vec<PlannedCommand>, Problem> {
    let fleet = read_facts_of(host, project).await?;
    let since = within.map(|span| clock::now().0.saturating_sub_unsigned(span.0));
    let attempts = fleet.jobs().flat_map(|entry| {
        let mine = entry.attempts.iter().filter(|attempt| attempt.host == *host);
        let mine = mine.filter(|attempt| since.is_none_or(|since| attempt.ended().0 >= since));
        mine.map(|attempt| AttemptId {
            job: entry.job.id,
            n: attempt.n,
        })
    });
    let planned = plan::doubtful(&fleet, attempts)
        .into_iter()
        .filter_map(|attempt| {
            Some(PlannedCommand {
                what: format!("{} suspect", select::describe_job(fleet.job(attempt.job)?)),
                wish: Command::Suspect {
                    attempt,
                    why: why.to_owned(),
                },
            })
        });
    Ok(planned.collect())
}
