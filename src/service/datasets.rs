//! The dataset files that assignments name: each read once, and as its jobs need it.
//!
//! A program of the user gets the whole file, whatever that is. Phases that `fleet` does itself get the one
//! instance in its normal form, and the file has to be without fault.

use std::collections::BTreeMap;
use std::path::Path;

use super::Problem;
use crate::artifacts::trajectory;
use crate::config::finding::suggestion;
use crate::dataset::{self, Reading};
use crate::domain::job::{Dataset, Paths};
use crate::domain::{InstanceId, Sha256};
use crate::grade::parse::Parser;
use crate::store::NewDataset;
use crate::validate::DraftJob;

/// What travels with a job goes over the link.
const LARGEST_BODY: u64 = 16 << 20;
/// What is read as a whole, to find one instance in it.
pub const LARGEST_FILE: u64 = 512 << 20;

/// Why a job gets no dataset: what is wrong, and what to do.
pub type Fault = (String, Option<String>);

/// The datasets of one assignment.
pub struct Datasets<'a> {
    /// Where the names of files begin: beside the file that names them, wherever the command is typed.
    base: &'a Path,
    whole: BTreeMap<String, Result<Sha256, String>>,
    instances: BTreeMap<String, Result<Reading, String>>,
    bodies: BTreeMap<Sha256, String>,
    paths: Paths,
}

impl<'a> Datasets<'a> {
    /// None read yet, of the assignment in this file.
    pub fn beside(assignment: &'a Path) -> Datasets<'a> {
        Datasets {
            base: assignment.parent().unwrap_or(Path::new(".")),
            whole: BTreeMap::new(),
            instances: BTreeMap::new(),
            bodies: BTreeMap::new(),
            paths: Paths::default(),
        }
    }

    /// The file as it is, for a program that makes of it what it will.
    pub fn whole(&mut self, draft: &DraftJob) -> Result<Dataset, Fault> {
        let name = &draft.dataset_file;
        if !self.whole.contains_key(name) {
            let read = read_named(&self.base.join(name), LARGEST_BODY).map(|text| self.keep(text));
            self.whole.insert(name.clone(), read);
        }
        let sha256 = self.whole[name].clone().map_err(|what| (what, None))?;
        Ok(self.named(draft, sha256))
    }

    /// The trajectory that an entry gives, if it gives one.
    pub fn trajectory(&mut self, draft: &DraftJob) -> Result<Option<Dataset>, String> {
        let Some((name, _)) = &draft.trajectory else {
            return Ok(None);
        };
        let path = self.base.join(name);
        let text = read_text(
            &path,
            &format!("the trajectory {}", display_path(&path)),
            LARGEST_BODY,
        )?;
        trajectory::read(&text)
            .map_err(|error| format!("the trajectory {}: {error}", display_path(&path)))?;
        Ok(Some(Dataset {
            path: self.paths.get(name),
            sha256: self.keep(text),
        }))
    }

    /// The job's instance. None, if the file's own faults say why there is none.
    pub fn instance(&mut self, draft: &DraftJob) -> Result<Option<Dataset>, Fault> {
        let name = &draft.dataset_file;
        if !self.instances.contains_key(name) {
            let path = self.base.join(name);
            let reading =
                read_named(&path, LARGEST_FILE).map(|text| read_dataset(&text, &display_path(&path)));
            self.instances.insert(name.clone(), reading);
        }
        let reading = match &self.instances[name] {
            Ok(reading) if reading.findings.is_empty() => reading,
            Ok(_) => return Ok(None),
            Err(what) => return Err((what.clone(), None)),
        };
        let line = choose_line(reading, &draft.job.instance)?.to_owned();
        let sha256 = self.keep(line);
        Ok(Some(self.named(draft, sha256)))
    }

    /// The faults of the files themselves, one error a file.
    pub fn faults(&self) -> Vec<Problem> {
        let readings = self.instances.iter();
        let faulty = readings.filter_map(|(name, read)| {
            let findings = &read.as_ref().ok()?.findings;
            let file = display_path(&self.base.join(name));
            (!findings.is_empty()).then(|| Problem::findings(&file, findings))
        });
        faulty.collect()
    }

    /// Everything that travels.
    pub fn bodies(self) -> Vec<NewDataset> {
        let bodies = self.bodies.into_iter();
        bodies.map(|(sha256, body)| NewDataset { sha256, body }).collect()
    }

    fn named(&mut self, draft: &DraftJob, sha256: Sha256) -> Dataset {
        let path = self.paths.get(&draft.dataset_file);
        Dataset { path, sha256 }
    }

    fn keep(&mut self, body: String) -> Sha256 {
        let sha256 = Sha256::of(body.as_bytes());
        self.bodies.insert(sha256, body);
        sha256
    }
}

/// Reads the text of a dataset with the parsers that this build has.
pub fn read_dataset(text: &str, file: &str) -> Reading {
    let parsers: Vec<&str> = Parser::all().map(Parser::id).collect();
    dataset::read(text, file, &|id| Parser::named(id).is_some(), &parsers)
}

/// How messages call a file.
pub fn display_path(path: &Path) -> String {
    path.display().to_string().escape_debug().to_string()
}

/// The text of a dataset that an assignment names.
fn read_named(path: &Path, most: u64) -> Result<String, String> {
    read_text(path, &format!("the dataset {}", display_path(path)), most)
}

/// The text of a file of at most so many bytes; `name` is what messages call it.
pub fn read_text(path: &Path, name: &str, most: u64) -> Result<String, String> {
    let unreadable = |error| format!("cannot read {name}: {error}");
    let size = std::fs::metadata(path).map_err(unreadable)?;
    if size.is_dir() {
        return Err(format!("{name} is a directory"));
    }
    if size.len() > most {
        let size = size.len();
        return Err(format!(
            "{name} has {size} bytes, and {most} is the most: split it by instance"
        ));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("{name} is not text (byte {at} is not UTF-8)")
    })?;
    if text.trim().is_empty() {
        return Err(format!("{name} is empty"));
    }
    Ok(text)
}

/// The line of an instance.
fn choose_line<'r>(reading: &'r Reading, id: &InstanceId) -> Result<&'r str, Fault> {
    let Some(found) = reading.found.iter().find(|found| found.instance.id == *id) else {
        let ids = reading.found.iter().map(|found| found.instance.id.as_str());
        let what = format!("the dataset has no instance `{id}`");
        return Err((what, Some(suggestion(id.as_str(), ids))));
    };
    let size = found.text.len();
    if size as u64 > LARGEST_BODY {
        let what = format!(
            "instance `{id}` has {size} bytes; it travels with its jobs, and {LARGEST_BODY} is the most"
        );
        return Err((what, None));
    }
    Ok(&found.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instance_of_a_job_is_chosen_or_what_is_there_is_listed() {
        let text = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/data/datasets/four.jsonl"
        ));
        let reading = read_dataset(text, "four.jsonl");
        let line = choose_line(&reading, &"12155_1".parse().unwrap()).unwrap();
        assert_eq!(line, reading.found[2].text);
        let (what, hint) = choose_line(&reading, &"12155_2".parse().unwrap()).unwrap_err();
        assert_eq!(what, "the dataset has no instance `12155_2`");
        assert_eq!(hint.unwrap(), "did you mean `12155_1`?");
        let (_, hint) = choose_line(&reading, &"none".parse().unwrap()).unwrap_err();
        assert_eq!(
            hint.unwrap(),
            "known: 1319603449576684, myremylar__pygame_gui-12, 12155_1, task_001_7"
        );
    }
}
