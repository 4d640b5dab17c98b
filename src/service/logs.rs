//! What a job prints, live from its host, or as it was brought home.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use flate2::write::MultiGzDecoder;

use super::{Problem, ProblemKind, Project, select};
use crate::config::Config;
use crate::domain::journal::{Entry, Line};
use crate::domain::swe::Task;
use crate::domain::wire::{Answer, Ask};
use crate::domain::{AttemptId, Job, PhaseName, evidence, layout};
use crate::schedule::fleet::{Attempt, JobEntry};
use crate::transport::Call;

/// Bytes asked for at a time.
const PIECE: u64 = 256 << 10;
/// How often a host is asked for more, on the open channel.
const PAUSE: Duration = Duration::from_millis(250);

/// What is to be shown.
#[derive(Debug, Clone, Default)]
pub struct LogsRequest {
    /// The job, as people name it.
    pub job: String,
    /// Go on as the job prints more, until it ends.
    pub follow: bool,
    /// Only this phase.
    pub phase: Option<PhaseName>,
    /// An earlier attempt.
    pub attempt: Option<u32>,
}

/// Takes what a job has printed.
pub trait OutputSink {
    /// What follows is of this part.
    fn heading(&self, title: &str) -> Result<(), Problem>;
    /// More of it: the job's own bytes. Untrusted.
    fn output(&self, bytes: &[u8]) -> Result<(), Problem>;
}

