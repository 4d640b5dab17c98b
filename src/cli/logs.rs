//! `fleet logs`: what a job prints, live from its host, or as it was brought home.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;

use super::context::Context;
use super::printer::Printer;
use super::{CommandError, Kind, exit, select};
use crate::domain::fleet::{Attempt, JobEntry};
use crate::domain::journal::{Entry, Line};
use crate::domain::wire::{Answer, Ask};
use crate::domain::{AttemptId, PhaseName, layout};
use crate::transport::Call;

/// Bytes asked for at a time.
const PIECE: u64 = 256 << 10;
/// How often a host is asked for more, on the open channel.
const PAUSE: Duration = Duration::from_millis(250);

/// Show what a job prints
///
/// Live from the host while it runs; from the results once they are home. The text is the job's own: on a
/// terminal its control characters are made visible.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet logs 7q2mzk4tn1x9
  fleet logs -f phase8/1319603449576684/gpt
  fleet logs --phase evaluation 7q2m | less")]
pub(super) struct Args {
    /// The job, by id, by instance, or as SET/INSTANCE/MODEL/runN
    #[arg(value_name = "JOB")]
    job: String,
    /// Go on as the job prints more, until it ends
    #[arg(long, short)]
    follow: bool,
    /// Only this phase
    #[arg(long, value_name = "PHASE")]
    phase: Option<PhaseName>,
    /// An earlier attempt
    #[arg(long, value_name = "N")]
    attempt: Option<u32>,
}

pub(super) async fn run(args: &Args, context: &Context, printer: &Printer) -> Result<u8, CommandError> {
    let (store, fleet) = context.peek().await?;
    let entry = select::one(&fleet, &args.job)?;
    let attempt = match args.attempt {
        Some(n) => entry
            .attempt(n)
            .ok_or_else(|| CommandError::new(Kind::Input, format!("{} has no attempt {n}", entry.job.id)))?,
        None => entry.decisive().ok_or_else(|| nothing_yet(entry))?,
    };
    let id = AttemptId {
        job: entry.job.id,
        n: attempt.n,
    };
    if let Some(home) = store.collected().await?.get(&id) {
        return collected(args, Path::new(&home.path), printer);
    }
    store.close().await;
    let mut live = open(context, attempt).await?;
    let mut shown = Shown {
        args,
        printer,
        id,
        read: 0,
        journal: Vec::new(),
        ended: false,
        phases: Vec::new(),
    };
    loop {
        shown.look(&mut live).await?;
        if shown.ended || !args.follow {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    live.hang_up().await;
    Ok(exit::OK)
}

fn nothing_yet(entry: &JobEntry) -> CommandError {
    CommandError::new(Kind::Input, format!("{} has not started yet", entry.job.id))
        .hint("`fleet status` says what it waits for")
}

async fn open(context: &Context, attempt: &Attempt) -> Result<Call, CommandError> {
    let host = context.config.host(&attempt.host).ok_or_else(|| {
        CommandError::new(
            Kind::Input,
            format!("its host {} is not in fleet.toml any more", attempt.host),
        )
    })?;
    Ok(context.transport.open(host).await?.call())
}

/// What has been shown of an attempt so far.
struct Shown<'a> {
    args: &'a Args,
    printer: &'a Printer,
    id: AttemptId,
    read: u64,
    journal: Vec<u8>,
    ended: bool,
    phases: Vec<(PhaseName, u64)>,
}

impl Shown<'_> {
    /// Reads on in the journal, then in each phase that it tells of.
    async fn look(&mut self, call: &mut Call) -> Result<(), CommandError> {
        let mut fresh = Vec::new();
        read_on(call, self.id, layout::JOURNAL, &mut self.read, |piece| {
            fresh.extend_from_slice(piece);
            Ok(())
        })
        .await?;
        self.journal.extend(fresh);
        while let Some(end) = self.journal.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.journal.drain(..=end).collect();
            match serde_json::from_slice::<Line>(&line).map(|line| line.entry) {
                Ok(Entry::PhaseStarted { phase } | Entry::PhaseKept { phase, .. })
                    if self.args.phase.as_ref().is_none_or(|only| *only == phase) =>
                {
                    self.phases.push((phase, 0));
                }
                Ok(Entry::Ended { .. }) => self.ended = true,
                Ok(
                    Entry::Opened { .. }
                    | Entry::PhaseStarted { .. }
                    | Entry::Pressed { .. }
                    | Entry::PhaseKept { .. }
                    | Entry::PhaseEnded { .. },
                )
                | Err(_) => {}
            }
        }
        for (phase, read) in &mut self.phases {
            if *read == 0 && self.args.phase.is_none() {
                self.printer.heading(phase.as_str());
            }
            let file = format!("{}/{phase}.log", layout::LOGS);
            let printer = self.printer;
            read_on(call, self.id, &file, read, |piece| printer.raw(piece)).await?;
        }
        Ok(())
    }
}

