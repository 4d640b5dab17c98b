//! The machine: disk, memory, engine, network, and hosts that are lost.

use super::{Advice, LOST, advice};

pub(super) const ALL: &[Advice] = &[
    advice(
        &["no-space"],
        "the host's disk or its engine's is full",
        "free space there: `docker system df` tells what takes it",
        &[
            "fleet images prune --host {host}",
            "fleet resume host {host}",
            "fleet retry --fault {fault}",
        ],
    ),
    advice(
        &["disk", "host-disk", "no-report", "host-cannot-keep"],
        "the host could not read or write its files",
        "free space there, or look for a damaged disk (`dmesg`)",
        &[
            "fleet doctor",
            "fleet resume host {host}",
            "fleet retry --fault {fault}",
        ],
    ),
    advice(
        &[
            "docker-down",
            "engine-unreachable",
            "no-docker",
            "docker-slow",
            "docker-refused",
            "docker-resources",
        ],
        "the host's Docker engine is down, missing, overloaded, or refuses the user",
        "start it, or add the user to group docker",
        &[
            "fleet doctor",
            "fleet resume host {host}",
            "fleet retry --fault {fault}",
        ],
    ),
    advice(
        &["port-taken", "container-not-started", "runtime-died", "run-twice"],
        "something that earlier runs left on the host is in the way",
        "remove containers that are not needed (`docker ps`)",
        &[
            "fleet doctor",
            "fleet resume host {host}",
            "fleet retry --fault {fault}",
        ],
    ),
    advice(
        &["out-of-memory", "killed", "container-lost"],
        "the host ran out of memory, or another process killed the program or its container",
        "give the host fewer `slots`, or limit the tests with `memory`",
        &["fleet doctor", "fleet retry --fault {fault}"],
    ),
    advice(
        &["crashed", "wrong-architecture"],
        "a program crashed; it may be built for another architecture",
        "set `arch` of the host and `platform` in `[images]`",
        &["fleet doctor", "fleet retry --fault {fault}"],
    ),
    advice(
        &["store-unreachable", "store-odd", "registry-unreachable"],
        "the host cannot reach the image store, or the store's answer is not S3's",
        "try `curl` from the host; correct `endpoint`",
        &[
            "fleet doctor",
            "fleet resume host {host}",
            "fleet retry --fault {fault}",
        ],
    ),
    advice(
        &["not-started", "cannot-start", "no-threads"],
        "the host could not start a program",
        "look at the limits on processes and memory there",
        &["fleet doctor", "fleet retry --fault {fault}"],
    ),
    advice(
        &[LOST, "link-lost"],
        "the host was rebooted, or a signal killed the supervisor",
        "nothing, if the job went on elsewhere; drain the host if it happens again",
        &["fleet doctor", "fleet retry --fault {fault}"],
    ),
];
