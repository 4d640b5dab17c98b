//! One object of a dataset: its keys, their other names, and what each must be.

use super::cells::Cells;
use super::{Found, Reader, lancer, line};
use crate::config::finding::quoted;
use crate::domain::image::{self, BadImage};
use crate::domain::{Instance, InstanceId};

/// The grammar of tests whose dataset names none.
pub const PARSER: &str = "python/parse_log_pytest_v3";
/// Where repositories lie, unless the dataset says otherwise.
const REPO_PATH: &str = "/app/repo";

// Each key, by its own name first, then by those of raw rows.
const ID: [&str; 2] = ["instance_id", "issue_fbid"];
const REPO: [&str; 2] = ["repo", "repo_source_uri"];
const COMMIT: [&str; 2] = ["base_commit", "commit_hash"];
const PROBLEM: [&str; 2] = ["problem_statement", "issue_statement"];
const FAIL_TO_PASS: [&str; 3] = ["FAIL_TO_PASS", "fail_to_pass_tests", "f2p"];
const PASS_TO_PASS: [&str; 3] = ["PASS_TO_PASS", "pass_to_pass_tests", "p2p"];
const TEST_PATCH: [&str; 2] = ["test_patch", "test_patches"];
const PATCH: [&str; 2] = ["patch", "functional_patch"];

/// Is this a key that only instances have?
pub(super) fn is_key(key: &str) -> bool {
    let keys = [&ID[..], &REPO, &COMMIT, &PROBLEM, &FAIL_TO_PASS, &PASS_TO_PASS];
    keys.iter().any(|names| names.contains(&key))
}

impl<'r> Reader<'r> {
    /// Reads one instance. Whatever is wrong is noted; what is right is found.
    pub(super) fn row(&mut self, mut cells: Cells<'r>) {
        let at = cells.at;
        if let Some(sign) = lancer::sign(&cells, &REPO) {
            let id = ID.iter().find_map(|key| cells.text(key)).unwrap_or_default();
            self.is_lancer(at, &id, &sign);
            return;
        }
        // Every field is read before any is missed, so that all faults come at once.
        let id = self.id(at, &mut cells);
        let repo = self.repo(at, &mut cells);
        let base_commit = self.commit(at, &mut cells);
        let image = self.image(&mut cells);
        let language = self.word(&mut cells, "language", "python");
        let problem_statement = self.prose(&mut cells, &PROBLEM);
        let fail_to_pass = self.names(&mut cells, &FAIL_TO_PASS, true);
        let pass_to_pass = self.names(&mut cells, &PASS_TO_PASS, false);
        let test_patches = self.patches(&mut cells, &TEST_PATCH);
        let gold_patches = self.patches(&mut cells, &PATCH);
        let test_command = self.command(&mut cells);
        let parser = self.parser(&mut cells, language.as_deref());
        let repo_path = self.directory(&mut cells, "repo_path", REPO_PATH);
        let known = (|| {
            let ((id, id_at), (repo, repo_at), (image, image_at)) = (id?, repo?, image?);
            let instance = Instance {
                id,
                repo,
                base_commit: base_commit?,
                image,
                language: language?,
                problem_statement: problem_statement?,
                fail_to_pass: fail_to_pass?,
                pass_to_pass: pass_to_pass?,
                test_patches: test_patches?,
                gold_patches: gold_patches?,
                test_command: test_command?,
                parser: parser?,
                repo_path: repo_path?,
                rest: serde_json::Map::new(),
            };
            self.is_named(&instance, id_at, repo_at, image_at)
                .then_some(instance)
        })();
        if let Some(known) = known {
            self.found(&known, &cells);
        }
    }

    fn id(&mut self, at: usize, cells: &mut Cells<'_>) -> Option<(InstanceId, usize)> {
        let Some(cell @ (key, at, _)) = cells.first(&ID) else {
            let hint = "every instance needs a name of its own";
            self.faults.add_hint(at, "missing key `instance_id`", hint);
            return None;
        };
        let text = self.digits_or_text(cell)?;
        // Also an id that is no name can be there twice.
        let is_new = text.is_empty() || self.is_new(&text, at);
        let id = self.name(&text, key, at)?;
        is_new.then_some((id, at))
    }

