//! One entry of an assignment: one job, or several runs of one.

use super::keys::KEYS;
use super::value::{Cells, cell};
use super::{DraftJob, MOST_JOBS, Reading};
use crate::config::node::{Node, Open};
use crate::domain::job::Place;
use crate::domain::{Job, JobId, PipelineName};

impl Reading<'_> {
    /// Reads one entry. Whatever is wrong is noted; what is right becomes jobs.
    pub(super) fn entry(&mut self, entry: Node<'_>, place: Option<&Place>) {
        let at = self.at(entry);
        match entry.open() {
            Open::Object(pairs) => {
                let cells = self.cells(&pairs);
                self.fields(at, &cells, place);
            }
            other => {
                let what = format!("a job is an object, not {}", other.article());
                self.faults.add_hint(at, what, "write { \"instance_id\": …, … }");
            }
        }
    }

    fn fields(&mut self, at: usize, cells: &Cells<'_>, place: Option<&Place>) {
        for (name, required, _) in KEYS {
            if required && cell(cells, name).is_none() {
                self.faults.add(at, format!("missing key `{name}`"));
            }
        }
        // Every field is read before any is missed, so that all faults come at once.
        let known = self.known;
        let instance = cell(cells, "instance_id").and_then(|node| self.name(node, "instance_id"));
        let model = cell(cells, "model").and_then(|node| self.known(node, "model", &known.models));
        let dataset = cell(cells, "dataset_file").and_then(|node| self.file(node, "dataset_file"));
        let trajectory = match cell(cells, "trajectory_file") {
            Some(node) => self.file(node, "trajectory_file").map(Some),
            None => Some(None),
        };
        let task = match cell(cells, "task_name") {
            Some(node) => self.name(node, "task_name").map(Some),
            None => Some(None),
        };
        let runs = self.runs(cells);
        let pipeline = self.pipeline(at, cells);
        let env = cell(cells, "env").map_or(Some(Vec::new()), |node| self.env(node));
        let (Some(instance), Some(model), Some((dataset_file, dataset_at)), Some(task), Some(runs)) =
            (instance, model, dataset, task, runs)
        else {
            return;
        };
        let (Some(pipeline), Some(env), Some(place), Some(trajectory)) = (pipeline, env, place, trajectory)
        else {
            return;
        };
        if let Some((what, hint)) = known.misfit(&model.name, &pipeline, trajectory.is_some()) {
            return self.faults.add_hint(at, what, hint);
        }
        if let Some(host) = known.obstacle(&model.name, &pipeline, place) {
            let what = format!("pipeline `{pipeline}` needs a harness, and host `{host}` has none");
            let hint = "give the host a `harness` in fleet.toml";
            return self.faults.add_hint(at, what, hint);
        }
        let one = DraftJob {
            job: Job {
                id: JobId::derive(self.set, &instance, &model.name, *runs.start()),
                set: self.set.clone(),
                instance,
                model: model.name.clone(),
                run: *runs.start(),
                task,
                pipeline,
                dataset: None,
                trajectory: None,
                env,
                place: place.clone(),
                order: 0,
            },
            dataset_file,
            dataset_at,
            trajectory,
        };
        for run in runs {
            if !self.push(at, &one, run) {
                break;
            }
        }
    }

    fn pipeline(&mut self, at: usize, cells: &Cells<'_>) -> Option<PipelineName> {
        let known = self.known;
        if let Some(node) = cell(cells, "pipeline") {
            let found = self.known(node, "pipeline", &known.pipelines)?;
            return Some(found.name.clone());
        }
        if known.pipeline.is_none() {
            let hint = "add \"pipeline\" here, or a default to [fleet] in fleet.toml";
            self.faults.add_hint(at, "no pipeline is named", hint);
        }
        known.pipeline.cloned()
    }

    /// Adds one run; false if there is no use in going on.
    fn push(&mut self, at: usize, one: &DraftJob, run: u32) -> bool {
        let Job { instance, model, .. } = &one.job;
        let id = if run == one.job.run {
            one.job.id
        } else {
            JobId::derive(self.set, instance, model, run)
        };
        if let Some(earlier) = self.seen.insert(id, at) {
            let (line, _) = self.places.at(earlier);
            let what = format!("this is the job of line {line} again: {instance}, {model}, run {run}");
            self.faults
                .add_hint(at, what, "remove one, or number them with `run`");
            self.seen.insert(id, earlier);
            return false;
        }
        if self.jobs.len() == MOST_JOBS {
            let what = format!("these are more than {MOST_JOBS} jobs");
            self.faults.add_hint(at, what, "split the file");
            return false;
        }
        let mut draft = one.clone();
        draft.job.id = id;
        draft.job.run = run;
        draft.job.order = self.jobs.len() as u64;
        self.jobs.push(draft);
        true
    }
}
