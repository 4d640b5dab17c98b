//! What may become different on the way: `eval3 dies at +2h`, `2 more hosts`.

use std::fmt;

use crate::config::finding::{quoted, suggestion};
use crate::domain::{HostName, ModelName, Span};

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// How long after the beginning.
    pub at: Span,
    /// What.
    pub what: What,
}

/// What becomes different.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The host is never reached again.
    Dies(HostName),
    /// The host is there from then on, and was not before.
    Joins(HostName),
    /// The host takes so many times as long.
    Slows(HostName, f64),
    /// The model's provider accepts nothing any more.
    Refuses(ModelName),
    /// These hosts, like the others, are there from then on.
    More(Vec<HostName>),
}

/// The sentences that are understood.
pub const SENTENCES: &str = "`HOST dies at +2h`, `HOST joins at +1h`, `HOST slows 2x at +30m`, `MODEL refuses at +1h`, `2 more hosts at +1h`";

/// Most hosts that may be added.
const MOST_HOSTS: usize = 1000;

impl Change {
    /// Reads lists of sentences; or everything that is wrong with them. Hosts that are added get names that no host
    /// has.
    pub fn parse(
        texts: &[String],
        hosts: &[HostName],
        models: &[ModelName],
    ) -> Result<Vec<Change>, Vec<String>> {
        let (mut changes, mut wrong) = (Vec::new(), Vec::new());
        let mut fresh = (1..)
            .filter_map(|n: u32| format!("more{n}").parse().ok())
            .filter(|name| !hosts.contains(name));
        for text in texts {
            let mut column = 1;
            for part in text.split(',') {
                let at = column + part.chars().take_while(|c| c.is_whitespace()).count();
                column += part.chars().count() + 1;
                match sentence(part, hosts, models, &mut fresh) {
                    Ok(change) => changes.push(change),
                    Err(faults) => {
                        let place = |what| format!("{}, column {at}: {what}", quoted(text));
                        wrong.extend(faults.into_iter().map(place));
                    }
                }
            }
        }
        if wrong.is_empty() { Ok(changes) } else { Err(wrong) }
    }

    /// The hosts that it adds.
    pub fn added(&self) -> &[HostName] {
        match &self.what {
            What::More(names) => names,
            What::Dies(_) | What::Joins(_) | What::Slows(..) | What::Refuses(_) => &[],
        }
    }

    /// Is this host there only from then on?
    pub(super) fn brings(&self, host: &HostName) -> bool {
        match &self.what {
            What::Joins(name) => name == host,
            What::More(names) => names.contains(host),
            What::Dies(_) | What::Slows(..) | What::Refuses(_) => false,
        }
    }

    /// Is this host dead from the beginning?
    pub(super) fn bars(&self, host: &HostName) -> bool {
        self.at == Span(0) && matches!(&self.what, What::Dies(name) if name == host)
    }
}

fn sentence(
    text: &str,
    hosts: &[HostName],
    models: &[ModelName],
    fresh: &mut impl Iterator<Item = HostName>,
) -> Result<Change, Vec<String>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (words, at) = match words[..] {
        [ref words @ .., "at", when] => (words, moment(when)),
        ref words => (words, Ok(Span(0))),
    };
    let host = |name: &str| named(name, hosts, "host");
    let what = match *words {
        [name, "dies"] => host(name).map(What::Dies),
        [name, "joins"] => host(name).map(What::Joins),
        [name, "slows", factor] => match (host(name), times(factor)) {
            (Ok(host), Ok(factor)) => Ok(What::Slows(host, factor)),
            (host, factor) => {
                let faults = [host.err(), factor.err(), at.err()];
                return Err(faults.into_iter().flatten().collect());
            }
        },
        [name, "refuses"] => named(name, models, "model").map(What::Refuses),
        [count, "more", "hosts" | "host"] => {
            hosts_to_add(count).map(|count| What::More(fresh.take(count).collect()))
        }
        [] => Err(format!("nothing stands there; write one of {SENTENCES}")),
        _ => Err(format!(
            "{} is not understood; write one of {SENTENCES}",
            quoted(text.trim())
        )),
    };
    match (what, at) {
        (Ok(what), Ok(at)) => Ok(Change { at, what }),
        (what, at) => Err([what.err(), at.err()].into_iter().flatten().collect()),
    }
}

