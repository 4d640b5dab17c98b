//! The dataset: what it says of an instance cannot be used.

use super::{Advice, DISTRUSTED, advice};

pub(super) const ALL: &[Advice] = &[
    advice(
        &[
            "test-patch-failed",
            "no-gold-patch",
            "no-fail-to-pass",
            "bad-base-commit",
            "bad-repo-path",
            "unknown-parser",
        ],
        "what the dataset says of the instance is no good",
        "mend the dataset, check it, and dispatch it under another name: a job keeps the data it came with",
        &["fleet logs {job}"],
    ),
    advice(
        &[
            "dataset-unreadable",
            "dataset-not-json",
            "dataset-field-cut",
            "instance-without-id",
            "bad-dataset",
            "bad-trajectory",
        ],
        "the dataset, or the trajectory that was given, cannot be read",
        "mend the file, check it, and dispatch it under another name: a job keeps the data it came with",
        &["fleet logs {job}"],
    ),
    advice(
        &[DISTRUSTED],
        "the instance's own solution does not pass, or none does: calibration says so",
        "mend the dataset or the image, and calibrate again; its verdicts do not count",
        &["fleet logs --phase evaluation {job}"],
    ),
];
