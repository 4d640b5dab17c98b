//! The assignment file: what `fleet dispatch` reads, one job a line.

use std::fmt::Write as _;

use super::{Share, Task};
use crate::domain::PipelineName;

/// The text of the file. With `pool`, no job is bound to a host: any idle one takes it.
pub fn text(shares: &[Share], pipeline: Option<&PipelineName>, pool: Option<&str>) -> String {
    let lists: Vec<(&str, Vec<&Task>)> = match pool {
        Some(pool) => vec![(pool, taking_turns(shares))],
        None => shares
            .iter()
            .map(|share| (share.host.as_str(), share.tasks.iter().collect()))
            .collect(),
    };
    let lists: Vec<String> = lists
        .into_iter()
        .filter(|(_, tasks)| !tasks.is_empty())
        .map(|(place, tasks)| {
            let entries: Vec<String> = tasks.iter().map(|task| entry(task, pipeline)).collect();
            format!("  {}: [\n    {}\n  ]", quoted(place), entries.join(",\n    "))
        })
        .collect();
    format!("{{\n{}\n}}\n", lists.join(",\n"))
}

/// The jobs of all shares as hosts that are equally fast would take them.
fn taking_turns(shares: &[Share]) -> Vec<&Task> {
    let most = shares.iter().map(|share| share.tasks.len()).max().unwrap_or(0);
    let turns = (0..most).flat_map(|turn| shares.iter().filter_map(move |share| share.tasks.get(turn)));
    turns.collect()
}

fn entry(task: &Task, pipeline: Option<&PipelineName>) -> String {
    let subject = &task.subject;
    let mut text = format!(
        "{{\"instance_id\": {}, \"model\": {}, \"dataset_file\": {}",
        quoted(subject.id.as_str()),
        quoted(task.model.as_str()),
        quoted(&subject.dataset_file)
    );
    // Writing to a String cannot fail.
    if let Some(name) = &subject.task {
        let _ = write!(text, ", \"task_name\": {}", quoted(name.as_str()));
    }
    // Without the key, it is run 1: as people write it.
    if task.run != 1 {
        let _ = write!(text, ", \"run\": {}", task.run);
    }
    if let Some(pipeline) = pipeline {
        let _ = write!(text, ", \"pipeline\": {}", quoted(pipeline.as_str()));
    }
    text.push('}');
    text
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