/// Shows what a job prints: live from its host, or as it was brought home.
pub async fn show_logs(
    request: &LogsRequest,
    project: &Project,
    output: &dyn OutputSink,
) -> Result<(), Problem> {
    let (store, fleet) = project.read_facts().await?;
    let entry = select::job_named(&fleet, &request.job)?;
    let attempt = match request.attempt {
        Some(n) => entry.attempt(n).ok_or_else(|| {
            Problem::new(ProblemKind::Input, format!("{} has no attempt {n}", entry.job.id))
        })?,
        None => entry.decisive().ok_or_else(|| nothing_yet(entry))?,
    };
    let id = AttemptId {
        job: entry.job.id,
        n: attempt.n,
    };
    let mut shown = Shown {
        request,
        output,
        known: Known::of(&entry.job, &project.config),
        phases: Vec::new(),
        has_ended: false,
    };
    let home = store.collected().await?.remove(&id);
    store.close().await;
    if let Some(home) = home {
        shown.collected(Path::new(&home.path))?;
    } else {
        shown.may_be_asked_for()?;
        let mut live = Live {
            call: open(project, attempt).await?,
            id,
            read: 0,
            journal: Vec::new(),
        };
        loop {
            shown.look(&mut live).await?;
            if shown.has_ended || !request.follow {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        live.call.hang_up().await;
    }
    shown.has_what_was_asked_for()?;
    Ok(())
}

fn nothing_yet(entry: &JobEntry) -> Problem {
    Problem::new(
        ProblemKind::Input,
        format!("{} has not started yet", entry.job.id),
    )
    .hint("`fleet explain` says what it waits for")
}

async fn open(project: &Project, attempt: &Attempt) -> Result<Call, Problem> {
    let host = project.config.host(&attempt.host).ok_or_else(|| {
        Problem::new(
            ProblemKind::Input,
            format!("its host {} is not in fleet.toml any more", attempt.host),
        )
    })?;
    Ok(project.transport.open(host).await?.call())
}

/// What `fleet.toml` says of the phases of a job.
struct Known {
    phases: Vec<PhaseName>,
    /// The one that runs tests.
    evaluation: Option<PhaseName>,
}

impl Known {
    fn of(job: &Job, config: &Config) -> Known {
        let pipeline = config.pipeline(&job.pipeline);
        let phases = pipeline.map(|pipeline| pipeline.phase.iter().map(|phase| phase.name.clone()).collect());
        let evaluation = pipeline.and_then(|pipeline| pipeline.task(Task::Evaluation));
        Known {
            phases: phases.unwrap_or_default(),
            evaluation: evaluation.map(|phase| phase.name.clone()),
        }
    }
}

/// An attempt on its host, and how far its journal was read.
struct Live {
    call: Call,
    id: AttemptId,
    read: u64,
    journal: Vec<u8>,
}

/// What has been shown of an attempt so far.
struct Shown<'a> {
    request: &'a LogsRequest,
    output: &'a dyn OutputSink,
    known: Known,
    phases: Vec<Part>,
    has_ended: bool,
}

/// One phase that has begun.
struct Part {
    phase: PhaseName,
    read: u64,
    has_heading: bool,
    has_ended: bool,
    has_tests: bool,
}

impl Shown<'_> {
    /// Takes in a line of the journal.
    fn note(&mut self, entry: Entry) {
        match entry {
            Entry::PhaseStarted { phase } => self.begin(phase, false),
            Entry::PhaseKept { phase, .. } => self.begin(phase, true),
            Entry::PhaseEnded { phase, .. } => {
                for part in self.phases.iter_mut().filter(|part| part.phase == phase) {
                    part.has_ended = true;
                }
            }
            Entry::Ended { .. } => self.has_ended = true,
            Entry::Opened { .. } | Entry::Pressed { .. } => {}
        }
    }

    fn begin(&mut self, phase: PhaseName, has_ended: bool) {
        self.phases.push(Part {
            phase,
            read: 0,
            has_heading: false,
            has_ended,
            has_tests: false,
        });
    }

    fn is_wanted(&self, phase: &PhaseName) -> bool {
        self.request.phase.as_ref().is_none_or(|only| only == phase)
    }

    /// Above each phase, wherever there are several.
    fn heading(&mut self, n: usize) -> Result<(), Problem> {
        let several = self.request.phase.is_none() && self.known.phases.len().max(self.phases.len()) > 1;
        let part = &mut self.phases[n];
        if several && !part.has_heading {
            self.output.heading(part.phase.as_str())?;
        }
        part.has_heading = true;
        Ok(())
    }

    /// Has this phase run tests, whose output was not shown yet?
    fn owes_tests(&self, n: usize) -> bool {
        let part = &self.phases[n];
        part.has_ended && !part.has_tests && self.known.evaluation.as_ref() == Some(&part.phase)
    }

    /// A phase that neither the pipeline nor the journal knows is a slip.
    fn may_be_asked_for(&self) -> Result<(), Problem> {
        let begun = self.phases.iter().map(|part| &part.phase);
        let mut all: Vec<&PhaseName> = self.known.phases.iter().chain(begun).collect();
        match &self.request.phase {
            Some(phase) if !all.is_empty() && !all.contains(&phase) => {
                all.dedup();
                let names: Vec<&str> = all.iter().map(|phase| phase.as_str()).collect();
                Err(
                    Problem::new(ProblemKind::Input, format!("this job has no phase `{phase}`"))
                        .hint(format!("its phases are {}", names.join(", "))),
                )
            }
            _ => Ok(()),
        }
    }

    fn has_what_was_asked_for(&self) -> Result<(), Problem> {
        self.may_be_asked_for()?;
        let Some(phase) = &self.request.phase else {
            return Ok(());
        };
        if self.phases.iter().any(|part| part.phase == *phase) {
            return Ok(());
        }
        let begun: Vec<&str> = self.phases.iter().map(|part| part.phase.as_str()).collect();
        let what = if self.has_ended {
            format!("the attempt ended before its phase `{phase}` began")
        } else {
            format!("its phase `{phase}` has not begun yet")
        };
        let hint = match begun.len() {
            0 => "no phase of it has begun".to_owned(),
            _ => format!("these have: {}", begun.join(", ")),
        };
        Err(Problem::new(ProblemKind::Input, what).hint(hint))
    }

    /// Reads on in the journal, then in each phase that it tells of.
    async fn look(&mut self, attempt: &mut Live) -> Result<(), Problem> {
        let Live {
            call,
            id,
            read,
            journal,
        } = attempt;
        let mut fresh = Vec::new();
        let taken = read_on(call, *id, layout::JOURNAL, read, |piece| {
            fresh.extend_from_slice(piece);
            Ok(())
        });
        must(taken.await?)?;
        journal.extend(fresh);
        while let Some(end) = journal.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = journal.drain(..=end).collect();
            if let Ok(line) = serde_json::from_slice::<Line>(&line) {
                self.note(line.entry);
            }
        }
        for n in 0..self.phases.len() {
            if !self.is_wanted(&self.phases[n].phase) {
                continue;
            }
            self.heading(n)?;
            let output = self.output;
            let part = &mut self.phases[n];
            let file = format!("{}/{}.log", layout::LOGS, part.phase);
            must(read_on(call, *id, &file, &mut part.read, |piece| output.output(piece)).await?)?;
            if self.owes_tests(n) {
                self.phases[n].has_tests = true;
                let mut tests = Tests::new(output);
                let mut from = 0;
                // Without a session of tests there is no such file.
                let missing = read_on(call, *id, evidence::LOG, &mut from, |piece| tests.take(piece)).await?;
                if missing.is_none() {
                    tests.end()?;
                }
            }
        }
        Ok(())
    }

    /// The results are home: no host is needed.
    fn collected(&mut self, home: &Path) -> Result<(), Problem> {
        let cannot = |error: std::io::Error, path: &Path| {
            Problem::new(
                ProblemKind::Environment,
                format!("cannot read {}", path.display()),
            )
            .caused_by(&error)
        };
        let journal = home.join(layout::JOURNAL);
        let text = std::fs::read_to_string(&journal).map_err(|error| cannot(error, &journal))?;
        for line in text.lines() {
            if let Ok(line) = serde_json::from_str::<Line>(line) {
                self.note(line.entry);
            }
        }
        for n in 0..self.phases.len() {
            if !self.is_wanted(&self.phases[n].phase) {
                continue;
            }
            self.heading(n)?;
            let path = home
                .join(layout::LOGS)
                .join(format!("{}.log", self.phases[n].phase));
            let file = std::fs::File::open(&path).map_err(|error| cannot(error, &path))?;
            pieces(file, &path, |piece| self.output.output(piece))?;
            let path = home.join(evidence::LOG);
            if self.owes_tests(n)
                && let Ok(file) = std::fs::File::open(&path)
            {
                let mut tests = Tests::new(self.output);
                pieces(file, &path, |piece| tests.take(piece))?;
                tests.end()?;
            }
        }
        Ok(())
    }
}

