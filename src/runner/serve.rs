//! The link: requests in, answers and journals out, until the other end goes away.
//!
//! Invariant: what may take long (an engine that does not answer, the closing of a dead capsule) never stands between a ping
//! and its answer. Nothing here outlives the link, and nothing that runs depends on it.

use std::io::BufRead;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cancel::{self, Told};
use super::capsule::Capsule;
use super::error::{Doing as _, RunnerError};
use super::follow::Follower;
use super::inputs::{self, Put};
use super::lines::{self, Next};
use super::outlet::Outlet;
use super::root::Root;
use super::start::Launch;
use super::versions::{self, Deploying};
use super::{authority, boot, clean, close_dead, examine, install, inventory, probe, read, shelf};
use crate::domain::AttemptId;
use crate::domain::wire::{Answer, Ask, Authority, Hello, LONGEST_LINE, MAGIC, PROTOCOL, Request};
use crate::doors::{clock, spawn};

/// Serves a coordinator over stdin and stdout until stdin ends.
pub fn serve(root: &Path) -> Result<(), RunnerError> {
    let root = Root::open(root)?;
    let outlet = Outlet::new(std::io::stdout());
    Server::new(root, spawn::ITSELF.into(), outlet)?.run(std::io::stdin().lock())
}

/// What every request may need.
struct Shared {
    root: Root,
    boot: String,
    outlet: Outlet,
    deploying: Deploying,
}

/// One link.
pub(super) struct Server {
    shared: Arc<Shared>,
    program: PathBuf,
    follower: Follower,
}

impl Server {
    /// A link that speaks into `outlet` and starts supervisors with `program`.
    pub(super) fn new(root: Root, program: PathBuf, outlet: Outlet) -> Result<Server, RunnerError> {
        let boot = boot::identity()?;
        let follower = Follower::start(root.clone(), boot.clone(), outlet.clone())?;
        Ok(Server {
            shared: Arc::new(Shared {
                root,
                boot,
                outlet,
                deploying: Deploying::default(),
            }),
            program,
            follower,
        })
    }

    /// Says hello, and answers until the input ends.
    pub(super) fn run(mut self, mut input: impl BufRead) -> Result<(), RunnerError> {
        self.hello()?;
        self.aside(None, |shared| {
            inputs::tidy(&shared.root);
            close_dead::close_all(&shared.root, &shared.boot).map(|_| Answer::Done)
        });
        while !self.shared.outlet.is_closed() {
            match lines::next(&mut input, LONGEST_LINE).doing(|| "read from the link")? {
                Next::End => break,
                Next::TooLong => {
                    let why = format!("a request is longer than {LONGEST_LINE} bytes");
                    self.shared.outlet.answer(0, Answer::Failed(why));
                    break;
                }
                Next::Line(line) => match serde_json::from_slice::<Request>(&line) {
                    Ok(request) => self.perform(request),
                    Err(error) => {
                        let why = format!("not a request: {error}");
                        self.shared.outlet.answer(0, Answer::Failed(why));
                    }
                },
            }
        }
        Ok(())
    }

    fn hello(&self) -> Result<(), RunnerError> {
        let hello = Hello {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            boot: self.shared.boot.clone(),
            now: clock::now(),
        };
        let text = serde_json::to_string(&hello).map_err(std::io::Error::from);
        let text = text.doing(|| "put the greeting in words")?;
        // A login shell may have left the cursor in the middle of a line.
        self.shared.outlet.line(&format!("\n{MAGIC}{text}"));
        Ok(())
    }

    fn perform(&mut self, request: Request) {
        let id = request.id;
        match request.ask {
            Ask::Ping => self.shared.outlet.answer(id, Answer::Done),
            Ask::Start(start) => {
                let launch = Launch {
                    root: &self.shared.root,
                    boot: &self.shared.boot,
                    program: &self.program,
                };
                match launch.start(&start) {
                    Ok(pid) => {
                        if let Some(pid) = pid {
                            self.follower.adopt(pid);
                        }
                        self.follow_start(id, start.spec.id());
                    }
                    Err(no) => self.shared.outlet.answer(id, no),
                }
            }
            Ask::Follow { attempt, from } => self.begin_to_follow(id, attempt, from),
            Ask::Cancel {
                authority,
                attempt,
                hard,
            } => {
                let done = self.cancel(&authority, attempt, hard);
                self.answer(id, done);
            }
            Ask::Read {
                attempt,
                file,
                from,
                most,
            } => {
                let capsule = Capsule::existing(&self.shared.root, attempt);
                self.answer(
                    id,
                    capsule.and_then(|capsule| read::read(&capsule, &file, from, most)),
                );
            }
            Ask::Inventory { jobs } => self.aside(Some(id), move |shared| {
                inventory::inventory(&shared.root, &shared.boot, jobs).map(Answer::Inventory)
            }),
            Ask::Images => self.aside(Some(id), |shared| Ok(shelf::list(&shared.root, &[]))),
            Ask::Shelf { runtimes } => {
                self.aside(Some(id), move |shared| Ok(shelf::list(&shared.root, &runtimes)));
            }
            Ask::Prefetch { image, url } => self.aside(Some(id), move |shared| {
                Ok(shelf::prefetch(&shared.root, &image, url.as_deref()))
            }),
            Ask::Discard { source, runtimes } => self.aside(Some(id), move |shared| {
                Ok(shelf::discard(&shared.root, &source, &runtimes))
            }),
            Ask::Clean => self.aside(Some(id), |shared| Ok(clean::clean(&shared.root))),
            Ask::Harness { at, look } => self.aside(Some(id), move |shared| {
                versions::look(&shared.root, &at, &look).map(|found| Answer::Harness(Box::new(found)))
            }),
            Ask::Receive => self.aside(Some(id), |shared| {
                shared.deploying.take(&shared.root)?;
                install::receive(&shared.root).map(Answer::Room)
            }),
            Ask::Install(wish) => self.aside(Some(id), move |shared| {
                shared.deploying.take(&shared.root)?;
                install::install(&shared.root, &wish).map(Answer::Installed)
            }),
            Ask::Examine(wish) => self.aside(Some(id), move |shared| {
                examine::examine(&shared.root, &wish).map(Answer::Observations)
            }),
            Ask::Put {
                sha256,
                size,
                at,
                text,
            } => match inputs::put(&self.shared.root, sha256, size, at, &text) {
                Ok(Put::Has(here)) => self.shared.outlet.answer(id, Answer::Has(here)),
                Ok(Put::Full) => self.aside(Some(id), move |shared| {
                    inputs::tidy(&shared.root);
                    inputs::finish(&shared.root, sha256, size).map(Answer::Has)
                }),
                Err(error) => self.answer(id, Err(error)),
            },
            Ask::Probe => self.aside(Some(id), |shared| {
                probe::probe(&shared.root).map(|facts| Answer::Facts(Box::new(facts)))
            }),
        }
    }