    /// Can its image be named, and be found?
    fn is_named(&mut self, instance: &Instance, id_at: usize, repo_at: usize, image_at: usize) -> bool {
        let mut bad = Vec::new();
        bad.extend(image::tags(instance).err());
        bad.extend(image::source(instance, image::ImagePlaces::DEFAULT).err());
        for bad in &bad {
            let (at, key, hint) = match bad {
                BadImage::Id(_) => (id_at, "instance_id", "use another id"),
                BadImage::Repo(_) => (repo_at, "repo", "it should be OWNER/NAME, as in its address"),
                BadImage::Object | BadImage::Untagged | BadImage::Reference => (
                    image_at,
                    "image_storage_uri",
                    "write s3://BUCKET/KEY, docker://REFERENCE or REGISTRY/PATH/NAME:TAG, or leave it out",
                ),
            };
            self.faults.add_hint(at, format!("`{key}` {bad}"), hint);
        }
        bad.is_empty()
    }

    /// Adds the instance with everything that comes along with it.
    fn found(&mut self, known: &Instance, cells: &Cells<'_>) {
        let rest = cells.left().map(|(key, _, node)| (key, node.json()));
        let read = line::write(known, rest).and_then(|text| Ok((serde_json::from_str(&text)?, text)));
        match read {
            Ok((instance, text)) => self.found.push(Found {
                instance,
                line: self.places.at(cells.at).0,
                text,
            }),
            Err(error) => self.unreadable(cells, &error),
        }
    }

    /// Says which of the values that come along cannot be read.
    fn unreadable(&mut self, cells: &Cells<'_>, error: &serde_json::Error) {
        let mut whole = true;
        for (key, at, node) in cells.left() {
            // As deep as it will be in the instance.
            let read = serde_json::from_str::<serde_json::Value>(&format!("[{}]", node.json()));
            if let Err(error) = read {
                let what = error.to_string();
                let what = what
                    .rsplit_once(" at line ")
                    .map_or(what.as_str(), |(what, _)| what);
                let key = quoted(key);
                whole = false;
                self.faults.add(at, format!("{key} cannot be read: {what}"));
            }
        }
        if whole {
            self.faults
                .add(cells.at, format!("this cannot be written on one line: {error}"));
        }
    }

    fn repo(&mut self, at: usize, cells: &mut Cells<'_>) -> Option<(String, usize)> {
        let Some(cell @ (key, at, _)) = cells.first(&REPO) else {
            let hint = "it names the image; write OWNER/NAME";
            self.faults.add_hint(at, "missing key `repo`", hint);
            return None;
        };
        let text = self.text(cell)?;
        let repo = text.strip_prefix("https://github.com/").unwrap_or(&text);
        let repo = repo.strip_suffix(".git").unwrap_or(repo).trim_end_matches('/');
        let is_part = |part: &str| {
            !part.is_empty()
                && part.len() <= 100
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
                && !matches!(part, "." | "..")
        };
        match repo.split_once('/') {
            Some((owner, name)) if is_part(owner) && is_part(name) => Some((repo.to_owned(), at)),
            _ => {
                self.wrong(
                    key,
                    at,
                    &text,
                    "is not OWNER/NAME",
                    "12rambau/sepal_ui, for example",
                );
                None
            }
        }
    }

    fn commit(&mut self, at: usize, cells: &mut Cells<'_>) -> Option<String> {
        let Some(cell @ (key, at, _)) = cells.first(&COMMIT) else {
            let hint = "it names the image and is what patches are made against";
            self.faults.add_hint(at, "missing key `base_commit`", hint);
            return None;
        };
        let text = self.text(cell)?;
        let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 40 && text.bytes().all(is_hex) {
            return Some(text);
        }
        let hint = "write the whole id, as `git rev-parse` prints it";
        self.wrong(key, at, &text, "is not 40 digits of 0-9 and a-f", hint);
        None
    }
}
