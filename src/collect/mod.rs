//! Results come home: rsync into a staging directory, verification byte by byte, and then one rename.
//!
//! The proof of a result is its verification, not rsync's exit code: whatever fully arrived is published
//! even if the connection broke afterwards, and whatever does not match its seal is not, however well
//! rsync ended.
//!
//! Invariant: at an attempt's place in the results tree there is either nothing or everything, and every
//! file that the attempt's manifest names is there as the host wrote it.

mod capsule;
mod error;
mod place;
mod publish;
mod result;
mod rsync;
mod send;
mod tree;
mod wanted;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use capsule::Capsule;
pub use error::CollectError;
pub use result::{Phase, ResultFile};
pub use send::{Parcel, send};
pub use wanted::{Brought, Origin, Wanted};

use crate::domain::{AttemptId, Job, Span};
use place::Incoming;
use rsync::Fetch;

/// How to collect.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Read every byte of what is at home already, instead of trusting sizes.
    pub rehash: bool,
    /// How long a connection may be silent.
    pub silence: Span,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            rehash: false,
            silence: Span::seconds(60),
        }
    }
}

/// What became of each wanted attempt.
pub type Answers = Vec<(AttemptId, Result<Brought, CollectError>)>;

/// The place of a job's results below the results directory.
pub fn home(results: &Path, job: &Job) -> PathBuf {
    results
        .join(job.set.as_str())
        .join(job.instance.as_str())
        .join(job.model.as_str())
        .join(format!("run{}", job.run))
}

/// Brings the wanted attempts of one host home, all over one connection at a time. Repeating it is
/// cheap, and after any interruption it goes on where it was.
///
/// The caller says which attempt of a job counts: an older one at its place is replaced.
pub async fn bring_home(origin: &Origin, wanted: Vec<Wanted>, results: &Path, options: Options) -> Answers {
    let (mut answers, missing) = at_home(wanted, results, options).await;
    if !missing.is_empty() {
        answers.extend(fetch_all(origin, missing, results, options).await);
    }
    answers
}

/// Which of the wanted attempts are at home already, and which are not. Needs no host.
pub async fn at_home(wanted: Vec<Wanted>, results: &Path, options: Options) -> (Answers, Vec<Wanted>) {
    let (mut answers, mut missing) = (Answers::new(), Vec::new());
    for want in wanted {
        let (mine, base) = (want.clone(), results.to_owned());
        match blocking(move || place::at_home(&mine, &base, options.rehash)).await {
            Ok(Some(brought)) => answers.push((want.attempt, Ok(brought))),
            Ok(None) => missing.push(want),
            Err(error) => answers.push((want.attempt, Err(error))),
        }
    }
    (answers, missing)
}

async fn fetch_all(origin: &Origin, wanted: Vec<Wanted>, results: &Path, options: Options) -> Answers {
    let incoming = match Incoming::open(results, &origin.host).await {
        Ok(incoming) => incoming,
        Err(error) => {
            return wanted
                .iter()
                .map(|want| (want.attempt, Err(error.clone())))
                .collect();
        }
    };
    let fetch = Fetch {
        origin,
        into: incoming.dir(),
        silence: options.silence,
    };
    let mut answers = Answers::new();

    // What each attempt says of itself.
    let trouble = fetch.heads(&wanted).await;
    let mut capsules = Vec::new();
    for want in wanted {
        let (id, dir) = (want.attempt, incoming.capsule(want.attempt));
        match blocking(move || Capsule::read(want, dir)).await {
            Ok(capsule) => capsules.push(Arc::new(capsule)),
            Err(error) => answers.push((id, Err(error.explained(trouble.as_ref())))),
        }
    }

    // The files that the manifests name, and once more those that came out wrong.
    let logs_trouble = fetch.logs(&capsules).await.or_else(|| trouble.clone());
    let mut trouble = fetch.bodies(&capsules, false).await.or(trouble);
    let (mut whole, torn) = verified(&capsules).await;
    let torn: Vec<Arc<Capsule>> = torn.into_iter().map(|(capsule, _)| capsule).collect();
    if !torn.is_empty() && trouble.as_ref().is_none_or(CollectError::is_partial) {
        trouble = fetch.bodies(&torn, true).await;
    }
    let (late, wrong) = verified(&torn).await;
    whole.extend(late);
    for (capsule, error) in wrong {
        answers.push((capsule.want.attempt, Err(error.explained(trouble.as_ref()))));
    }

    // Into place, each with one rename.
    for capsule in whole {
        let (id, host, base) = (capsule.want.attempt, origin.host.clone(), results.to_owned());
        let published = match (&capsule.manifest, &logs_trouble) {
            // No manifest says which logs there should be: only an undisturbed fetch has them all.
            (None, Some(trouble)) => Err(trouble.clone()),
            _ => blocking(move || publish::publish(&capsule, &host, &base)).await,
        };
        answers.push((id, published));
    }
    answers
}

type Torn = Vec<(Arc<Capsule>, CollectError)>;

async fn verified(capsules: &[Arc<Capsule>]) -> (Vec<Arc<Capsule>>, Torn) {
    let (mut whole, mut torn) = (Vec::new(), Vec::new());
    for capsule in capsules {
        let mine = Arc::clone(capsule);
        match blocking(move || mine.verify()).await {
            Ok(()) => whole.push(Arc::clone(capsule)),
            Err(error) => torn.push((Arc::clone(capsule), error)),
        }
    }
    (whole, torn)
}

/// Runs work that reads and hashes files in a thread where it holds up no other task.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CollectError> + Send + 'static,
) -> Result<T, CollectError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|died| Err(CollectError::Internal(died.to_string())))
}

#[cfg(test)]
mod tests;
