//! The instances that are asked for: dataset files found, read, and named as the assignment will name them.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::{Problem, ProblemKind, datasets};
use crate::assign::Subject;
use crate::config::Images;
use crate::dataset::Found;
use crate::domain::{InstanceId, image};

/// Every instance of these files and directories, in their order; all faults of all files at once. `base` is the
/// directory of the assignment.
pub fn read_instances(paths: &[PathBuf], base: &Path, images: &Images) -> Result<Vec<Arc<Subject>>, Problem> {
    let mut faults = Vec::new();
    let mut files = Vec::new();
    for path in paths {
        match listed(path) {
            Ok(found) => files.extend(found),
            Err(fault) => faults.push(fault),
        }
    }
    let mut first: BTreeMap<InstanceId, (String, String)> = BTreeMap::new();
    let mut subjects = Vec::new();
    for path in files {
        let file = datasets::display_path(&path);
        let text = match datasets::read_text(&path, &file, datasets::LARGEST_FILE) {
            Ok(text) => text,
            Err(what) => {
                faults.push(Problem::new(ProblemKind::Input, what));
                continue;
            }
        };
        let reading = datasets::read_dataset(&text, &file);
        if !reading.findings.is_empty() {
            faults.push(Problem::findings(&file, &reading.findings));
        }
        for found in reading.found {
            let id = found.instance.id.clone();
            match first.get(&id) {
                // The same file twice, or one file for all and one for each: the first will do.
                Some((_, same)) if *same == found.text => {}
                Some((other, _)) => faults.push(different(&id, other, &file)),
                None => {
                    match subject(&found, &path, base, images) {
                        Ok(subject) => subjects.push(Arc::new(subject)),
                        Err(fault) => faults.push(fault),
                    }
                    first.insert(id, (file.clone(), found.text));
                }
            }
        }
    }
    if let Some(error) = Problem::merged(faults) {
        return Err(error);
    }
    Ok(subjects)
}

fn different(id: &InstanceId, one: &str, other: &str) -> Problem {
    let what = format!("instance `{id}` is in {one} and, with other data, in {other}");
    Problem::new(ProblemKind::Input, what).hint("remove one of them, or name only the files that are meant")
}

/// The files that a word means: itself, or the datasets of a directory, by name.
fn listed(path: &Path) -> Result<Vec<PathBuf>, Problem> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let name = datasets::display_path(path);
    let unreadable = |error: std::io::Error| {
        Problem::new(ProblemKind::Input, format!("cannot look into {name}")).caused_by(&error)
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let ending = file.extension().and_then(|ending| ending.to_str());
        if matches!(ending, Some("jsonl" | "json")) && file.is_file() {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(Problem::new(
            ProblemKind::Input,
            format!("{name} has neither .jsonl nor .json files"),
        ));
    }
    files.sort();
    Ok(files)
}

fn subject(found: &Found, path: &Path, base: &Path, images: &Images) -> Result<Subject, Problem> {
    let instance = &found.instance;
    let source = image::source(instance, images.places())
        .map_err(|bad| Problem::new(ProblemKind::Input, format!("{}: its image {bad}", instance.id)))?;
    let id = instance.id.as_str();
    let repo = instance.repo.replace('/', "__");
    // Some ids begin with the repository already.
    let task = if id.starts_with(&repo) {
        id.to_owned()
    } else {
        format!("{repo}-{id}")
    };
    Ok(Subject {
        id: instance.id.clone(),
        image: source,
        dataset_file: relative(path, base)?,
        task: task.parse().ok(),
    })
}

/// The file as the assignment names it: from its own directory, so that both can be moved together.
fn relative(path: &Path, base: &Path) -> Result<String, Problem> {
    let shown = datasets::display_path(path);
    let file = path.canonicalize().map_err(|error| {
        Problem::new(ProblemKind::Input, format!("cannot find {shown}")).caused_by(&error)
    })?;
    let (mut ours, mut theirs) = (base.components().peekable(), file.components().peekable());
    let mut shared = 0;
    while ours.peek().is_some() && ours.peek() == theirs.peek() {
        shared += usize::from(ours.next().is_some_and(|part| part != Component::RootDir));
        theirs.next();
    }
    let named = if shared == 0 {
        file.clone()
    } else {
        ours.map(|_| Component::ParentDir).chain(theirs).collect()
    };
    named.into_os_string().into_string().map_err(|_| {
        Problem::new(
            ProblemKind::Input,
            format!("{shown} is no name that JSON can hold"),
        )
    })
}
