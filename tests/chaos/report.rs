//! What came of a run, in figures.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;

use super::judge::{self, Booked, Breach, Kind};
use super::ledger;
use super::run::Run;

impl Kind {
    /// All of them, the worst first.
    const ALL: [Kind; 9] = [
        Kind::Overlap,
        Kind::Twice,
        Kind::Slot,
        Kind::Again,
        Kind::Lost,
        Kind::Open,
        Kind::False,
        Kind::Wrong,
        Kind::Away,
    ];

    /// A word for the table.
    fn word(self) -> &'static str {
        match self {
            Kind::Overlap => "overlap",
            Kind::Twice => "started twice",
            Kind::Slot => "slot shared",
            Kind::Again => "ran again",
            Kind::Lost => "lost",
            Kind::Open => "left open",
            Kind::False => "false success",
            Kind::Wrong => "wrong account",
            Kind::Away => "not at home",
        }
    }
}

/// The figures, for people.
pub(crate) struct Report {
    pub(crate) text: String,
    /// Was a promise broken?
    pub(crate) broken: bool,
}

/// Reads ledgers and books, judges, and tells. Everything that was read is kept beside the state.
pub(crate) fn write(run: &mut Run) -> io::Result<Report> {
    let peace = run.began.elapsed().saturating_sub(run.options.length);
    let ledgers = run.lab.ledgers()?;
    fs::write(run.desk.dir.join("ledger"), &ledgers)?;
    run.case.tries = ledger::read(&ledgers).map_err(io::Error::other)?;
    run.case.dispatched.clone_from(&run.desk.jobs);
    run.case.books = books(run)?;
    let breaches = judge::breaches(&run.case);
    let text = text(run, &breaches, peace.as_secs());
    fs::write(run.desk.dir.join("report"), &text)?;
    Ok(Report {
        text,
        broken: !breaches.is_empty() || !run.desk.faults.is_empty(),
    })
}

/// The rows of `results.jsonl`; none if it was never written.
fn books(run: &Run) -> io::Result<Vec<(String, Booked)>> {
    let path = run.desk.dir.join("results/results.jsonl");
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        read => read?,
    };
    let mut books = Vec::new();
    for line in text.lines() {
        let row: serde_json::Value = serde_json::from_str(line)?;
        let word = |key: &str| row[key].as_str().unwrap_or("").to_owned();
        let booked = Booked {
            job: word("job"),
            account: word("account"),
            how: word("how"),
            at_home: row["path"].is_string(),
        };
        books.push((format!("{}/{}", word("set"), word("instance")), booked));
    }
    Ok(books)
}

fn text(run: &Run, breaches: &[Breach], peace: u64) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "chaos {}\n{} s of trouble, then {peace} s until all was closed and at home",
        run.options.again(),
        run.options.length.as_secs()
    );
    let mut accounts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, booked) in &run.case.books {
        *accounts.entry(&booked.account).or_default() += 1;
    }
    let tries = run.case.tries.len();
    let _ = writeln!(
        text,
        "jobs          {:>6}  {}",
        run.desk.jobs.len(),
        list(accounts)
    );
    let ended = run.case.tries.iter().filter(|one| one.end.is_some()).count();
    let _ = writeln!(
        text,
        "attempts      {tries:>6}  {ended} of them came to their own end"
    );
    let _ = writeln!(text, "coordinators  {:>6}", run.desk.starts);
    let _ = writeln!(
        text,
        "faults        {:>6}  {}",
        run.done.values().sum::<usize>(),
        list(run.done.iter().map(|(name, count)| (*name, *count)))
    );
    let codes = run.desk.codes.iter();
    let codes = codes.map(|((verb, code), count)| (format!("{verb} {code}"), *count));
    let codes: Vec<(String, usize)> = codes.collect();
    let _ = writeln!(
        text,
        "ends          {:>6}  {}",
        codes.iter().map(|(_, count)| count).sum::<usize>(),
        list(codes.iter().map(|(name, count)| (name.as_str(), *count)))
    );
    text.push('\n');
    for kind in Kind::ALL {
        let count = breaches.iter().filter(|breach| breach.kind == kind).count();
        let _ = writeln!(text, "{:<13} {count:>6}", kind.word());
    }
    let _ = writeln!(text, "{:<13} {:>6}", "other faults", run.desk.faults.len());
    for breach in breaches {
        let _ = writeln!(text, "\n{}: {}", breach.kind.word(), breach.what);
    }
    for (fault, (count, first)) in &run.desk.faults {
        let _ = writeln!(
            text,
            "\n{count} times, first at {}: {fault}",
            judge::seconds(*first)
        );
    }
    text
}

fn list<'a>(counts: impl IntoIterator<Item = (&'a str, usize)>) -> String {
    let counts = counts.into_iter().map(|(name, count)| format!("{name} {count}"));
    counts.collect::<Vec<_>>().join(", ")
}
