//! `fleet retry`: closed jobs, opened again.

use super::context::Context;
use super::printer::Printer;
use super::tell::{self, Deed, How};
use super::{CommandError, Kind, exit, select};
use crate::collect;
use crate::domain::event::Past;
use crate::domain::fault::Class;
use crate::domain::fleet::JobEntry;
use crate::domain::job::Dataset;
use crate::domain::{HostName, SetName, Sha256, evidence};
use crate::doors::clock;
use crate::report::{Account, words};
use crate::store::{Command, Store};
use crate::view;

/// Open closed jobs again that failed for other reasons than the model
///
/// They get all their tries again. Finished phases are kept: a trajectory is not made, and paid for, twice. A result of
/// the model is never tried again: for more independent tries of a question, ask for more `runs`. The jobs run once
/// `fleet dispatch` of their assignment does.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet retry --class host
  fleet retry --fault image-corrupt --set phase8
  fleet retry phase8/1319603449576684/gpt
  fleet retry --suspect       # evaluate again what a bad host may have spoilt, from the trajectories at home")]
pub(super) struct Args {
    /// Jobs, by id, by instance, or as SET/INSTANCE/MODEL/runN (or the beginning of that)
    #[arg(value_name = "JOB")]
    jobs: Vec<String>,
    /// Those whose failure is of this class: host, image, config, dataset, provider, harness, unknown
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,
    /// Those that failed with this fault, as `fleet failures` names it
    #[arg(long, value_name = "NAME")]
    fault: Option<String>,
    /// Those whose last attempt was on this host
    #[arg(long)]
    host: Option<HostName>,
    /// Those of this set
    #[arg(long)]
    set: Option<SetName>,
    /// Those whose result is suspect because their host turned out to be bad
    #[arg(long)]
    suspect: bool,
    /// Start from the beginning: phases that earlier attempts finished are done, and paid for, again
    #[arg(long)]
    fresh: bool,
    #[command(flatten)]
    how: How,
}

pub(super) async fn run(
    args: &Args,
    context: &Context,
    printer: &Printer,
) -> Result<exit::VerbExit, CommandError> {
    let nothing = args.jobs.is_empty()
        && args.class.is_none()
        && args.fault.is_none()
        && args.host.is_none()
        && args.set.is_none()
        && !args.suspect;
    if nothing {
        return Err(CommandError::new(Kind::Input, "which jobs?")
            .hint("name them, or say --class, --fault, --host, --set or --suspect; `fleet failures` shows what there is"));
    }
    let class = args.class.as_deref().map(class).transpose()?;
    let (reader, fleet) = context.peek().await?;
    reader.close().await;
    if let Some(unknown) = args
        .set
        .as_ref()
        .filter(|set| !fleet.jobs().any(|entry| entry.job.set == **set))
    {
        return Err(
            CommandError::new(Kind::Input, format!("no set is called {unknown}"))
                .hint("`fleet status` lists them"),
        );
    }
    if let Some(unknown) = args.host.as_ref().filter(|host| fleet.host(host).is_none()) {
        return Err(
            CommandError::new(Kind::Input, format!("no host is called {unknown}"))
                .hint("`fleet hosts` lists them"),
        );
    }
    let entries: Vec<&JobEntry> = if args.jobs.is_empty() {
        fleet.jobs().collect()
    } else {
        select::all(&fleet, &args.jobs)?
    };
    let chosen: Vec<&JobEntry> = entries
        .into_iter()
        .filter(|entry| entry.closed.is_some() && fits(args, class, entry))
        .collect();
    let (may, models): (Vec<&JobEntry>, Vec<&JobEntry>) =
        chosen.into_iter().partition(|entry| may_try_again(args, entry));
    let mut deeds = Vec::new();
    let mut away = Vec::new();
    for entry in may {
        match past(args, entry, context).await? {
            Some(from) => deeds.push(deed(entry, from)),
            None => away.push(select::shown(entry)),
        }
    }
    let word = "nothing to do: no closed job that fits may be tried again";
    tell::perform(args.how, &deeds, word, context, printer).await?;
    if !models.is_empty() {
        printer.say(&format!(
            "{} not tried again: what a model did is a result",
            words::count(models.len(), "job is", "jobs are")
        ));
    }
    if !away.is_empty() {
        return Err(
            CommandError::new(Kind::Incomplete, "some trajectories are not at home")
                .causes(away)
                .hint("`fleet collect` brings them; then run this again"),
        );
    }
    if !deeds.is_empty() && !args.how.dry_run && context.coordinator().is_none() {
        printer.say("`fleet dispatch` of their assignment runs them");
    }
    Ok(exit::OK)
}

