//! Finding what an agent left in its directory, and nothing else.
//!
//! Invariant: the search begins in the attempt's own directory, follows no link, and never goes by time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::files;
use super::line::{self, Line};
use super::solution::MOST;
use crate::domain::InstanceId;

/// Most entries that are looked at: an agent may leave a whole tree.
const ENTRIES: usize = 500_000;

/// Files that stand beside a trajectory, and belong beside it in the results.
const BESIDE: [&str; 3] = ["metadata.json", "llm_completions", "logs"];

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
pub(super) fn output(dir: &Path, id: &InstanceId) -> io::Result<Search> {
    let mut good = Vec::new();
    let mut bad = None;
    for path in named(dir, "output.jsonl")? {
        let Some(bytes) = files::read(&path, MOST)? else {
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
fn named(dir: &Path, name: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut dirs = Vec::new();
    let mut seen = 0;
    if dir.symlink_metadata().is_ok_and(|kind| kind.is_dir()) {
        dirs.push(dir.to_owned());
    }
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir)? {
            let entry = entry?;
            let kind = entry.file_type()?;
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
/// `top` that are left of the way.
pub(super) fn lift(from: &Path, top: &Path, out: &Path) -> io::Result<()> {
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
            files::clear(&out.join(name))?;
            fs::rename(from.join(name), out.join(name))?;
        }
    }
    // It is in the results by now, in the one line that counts.
    files::clear(&from.join("output.jsonl"))?;
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
        output(dir, &"x-1".parse().unwrap()).unwrap()
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
        lift(&run, &agent, out).unwrap();
        assert!(out.join("llm_completions/x-1").is_dir() && out.join("metadata.json").is_file());
        assert!(!out.join("logs").exists() && run.join("logs").is_symlink());
        fs::remove_file(run.join("logs")).unwrap();
        lift(&run, &agent, out).unwrap();
        assert!(!agent.exists() && out.exists());
    }
}
