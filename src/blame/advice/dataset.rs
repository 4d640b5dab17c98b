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
        "the dataset's data for the instance is wrong",
        "correct the dataset, check it, and dispatch it under another name: a job keeps the data that it was dispatched with",
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
        "correct the file, check it, and dispatch it under another name: a job keeps the data that it was dispatched with",
        &["fleet logs {job}"],
    ),
    advice(
        &[DISTRUSTED],
        "calibration found that the instance's own solution does not pass, or that no solution is needed",
        "correct the dataset or the image, and calibrate again; until then its verdicts do not count",
        &["fleet logs --phase evaluation {job}"],
    ),
];