fn class(word: &str) -> Result<Class, CommandError> {
    let known = Class::ALL.into_iter().find(|class| class.word() == word);
    match known {
        Some(Class::Model) => Err(CommandError::new(
            Kind::Input,
            "what a model did is never tried again: it is a result",
        )
        .hint("for more independent tries of a question, ask for more `runs` in the assignment")),
        Some(class) => Ok(class),
        None => {
            let all: Vec<&str> = Class::ALL.iter().map(|class| class.word()).collect();
            Err(CommandError::new(
                Kind::Input,
                format!("no class is called `{}`", word.escape_debug()),
            )
            .hint(format!("there are {}", all.join(", "))))
        }
    }
}

fn fits(args: &Args, class: Option<Class>, entry: &JobEntry) -> bool {
    let last = entry.decisive();
    // By the same groups as `fleet failures` shows.
    let failed = view::failed_of(entry);
    let is_of = |class| failed.as_ref().is_some_and(|(of, _)| *of == class);
    let is_called = |name| failed.as_ref().is_some_and(|(_, called)| called.as_str() == name);
    class.is_none_or(is_of)
        && args.fault.as_deref().is_none_or(is_called)
        && args
            .host
            .as_ref()
            .is_none_or(|host| last.is_some_and(|last| last.host == *host))
        && args.set.as_ref().is_none_or(|set| entry.job.set == *set)
        && (!args.suspect || entry.suspect().is_some())
}

/// A result of the model's own is no failure; one that is suspect is none of its own.
fn may_try_again(args: &Args, entry: &JobEntry) -> bool {
    let named = !args.jobs.is_empty();
    match Account::of(entry) {
        Account::Waiting
        | Account::Running
        | Account::Resolved
        | Account::Unresolved
        | Account::Succeeded => false,
        Account::Undecided => entry.suspect().is_some() || named || view::failed_of(entry).is_some(),
        Account::Cancelled => named,
        Account::Excluded | Account::Failed => true,
    }
}

/// What the next attempt may take over; none if it has to come home first.
async fn past(args: &Args, entry: &JobEntry, context: &Context) -> Result<Option<Past>, CommandError> {
    if args.fresh {
        return Ok(Some(Past::Nothing));
    }
    if entry.suspect().is_none() {
        return Ok(Some(Past::Kept));
    }
    let path = collect::home(&context.results, &entry.job).join(evidence::TRAJECTORY);
    let Ok(text) = std::fs::read_to_string(&path) else {
        return Ok(None);
    };
    let file = Dataset {
        path: path.display().to_string().into(),
        sha256: Sha256::of(text.as_bytes()),
    };
    if !args.how.dry_run {
        let store = Store::open(&context.database()).await?;
        store.keep_file(clock::now(), file.sha256, &text).await?;
        store.close().await;
    }
    Ok(Some(Past::Trajectory(file)))
}

fn deed(entry: &JobEntry, from: Past) -> Deed {
    let takes = match &from {
        Past::Kept => "",
        Past::Nothing => ", from the beginning",
        Past::Trajectory(_) => ", from its trajectory at home",
    };
    let why = entry
        .suspect()
        .map_or("asked for with `fleet retry`", |_| "its result is suspect");
    Deed {
        what: format!("{} open again{takes}", select::shown(entry)),
        wish: Command::Reopen {
            job: entry.job.id,
            why: why.to_owned(),
            from,
        },
    }
}
