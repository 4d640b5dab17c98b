//! The image phase: the instance's image, ready on this host.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::native::{self, PhaseContext, PhaseOutcome};
use crate::domain::fault::{Again, FaultName};
use crate::domain::swe::IMAGE_URL;
use crate::domain::{Fault, evidence};
use crate::doors::{files, secrets};
use crate::images::{self, How, PART_SIZE, PARTS, Ready, STALL, Wanted};

/// Most bytes of what the phase has noted.
const MOST: u64 = 1 << 20;

/// Makes the image of the attempt ready.
pub(super) fn ready(
    context: &PhaseContext<'_>,
    labels: &BTreeMap<String, String>,
) -> Result<PhaseOutcome, Fault> {
    // jobs/<job>/<n> is the capsule; the root is three above.
    let root = context.capsule.ancestors().nth(3).unwrap_or(Path::new("/"));
    let mut ready = prepare(
        &Wanted {
            image: &context.swe.image,
            url: context.secrets.get(IMAGE_URL),
            labels,
            root,
            parts: PARTS,
            part_size: PART_SIZE,
            stall: STALL,
        },
        &mut native::say,
    )?;
    secrets::hide(&mut ready.notes);
    for note in &ready.notes {
        native::say(note);
    }
    let facts = json!({
        "version": 1,
        "id": ready.id,
        "loaded": ready.loaded,
        "reference": ready.reference,
        "moved": ready.moved,
        "size": ready.size,
        "how": words(&ready),
        "repo_path": ready.repo_path,
        "notes": ready.notes,
    });
    context.write(evidence::IMAGE, format!("{facts:#}\n").as_bytes())?;
    let mut note = words(&ready);
    if ready.repo_path != context.swe.image.repo_path {
        note = format!("{note}; its repository is at {}", ready.repo_path);
    }
    Ok(PhaseOutcome::noted(note))
}

/// Where the repository lies in the image that was made ready for this capsule, as the image phase has noted it.
pub(super) fn place(capsule: &Path) -> Option<String> {
    let facts: serde_json::Value =
        serde_json::from_slice(&files::read_plain(&capsule.join(evidence::IMAGE), MOST).ok()??).ok()?;
    Some(facts.get("repo_path")?.as_str()?.to_owned())
}

/// The same as [`images::prepare`], for callers that are not async.
pub(super) fn prepare(wanted: &Wanted<'_>, say: &mut (dyn FnMut(&str) + Send)) -> Result<Ready, Fault> {
    block_on(images::prepare(wanted, say))?.map_err(|error| error.fault())
}

/// Waits for a future, with threads of its own.
pub(super) fn block_on<F: Future>(future: F) -> Result<F::Output, Fault> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| {
            let what = format!("cannot start threads: {error}");
            Fault::new(FaultName::NoThreads, Again::Elsewhere, what)
        })?;
    Ok(runtime.block_on(future))
}

/// How the image came, in one line.
fn words(ready: &Ready) -> String {
    match ready.how {
        How::Cached => "the image was here".to_owned(),
        How::Local => "the engine had the image".to_owned(),
        How::Pulled => "the image was pulled".to_owned(),
        How::Whole => format!("moved the whole image, {} bytes", ready.moved),
        How::Layers { missing, total } => {
            format!("moved {missing} of {total} layers, {} bytes", ready.moved)
        }
    }
}
