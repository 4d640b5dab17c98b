//! The JSON values of a text, whether it has one or many, on one line each or spread over several.
//!
//! A value that is broken is noted, and reading goes on with the next line that begins an object, so that
//! one torn line of a long file hides no other fault.

use crate::config::finding::Faults;
use crate::config::node::{self, Node};

/// So many broken values, and the rest is not looked at: each may cost a pass over what follows it.
const MOST_BROKEN: usize = 20;

/// All values, in their order.
pub(super) fn values<'t>(text: &'t str, faults: &mut Faults) -> Vec<Node<'t>> {
    let mut values = Vec::new();
    let (mut at, mut broken) = (0, 0);
    loop {
        let rest = text[at..].trim_start_matches(is_between);
        at = text.len() - rest.len();
        match Node::first(rest) {
            None => return values,
            Some(Ok((value, length))) => {
                values.push(value);
                at += length;
            }
            Some(Err(error)) => {
                let next = next_object(rest);
                // A torn line is told by itself, not by the line at which that shows.
                let torn = next.map(|next| rest[..next].trim_end());
                let error = torn.and_then(|line| Node::parse(line).err()).unwrap_or(error);
                note(rest, at, &error, faults);
                broken += 1;
                match next {
                    Some(next) if broken < MOST_BROKEN => at += next,
                    _ => return values,
                }
            }
        }
    }
}

/// Blanks, and the byte order marks that are left between files that were joined.
fn is_between(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{feff}'
}

/// Where the next line begins with an object, if the one here began with one, too.
fn next_object(rest: &str) -> Option<usize> {
    rest.strip_prefix('{')?;
    rest.find("\n{").map(|end| end + 1)
}

fn note(rest: &str, at: usize, error: &serde_json::Error, faults: &mut Faults) {
    let place = node::stopped_at(rest, error);
    let place = (0..=place)
        .rev()
        .find(|at| rest.is_char_boundary(*at))
        .unwrap_or(0);
    let message = error.to_string();
    let what = message
        .rsplit_once(" at line ")
        .map_or(message.as_str(), |(what, _)| what);
    let what = format!("this is not JSON: {what}");
    let here = &rest[place..];
    if error.is_eof() {
        faults.add_hint(at + place, what, "the text has been cut off; get it anew");
    } else if ["NaN", "Infinity", "-Infinity"]
        .iter()
        .any(|word| here.starts_with(word))
    {
        faults.add_hint(
            at + place,
            what,
            "Python writes NaN where JSON has null; write null",
        );
    } else {
        faults.add(at + place, what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::finding::Places;

    fn read(text: &str) -> (Vec<&str>, Vec<String>) {
        let mut faults = Faults::default();
        let values = values(text, &mut faults);
        let findings = faults.findings("f", &Places::of(text));
        (
            values.into_iter().map(Node::json).collect(),
            findings.iter().map(ToString::to_string).collect(),
        )
    }

    #[test]
    fn values_may_follow_each_other_in_any_way() {
        for text in ["{}\n[1]\n", "{}[1]", "\u{feff}{} \r\n\n\u{feff}[1]"] {
            assert_eq!(read(text), (vec!["{}", "[1]"], vec![]), "{text:?}");
        }
        assert_eq!(read(" \n\u{feff}"), (vec![], vec![]));
    }

    #[test]
    fn a_torn_line_is_told_where_it_ends_and_hides_no_other() {
        let (values, faults) = read("{\"a\": 1}\n{\"b\": \"x\n{\"c\": 3}\n{\"d\": NaN}\n{\"e\":");
        assert_eq!(values, ["{\"a\": 1}", "{\"c\": 3}"]);
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(
            faults[0].starts_with("f:2:") && faults[0].contains("cut off"),
            "{faults:?}"
        );
        assert!(
            faults[1].starts_with("f:4:7: ") && faults[1].contains("write null"),
            "{faults:?}"
        );
        assert!(
            faults[2].starts_with("f:5:") && faults[2].contains("cut off"),
            "{faults:?}"
        );
    }

    #[test]
    fn a_file_of_broken_lines_is_given_up_soon() {
        let text = "{\"a\":\n".repeat(100_000);
        let (values, faults) = read(&text);
        assert!(values.is_empty());
        assert_eq!(faults.len(), MOST_BROKEN);
    }

    #[test]
    fn a_broken_list_is_told_once() {
        let (values, faults) = read("[\n{\"a\": 1},\n{\"b\" 2},\n{\"c\": 3}\n]");
        assert!(values.is_empty());
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].starts_with("f:3:6: "), "{faults:?}");
    }
}
