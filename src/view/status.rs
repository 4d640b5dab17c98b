//! `fleet status`: the board as tables, no wider than the terminal.

use std::fmt::Write as _;

use super::board::{Board, FailedJob, HostLine, RunningJob};
use crate::domain::host::Link;
use crate::report::table::{Table, count, left, name, prose, right};
use crate::report::{Account, Tally, words};

/// Most lines of failed jobs that a person reads at once; `--json` has all.
const MOST_FAILED: usize = 20;

/// The board in at most `most` columns.
pub fn status(board: &Board, most: Option<usize>) -> String {
    let mut out = hosts(board).render(most);
    if board.total.jobs == 0 {
        out.push_str("\nno jobs yet; `fleet dispatch <file>` adds some\n");
        return out;
    }
    let mut part = |table: Table| {
        if !table.is_empty() {
            out.push('\n');
            out.push_str(&table.render(most));
        }
    };
    part(sets(board));
    part(running(board));
    part(waiting(board));
    part(held(board));
    part(failed(board));
    if let Some(more) = board
        .failed
        .len()
        .checked_sub(MOST_FAILED)
        .filter(|more| *more > 0)
    {
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "… and {} more (all: `fleet status --json`)",
            words::jobs(more)
        );
    }
    if !board.suspect.is_empty() {
        let _ = writeln!(
            out,
            "\n{} suspect, since their hosts turned out to be bad (`fleet retry --suspect` evaluates them again)",
            words::count(board.suspect.len(), "result is", "results are")
        );
    }
    out
}

/// What starts nothing new, and how it may go on.
fn held(board: &Board) -> Table {
    let mut table = Table::new(&[
        left("held"),
        left("how"),
        right("for"),
        right("still"),
        prose("why"),
    ]);
    for line in &board.held {
        let still = line
            .until
            .map(|until| until.since(board.at).to_string())
            .unwrap_or_default();
        let age = board.at.since(line.since).to_string();
        table.row([&line.subject, line.kind, &age, &still, &line.why]);
    }
    table
}

fn hosts(board: &Board) -> Table {
    let mut table = Table::new(&[
        left("host"),
        left("link"),
        right("for"),
        right("slots"),
        prose("now"),
    ]);
    for line in &board.hosts {
        let (link, age) = link(line, board);
        let slots = format!("{}/{}", line.used, line.slots);
        let mut now: Vec<String> = board.on(&line.host).map(work).collect();
        if let Some(word) = &line.gone {
            now.push(format!("gone: {word}"));
        } else if let Link::Down { reason, .. } = &line.link {
            now.push(reason.clone());
        } else if let Some(held) = line.held {
            now.push(held.to_owned());
        }
        if !line.configured {
            now.push("not in fleet.toml".to_owned());
        }
        table.row([line.host.as_str(), link, &age, &slots, &now.join("; ")]);
    }
    table
}

/// What a host is at: `a gpt run 1: evaluation 3m12s`.
pub(super) fn work(job: &RunningJob) -> String {
    let RunningJob {
        instance, model, run, ..
    } = job;
    let doubt = job.doubt.as_ref();
    let doubt = doubt
        .map(|why| format!(", and its host cannot tell how it is: {why}"))
        .unwrap_or_default();
    format!(
        "{instance} {model} run {run}: {} {}{doubt}",
        phase(job),
        job.phase_age
    )
}

fn phase(job: &RunningJob) -> &str {
    if job.cancelling {
        return "cancelling";
    }
    job.phase.as_ref().map_or("starting", |phase| phase.as_str())
}

/// How a host is reached, and for how long. Without a coordinator: how it was when it was last known, and how long
/// ago that is.
fn link(line: &HostLine, board: &Board) -> (&'static str, String) {
    let at = board.at;
    match &line.link {
        _ if line.gone.is_some() => ("gone", String::new()),
        Link::Unknown if board.coordinated => ("not yet", String::new()),
        Link::Unknown => ("never", String::new()),
        Link::Up { since } if board.coordinated => ("up", at.since(*since).to_string()),
        // It was up until the last coordinator ended.
        Link::Up { since } => {
            let known = board.last_known.unwrap_or(*since).max(*since);
            ("was up", format!("{} ago", at.since(known)))
        }
        Link::Down { since, .. } if board.coordinated => ("down", at.since(*since).to_string()),
        Link::Down { since, .. } => ("was down", format!("{} ago", at.since(*since))),
    }
}

fn sets(board: &Board) -> Table {
    let mut columns = vec![left("set")];
    columns.extend(Account::ALL.map(|account| count(account.word(), account.short())));
    columns.extend([right("jobs"), right("collected")]);
    let mut table = Table::new(&columns);
    let mut add = |set: &str, tally: Tally, collected: usize| {
        let mut cells = vec![set.to_owned()];
        cells.extend(Account::ALL.map(|account| tally.get(account).to_string()));
        cells.extend([tally.jobs.to_string(), collected.to_string()]);
        table.cells(cells);
    };
    for line in &board.sets {
        add(line.set.as_str(), line.jobs, line.collected);
    }
    if board.sets.len() > 1 {
        add(
            "all",
            board.total,
            board.sets.iter().map(|line| line.collected).sum(),
        );
    }
    table
}

fn running(board: &Board) -> Table {
    let mut table = Table::new(&[
        left("running"),
        name("instance"),
        name("model"),
        right("run").spare_at(2),
        left("host"),
        left("phase"),
        right("for"),
        right("age").spare_at(1),
    ]);
    for job in &board.running {
        table.row([
            job.job.as_str(),
            job.instance.as_str(),
            job.model.as_str(),
            &job.run.to_string(),
            job.host.as_str(),
            phase(job),
            &job.phase_age.to_string(),
            &job.age.to_string(),
        ]);
    }
    table
}

fn waiting(board: &Board) -> Table {
    let mut table = Table::new(&[right("waiting"), left("for host"), prose("because of")]);
    for group in &board.waiting {
        let host = group.host.as_ref().map_or("any", |host| host.as_str());
        table.row([&group.jobs.len().to_string(), host, &group.why]);
    }
    table
}

/// The id, the instance and the line that says why stay longest. `fleet explain` of the id tells the rest.
fn failed(board: &Board) -> Table {
    let mut table = Table::new(&[
        left("failed"),
        name("instance"),
        name("model").spare_at(4),
        right("run").spare_at(1),
        left("host").spare_at(2),
        left("phase").spare_at(3),
        left("how").spare_at(5),
        prose("first failing line"),
    ]);
    for job in board.failed.iter().take(MOST_FAILED) {
        let FailedJob {
            host, phase, excerpt, ..
        } = job;
        table.row([
            job.job.as_str(),
            job.instance.as_str(),
            job.model.as_str(),
            &job.run.to_string(),
            host.as_ref().map_or("", |host| host.as_str()),
            phase.as_ref().map_or("", |phase| phase.as_str()),
            &job.how,
            excerpt.as_deref().unwrap_or(""),
        ]);
    }
    table
}
