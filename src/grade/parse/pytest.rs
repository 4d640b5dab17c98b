//! pytest's lines on single tests: `STATUS name - reason` of its summary (`-rA`), or `name STATUS` of old
//! versions.

use std::borrow::Cow;

use super::scan::{after_blank, lines, word};
use super::{Flavour, Results, Status};

/// The summary's lines, as they are.
pub(super) fn plain(log: &str) -> Results {
    summary(lines(log), |name| Cow::Borrowed(name))
}

/// The same; of a parametrisation that is one absolute path, the last part.
pub(super) fn options(log: &str) -> Results {
    summary(lines(log), |name| match shortened(name) {
        Some(short) => Cow::Owned(short),
        None => Cow::Borrowed(name),
    })
}

/// The summary's lines, each name passed through a change.
pub(super) fn summary<'a>(
    lines: impl Iterator<Item = &'a str>,
    change: impl Fn(&str) -> Cow<'_, str>,
) -> Results {
    let mut results = Results::default();
    for line in lines {
        if let Some(test) = leading(line) {
            let name = change(test.name);
            if test.whole != test.name {
                results.spell(test.whole, &name, test.status);
            }
            results.set(name, test.status);
        }
    }
    results
}

/// What a line tells of a test.
struct Test<'a> {
    status: Status,
    /// As the reference parsers read it: up to the first blank.
    name: &'a str,
    /// As it is: what stands in the brackets of a parametrisation may have blanks in it.
    whole: &'a str,
}

impl<'a> Test<'a> {
    /// A test whose name begins here, and ends where the line does, or before a reason.
    fn beginning(status: Status, name: &'a str, text: &'a str) -> Test<'a> {
        let text = text.trim();
        // Of a passed test nothing is told but its name.
        let whole = if name.starts_with('[') {
            // `SKIPPED [1] t.py:3: why` names a place, and no test.
            name
        } else if status == Status::Passed && name.contains('[') && text.ends_with(']') {
            text
        } else {
            whole_name(text)
        };
        Test { status, name, whole }
    }

    /// A test whose name is all of the line but its last word.
    fn ending(status: Status, line: &'a str) -> Test<'a> {
        let whole = line
            .rsplit_once(char::is_whitespace)
            .map_or(line, |(whole, _)| whole.trim());
        Test {
            status,
            name: word(line).0,
            whole: if whole.contains('[') { whole } else { word(line).0 },
        }
    }
}

/// The name of a test that a text begins with: up to the first blank, or to the end of its brackets.
pub(super) fn whole_name(text: &str) -> &str {
    let first = word(text).0;
    if !first.contains('[') {
        return first;
    }
    let mut depth = 0usize;
    let mut closed = None;
    for (at, sign) in text.match_indices(['[', ']']) {
        let rest = &text[at + 1..];
        if sign == "[" {
            depth += 1;
            continue;
        }
        depth = depth.saturating_sub(1);
        if depth == 0 && rest.chars().next().is_none_or(char::is_whitespace) {
            return &text[..=at];
        }
        // Brackets in strings need not be in pairs.
        if closed.is_none() && (rest.is_empty() || rest.starts_with(" - ")) {
            closed = Some(at);
        }
    }
    closed.map_or(first, |at| &text[..=at])
}

/// The summary's lines, else a status at the end of the line. Colours and control characters are taken off.
pub(super) fn v3(log: &str, flavour: Flavour) -> Results {
    either(log, |line| {
        let words = || line.split_whitespace().filter(|word| *word != "-");
        if let Some((status, rest)) = Status::leading(line)
            && let Some(rest) = after_blank(rest)
        {
            return Some(Test::beginning(status, words().nth(1)?, rest));
        }
        let ends = ["PASSED", "FAILED", "ERROR", "SKIPPED"];
        if !ends.iter().any(|end| line.ends_with(end)) {
            return None;
        }
        let mut words = words();
        let (first, last) = (words.next()?, words.next_back()?);
        let status = Status::of_word(last).or_else(|| {
            // There any text is a status, and one that is none is as good as missing.
            (flavour == Flavour::VeloraHead).then_some(Status::Error)
        })?;
        let name = first;
        Some(Test {
            name,
            ..Test::ending(status, line)
        })
    })
}