/// Reads a file of a capsule from where we are to where it ends now.
async fn read_on(
    call: &mut Call,
    attempt: AttemptId,
    file: &str,
    from: &mut u64,
    mut take: impl FnMut(&[u8]) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    loop {
        let ask = Ask::Read {
            attempt,
            file: file.to_owned(),
            from: *from,
            most: PIECE,
        };
        match call.ask(ask).await? {
            Answer::Bytes { data, size } => {
                let piece = base64::engine::general_purpose::STANDARD
                    .decode(data)
                    .map_err(|error| {
                        CommandError::new(Kind::Environment, format!("the host sent nonsense: {error}"))
                    })?;
                take(&piece)?;
                *from += piece.len() as u64;
                if piece.is_empty() || *from >= size {
                    return Ok(());
                }
            }
            Answer::Failed(why) => {
                return Err(CommandError::new(
                    Kind::Environment,
                    format!("the host cannot show it: {}", why.escape_debug()),
                ));
            }
            Answer::Done
            | Answer::Refused(_)
            | Answer::Inventory(_)
            | Answer::Facts(_)
            | Answer::Images(_)
            | Answer::Cleaned(_)
            | Answer::Fault(_)
            | Answer::Harness(_)
            | Answer::Room(_)
            | Answer::Installed(_)
            | Answer::Observations(_)
            | Answer::Has(_)
            | Answer::Lacks(_) => return Ok(()),
        }
    }
}

/// The results are home: no host is needed.
fn collected(args: &Args, home: &Path, printer: &Printer) -> Result<u8, CommandError> {
    let cannot = |error: std::io::Error, path: &Path| {
        CommandError::new(Kind::Environment, format!("cannot read {}", path.display())).caused_by(&error)
    };
    let journal = home.join(layout::JOURNAL);
    let text = std::fs::read_to_string(&journal).map_err(|error| cannot(error, &journal))?;
    let phases = text
        .lines()
        .filter_map(|line| match serde_json::from_str::<Line>(line).ok()?.entry {
            Entry::PhaseStarted { phase } | Entry::PhaseKept { phase, .. } => Some(phase),
            Entry::Opened { .. } | Entry::PhaseEnded { .. } | Entry::Pressed { .. } | Entry::Ended { .. } => {
                None
            }
        });
    for phase in phases.filter(|phase| args.phase.as_ref().is_none_or(|only| only == phase)) {
        if args.phase.is_none() {
            printer.heading(phase.as_str());
        }
        let path = home.join(layout::LOGS).join(format!("{phase}.log"));
        let mut file = std::fs::File::open(&path).map_err(|error| cannot(error, &path))?;
        let mut piece = vec![0; 256 << 10];
        loop {
            match std::io::Read::read(&mut file, &mut piece).map_err(|error| cannot(error, &path))? {
                0 => break,
                n => printer.raw(&piece[..n])?,
            }
        }
    }
    Ok(exit::OK)
}