/// `+2h`, and `+1h30m`.
fn moment(text: &str) -> Result<Span, String> {
    let wrong = || {
        format!(
            "{} is not a time from now; write +30m, +2h or +1h30m",
            quoted(text)
        )
    };
    let mut rest = text.strip_prefix('+').ok_or_else(wrong)?;
    let mut all = Span(0);
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let after = rest.get(digits..).unwrap_or_default();
        let letters = after.len() - after.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (piece, more) = rest.split_at(digits + letters);
        let span: Span = piece.parse().map_err(|_| wrong())?;
        all.0 += span.0;
        rest = more;
    }
    if text == "+" || all > Span::seconds(400 * 86_400) {
        return Err(wrong());
    }
    Ok(all)
}

fn times(text: &str) -> Result<f64, String> {
    let digits = text.strip_suffix('x').filter(|digits| digits.len() < 10);
    digits
        .filter(|digits| digits.chars().all(|c| c.is_ascii_digit() || c == '.'))
        .and_then(|digits| digits.parse().ok())
        .filter(|factor| (0.01..=1000.0).contains(factor))
        .ok_or_else(|| format!("{} is not how many times slower; write 2x or 1.5x", quoted(text)))
}

fn hosts_to_add(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=MOST_HOSTS).contains(count));
    count.ok_or_else(|| {
        format!(
            "{} is not a number of hosts, from 1 to {MOST_HOSTS}",
            quoted(text)
        )
    })
}

fn named<N: Clone + fmt::Display>(word: &str, known: &[N], what: &str) -> Result<N, String> {
    let texts: Vec<String> = known.iter().map(ToString::to_string).collect();
    match texts
        .iter()
        .position(|text| text == word)
        .and_then(|i| known.get(i))
    {
        Some(name) => Ok(name.clone()),
        None => Err(format!(
            "no {what} is called {}; {}",
            quoted(word),
            suggestion(word, texts.iter().map(String::as_str))
        )),
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Dies(host) => write!(f, "{host} dies")?,
            What::Joins(host) => write!(f, "{host} joins")?,
            What::Slows(host, factor) => write!(f, "{host} slows {factor}x")?,
            What::Refuses(model) => write!(f, "{model} refuses")?,
            What::More(names) => {
                let word = if names.len() == 1 { "host" } else { "hosts" };
                write!(f, "{} more {word}", names.len())?;
            }
        }
        if self.at > Span(0) {
            write!(f, " at +{}", self.at)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<Change>, Vec<String>> {
        let hosts = ["eval1", "eval3"].map(|name| name.parse().unwrap());
        let models = ["gpt", "kimi"].map(|name| name.parse().unwrap());
        Change::parse(&[text.to_owned()], &hosts, &models)
    }

    #[test]
    fn every_sentence_is_understood() {
        let text =
            "eval3 dies at +2h, eval1 joins at +1h30m, eval1 slows 2x at +30m, kimi refuses, 2 more hosts";
        let said: Vec<String> = parse(text).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(
            said.join(", "),
            "eval3 dies at +2h00m, eval1 joins at +1h30m, eval1 slows 2x at +30m00s, kimi refuses, 2 more hosts"
        );
    }

    #[test]
    fn what_is_not_understood_is_told_with_its_place_and_a_way_out() {
        let wrong = parse(
            "evil3 dies, eval1 slows twice, gpt5 refuses at +1h, eval1 dies at 14:00, 0 more hosts, sing, ",
        );
        insta::assert_snapshot!(wrong.unwrap_err().join("\n"), @r"
        `evil3 dies, eval1 slows twice, gpt5 refuses at +1h, eval1 di…`, column 1: no host is called `evil3`; did you mean `eval3`?
        `evil3 dies, eval1 slows twice, gpt5 refuses at +1h, eval1 di…`, column 13: `twice` is not how many times slower; write 2x or 1.5x
        `evil3 dies, eval1 slows twice, gpt5 refuses at +1h, eval1 di…`, column 32: no model is called `gpt5`; did you mean `gpt`?
        `evil3 dies, eval1 slows twice, gpt5 refuses at +1h, eval1 di…`, column 53: `14:00` is not a time from now; write +30m, +2h or +1h30m
        `evil3 dies, eval1 slows twice, gpt5 refuses at +1h, eval1 di…`, column 74: `0` is not a number of hosts, from 1 to 1000
        `evil3 dies, eval1 slows twice, gpt5 refuses at +1h, eval1 di…`, column 88: `sing` is not understood; write one of `HOST dies at +2h`, `HOST joins at +1h`, `HOST slows 2x at +30m`, `MODEL refuses at +1h`, `2 more hosts at +1h`
        `evil3 dies, eval1 slows twice, gpt5 refuses at +1h, eval1 di…`, column 94: nothing stands there; write one of `HOST dies at +2h`, `HOST joins at +1h`, `HOST slows 2x at +30m`, `MODEL refuses at +1h`, `2 more hosts at +1h`
        ");
    }
}