/// The output of tests, unpacked as it comes.
struct Tests<'a> {
    output: &'a dyn OutputSink,
    unpacker: MultiGzDecoder<Vec<u8>>,
    has_heading: bool,
}

impl<'a> Tests<'a> {
    fn new(output: &'a dyn OutputSink) -> Tests<'a> {
        Tests {
            output,
            unpacker: MultiGzDecoder::new(Vec::new()),
            has_heading: false,
        }
    }

    fn take(&mut self, packed: &[u8]) -> Result<(), Problem> {
        // A small piece may unpack to very much: it is shown bit by bit.
        for bit in packed.chunks(4 << 10) {
            self.unpacker.write_all(bit).map_err(|error| damaged(&error))?;
            self.show()?;
        }
        Ok(())
    }

    fn end(mut self) -> Result<(), Problem> {
        self.unpacker.try_finish().map_err(|error| damaged(&error))?;
        self.show()
    }

    fn show(&mut self) -> Result<(), Problem> {
        if !std::mem::replace(&mut self.has_heading, true) {
            self.output.heading("output of the tests")?;
        }
        let bytes = std::mem::take(self.unpacker.get_mut());
        self.output.output(&bytes)
    }
}

fn damaged(error: &std::io::Error) -> Problem {
    Problem::new(
        ProblemKind::Environment,
        format!("the output of the tests ({}) cannot be unpacked", evidence::LOG),
    )
    .caused_by(error)
}

/// A file, piece by piece.
fn pieces(
    mut file: std::fs::File,
    path: &Path,
    mut take: impl FnMut(&[u8]) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let mut piece = vec![0; 256 << 10];
    loop {
        match std::io::Read::read(&mut file, &mut piece) {
            Ok(0) => return Ok(()),
            Ok(n) => take(&piece[..n])?,
            Err(error) => {
                return Err(Problem::new(
                    ProblemKind::Environment,
                    format!("cannot read {}", path.display()),
                )
                .caused_by(&error));
            }
        }
    }
}

/// What the host cannot show is an error.
fn must(why_not: Option<String>) -> Result<(), Problem> {
    match why_not {
        None => Ok(()),
        Some(why) => Err(Problem::new(
            ProblemKind::Environment,
            format!("the host cannot show it: {}", why.escape_debug()),
        )),
    }
}

/// Reads a file of a capsule from where we are to where it ends now. Says why not, where the host cannot show it.
async fn read_on(
    call: &mut Call,
    attempt: AttemptId,
    file: &str,
    from: &mut u64,
    mut take: impl FnMut(&[u8]) -> Result<(), Problem>,
) -> Result<Option<String>, Problem> {
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
                        Problem::new(
                            ProblemKind::Environment,
                            format!("the host sent nonsense: {error}"),
                        )
                    })?;
                take(&piece)?;
                *from += piece.len() as u64;
                if piece.is_empty() || *from >= size {
                    return Ok(None);
                }
            }
            Answer::Failed(why) => return Ok(Some(why)),
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
            | Answer::Lacks(_) => return Ok(None),
        }
    }
}
