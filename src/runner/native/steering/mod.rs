//! What steers the test runner goes back to what it was before the model's patch: configuration, plug-ins, packages that
//! stand in the runner's place. Tests are judged by the runner that the dataset knows, and by nothing that a patch made of it.
//!
//! What the dataset's own test patches bring is theirs. What its solution changes, too, is left and told. A file that
//! holds other things besides keeps the model's, where they can be told apart.

#[cfg(test)]
#[path = "forged/tests.rs"]
mod forged;
mod names;
mod sections;

use std::collections::BTreeSet;

use super::container::{Container, DIR};
use super::fault::fault;
use super::named::named;
use crate::domain::evidence::{Golden, Part, PutBack};
use crate::domain::fault::{Again, FaultName};
use crate::domain::{Fault, Instance};
use names::{Steers, steers};
use sections::{Format, Merged};

/// Puts back what was copied before the patch was applied; see [`patch`](super::patch). A file or a link that the patch has put
/// into the place of a directory on the way is taken away. Reads two lines a file: what must not
/// be part of the base commit, or nothing; and the path. Says of each what was done.
const PUT_BACK: &str = r#"
cd "$1" || exit 92
ours=$2 base=$3 saved=$2/saved
there() { [ -e "$1" ] || [ -L "$1" ]; }
way_to() {
  way=. rest=$1
  while case $rest in */*) :;; *) false;; esac; do
    way=$way/${rest%%/*} rest=${rest#*/}
    if [ -L "$way" ] || { [ -e "$way" ] && [ ! -d "$way" ]; }; then rm -f "$way" || return; fi
    if [ ! -d "$way" ]; then mkdir "$way" || return; fi
  done
}
cat > "$ours/steering" || exit 98
while IFS= read -r package && IFS= read -r name; do
  if [ -n "$package" ] && git cat-file -e "$base:$package" 2> /dev/null; then echo kept; continue; fi
  if there "$saved/$name"; then
    way_to "$name" || exit 95
    rm -rf "./$name" || exit 95
    cp -pPR "$saved/$name" "./$name" || exit 96
    echo whole
  else
    rm -rf "./$name" || exit 95
    echo removed
  fi
done < "$ours/steering"
"#;

/// What a plain file holds; 10 if there is none of this name, 11 if it is something else.
const READ: &str = r#"
cd "$1" || exit 92
if [ -L "./$2" ]; then exit 11; fi
if [ ! -e "./$2" ]; then exit 10; fi
if [ ! -f "./$2" ]; then exit 11; fi
cat "./$2"
"#;

/// Writes a plain file; 10 if there is no directory for it.
const WRITE: &str = r#"
cd "$1" || exit 92
case $2 in */*) [ -d "./${2%/*}" ] || exit 10;; esac
cat > "./$2" || exit 98
"#;

/// A file of more than this is no configuration.
const MOST: usize = 256 << 10;

/// Puts back what the model's patch has made of the files that steer the runner. The patch is applied, and what it names
/// was copied before.
pub(super) fn put_back(
    container: &Container,
    instance: &Instance,
    patch: &str,
    golden: &[Golden],
) -> Result<Vec<PutBack>, Fault> {
    let by_tests: BTreeSet<&str> = golden
        .iter()
        .flat_map(|one| one.paths.iter().map(String::as_str))
        .collect();
    let paths = named(patch, &instance.repo_path).unwrap_or_default();
    let (mut done, mut whole) = (Vec::new(), Vec::new());
    for path in paths {
        let Some(steers) = steers(&path).filter(|_| !by_tests.contains(path.as_str())) else {
            continue;
        };
        if by_solution(instance, &path, &steers) {
            done.push(PutBack {
                path,
                what: Part::Left,
            });
            continue;
        }
        match steers {
            Steers::Whole => whole.push((String::new(), path)),
            Steers::Package(package) => whole.push((package, path)),
            Steers::Sections(format) => match mend(container, instance, &path, format)? {
                Some(true) => done.push(PutBack {
                    path,
                    what: Part::Sections,
                }),
                Some(false) => {}
                None => whole.push((String::new(), path)),
            },
        }
    }
    done.extend(restore(container, instance, whole)?);
    done.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(done)
}

/// Does the dataset's own solution steer the runner there, too?
fn by_solution(instance: &Instance, path: &str, steers: &Steers) -> bool {
    let mut patches = instance.gold_patches.iter();
    patches.any(|patch| {
        let names = named(patch, &instance.repo_path).unwrap_or_default();
        names.contains(path) && (!matches!(steers, Steers::Sections(_)) || sections::are_meant(patch, path))
    })
}

fn restore(
    container: &Container,
    instance: &Instance,
    files: Vec<(String, String)>,
) -> Result<Vec<PutBack>, Fault> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    // No path from `named` holds the end of a line.
    let words = files
        .iter()
        .flat_map(|(package, path)| [package.as_str(), "\n", path, "\n"]);
    let input: String = words.collect();
    let args = [&instance.repo_path, DIR, &instance.base_commit];
    let said = container.script(PUT_BACK, &args, input.as_bytes(), &[0])?;
    let words: Vec<&str> = said.stdout.lines().collect();
    if words.len() != files.len() {
        let what = format!("what steers the tests cannot be put back: {}", said.stderr.trim());
        return Err(fault(FaultName::CannotRestore, Again::Never, what));
    }
    let done = files.into_iter().zip(words).filter_map(|((_, path), word)| {
        let what = match word {
            "whole" => Part::Whole,
            "removed" => Part::Removed,
            _ => return None,
        };
        Some(PutBack { path, what })
    });
    Ok(done.collect())
}

/// Puts back a file's sections: true if there was something to put back, none if they cannot be told apart.
fn mend(
    container: &Container,
    instance: &Instance,
    path: &str,
    format: Format,
) -> Result<Option<bool>, Fault> {
    let saved = format!("{DIR}/saved");
    let (before, after) = (
        read(container, &saved, path)?,
        read(container, &instance.repo_path, path)?,
    );
    let (Some(before), Some(after)) = (before, after) else {
        return Ok(None);
    };
    match sections::merge(format, &before, &after) {
        Merged::Same => Ok(Some(false)),
        Merged::Unclear => Ok(None),
        Merged::Text(text) => {
            let args = [&instance.repo_path, path];
            let said = container.script(WRITE, &args, text.as_bytes(), &[0, 10])?;
            Ok((said.status == Some(0)).then_some(true))
        }
    }
}

/// The text of a file, empty if there is none; none if it is something else than a text of moderate length.
fn read(container: &Container, root: &str, path: &str) -> Result<Option<String>, Fault> {
    let said = container.script(READ, &[root, path], b"", &[0, 10, 11])?;
    let text = said.stdout;
    let plain = said.status != Some(11) && text.len() <= MOST && !text.contains('\u{fffd}');
    Ok(plain.then_some(text))
}
