//! An instance: one task of a dataset, in the one normal form that travels with a job.
//!
//! Datasets come in many shapes; `dataset` reads them all and writes this one: a single line of JSON, with
//! the canonical key names, lists that are lists, and every other field carried through untouched.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::name::InstanceId;

/// What is asked of a model, and what its answer is judged by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Its id.
    #[serde(rename = "instance_id")]
    pub id: InstanceId,
    /// `owner/name`.
    pub repo: String,
    /// The commit that the task starts from.
    pub base_commit: String,
    /// Where its image is, if the dataset says so; see [`super::image`] for the rule that holds otherwise.
    #[serde(
        default,
        rename = "image_storage_uri",
        skip_serializing_if = "Option::is_none"
    )]
    pub image: Option<String>,
    /// As the dataset writes it.
    #[serde(default = "python")]
    pub language: String,
    /// The task in words.
    #[serde(default)]
    pub problem_statement: String,
    /// Tests that fail before the task is done, and pass after.
    #[serde(rename = "FAIL_TO_PASS")]
    pub fail_to_pass: Vec<String>,
    /// Tests that pass before and after.
    #[serde(rename = "PASS_TO_PASS")]
    pub pass_to_pass: Vec<String>,
    /// The golden test patches, in order: each one unified diff that ends with a newline.
    #[serde(default, rename = "test_patch")]
    pub test_patches: Vec<String>,
    /// The gold solution, in order; never used in grading.
    #[serde(default, rename = "patch")]
    pub gold_patches: Vec<String>,
    /// What runs the tests, whole.
    pub test_command: String,
    /// Which grammar its output has.
    #[serde(rename = "test_output_parser")]
    pub parser: String,
    /// Where the repository lies in the image.
    #[serde(default = "app_repo")]
    pub repo_path: String,
    /// Everything else that the dataset says, as it says it.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// What else of a dataset an agent may know. Datasets have many names for solutions, tests and hints, and new ones every year: so
/// what is not named here is left out.
const KNOWN_TO_AGENTS: [&str; 8] = [
    "version",
    "environment_setup_commit",
    "created_at",
    "requirements",
    "interface",
    "monolith_image",
    "task_specific_image",
    "test_framework",
];

/// Where repositories lie in images whose dataset does not say: almost always at the first place.
const PLACES: [&str; 2] = ["/app/repo", "/testbed"];

/// Where a repository may lie, in the order in which it is looked for: where the dataset says, or where repositories lie if
/// it does not. A dataset that names the usual place is as one that names none.
pub fn places(repo_path: &str) -> Vec<&str> {
    if repo_path == PLACES[0] {
        return PLACES.to_vec();
    }
    vec![repo_path]
}

impl Instance {
    /// The same with its repository at another place, if it can be there.
    #[must_use]
    pub fn with_repo_at(mut self, place: Option<&str>) -> Instance {
        if let Some(place) = place.filter(|place| places(&self.repo_path).contains(place)) {
            self.repo_path = place.to_owned();
        }
        self
    }

    /// What the agent that solves the task may know of it: the task, the repository, the environment. Neither the
    /// solution nor the tests that judge it, under whatever name.
    pub fn for_agents(&self) -> Map<String, Value> {
        let own = [
            ("instance_id", self.id.as_str()),
            ("repo", &self.repo),
            ("base_commit", &self.base_commit),
            ("language", &self.language),
            ("problem_statement", &self.problem_statement),
            ("repo_path", &self.repo_path),
        ];
        let own = own
            .into_iter()
            .chain(self.image.as_deref().map(|image| ("image_storage_uri", image)));
        let rest = KNOWN_TO_AGENTS
            .iter()
            .filter_map(|key| self.rest.get_key_value(*key));
        own.map(|(key, text)| (key.to_owned(), Value::from(text)))
            .chain(rest.map(|(key, value)| (key.clone(), value.clone())))
            .collect()
    }
}

fn python() -> String {
    "python".to_owned()
}

fn app_repo() -> String {
    PLACES[0].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_are_told_the_task_and_nothing_of_what_judges_them() {
        let text = serde_json::json!({
            "instance_id": "x-1", "repo": "o/r", "base_commit": "0123456", "problem_statement": "mend it", "version": 1.5,
            "image_storage_uri": "i", "FAIL_TO_PASS": ["answer"], "PASS_TO_PASS": ["answer"], "test_patch": ["answer"],
            "patch": ["answer"], "test_command": "pytest answer", "test_output_parser": "answer", "requirements": "r",
            // Other names of the same, which the normal form carries along.
            "fail_to_pass_tests": "answer", "pass_to_pass_tests": "answer", "f2p": "answer", "p2p": "answer",
            "test_patches": ["answer"], "functional_patch": "answer", "hints_text": "answer", "pr_url": "answer",
            "golden_patch": "answer", "something_new": "answer",
        });
        let instance: Instance = serde_json::from_value(text).unwrap();
        let row = Value::Object(instance.for_agents());
        assert!(!row.to_string().contains("answer"), "{row}");
        let told = serde_json::json!({
            "instance_id": "x-1", "repo": "o/r", "base_commit": "0123456", "problem_statement": "mend it", "version": 1.5,
            "image_storage_uri": "i", "language": "python", "repo_path": "/app/repo", "requirements": "r",
        });
        assert_eq!(row, told);
    }

    #[test]
    fn a_repository_is_looked_for_in_testbed_only_where_the_usual_place_was_meant() {
        assert_eq!(places("/app/repo"), ["/app/repo", "/testbed"]);
        assert_eq!(places("/src"), ["/src"]);
        let text = serde_json::json!({
            "instance_id": "a-1", "repo": "o/r", "base_commit": "c", "FAIL_TO_PASS": [], "PASS_TO_PASS": [],
            "test_command": "t", "test_output_parser": "p",
        });
        let usual: Instance = serde_json::from_value(text).unwrap();
        let at = |place| usual.clone().with_repo_at(place).repo_path;
        assert_eq!(
            (at(None), at(Some("/testbed"))),
            ("/app/repo".to_owned(), "/testbed".to_owned())
        );
        assert_eq!(at(Some("/etc")), "/app/repo", "nobody's word leads elsewhere");
    }
}
