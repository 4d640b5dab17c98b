//! Reading a case, link by link refused and bounded.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::Case;
use crate::domain::evidence::{self, Evidence, VERSION};
use crate::domain::{Instance, layout};
use crate::doors::files::{is_no_file, open_plain, read_plain};
use crate::grade::Printed;

/// Most bytes of a file that is read whole.
const MOST: u64 = 256 << 20;
/// Most bytes of a log once it is unpacked: what is beyond was never kept by a host of ours.
const MOST_LOG: u64 = 17 << 30;

/// Why a case cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// The disk says no.
    #[error("cannot read {path}: {source}")]
    Io {
        /// What was read.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Its text is not what it should be.
    #[error("{path} is damaged: {why}")]
    Damaged {
        /// What was read.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

impl Case {
    /// The case in this directory; none if no native phase has run there.
    pub fn read(dir: &Path) -> Result<Option<Case>, CaseError> {
        let Some(instance) = json::<Instance>(dir, evidence::INSTANCE)? else {
            return Ok(None);
        };
        let Some(swe) = json(dir, evidence::SETUP)? else {
            return Ok(None);
        };
        let evidence: Option<Evidence> = json(dir, evidence::FILE)?;
        if let Some(newer) = evidence.as_ref().filter(|evidence| evidence.version > VERSION) {
            return Err(CaseError::Damaged {
                path: dir.join(evidence::FILE),
                why: format!("its version is {}, and this fleet knows {VERSION}", newer.version),
            });
        }
        let trajectory = bytes(dir, evidence::TRAJECTORY, MOST)?;
        let mut files = BTreeSet::new();
        list(&dir.join(layout::OUT), "", &mut files)?;
        let found = evidence.as_ref().and_then(|seen| seen.repo_path.as_deref());
        Ok(Some(Case {
            instance: instance.with_repo_at(found),
            swe,
            trajectory: trajectory.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            log: log(dir, evidence.as_ref())?,
            report: report(dir, evidence.as_ref())?,
            evidence,
            files,
        }))
    }
}

fn json<T: serde::de::DeserializeOwned>(dir: &Path, name: &str) -> Result<Option<T>, CaseError> {
    let Some(bytes) = bytes(dir, name, MOST)? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| CaseError::Damaged {
            path: dir.join(name),
            why: error.to_string(),
        })
}

/// A file's content; none if there is no such file. A link is none.
fn bytes(dir: &Path, name: &str, most: u64) -> Result<Option<Vec<u8>>, CaseError> {
    let path = dir.join(name);
    match read_plain(&path, most) {
        Err(error) if error.kind() == ErrorKind::FileTooLarge => {
            let why = format!("it is longer than {most} bytes");
            Err(CaseError::Damaged { path, why })
        }
        Err(source) => Err(CaseError::Io { path, source }),
        Ok(bytes) => Ok(bytes),
    }
}

/// The unpacked log; empty if there is none.
fn log(dir: &Path, evidence: Option<&Evidence>) -> Result<Printed, CaseError> {
    let text = unpacked(dir, evidence::LOG, MOST_LOG)?;
    let stdout = evidence.and_then(|evidence| evidence.tests.as_ref()?.stdout);
    Ok(text.map_or_else(Printed::default, |text| Printed::read(text, stdout)))
}

/// What our plug-in was told; empty where the evidence knows of no such thing.
fn report(dir: &Path, evidence: Option<&Evidence>) -> Result<String, CaseError> {
    if evidence.and_then(|evidence| evidence.report).is_none() {
        return Ok(String::new());
    }
    let text = unpacked(dir, evidence::REPORT, MOST)?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// A compressed file's content; none if there is no such file.
fn unpacked(dir: &Path, name: &str, most: u64) -> Result<Option<Vec<u8>>, CaseError> {
    let path = dir.join(name);
    let file = match open_plain(&path) {
        Ok(Some(file)) => file,
        Ok(None) => return Ok(None),
        Err(source) => return Err(CaseError::Io { path, source }),
    };
    let mut text = Vec::new();
    MultiGzDecoder::new(io::BufReader::new(file))
        .take(most)
        .read_to_end(&mut text)
        .map_err(|error| CaseError::Damaged {
            path,
            why: error.to_string(),
        })?;
    Ok(Some(text))
}

/// Every plain file below a directory, by its path there.
fn list(dir: &Path, below: &str, files: &mut BTreeSet<String>) -> Result<(), CaseError> {
    let fail = |source| CaseError::Io {
        path: dir.to_owned(),
        source,
    };
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if is_no_file(&error) => return Ok(()),
        Err(error) => return Err(fail(error)),
    };
    for entry in entries {
        let entry = entry.map_err(fail)?;
        let (kind, name) = (entry.file_type().map_err(fail)?, entry.file_name());
        // What is not UTF-8 never came home.
        let Some(name) = name.to_str().map(|name| format!("{below}{name}")) else {
            continue;
        };
        if kind.is_dir() {
            list(&entry.path(), &format!("{name}/"), files)?;
        } else if kind.is_file() {
            files.insert(name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_where_the_evidence_has_it_and_older_evidence_says_nothing_of_it() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(layout::OUT)).unwrap();
        let put = |name: &str, value: &serde_json::Value| {
            std::fs::write(dir.path().join(name), value.to_string()).unwrap();
        };
        let instance = serde_json::json!({
            "instance_id": "a-1", "repo": "o/r", "base_commit": "c", "FAIL_TO_PASS": [], "PASS_TO_PASS": [],
            "test_command": "t", "test_output_parser": "p", "repo_path": "/app/repo",
        });
        put(evidence::INSTANCE, &instance);
        let setup = serde_json::json!({
            "image": {
                "source": { "engine": "x:1" }, "tags": ["x:1"], "base_commit": "c", "repo_path": "/app/repo", "platform": "",
            },
            "agent": "gold",
            "evaluation": { "tests": 1, "network": "none", "processes": 1, "log_cap": 1 },
        });
        put(evidence::SETUP, &setup);
        let mut seen = serde_json::json!({
            "version": 1, "dataset": crate::domain::Sha256::of(b""),
            "patch": { "bytes": 0, "applied_bytes": 0, "state": "nothing" },
        });
        let place = || Case::read(dir.path()).unwrap().unwrap().instance.repo_path;
        put(evidence::FILE, &seen);
        assert_eq!(place(), "/app/repo");
        seen["repo_path"] = "/testbed".into();
        put(evidence::FILE, &seen);
        assert_eq!(place(), "/testbed");
    }
}