/// The summary's lines, else `name STATUS …` where the line also ends in a status.
pub(super) fn v2(log: &str) -> Results {
    either(log, |line| {
        if let Some(found) = leading(line) {
            return Some(found);
        }
        let end = Status::ALL.into_iter().find(|end| line.ends_with(end.word()))?;
        let (name, rest) = word(line);
        if let Some(status) = Status::of_word(word(rest).0) {
            return Some(Test {
                status,
                name,
                whole: name,
            });
        }
        let test = Test::ending(end, line);
        (name.contains('[') && test.whole.ends_with(']')).then_some(test)
    })
}

/// `name STATUS`, as plain `-v` prints it.
pub(super) fn swesmith(log: &str) -> Results {
    let mut results = Results::default();
    for line in lines(log) {
        let Some((name, rest)) = line.find(char::is_whitespace).map(|at| line.split_at(at)) else {
            continue;
        };
        if let Some((status, _)) = Status::leading(rest.trim_start()) {
            results.set(name, status);
        }
    }
    results
}

/// `STATUS name …`; where the status is the whole first word.
fn leading(line: &str) -> Option<Test<'_>> {
    let (status, rest) = Status::leading(line)?;
    let rest = after_blank(rest)?;
    let (name, more) = word(rest);
    // "FAILED - name" is read as "FAILED name".
    let (name, rest) = if name == "-" && status == Status::Failed {
        (word(more).0, more)
    } else {
        (name, rest)
    };
    (!name.is_empty()).then(|| Test::beginning(status, name, rest))
}

fn either(log: &str, read: impl Fn(&str) -> Option<Test<'_>>) -> Results {
    let mut results = Results::default();
    let mut cleaned = String::new();
    for line in lines(log) {
        let line = clean(line, &mut cleaned);
        if let Some(test) = read(line) {
            if test.whole != test.name {
                results.spell(test.whole, test.name, test.status);
            }
            results.set(test.name, test.status);
        }
    }
    results
}

/// The line without `[<digits>m` and control characters, which is what the reference parsers take off.
fn clean<'a>(line: &'a str, buffer: &'a mut String) -> &'a str {
    let Some(first) = line.bytes().position(|byte| byte < 0x20 || byte == b'[') else {
        return line;
    };
    buffer.clear();
    let (mut copied, mut at) = (0, first);
    let bytes = line.as_bytes();
    while at < bytes.len() {
        let length = match bytes[at] {
            b'[' => colour(&bytes[at..]),
            byte => usize::from((1..0x20).contains(&byte)),
        };
        if length > 0 {
            buffer.push_str(&line[copied..at]);
            copied = at + length;
        }
        at += length.max(1);
    }
    if copied == 0 {
        return line;
    }
    buffer.push_str(&line[copied..]);
    buffer
}

/// The length of `[<digits>m` at the beginning, or nothing.
fn colour(bytes: &[u8]) -> usize {
    let digits = bytes[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits > 0 && bytes.get(1 + digits) == Some(&b'm') {
        digits + 2
    } else {
        0
    }
}

/// `test[/a/b/c]` becomes `test[/c]`.
fn shortened(name: &str) -> Option<String> {
    let (main, rest) = name.split_once('[')?;
    let (option, _) = rest.rsplit_once(']')?;
    let short = match option.rsplit_once('/') {
        Some((_, last)) if option.starts_with('/') && !option.starts_with("//") && !option.contains('*') => {
            format!("/{last}")
        }
        _ => option.to_owned(),
    };
    Some(format!("{main}[{short}]"))
}
