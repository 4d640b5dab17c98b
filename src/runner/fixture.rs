//! Values for the tests of this folder.

use crate::domain::journal::{Entry, Line, VERSION};
use crate::domain::spec::{self, Spec, Step};
use crate::domain::{Epoch, Job, JobId, Place, Span, Timestamp};

/// A spec whose steps are these shell scripts.
pub(super) fn spec(n: u32, scripts: &[&str]) -> Spec {
    let (set, instance, model) = ("set".parse(), "one".parse(), "gpt".parse());
    let (set, instance, model) = (set.unwrap(), instance.unwrap(), model.unwrap());
    let job = Job {
        id: JobId::derive(&set, &instance, &model, 1),
        set,
        instance,
        model,
        run: 1,
        task: None,
        pipeline: "plain".parse().unwrap(),
        dataset: None,
        trajectory: None,
        env: Vec::new(),
        place: Place::Any,
        order: 0,
    };
    let step = |(i, script): (usize, &&str)| Step {
        phase: format!("p{i}").parse().unwrap(),
        task: None,
        argv: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
        env: [].into(),
        cwd: None,
        deadline: Span::seconds(60),
        stall: None,
    };
    Spec {
        version: spec::VERSION,
        job,
        attempt: n,
        epoch: Epoch(1),
        host: "eval1".parse().unwrap(),
        steps: scripts.iter().enumerate().map(step).collect(),
        output_cap: 1 << 20,
        grace: Span::seconds(60),
        secrets: Vec::new(),
        swe: None,
        harness: None,
        keep: None,
        containers: false,
    }
}

/// A first line.
pub(super) fn opened(n: u32, boot: &str) -> Line {
    let spec = spec(n, &[]);
    Line {
        at: Timestamp(0),
        entry: Entry::Opened {
            version: VERSION,
            attempt: spec.id(),
            epoch: spec.epoch,
            host: spec.host,
            boot: boot.to_owned(),
            machine: None,
        },
    }
}
