//! The harness, agents and programs: ended without what they had to leave.

use super::{Advice, GIVEN_UP, PROGRAM, advice};

pub(super) const ALL: &[Advice] = &[
    advice(
        &[
            "no-output",
            "bad-output",
            "output-not-found",
            "output-has-two-lines",
            "instance-skipped",
            "nothing-left",
            "agent-failed",
            "agent-error",
            "no-trajectory",
        ],
        "the agent ended without a result, and said nothing that is known as a cause",
        "look at what it said",
        &[
            "fleet logs --phase trajectory {job}",
            "fleet retry --fault {fault}",
        ],
    ),
    advice(
        &[
            "file-in-the-way",
            "evaluation-incomplete",
            "image-work-stopped",
            "no-word",
        ],
        "the evaluation did not come to its end",
        "read its log; another try may succeed",
        &["fleet logs {job}", "fleet retry --fault {fault}"],
    ),
    advice(
        &["graded-a-broken-environment"],
        "a run whose shell failed was counted as resolved",
        "grade it again; the evidence is kept",
        &["fleet regrade"],
    ),
    advice(
        &[PROGRAM],
        "a program of the pipeline failed, and `fleet` does not know its errors",
        "read its log; correct it, and run its jobs again",
        &["fleet logs {job}", "fleet retry --fault {fault}"],
    ),
    advice(
        &[GIVEN_UP],
        "every try of the job ended early",
        "read its history; remove the cause, and run it again",
        &["fleet history {job}", "fleet retry --fault {fault}"],
    ),
];