    fn answer(&self, id: u64, done: Result<Answer, RunnerError>) {
        let answer = done.unwrap_or_else(|error| Answer::Failed(error.to_string()));
        self.shared.outlet.answer(id, answer);
    }

    /// What was started is followed from its beginning. If it lives and its directory is gone, there is nothing to
    /// follow, and it has been started all the same.
    fn follow_start(&mut self, id: u64, attempt: AttemptId) {
        if Capsule::of(&self.shared.root, attempt).exists() {
            self.begin_to_follow(id, attempt, 0);
        } else {
            self.shared.outlet.answer(id, Answer::Done);
        }
    }

    /// The answer first, so that the journal follows it.
    fn begin_to_follow(&mut self, id: u64, attempt: AttemptId, from: u64) {
        match Capsule::existing(&self.shared.root, attempt) {
            Ok(capsule) => {
                self.shared.outlet.answer(id, Answer::Done);
                self.follower.follow(capsule, from);
            }
            Err(error) => self.answer(id, Err(error)),
        }
    }

    fn cancel(&self, asking: &Authority, attempt: AttemptId, hard: bool) -> Result<Answer, RunnerError> {
        let root = &self.shared.root;
        let gate = root.gate()?;
        if let Err(refusal) = authority::admit(root, &gate, asking)? {
            return Ok(Answer::Refused(refusal));
        }
        if cancel::cancel(root, &gate, attempt, hard)? == Told::Dead {
            self.aside(None, move |shared| {
                let capsule = Capsule::existing(&shared.root, attempt)?;
                close_dead::close_capsules(&shared.root, &shared.boot, &[capsule]).map(|_| Answer::Done)
            });
        }
        Ok(Answer::Done)
    }

    /// Does what may take long in a thread of its own, and answers if there is a request to answer (`id`).
    fn aside(
        &self,
        id: Option<u64>,
        work: impl FnOnce(&Shared) -> Result<Answer, RunnerError> + Send + 'static,
    ) {
        let shared = Arc::clone(&self.shared);
        let thread = std::thread::Builder::new().name("aside".to_owned());
        let work = move |shared: &Shared| {
            // If our own code panics, the coordinator gets an error instead of waiting for ever.
            catch_unwind(AssertUnwindSafe(|| work(shared))).unwrap_or(Err(RunnerError::Panicked))
        };
        let started = thread.spawn(move || match (id, work(&shared)) {
            (Some(id), Ok(answer)) => shared.outlet.answer(id, answer),
            (Some(id), Err(error)) => shared.outlet.answer(id, Answer::Failed(error.to_string())),
            (None, Ok(_)) => {}
            (None, Err(error)) => tracing::warn!(%error, "cannot close dead capsules"),
        });
        if let (Err(error), Some(id)) = (started, id) {
            let why = format!("cannot start a thread: {error}");
            self.shared.outlet.answer(id, Answer::Failed(why));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, PipeReader, pipe};

    use super::*;
    use crate::domain::wire::Say;

    fn server(root: &Path) -> (Server, BufReader<PipeReader>) {
        let (reader, writer) = pipe().unwrap();
        let outlet = Outlet::new(writer);
        let root = Root::open(root).unwrap();
        let server = Server::new(root, PathBuf::from("/proc/self/exe"), outlet).unwrap();
        (server, BufReader::new(reader))
    }

    #[test]
    fn work_that_panics_is_answered() {
        let dir = tempfile::tempdir().unwrap();
        let (server, mut said) = server(dir.path());
        server.aside(Some(7), |_| panic!("an index out of bounds"));
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let said: Say = serde_json::from_str(&line).unwrap();
        let Say::Answer {
            to: 7,
            with: Answer::Failed(why),
        } = said
        else {
            panic!("{said:?}");
        };
        assert!(why.contains("a bug of fleet"), "{why}");
    }

    #[test]
    fn a_link_whose_journals_are_followed_by_nobody_ends() {
        let dir = tempfile::tempdir().unwrap();
        let (server, _said) = server(dir.path());
        let outlet = server.shared.outlet.clone();
        assert!(!outlet.is_closed());
        // Its thread ends, as it does when it panics.
        drop(server.follower);
        while !outlet.is_closed() {
            std::thread::yield_now();
        }
    }
}
