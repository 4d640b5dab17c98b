//! Names in quotes, as git and GNU tools write them.

/// A name in quotes, as git and GNU tools write it, and what follows it.
pub(super) fn unquoted(text: &str) -> Result<(String, &str), String> {
    let bad = || {
        format!(
            "a name in quotes that is not well written: {}",
            text.escape_debug()
        )
    };
    let bytes = text.as_bytes();
    let mut name = Vec::new();
    let mut at = 1;
    loop {
        match bytes.get(at).ok_or_else(bad)? {
            b'"' => break,
            b'\\' => {
                let escape = *bytes.get(at + 1).ok_or_else(bad)?;
                at += 1;
                name.push(match escape {
                    b'a' => 7,
                    b'b' => 8,
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 11,
                    b'f' => 12,
                    b'r' => b'\r',
                    b'"' | b'\\' => escape,
                    b'0'..=b'3' => {
                        let digits = text.get(at..at + 3).ok_or_else(bad)?;
                        at += 2;
                        u8::from_str_radix(digits, 8).map_err(|_| bad())?
                    }
                    _ => return Err(bad()),
                });
            }
            byte => name.push(*byte),
        }
        at += 1;
    }
    let name =
        String::from_utf8(name).map_err(|_| format!("a name that is not UTF-8: {}", text.escape_debug()))?;
    Ok((name, &text[at + 1..]))
}
