//! Tests of the store, one file a concern, and the small world that they share.

mod bad_disk;
mod compat;
mod draw;
mod fold;
mod lease;
mod open;
mod schema;
mod set;

use std::path::PathBuf;
use std::sync::Arc;

use super::{NewDataset, NewSet, Store};
use crate::domain::job::Dataset;
use crate::domain::{Epoch, Job, JobId, Place, Sha256, Timestamp};
use crate::schedule::Fleet;

/// A directory that goes away with the test, and the path of a database in it.
struct Home {
    directory: tempfile::TempDir,
}

impl Home {
    fn new() -> Home {
        Home {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn database(&self) -> PathBuf {
        self.directory.path().join("state").join("fleet.sqlite")
    }

    async fn store(&self) -> Store {
        Store::open(&self.database()).await.unwrap()
    }
}

fn at(ms: i64) -> Timestamp {
    Timestamp(ms)
}

/// The job number `n` of the set, one of a few kinds.
fn job(set: &str, n: u64) -> Arc<Job> {
    let (set, model) = (
        set.parse().unwrap(),
        if n.is_multiple_of(2) { "gpt" } else { "kimi" }.parse().unwrap(),
    );
    let instance = format!("instance-{n}").parse().unwrap();
    Arc::new(Job {
        id: JobId::derive(&set, &instance, &model, 1),
        set,
        instance,
        model,
        run: 1,
        task: n.is_multiple_of(3).then(|| format!("task-{n}").parse().unwrap()),
        pipeline: "swe".parse().unwrap(),
        dataset: (!n.is_multiple_of(4)).then(|| Dataset {
            path: format!("data/{}.jsonl", n % 5).into(),
            sha256: Sha256::of(body(n % 5).as_bytes()),
        }),
        // The sample of format 1 has none.
        trajectory: (n > 8 && n.is_multiple_of(7)).then(|| {
            Box::new(Dataset {
                path: "given.jsonl".into(),
                sha256: Sha256::of(body(n % 5).as_bytes()),
            })
        }),
        env: (0..n % 3).map(|n| format!("KEY_{n}")).collect(),
        place: match n % 3 {
            0 => Place::Any,
            n => Place::Host(format!("eval{n}").parse().unwrap()),
        },
        order: n,
    })
}

fn body(n: u64) -> String {
    format!("{{\"instance\": {n}, \"text\": \"ü \\\" \\u0000\"}}\n")
}

fn jobs(set: &str, numbers: std::ops::Range<u64>) -> Vec<Arc<Job>> {
    numbers.map(|n| job(set, n)).collect()
}

/// A file of this content, with the datasets that [`job`] names.
fn file(set: &str, content: &str) -> NewSet {
    NewSet {
        name: set.parse().unwrap(),
        file: format!("assignments/{set}.json"),
        sha256: Sha256::of(content.as_bytes()),
        datasets: (0..5)
            .map(|n| NewDataset {
                sha256: Sha256::of(body(n).as_bytes()),
                body: body(n),
            })
            .collect(),
    }
}

/// The fleet as rows tell it, once it is certain that events tell the same.
async fn sound(store: &Store) -> Fleet {
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    store.load(Epoch::default(), &[]).await.unwrap()
}
