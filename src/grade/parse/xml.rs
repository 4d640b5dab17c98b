//! `JUnit`'s XML inside of a log: as much of XML as test programs write.

use std::borrow::Cow;

use memchr::memmem;

use super::{Results, Status};

/// The test cases of every document in the log. Nothing at all where one is broken, or has a test case with
/// printed output in place of a result: then other forms are tried.
pub(super) fn parse(log: &str) -> Results {
    let mut results = Results::default();
    let mut rest = log;
    while let Some(at) = find(rest, "<?xml") {
        match document(&rest[at..], &mut results) {
            Some(after) => rest = after,
            None => return Results::default(),
        }
    }
    results
}

/// A test case that has begun.
struct Case {
    name: String,
    status: Status,
}

enum Tag<'a> {
    Open {
        name: &'a str,
        attributes: &'a str,
        empty: bool,
    },
    Close(&'a str),
    Other,
}

/// Reads one document, and gives what follows it. `None` where it is no `JUnit` document, or broken.
fn document<'a>(text: &'a str, results: &mut Results) -> Option<&'a str> {
    let mut rest = text;
    let mut open: Vec<&str> = Vec::new();
    let mut case: Option<Case> = None;
    loop {
        let (tag, after) = next(rest)?;
        rest = after;
        let ended = match tag {
            Tag::Other => continue,
            Tag::Open {
                name,
                attributes,
                empty,
            } => {
                match open.last().copied() {
                    None if !matches!(name, "testsuites" | "testsuite") => return None,
                    Some("testsuite") if name == "testcase" => {
                        case = Some(Case {
                            name: full_name(attributes),
                            status: Status::Passed,
                        });
                    }
                    Some("testcase") => mark(case.as_mut(), name)?,
                    _ => {}
                }
                if !empty {
                    open.push(name);
                }
                empty.then_some(name)
            }
            Tag::Close(name) => {
                if open.pop() != Some(name) {
                    return None;
                }
                Some(name)
            }
        };
        if ended == Some("testcase")
            && let Some(case) = case.take()
        {
            results.set(&case.name, case.status);
        }
        if ended.is_some() && open.is_empty() {
            return Some(rest);
        }
    }
}

/// What an element inside of a test case says of it.
fn mark(case: Option<&mut Case>, name: &str) -> Option<()> {
    let Some(case) = case else { return Some(()) };
    match name {
        "failure" | "error" => case.status = Status::Failed,
        "skipped" if case.status == Status::Passed => case.status = Status::Skipped,
        "system-out" => return None,
        _ => {}
    }
    Some(())
}

/// The next tag, and what follows it.
fn next(text: &str) -> Option<(Tag<'_>, &str)> {
    let text = &text[find(text, "<")?..];
    for (start, end) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">")] {
        if let Some(rest) = text.strip_prefix(start) {
            return Some((Tag::Other, &rest[find(rest, end)? + end.len()..]));
        }
    }
    if let Some(rest) = text.strip_prefix("</") {
        let (name, rest) = rest.split_at(find(rest, ">")?);
        return Some((Tag::Close(name.trim()), &rest[1..]));
    }
    let (inside, rest) = text[1..].split_at(end_of_tag(&text[1..])?);
    let (inside, empty) = inside
        .strip_suffix('/')
        .map_or((inside, false), |inside| (inside, true));
    let length = inside.find(char::is_whitespace).unwrap_or(inside.len());
    let (name, attributes) = inside.split_at(length);
    let tag = Tag::Open {
        name,
        attributes,
        empty,
    };
    (!name.is_empty()).then_some((tag, &rest[1..]))
}

/// Where the `>` stands that is in no quotation marks.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    text.bytes().position(|byte| {
        match quote {
            Some(open) if open == byte => quote = None,
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            _ => {}
        }
        quote.is_none() && byte == b'>'
    })
}

/// `classname.name`, or the name alone.
fn full_name(attributes: &str) -> String {
    let (mut name, mut class) = (Cow::default(), Cow::default());
    let mut rest = attributes;
    while let Some((key, value)) = rest.split_once('=') {
        let value = value.trim_start();
        let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            break;
        };
        let Some((value, after)) = value[1..].split_once(quote) else {
            break;
        };
        match key.trim() {
            "name" => name = decoded(value),
            "classname" => class = decoded(value),
            _ => {}
        }
        rest = after;
    }
    if class.is_empty() {
        name.into_owned()
    } else {
        format!("{class}.{name}")
    }
}

/// The text with `&lt;` and its like as the signs that they stand for.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let known = part
            .split_once(';')
            .and_then(|(name, rest)| Some((entity(name)?, rest)));
        if let Some((sign, rest)) = known {
            plain.push(sign);
            plain.push_str(rest);
        } else {
            plain.push('&');
            plain.push_str(part);
        }
    }
    Cow::Owned(plain)
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    })
}

fn find(text: &str, words: &str) -> Option<usize> {
    memmem::find(text.as_bytes(), words.as_bytes())
}
