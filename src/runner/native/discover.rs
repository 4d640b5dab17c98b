//! Finding what an agent left in its directory, and nothing else.
//!
//! Invariant: the search begins in the attempt's own directory, follows no link, and never goes by time. What only root may
//! read (an agent's container may run as root) is passed over, named, and stays.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::line::{self, Line};
use super::solution::MOST;
use crate::domain::InstanceId;
use crate::doors::files;
use crate::runner::excerpt::plain_line;
use crate::text::sanitize_line;

/// Most entries that are looked at: an agent may leave a whole tree.
const ENTRIES: usize = 500_000;

/// Files that stand beside a trajectory, and belong beside it in the results.
const BESIDE: [&str; 3] = ["metadata.json", "llm_completions", "logs"];

/// How many of those that were passed over are named.
const SHOWN: usize = 3;

/// What was passed over: ours to keep, and not to read.
#[derive(Debug, Default)]
pub(super) struct Passed(Vec<PathBuf>);

impl Passed {
    /// What came of a try; none if it was not allowed, which is noted.
    pub(super) fn allowed<T>(&mut self, path: &Path, tried: io::Result<T>) -> io::Result<Option<T>> {
        match tried {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                self.0.push(path.to_owned());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Is a file among them that may be the result?
    pub(super) fn has_result(&self) -> bool {
        let is_result = |path: &PathBuf| path.ends_with("output.jsonl") || path.ends_with("patch.diff");
        self.0.iter().any(is_result)
    }

    /// For a conclusion's note: how many there are, and the first of them, as they are called below `dir`. Empty if
    /// there are none.
    pub(super) fn note(&self, dir: &Path) -> String {
        let names = self.0.iter().take(SHOWN).map(|path| {
            let name = path.strip_prefix(dir).unwrap_or(path).to_string_lossy();
            // A person has to find it by this name.
            plain_line(&sanitize_line(if name.is_empty() { "." } else { &name }))
        });
        let names: Vec<String> = names.collect();
        match self.0.len() {
            0 => String::new(),
            n if n > SHOWN => format!(
                "; {n} things that it left may not be read and stay on the host: {}, …",
                names.join(", ")
            ),
            _ => format!(
                "; it left what may not be read and stays on the host: {}",
                names.join(", ")
            ),
        }
    }
}

/// What the search came to.
#[derive(Debug)]
pub(super) enum Search {
    /// The one trajectory, and the directory that it is in.
    Found(Line, PathBuf),
    /// There is no file of that name.
    Nothing,
    /// There are files, but no good one, or too many.
    Bad(String),
}

/// The one `output.jsonl` below `dir` that has a line for this instance.
pub(super) fn output(dir: &Path, id: &InstanceId, passed: &mut Passed) -> io::Result<Search> {
    let mut good = Vec::new();
    let mut bad = None;
    for path in named(dir, "output.jsonl", passed)? {
        let Some(Some(bytes)) = passed.allowed(&path, files::read_plain(&path, MOST))? else {
            continue;
        };
        match line::last(&bytes, id) {
            Ok(line) => good.push((line, path)),
            Err(why) => bad = Some(why),
        }
    }
    let count = good.len();
    Ok(match (good.pop(), bad) {
        (Some((line, path)), _) if count == 1 => Search::Found(line, path.parent().unwrap_or(dir).to_owned()),
        (Some(_), _) => Search::Bad(format!(
            "the agent left {count} files output.jsonl for {id}; one is right"
        )),
        (None, Some(why)) => Search::Bad(format!("the agent's output.jsonl is no good: {why}")),
        (None, None) => Search::Nothing,
    })
}

/// Every plain file of this name below a directory that is none of a link's.
fn named(dir: &Path, name: &str, passed: &mut Passed) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut dirs = Vec::new();
    let mut seen = 0;
    if dir.symlink_metadata().is_ok_and(|kind| kind.is_dir()) {
        dirs.push(dir.to_owned());
    }
    while let Some(dir) = dirs.pop() {
        let Some(entries) = passed.allowed(&dir, fs::read_dir(&dir))? else {
            continue;
        };
        for entry in entries {
            let entry = entry?;
            // Where the kind is not told with the name, it may be hidden as well.
            let Some(kind) = passed.allowed(&entry.path(), entry.file_type())? else {
                continue;
            };
            if kind.is_dir() {
                dirs.push(entry.path());
            } else if kind.is_file() && entry.file_name() == name {
                found.push(entry.path());
            }
            seen += 1;
            if seen > ENTRIES {
                return Err(io::Error::other(format!(
                    "the agent left more than {ENTRIES} files"
                )));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Moves what stands beside the trajectory up to the results, and takes away the empty directories below
/// `top` that are left of the way. What may not be moved stays where it is.
pub(super) fn lift(from: &Path, top: &Path, out: &Path, passed: &mut Passed) -> io::Result<()> {
    for name in BESIDE {
        let kind = from.join(name).symlink_metadata();
        let right = kind.is_ok_and(|kind| {
            if name.contains('.') {
                kind.is_file()
            } else {
                kind.is_dir()
            }
        });
        if right {
            files::remove_any(&out.join(name))?;
            passed.allowed(&from.join(name), fs::rename(from.join(name), out.join(name)))?;
        }
    }
    // It is in the results by now, in the one line that counts.
    passed.allowed(
        &from.join("output.jsonl"),
        files::remove_any(&from.join("output.jsonl")),
    )?;
    let mut dir = Some(from);
    while let Some(empty) = dir.filter(|dir| dir.starts_with(top)) {
        if fs::remove_dir(empty).is_err() {
            break;
        }
        dir = empty.parent();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn line(id: &str) -> String {
        format!("{{\"instance_id\":\"{id}\",\"test_result\":{{\"git_patch\":\"p\"}}}}\n")
    }

    fn search(dir: &Path) -> Search {
        output(dir, &"x-1".parse().unwrap(), &mut Passed::default()).unwrap()
    }

    #[test]
    fn the_one_file_for_this_instance_is_found_however_deep_and_links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (agent, elsewhere) = (dir.path().join("agent"), dir.path().join("elsewhere"));
        let run = agent.join("a/b/c");
        fs::create_dir_all(&run).unwrap();
        fs::create_dir_all(&elsewhere).unwrap();
        assert!(matches!(search(&agent), Search::Nothing));
        fs::write(elsewhere.join("output.jsonl"), line("x-1")).unwrap();
        symlink(&elsewhere, agent.join("linked")).unwrap();
        symlink(elsewhere.join("output.jsonl"), agent.join("output.jsonl")).unwrap();
        assert!(matches!(search(&agent), Search::Nothing));
        fs::write(agent.join("a/output.jsonl"), line("x-2")).unwrap();
        assert!(matches!(search(&agent), Search::Bad(why) if why.contains("x-2")));
        fs::write(run.join("output.jsonl"), line("x-1")).unwrap();
        assert!(matches!(search(&agent), Search::Found(_, at) if at == run));
        fs::write(agent.join("a/b/output.jsonl"), line("x-1")).unwrap();
        assert!(matches!(search(&agent), Search::Bad(why) if why.contains("2 files")));
    }

    #[test]
    fn an_agents_directory_that_became_a_link_holds_nothing() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("output.jsonl"), line("x-1")).unwrap();
        symlink(dir.path(), dir.path().join("agent")).unwrap();
        assert!(matches!(search(&dir.path().join("agent")), Search::Nothing));
    }

    #[test]
    fn what_stands_beside_is_lifted_and_links_stay_where_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path();
        let agent = out.join("agent");
        let run = agent.join("deep/run");
        fs::create_dir_all(run.join("llm_completions/x-1")).unwrap();
        fs::write(run.join("metadata.json"), "{}").unwrap();
        fs::write(run.join("output.jsonl"), "{}").unwrap();
        symlink("/etc", run.join("logs")).unwrap();
        lift(&run, &agent, out, &mut Passed::default()).unwrap();
        assert!(out.join("llm_completions/x-1").is_dir() && out.join("metadata.json").is_file());
        assert!(!out.join("logs").exists() && run.join("logs").is_symlink());
        fs::remove_file(run.join("logs")).unwrap();
        lift(&run, &agent, out, &mut Passed::default()).unwrap();
        assert!(!agent.exists() && out.exists());
    }

    #[test]
    fn what_may_not_be_read_is_noted_by_name_and_other_trouble_is_not() {
        let mut passed = Passed::default();
        let dir = Path::new("/x/agent");
        assert_eq!(passed.note(dir), "");
        let denied = || Err::<(), _>(io::Error::from(ErrorKind::PermissionDenied));
        assert!(passed.allowed(&dir.join("a\u{7}"), denied()).unwrap().is_none());
        assert!(!passed.has_result());
        assert_eq!(
            passed.note(dir),
            "; it left what may not be read and stays on the host: a\\u{7}"
        );
        for name in ["b", "c", "d"] {
            passed.allowed(&dir.join(name), denied()).unwrap();
        }
        assert_eq!(
            passed.note(dir),
            "; 4 things that it left may not be read and stay on the host: a\\u{7}, b, c, …"
        );
        passed.allowed(&dir.join("patch.diff"), denied()).unwrap();
        assert!(passed.has_result());
        let gone = Err::<(), _>(io::Error::from(ErrorKind::StorageFull));
        assert!(passed.allowed(dir, gone).is_err());
    }
}
