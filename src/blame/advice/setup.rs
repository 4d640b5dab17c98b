//! The set-up: fleet.toml, credentials, and the harness on the hosts.

use super::{Advice, advice};

pub(super) const ALL: &[Advice] = &[
    advice(
        &[
            "image-forbidden",
            "object-forbidden",
            "no-credentials",
            "credentials-expired",
            "other-region",
        ],
        "the store refuses the coordinator",
        "run `aws sso login`; look at the bucket's policy and at `region` in `[images]`",
        &["fleet retry --fault {fault}"],
    ),
    advice(
        &["image-link-missing", "image-link-expired"],
        "no address could be signed for the image, or it had expired when the job used it",
        "renew your credentials; raise `expires`",
        &["fleet retry --fault {fault}"],
    ),
    advice(
        &["store-without-ranges"],
        "the image store does not speak S3",
        "correct `endpoint` in `[images]`",
        &["fleet retry --fault {fault}"],
    ),
    advice(
        &["image-reference-invalid", "bad-image-name", "name-not-lowercase"],
        "no image can have this name",
        "correct the instance's id or `image_storage_uri`; unset `RUNTIME_CONTAINER_IMAGE`",
        &["fleet retry --fault {fault}"],
    ),
    advice(
        &["not-in-config"],
        "`fleet.toml` no longer has a pipeline, model or agent that the job was dispatched with",
        "put it back into `fleet.toml`",
        &["fleet retry --fault {fault}"],
    ),
    advice(
        &["data-missing"],
        "the job was found on a host, but its dataset or trajectory is not on this machine",
        "dispatch the assignment that names it, with the same data",
        &["fleet retry --fault {fault}"],
    ),
    advice(
        &["no-harness", "no-agent", "no-directory"],
        "the agent is not on that host, or `fleet.toml` names another place",
        "correct `harness` of the host or `run` of the agent, or install it there",
        &[
            "fleet deploy",
            "fleet resume host {host}",
            "fleet retry --fault {fault}",
        ],
    ),
    advice(
        &[
            "openhands-missing",
            "python-module-missing",
            "harness-file-missing",
            "harness-without-git",
            "runtime-build-broken",
            "buildx-failed",
        ],
        "the harness on that host is incomplete, or another version",
        "deploy the whole tree again",
        &[
            "fleet verify",
            "fleet deploy",
            "fleet resume host {host}",
            "fleet retry --fault {fault}",
        ],
    ),
    advice(
        &["poetry-missing", "poetry-cannot-read-kernel"],
        "poetry is not on the `PATH` of a login without terminal, or too old for the kernel",
        "install or update it there",
        &[
            "fleet doctor",
            "fleet resume host {host}",
            "fleet retry --fault {fault}",
        ],
    ),
    advice(
        &["split-missing", "effort-ignored", "token-limit"],
        "the harness or the model is set up wrongly",
        "correct the harness's `config.toml` or the agent's arguments",
        &["fleet deploy", "fleet retry --fault {fault}"],
    ),
    advice(
        &["log-cut"],
        "expected tests may be in the part of the log that was not kept",
        "raise `log_cap`",
        &["fleet retry --fault {fault}"],
    ),
    advice(
        &["stalled", "deadline"],
        "it printed nothing and used no CPU for `stall`, or it ran longer than `deadline`",
        "see where it was (`fleet logs`); raise the limit if it was working",
        &["fleet logs {job}", "fleet retry --fault {fault}"],
    ),
];
