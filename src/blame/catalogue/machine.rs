//! The machine, and the way to it.

use super::EVERY;
use crate::blame::signature::Signature;
use crate::domain::fault::{Again, FaultName};

pub(super) const KNOWN: &[Signature] = &[
    Signature {
        number: 15,
        name: FaultName::NoSpace,
        again: Again::Cleaned,
        phases: EVERY,
        marks: &[&["no space left on device"], &["disk quota exceeded"]],
        state: None,
        means: "the host's disk is full",
    },
    Signature {
        number: 19,
        name: FaultName::EngineUnreachable,
        again: Again::Elsewhere,
        phases: EVERY,
        marks: &[
            &["permission denied", "docker daemon socket"],
            &["cannot connect to the docker daemon"],
        ],
        state: None,
        means: "the Docker engine cannot be spoken to",
    },
    Signature {
        number: 20,
        name: FaultName::PortTaken,
        again: Again::Cleaned,
        phases: EVERY,
        marks: &[
            &["port is already allocated"],
            &["no available port"],
            &["no free port"],
        ],
        state: None,
        means: "leftovers hold a port",
    },
    Signature {
        number: 47,
        name: FaultName::RunTwice,
        again: Again::Cleaned,
        phases: EVERY,
        marks: &[&["is already in use by container"], &["evaluation running"]],
        state: None,
        means: "two runs met on one host",
    },
    Signature {
        number: 48,
        name: FaultName::LinkLost,
        again: Again::Anywhere,
        phases: &[],
        marks: &[
            &["permission denied (publickey"],
            &["ssh: connect to host"],
            &["connection reset by", "port 22"],
            &["connection timed out", "ssh"],
            &["kex_exchange_identification"],
        ],
        state: None,
        means: "the connection to the host was lost; what became of the job is not known",
    },
    Signature {
        number: 17,
        name: FaultName::WrongArchitecture,
        again: Again::Elsewhere,
        phases: EVERY,
        marks: &[
            &["qemu: uncaught target signal 11"],
            &["exec format error"],
            &["exit code 139"],
            &["exit status 139"],
        ],
        state: None,
        means: "a crash, as of an image for another architecture",
    },
    Signature {
        number: 16,
        name: FaultName::OutOfMemory,
        again: Again::Elsewhere,
        phases: EVERY,
        marks: &[
            &["=killed"],
            &["out of memory: killed process"],
            &["oom-kill"],
            &["oomkilled"],
            &["exit code 137"],
            &["exit status 137"],
        ],
        state: None,
        means: "killed, as for want of memory",
    },
    Signature {
        number: 18,
        name: FaultName::DockerResources,
        again: Again::Elsewhere,
        phases: EVERY,
        marks: &[&["exit code 252"], &["exit status 252"]],
        state: None,
        means: "Docker lacked a resource",
    },
];
