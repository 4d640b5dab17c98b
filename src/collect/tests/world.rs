//! A host and a home, as two directories.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use crate::collect::{Brought, CollectError, Options, Origin, Wanted, bring_home, home};
use crate::domain::journal::{Ending, Entry, Line, Outcome};
use crate::domain::manifest::{self, File, Manifest, Seal};
use crate::domain::{AttemptId, Epoch, Job, JobId, Place, Sha256, Span, Timestamp, layout};

/// A directory that plays the host's root, and another that is home.
pub(super) struct World {
    dir: tempfile::TempDir,
}

impl World {
    pub(super) fn new() -> World {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("host")).unwrap();
        World { dir }
    }

    pub(super) fn host(&self) -> PathBuf {
        self.dir.path().join("host")
    }

    pub(super) fn results(&self) -> PathBuf {
        self.dir.path().join("results")
    }

    pub(super) fn origin(&self) -> Origin {
        Origin {
            host: "eval1".parse().unwrap(),
            rsh: None,
            base: self.host().to_str().unwrap().to_owned(),
        }
    }

    /// Writes a capsule with these files, as a supervisor does.
    pub(super) fn capsule(&self, instance: &str, n: u32, files: &[(&str, &str)]) -> Wanted {
        self.capsule_naming(instance, n, files, |_| {})
    }

    pub(super) fn capsule_naming(
        &self,
        instance: &str,
        n: u32,
        files: &[(&str, &str)],
        twist: impl Fn(&mut Manifest),
    ) -> Wanted {
        let job = job(instance);
        let attempt = AttemptId { job: job.id, n };
        let dir = layout::capsule(&self.host(), attempt);
        fs::create_dir_all(&dir).unwrap();
        for (path, text) in files {
            fs::create_dir_all(dir.join(path).parent().unwrap()).unwrap();
            fs::write(dir.join(path), text).unwrap();
        }
        let mut manifest = Manifest {
            version: manifest::VERSION,
            files: files
                .iter()
                .map(|(path, text)| File {
                    path: (*path).to_owned(),
                    size: text.len() as u64,
                    sha256: Sha256::of(text.as_bytes()),
                })
                .collect(),
            left_out: Vec::new(),
        };
        twist(&mut manifest);
        let bytes = serde_json::to_vec(&manifest).unwrap();
        let seal = Seal {
            sha256: Sha256::of(&bytes),
            files: manifest.files.len() as u64,
            bytes: manifest.files.iter().map(|file| file.size).sum(),
        };
        fs::write(dir.join(layout::MANIFEST), bytes).unwrap();
        self.journal(attempt, Some(seal));
        Wanted {
            attempt,
            home: home(&self.results(), &job),
            job,
            outcome: Outcome::Succeeded,
            seal: Some(seal),
        }
    }

    pub(super) fn journal(&self, attempt: AttemptId, seal: Option<Seal>) {
        let dir = layout::capsule(&self.host(), attempt);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join(layout::SPEC), "{}").unwrap();
        let mut entries = vec![
            Entry::Opened {
                version: 1,
                attempt,
                epoch: Epoch(1),
                host: "eval1".parse().unwrap(),
                boot: "b".to_owned(),
                machine: None,
            },
            Entry::PhaseEnded {
                phase: "image".parse().unwrap(),
                ending: Ending::Exit(0),
                took: Span(1500),
                output: 3,
                excerpt: None,
                conclusion: None,
            },
        ];
        if seal.is_some() {
            entries.push(Entry::Ended {
                outcome: Outcome::Succeeded,
                seal,
            });
        }
        let lines = entries.into_iter().map(|entry| {
            let at = Timestamp(1_769_159_700_000);
            serde_json::to_string(&Line { at, entry }).unwrap() + "\n"
        });
        fs::write(dir.join(layout::JOURNAL), lines.collect::<String>()).unwrap();
    }

    pub(super) async fn bring(&self, wanted: &[Wanted]) -> Vec<Result<Brought, CollectError>> {
        self.bring_with(wanted, Options::default()).await
    }

    pub(super) async fn bring_with(
        &self,
        wanted: &[Wanted],
        options: Options,
    ) -> Vec<Result<Brought, CollectError>> {
        let mut answers = bring_home(&self.origin(), wanted.to_vec(), &self.results(), options).await;
        answers.sort_by_key(|(id, _)| wanted.iter().position(|want| want.attempt == *id));
        assert_eq!(answers.len(), wanted.len());
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    pub(super) async fn bring_one(&self, want: &Wanted) -> Result<Brought, CollectError> {
        self.bring(std::slice::from_ref(want)).await.remove(0)
    }
}

pub(super) fn job(instance: &str) -> Arc<Job> {
    let (set, instance, model) = (
        "phase8".parse().unwrap(),
        instance.parse().unwrap(),
        "gpt".parse().unwrap(),
    );
    Arc::new(Job {
        id: JobId::derive(&set, &instance, &model, 1),
        set,
        instance,
        model,
        run: 1,
        task: None,
        pipeline: "swe".parse().unwrap(),
        dataset: None,
        trajectory: None,
        env: Vec::new(),
        place: Place::Any,
        order: 0,
    })
}
