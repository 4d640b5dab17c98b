//! The normal form of an instance: one line of JSON.

use crate::domain::Instance;

/// The line. What `fleet` does not know is written as it was read, without blanks: numbers keep their digits.
pub(super) fn write<'t>(
    known: &Instance,
    rest: impl Iterator<Item = (&'t str, &'t str)>,
) -> Result<String, serde_json::Error> {
    let mut line = serde_json::to_string(known)?;
    // The object is open again.
    line.pop();
    for (key, json) in rest {
        line.push(',');
        line.push_str(&serde_json::to_string(key)?);
        line.push(':');
        compact(json, &mut line);
    }
    line.push_str("}\n");
    Ok(line)
}

/// Copies JSON without the blanks between its words.
fn compact(json: &str, line: &mut String) {
    let (mut inside, mut escaped) = (false, false);
    for c in json.chars() {
        if inside {
            inside = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if c.is_ascii_whitespace() {
            continue;
        } else {
            inside = c == '"';
        }
        line.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blanks_between_words_go() {
        let mut line = String::new();
        compact("{ \"a b\" : [ 1.50,\n\t\"\\\" x\\\\\" , \"y z\" ] }", &mut line);
        assert_eq!(line, "{\"a b\":[1.50,\"\\\" x\\\\\",\"y z\"]}");
    }
}
