//! Worlds whose jobs are real instances: images in the lab's object store, an engine on each host.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Lab, World};

/// The datasets that the lab's instances are told in.
const DATASETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assignments/datasets");

impl Lab {
    /// The first `count` hosts, like new, with engines; and the instances' images in the store.
    pub(crate) fn engines(count: usize) -> Lab {
        Lab::hosts(count).with_engines()
    }

    /// The same while no other test has any hosts.
    pub(crate) fn engines_alone(count: usize) -> Lab {
        Lab::alone(count).with_engines()
    }

    fn with_engines(self) -> Lab {
        self.all("up", &["--engines"]);
        self.run(&["instances"]);
        self
    }

    /// Takes all images from the engines of these hosts.
    pub(crate) fn unload(&self) {
        self.all("unload", &[]);
    }

    /// The pipeline of its images, with other limits for the tests of an evaluation.
    #[track_caller]
    pub(crate) fn pipeline_with(&self, limits: &str) -> String {
        let told = self.run(&["config", "images", "pipeline"]);
        let usual = told.lines().find(|line| line.starts_with("tests = "));
        told.replace(usual.expect("a limit for the tests"), limits)
    }
}

impl World {
    /// With the lab's hosts, agents, models and the pipeline from image to report.
    pub(crate) fn native(lab: &Lab) -> World {
        let told = lab.run(&["config", "images", "agents", "pipeline"]);
        World::native_with(lab, &told)
    }

    /// The same with another text in place of the lab's configuration.
    pub(crate) fn native_with(lab: &Lab, config: &str) -> World {
        let keys = Lab::dir().join("aws_credentials");
        World::lab(lab)
            .pipeline("swe")
            .fleet_key("retry_pause = \"1s\"")
            .toml(config)
            .env("AWS_SHARED_CREDENTIALS_FILE", &keys.display().to_string())
    }

    /// An assignment of these jobs over the lab's instances: host (or `*`), instance, model, runs.
    pub(crate) fn instances(&self, name: &str, jobs: &[(&str, &str, &str, u32)]) -> PathBuf {
        let mut file = serde_json::Map::new();
        for (host, instance, model, runs) in jobs {
            let list = file.entry(*host).or_insert_with(|| serde_json::json!([]));
            list.as_array_mut().unwrap().push(serde_json::json!({
                "instance_id": instance,
                "model": model,
                "dataset_file": dataset(instance),
                "runs": runs,
            }));
        }
        self.assignment(name, &serde_json::Value::Object(file).to_string())
    }
}

impl World {
    /// A dataset beside the assignments whose only instance is one of the lab's under another id, changed.
    /// Give its path to [`World::asked`].
    pub(crate) fn variant(&self, of: &str, id: &str, change: impl FnOnce(&mut Value)) -> PathBuf {
        let mut instance = instance(of);
        instance["instance_id"] = id.into();
        change(&mut instance);
        self.write(&format!("assignments/{id}.jsonl"), &format!("{instance}\n"))
    }

    /// An assignment of these entries for one host.
    pub(crate) fn asked(&self, name: &str, host: &str, entries: &[Value]) -> String {
        self.assignment(name, &json!({ host: entries }).to_string());
        format!("assignments/{name}.json")
    }
}

/// An instance of the lab as its dataset tells it.
pub(crate) fn instance(id: &str) -> Value {
    let text = fs::read_to_string(dataset(id)).unwrap();
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    lines
        .find_map(|line| line.ok().filter(|line| line["instance_id"] == id))
        .unwrap_or_else(|| panic!("no instance {id}"))
}

/// Puts words before the test command of an instance.
pub(crate) fn first(instance: &mut Value, words: &str) {
    let command = instance["test_command"].as_str().unwrap();
    instance["test_command"] = format!("{words}\n{command}").into();
}

/// The file that tells of an instance.
pub(crate) fn dataset(instance: &str) -> PathBuf {
    let files = fs::read_dir(DATASETS).unwrap().map(|entry| entry.unwrap().path());
    let tells = |path: &PathBuf| {
        fs::read_to_string(path)
            .unwrap()
            .contains(&format!("\"{instance}\""))
    };
    files
        .into_iter()
        .find(tells)
        .unwrap_or_else(|| panic!("no dataset tells of {instance}"))
}

/// Whether a file lies in the results of a job's first run, and what is in it.
pub(crate) fn result(world: &World, set: &str, job: &str, file: &str) -> String {
    let path = world.path(&format!("results/{set}/{job}/{file}"));
    read(&path)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
