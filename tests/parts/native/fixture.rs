//! An attempt's directory, an instance and an image of it that was made of this machine's own programs.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use fleet::domain::conclusion::{self, Conclusion};
use fleet::domain::evidence::Evidence;
use fleet::domain::{AttemptId, Fault, Instance, Job, JobId, Secrets, Sha256, swe::Swe};
use fleet::runner::native::{PhaseContext, PhaseOutcome, evaluation};
use serde_json::json;

use crate::support::wait::until;

/// What makes the image.
const RECIPE: &str = include_str!("image.sh");

/// Solves the task.
pub(super) const GOOD: &str = "diff --git a/calc.sh b/calc.sh
--- a/calc.sh
+++ b/calc.sh
@@ -2,6 +2,6 @@
 #
 #
 #
 add() {
-    echo $(($1 - $2))
+    echo $(($1 + $2))
 }
";

/// The test of it.
pub(super) const GOLDEN: &str = "diff --git a/tests/test_add.sh b/tests/test_add.sh
new file mode 100644
--- /dev/null
+++ b/tests/test_add.sh
@@ -0,0 +1 @@
+[ \"$(add 1 2)\" = 3 ]
";

/// The image, and the base commit in it.
fn image() -> &'static (String, String) {
    static IMAGE: OnceLock<(String, String)> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let name = format!(
            "fleet-test-evaluation:{:.12}",
            Sha256::of(RECIPE.as_bytes()).to_string()
        );
        let label = ["inspect", "--format", "{{.Config.Labels.base}}", &name];
        if docker(&label).trim().is_empty() {
            let made = Command::new("sh")
                .args(["-ec", RECIPE, "sh", &name])
                .output()
                .unwrap();
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        let base = docker(&label);
        (name, base.trim().to_owned())
    })
}

pub(super) fn docker(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// One attempt, before its evaluation: a capsule in a root of its own.
pub(super) struct Case {
    _root: tempfile::TempDir,
    dir: PathBuf,
    pub(super) attempt: AttemptId,
    job: Job,
    pub(super) instance: Instance,
    pub(super) swe: Swe,
    pub(super) harness: Option<String>,
    pub(super) explain: fn(&str) -> Option<Fault>,
}

impl Case {
    /// One whose trajectory left this patch, with its image.
    pub(super) fn new(patch: &str) -> Case {
        let (image, base) = image();
        let case = Case::bare(image, base);
        let line = json!({ "instance_id": "calc-1", "test_result": { "git_patch": patch }, "error": null });
        case.write("out/output.jsonl", &format!("{line}\n"));
        case
    }

    /// One that was not begun.
    pub(super) fn bare(image: &str, base: &str) -> Case {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("jobs/calc/1");
        for below in ["in", "out", "log"] {
            std::fs::create_dir_all(dir.join(below)).unwrap();
        }
        let (set, id, model) = (
            "set".parse().unwrap(),
            "calc-1".parse().unwrap(),
            "gold".parse().unwrap(),
        );
        let job = JobId::derive(&set, &id, &model, std::process::id());
        let attempt = AttemptId {
            job,
            n: COUNT.fetch_add(1, Ordering::Relaxed),
        };
        let job = json!({
            "id": job, "set": set, "instance": id, "model": model, "run": 1, "pipeline": "swe", "place": "any", "order": 0,
        });
        let instance = json!({
            "instance_id": "calc-1", "repo": "lab/calc", "base_commit": base, "FAIL_TO_PASS": ["tests/test_add.sh"],
            "PASS_TO_PASS": ["tests/test_zero.sh"], "test_patch": [GOLDEN], "test_command": "bash run.sh",
            "test_output_parser": "python/parse_log_pytest_v3",
        });
        let swe = json!({
            "image": {
                "source": { "engine": image }, "tags": [image], "base_commit": base, "repo_path": "/app/repo",
                "platform": "linux/amd64",
            },
            "agent": "gold",
            "evaluation": { "tests": 60_000, "network": "none", "processes": 256, "log_cap": 1 << 20 },
        });
        Case {
            _root: root,
            dir,
            attempt,
            job: serde_json::from_value(job).unwrap(),
            instance: serde_json::from_value(instance).unwrap(),
            swe: serde_json::from_value(swe).unwrap(),
            harness: None,
            explain: |_| None,
        }
    }

    /// Evaluates it: the answer, the evidence and the log.
    pub(super) fn run(&self) -> (Result<PhaseOutcome, Fault>, Evidence, String) {
        let done = self.in_context(evaluation);
        if let Err(fault) = &done {
            eprintln!("{fault}");
        }
        let evidence = self.read("out/evaluation.json");
        let mut log = String::new();
        flate2::read::GzDecoder::new(&*self.log_bytes())
            .read_to_string(&mut log)
            .unwrap_or_default();
        (done, serde_json::from_str(&evidence).unwrap(), log)
    }

    /// Does a phase.
    pub(super) fn in_context(
        &self,
        phase: fn(&PhaseContext<'_>) -> Result<PhaseOutcome, Fault>,
    ) -> Result<PhaseOutcome, Fault> {
        let host = "here".parse().unwrap();
        let text = serde_json::to_string(&self.instance).unwrap();
        phase(&PhaseContext {
            capsule: &self.dir,
            attempt: self.attempt,
            job: &self.job,
            swe: &self.swe,
            instance: &self.instance,
            dataset_text: &text,
            host: &host,
            secrets: &Secrets::none(),
            harness: self.harness.as_deref(),
            explain: self.explain,
        })
    }

    /// Does the evaluation in the process of a step, as a supervisor has it done: what it concludes.
    pub(super) fn step(&self) -> Conclusion {
        let spec = json!({
            "version": 1, "job": self.job, "attempt": self.attempt.n, "epoch": 1, "host": "here",
            "steps": [{ "phase": "evaluation", "argv": [], "task": "evaluation", "deadline": 60_000 }],
            "output_cap": 1 << 20, "grace": 1_000, "swe": self.swe, "containers": true,
        });
        self.write("spec.json", &spec.to_string());
        self.write(
            "in/dataset.jsonl",
            &serde_json::to_string(&self.instance).unwrap(),
        );
        let output = Command::new(env!("CARGO_BIN_EXE_fleet"))
            .args(["runner", "step", "evaluation", "--capsule"])
            .arg(&self.dir)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(self.path(conclusion::FILE).exists(), "{said}");
        serde_json::from_str(&self.read(conclusion::FILE)).unwrap()
    }

    /// The place of something in its directory.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// What a file in it says.
    pub(super) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Puts a file into it.
    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The compressed log; empty if there is none.
    pub(super) fn log_bytes(&self) -> Vec<u8> {
        std::fs::read(self.path("out/test_output.log.gz")).unwrap_or_default()
    }

    /// The containers that bear its label.
    pub(super) fn containers(&self) -> String {
        let filter = format!("label=fleet.attempt={}", self.attempt);
        docker(&["ps", "-a", "--filter", &filter, "--format", "{{.Names}}"])
    }

    /// The one container of this root, once its tests have made this file in it.
    pub(super) fn container_with(&self, file: &str) -> String {
        let root = self.dir.ancestors().nth(3).unwrap();
        until("the tests have begun", || {
            let identity = std::fs::read_to_string(root.join("identity")).ok()?;
            let label = format!("label=fleet.root={}", identity.trim());
            let id = docker(&["ps", "-q", "--filter", &label]).trim().to_owned();
            let begun = Command::new("docker")
                .args(["exec", &id, "sh", "-c", &format!("[ -e {file} ]")])
                .output();
            begun.unwrap().status.success().then_some(id)
        })
    }
}
