//! The keys of an entry of an assignment, and how much one may ask for.

/// The keys of an entry: name, whether it must be there, and what it is.
pub(super) const KEYS: [(&str, bool, &str); 9] = [
    ("instance_id", true, "The task: a name."),
    ("model", true, "The model: one of fleet.toml."),
    ("dataset_file", true, "The file that holds the instance's data."),
    (
        "trajectory_file",
        false,
        "A trajectory (an output.jsonl) that exists already: it is evaluated, and none is made.",
    ),
    ("task_name", false, "What people call the instance: a name."),
    (
        "run",
        false,
        "Which independent try this is. Without it and `runs`: 1.",
    ),
    ("runs", false, "So many independent tries, numbered from 1."),
    (
        "pipeline",
        false,
        "What is done; without it, fleet.toml's default.",
    ),
    (
        "env",
        false,
        "Names of variables that the job gets from the coordinator's environment.",
    ),
];

/// Most runs of one question.
pub const MOST_RUNS: u32 = 1000;
