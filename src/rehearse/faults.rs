//! What may go wrong, and how often: `host 0.01/h, link 0.1/h, lost 1%, provider 5%`.

use crate::config::finding::{quoted, suggestion};

/// How often each kind of trouble happens.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Faults {
    /// A host restarts, and what runs on it is lost: times an hour.
    pub host: f64,
    /// A host goes for good: times an hour.
    pub gone: f64,
    /// A link is cut for a while: times an hour and host.
    pub link: f64,
    /// A supervisor is killed: of all attempts.
    pub lost: f64,
    /// The provider fails a trajectory in a way that may pass: of all attempts.
    pub provider: f64,
    /// An image cannot be made ready: of all attempts.
    pub image: f64,
    /// A phase fails through the job itself, which is final: of all attempts.
    pub job: f64,
}

/// The kinds that happen in time, and those that happen to a part of all attempts.
const BY_TIME: [&str; 3] = ["host", "gone", "link"];
const BY_PART: [&str; 4] = ["lost", "provider", "image", "job"];

impl Faults {
    /// Nothing goes wrong?
    pub fn is_none(&self) -> bool {
        *self == Faults::default()
    }

    /// Reads a list of kinds and rates; or everything that is wrong with it.
    pub fn parse(text: &str) -> Result<Faults, Vec<String>> {
        let (mut faults, mut wrong) = (Faults::default(), Vec::new());
        let mut seen: Vec<&str> = Vec::new();
        let mut column = 1;
        for part in text.split(',') {
            let at = column + part.chars().take_while(|c| c.is_whitespace()).count();
            column += part.chars().count() + 1;
            let words: Vec<&str> = part.split_whitespace().collect();
            let read = match words[..] {
                [] if text.trim().is_empty() => Err("is empty; write for example `lost 1%`".to_owned()),
                [] => Err("nothing stands between two commas".to_owned()),
                [kind, _] if seen.contains(&kind) => Err(format!("`{kind}` stands there twice")),
                [kind, rate] => faults.set(kind, rate),
                _ => Err(format!(
                    "{} is not a kind and a rate, like `host 0.01/h` or `lost 1%`",
                    quoted(part.trim())
                )),
            };
            match read {
                Ok(kind) => seen.push(kind),
                Err(what) => wrong.push(format!("column {at}: {what}")),
            }
        }
        if wrong.is_empty() { Ok(faults) } else { Err(wrong) }
    }

    fn set<'w>(&mut self, kind: &'w str, rate: &str) -> Result<&'w str, String> {
        let slot = match kind {
            "host" => &mut self.host,
            "gone" => &mut self.gone,
            "link" => &mut self.link,
            "lost" => &mut self.lost,
            "provider" => &mut self.provider,
            "image" => &mut self.image,
            "job" => &mut self.job,
            _ => {
                let known = BY_TIME.into_iter().chain(BY_PART);
                return Err(format!(
                    "nothing that goes wrong is called {}; {}",
                    quoted(kind),
                    suggestion(kind, known)
                ));
            }
        };
        *slot = if BY_TIME.contains(&kind) {
            let number = rate.strip_suffix("/h").and_then(number);
            number.filter(|rate| *rate <= 60.0).ok_or_else(|| {
                format!(
                    "{} is not a rate of `{kind}`; write times an hour, from 0/h to 60/h",
                    quoted(rate)
                )
            })?
        } else {
            let number = rate.strip_suffix('%').and_then(number);
            number.filter(|part| *part <= 100.0).ok_or_else(|| {
                format!(
                    "{} is not a rate of `{kind}`; write a part of all attempts, from 0% to 100%",
                    quoted(rate)
                )
            })? / 100.0
        };
        Ok(kind)
    }
}

/// Digits, with a point perhaps: neither signs nor powers.
fn number(text: &str) -> Option<f64> {
    let plain = !text.is_empty() && text.len() < 20 && text.chars().all(|c| c.is_ascii_digit() || c == '.');
    text.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read() {
        let faults = Faults::parse("host 0.01/h, link 0.1/h,lost 1%, provider 5%").unwrap();
        assert_eq!(
            faults,
            Faults {
                host: 0.01,
                link: 0.1,
                lost: 0.01,
                provider: 0.05,
                ..Faults::default()
            }
        );
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        let wrong = Faults::parse("hots 1/h, lost 1/h, link 5%, , provider 5%, provider 6%, lost 200%, x")
            .unwrap_err();
        insta::assert_snapshot!(wrong.join("\n"), @r"
        column 1: nothing that goes wrong is called `hots`; did you mean `host`?
        column 11: `1/h` is not a rate of `lost`; write a part of all attempts, from 0% to 100%
        column 21: `5%` is not a rate of `link`; write times an hour, from 0/h to 60/h
        column 30: nothing stands between two commas
        column 45: `provider` stands there twice
        column 58: `200%` is not a rate of `lost`; write a part of all attempts, from 0% to 100%
        column 69: `x` is not a kind and a rate, like `host 0.01/h` or `lost 1%`
        ");
        assert_eq!(Faults::parse("").unwrap_err().len(), 1);
        for rate in ["-1%", "nan%", "inf%", "1e2%", "%", "."] {
            assert!(Faults::parse(&format!("lost {rate}")).is_err(), "{rate}");
        }
    }
}
