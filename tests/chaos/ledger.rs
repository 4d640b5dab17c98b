//! The ledgers that jobs write on their hosts, outside of any capsule, and what they show: when which attempt was alive.

use std::collections::BTreeMap;

/// Hundredths of a second since the machine booted. All hosts of the lab share one kernel, and so this clock.
pub(crate) type Tick = u64;

/// What a job writes down. One line: `TICK WORD ATTEMPT HOST PID WHO`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// Its first phase begins.
    Start,
    /// It lives.
    Beat,
    /// A process of it lives that it has left behind.
    Stray,
    /// Its last phase ends well.
    End,
    /// It fails by its own doing.
    Fail,
}

/// One attempt on one host, as far as it has written something down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Try {
    /// Its host.
    pub(crate) host: String,
    /// `JOB.N`.
    pub(crate) attempt: String,
    /// `SET/INSTANCE`.
    pub(crate) who: String,
    /// When it was first seen alive.
    pub(crate) first: Tick,
    /// When it, or what it left behind, was last seen alive.
    pub(crate) last: Tick,
    /// When each of its beginnings was: more than one of them is one too many.
    pub(crate) starts: Vec<Tick>,
    /// How it ended, and when; none if it was stopped.
    pub(crate) end: Option<(bool, Tick)>,
}

impl Try {
    /// Its number.
    pub(crate) fn n(&self) -> u32 {
        let n = self.attempt.rsplit_once('.');
        n.and_then(|(_, n)| n.parse().ok()).unwrap_or(0)
    }

    /// For so long both were alive.
    pub(crate) fn overlap(&self, other: &Try) -> Tick {
        let end = self.last.min(other.last);
        end.saturating_sub(self.first.max(other.first))
    }
}

/// Reads ledgers. A line that cannot be read is an error: an overlap may hide in it.
pub(crate) fn read(text: &str) -> Result<Vec<Try>, String> {
    let mut tries: BTreeMap<(String, String), Vec<Try>> = BTreeMap::new();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let mut lines = lines
        .map(|line| parse(line).ok_or_else(|| format!("a line of the ledger that says nothing: {line:?}")))
        .collect::<Result<Vec<_>, String>>()?;
    // Each process of a job writes for itself.
    lines.sort_by_key(|(at, _, _)| *at);
    for (at, word, [attempt, host, who]) in lines {
        let key = (attempt.to_owned(), host.to_owned());
        let same = tries.entry(key).or_default();
        // One that begins after its end is a second one with the same number.
        let is_over = |one: &Try| one.end.is_some_and(|(_, end)| end < at);
        let begins = word == Word::Start && same.last().is_some_and(is_over);
        if same.is_empty() || begins {
            same.push(Try {
                host: host.to_owned(),
                attempt: attempt.to_owned(),
                who: who.to_owned(),
                first: at,
                last: at,
                starts: Vec::new(),
                end: None,
            });
        }
        let Some(one) = same.last_mut() else { continue };
        one.first = one.first.min(at);
        one.last = one.last.max(at);
        match word {
            Word::Start => one.starts.push(at),
            Word::End => one.end = Some((true, at)),
            Word::Fail => one.end = Some((false, at)),
            Word::Beat | Word::Stray => {}
        }
    }
    let mut tries: Vec<Try> = tries.into_values().flatten().collect();
    tries.sort_by(|a, b| (a.first, &a.attempt).cmp(&(b.first, &b.attempt)));
    Ok(tries)
}

fn parse(line: &str) -> Option<(Tick, Word, [&str; 3])> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [at, word, attempt, host, _pid, who] = fields[..] else {
        return None;
    };
    let word = match word {
        "start" => Word::Start,
        "beat" => Word::Beat,
        "stray" => Word::Stray,
        "end" => Word::End,
        "fail" => Word::Fail,
        _ => return None,
    };
    Some((tick(at)?, word, [attempt, host, who]))
}

/// `/proc/uptime` has two digits after the point.
pub(crate) fn tick(uptime: &str) -> Option<Tick> {
    let (whole, part) = uptime.split_once('.')?;
    (part.len() == 2).then_some(())?;
    Some(whole.parse::<Tick>().ok()? * 100 + part.parse::<Tick>().ok()?)
}
