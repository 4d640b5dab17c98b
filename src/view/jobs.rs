//! `fleet status --all`: every job on a line, with the id by which other verbs know it.

use crate::report::table::{Table, left, prose, right};
use crate::schedule::Fleet;
use crate::schedule::fleet::JobEntry;

/// All jobs, in the order of their files, in at most `most` columns.
pub fn jobs(fleet: &Fleet, most: Option<usize>) -> String {
    let mut entries: Vec<&JobEntry> = fleet.jobs().collect();
    entries.sort_by_key(|entry| (&entry.job.set, entry.job.order, entry.job.id));
    let mut table = Table::new(&[
        left("job"),
        left("state"),
        left("host"),
        right("attempts"),
        prose("set/instance/model/run").middle(),
    ]);
    for entry in entries {
        let job = &entry.job;
        let host = entry
            .decisive()
            .map(|attempt| attempt.host.to_string())
            .unwrap_or_default();
        table.row([
            job.id.as_str(),
            entry.word(),
            &host,
            &entry.attempts.len().to_string(),
            &format!("{}/{}/{}/run{}", job.set, job.instance, job.model, job.run),
        ]);
    }
    table.render(most)
}
