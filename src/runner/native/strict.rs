//! What Python writes as JSON and JSON does not allow, mended: `NaN`, `Infinity` and halves of characters.

/// The text with the numbers that JSON lacks as `null`, and lone halves of a character as `U+FFFD`.
pub(super) fn strict(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut quoted = false;
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        let mut kept = &rest[..taken];
        match c {
            '"' => quoted = !quoted,
            '\\' if quoted => (taken, kept) = escape(rest),
            'N' | 'I' | '-' if !quoted => {
                if let Some(word) = ["NaN", "Infinity", "-Infinity"]
                    .iter()
                    .find(|word| rest.starts_with(**word))
                {
                    (taken, kept) = (word.len(), "null");
                }
            }
            _ => {}
        }
        out.push_str(kept);
        rest = &rest[taken..];
    }
    out
}

/// How long the escape at the start of the text is, and what to keep of it.
fn escape(text: &str) -> (usize, &str) {
    let half = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    match (half(0), half(6)) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, &text[..12]),
        (Some(0xd800..=0xdfff), _) => (6, "\\ufffd"),
        _ => {
            let length = 1 + text[1..].chars().next().map_or(0, char::len_utf8);
            (length, &text[..length])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_writes_becomes_json_and_what_is_json_stays() {
        for (python, json) in [
            (
                r#"{"a": NaN, "b": [-Infinity, Infinity], "NaN": -1}"#,
                r#"{"a": null, "b": [null, null], "NaN": -1}"#,
            ),
            (
                r#""\ud83d\ude00 \udce9 \ud83d x \\ud83d \" é""#,
                r#""\ud83d\ude00 \ufffd \ufffd x \\ud83d \" é""#,
            ),
            (r#""\ud83d"#, r#""\ufffd"#),
            ("\"\\", "\"\\"),
            ("", ""),
        ] {
            assert_eq!(strict(python), json);
        }
        assert!(serde_json::from_str::<serde_json::Value>(&strict(r#"["\udcff", NaN]"#)).is_ok());
    }
}
