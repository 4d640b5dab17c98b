//! An instance: one task of a dataset, in the one normal form that travels with a job.
//!
//! Datasets come in many shapes; `dataset` reads them all and writes this one: a single line of JSON, with
//! the canonical key names, lists that are lists, and every other field carried through untouched.

use serde::{Deserialize, Serialize};

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
    pub rest: serde_json::Map<String, serde_json::Value>,
}

fn python() -> String {
    "python".to_owned()
}

fn app_repo() -> String {
    "/app/repo".to_owned()
}
