//! The profile of an attempt: the harness as it was before the first phase, among the results.
//!
//! Invariant: it tells what was on the disk then, whatever the phases write in its place.

use std::fs;

use super::context::AttemptContext;
use super::error::{Doing as _, RunnerError};
use super::root::Root;
use super::versions;
use crate::domain::Spec;
use crate::domain::deploy::Place;
use crate::domain::evidence;
use crate::domain::tree::Profile;
use crate::doors::files::{self, Durability, OWNER_ONLY};
use crate::harness;

/// The text of the profile; none where no harness is used. A file that cannot be read is as good as missing: what needs
/// it will say so.
pub(super) fn of(root: &Root, spec: &Spec) -> Option<Vec<u8>> {
    let used = spec.harness.as_ref()?;
    let at = versions::resolve(&used.at);
    let tree = match versions::place(root, &at) {
        Ok(Place::Version(tree)) => Some(tree),
        Ok(Place::Absent | Place::Directory | Place::Link(_) | Place::Other) | Err(_) => None,
    };
    let found = harness::some(&at, &used.critical).unwrap_or_default();
    let mut text = serde_json::to_vec_pretty(&Profile::of(&used.critical, &found, tree)).ok()?;
    text.push(b'\n');
    Some(text)
}

/// Writes it, over whatever has come to lie there. The seal of the capsule makes it durable.
pub(super) fn write(context: &AttemptContext) -> Result<(), RunnerError> {
    let Some(text) = &context.profile else {
        return Ok(());
    };
    let path = context.capsule.path.join(evidence::PROFILE);
    if fs::read(&path).is_ok_and(|there| there == *text) && !path.is_symlink() {
        return Ok(());
    }
    let written = files::replace_foreign(&path, text, OWNER_ONLY, Durability::Whole);
    written.doing(|| format!("write {}", path.display()))
}
