//! The golden test patches: the files that they name as they were at the base commit, then each patch whole.

use std::collections::BTreeSet;

use super::container::{Container, DIR};
use super::fault::fault;
use super::named::named;
use super::patch::{apply, lines};
use crate::domain::evidence::{Applied, Golden};
use crate::domain::fault::{Again, FaultName};
use crate::domain::{Fault, Instance};
use crate::runner::excerpt::plain_line;

/// Restores every named path: what the base commit has is as it was there, and what it has not is removed, whether the
/// image or the agent's patch brought it. git's own index stays the image's. A link or a file where the path has a
/// directory is removed, never followed.
const RESTORE: &str = r#"
cd "$1" || exit 92
cat > "$3/names" || exit 98
while IFS= read -r name; do
  way=. rest=$name
  while case $rest in */*) :;; *) false;; esac; do
    way=$way/${rest%%/*} rest=${rest#*/}
    if [ -L "$way" ] || { [ -e "$way" ] && [ ! -d "$way" ]; }; then rm -f "$way" || exit 95; fi
  done
  rm -rf "./$name" || exit 95
  if git cat-file -e "$2:$name" 2> /dev/null; then
    GIT_INDEX_FILE=$3/index git --literal-pathspecs checkout -q "$2" -- "$name" || exit 20
  fi
done < "$3/names"
"#;

/// The golden patches before they are tried.
pub(super) fn untried(instance: &Instance) -> Vec<Golden> {
    let patches = instance.test_patches.iter();
    patches
        .map(|patch| {
            let paths = named(patch, &instance.repo_path);
            Golden {
                said: paths
                    .as_ref()
                    .err()
                    .map(|why| plain_line(&format!("refused: {why}")))
                    .unwrap_or_default(),
                paths: paths.unwrap_or_default().into_iter().collect(),
                state: Applied::NotTried,
            }
        })
        .collect()
}

/// Restores what they name and applies them, in order.
pub(super) fn all(container: &Container, instance: &Instance, golden: &mut [Golden]) -> Result<(), Fault> {
    let names: BTreeSet<String> = golden.iter().flat_map(|one| one.paths.iter().cloned()).collect();
    if !names.is_empty() {
        let args = [&instance.repo_path, &instance.base_commit, DIR];
        let said = container.script(RESTORE, &args, lines(&names).as_bytes(), &[0, 20])?;
        if said.status != Some(0) {
            let what = format!("the test files cannot be restored: {}", said.stderr.trim());
            return Err(fault(FaultName::CannotRestore, Again::Never, what));
        }
    }
    for (one, patch) in golden.iter_mut().zip(&instance.test_patches) {
        if patch.trim().is_empty() {
            one.state = Applied::Nothing;
            continue;
        }
        (one.state, one.said) = apply(container, &instance.repo_path, None, patch)?;
    }
    Ok(())
}
