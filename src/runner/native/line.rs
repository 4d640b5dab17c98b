//! `output.jsonl`: one line that says what an agent did. Read tolerantly, written strictly.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::strict::strict;
use crate::domain::InstanceId;

/// A line that was found, and what matters of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The line itself, JSON, without its newline.
    pub(super) text: String,
    /// The model's patch; empty if there is none.
    pub(super) patch: String,
    /// What the agent says went wrong.
    pub(super) error: Option<String>,
}

/// What is looked at of a line. Everything else is carried along unread.
#[derive(Deserialize)]
struct Head {
    instance_id: Value,
    test_result: TestResult,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize, Serialize)]
struct TestResult {
    #[serde(default)]
    git_patch: Option<String>,
}

/// The last valid line for this instance; or why there is none. An object over several lines is one line.
pub(super) fn last(bytes: &[u8], id: &InstanceId) -> Result<Line, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("it is not UTF-8: {error}"))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    let mut why = String::new();
    for line in text.lines().rev().filter(|line| !line.trim().is_empty()) {
        match one(line.trim(), id) {
            Ok(line) => return Ok(line),
            // The last line's fault says most.
            Err(fault) if why.is_empty() => why = fault,
            Err(_) => {}
        }
    }
    // Strings hold no raw newline: where one stands, a blank may stand.
    one(&text.replace(['\n', '\r'], " "), id).map_err(|_| why)
}

fn one(text: &str, id: &InstanceId) -> Result<Line, String> {
    let read = |text: &str| serde_json::from_str::<Head>(text);
    let (text, head) = match read(text) {
        Ok(head) => (text.to_owned(), head),
        Err(error) => {
            let mended = strict(text);
            let head = read(&mended).map_err(|_| format!("it is not a trajectory: {error}"))?;
            (mended, head)
        }
    };
    let said = match head.instance_id {
        Value::String(text) => text,
        other => other.to_string(),
    };
    if said != id.as_str() {
        return Err(format!("it is for instance `{}`", said.escape_debug()));
    }
    let error = match head.error {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text).filter(|text| !text.trim().is_empty()),
        Some(other) => Some(other.to_string()),
    };
    Ok(Line {
        text,
        patch: head.test_result.git_patch.unwrap_or_default(),
        error,
    })
}

/// A line for an agent that writes none, in the key order that people know.
#[derive(Serialize)]
struct Made<'a> {
    instance_id: &'a str,
    test_result: TestResult,
    instruction: &'a str,
    metadata: &'a Value,
    history: [Value; 0],
    metrics: Map<String, Value>,
    error: Option<String>,
    instance: Value,
}

/// Makes a line around a patch that comes alone: from the dataset, or from an agent that leaves no line of its own.
pub(super) fn around(
    patch: String,
    id: &InstanceId,
    metadata: &Value,
    dataset: &str,
) -> Result<Line, serde_json::Error> {
    let text = serde_json::to_string(&Made {
        instance_id: id.as_str(),
        test_result: TestResult {
            git_patch: Some(patch.clone()),
        },
        instruction: "",
        metadata,
        history: [],
        metrics: Map::new(),
        error: None,
        instance: serde_json::from_str(dataset.trim())?,
    })?;
    Ok(Line {
        text,
        patch,
        error: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Result<Line, String> {
        last(text.as_bytes(), &"x-1".parse().unwrap())
    }

    #[test]
    fn of_several_lines_the_last_valid_one_counts() {
        let text = concat!(
            r#"{"instance_id":"x-1","test_result":{"git_patch":"old"},"error":null}"#,
            "\n\n",
            r#"{"instance_id":"x-1","test_result":{"git_patch":"new"},"cost":NaN}"#,
            "\n",
            r#"{"instance_id":"x-2","test_result":{"git_patch":"other"}}"#,
            "\n",
            r#"{"instance_id":"x-1","test_resu"#,
        );
        let line = found(text).unwrap();
        assert_eq!(line.patch, "new");
        assert!(line.text.ends_with(r#""cost":null}"#), "{}", line.text);
    }

    #[test]
    fn an_object_over_several_lines_with_a_bom_is_one_line() {
        let line = found(
            "\u{feff}{\r\n \"instance_id\": \"x-1\",\n \"test_result\": {}, \"error\": \"E: 404\"\n}\n",
        )
        .unwrap();
        assert_eq!((line.patch.as_str(), line.error.as_deref()), ("", Some("E: 404")));
        assert!(!line.text.contains('\n'));
    }

    #[test]
    fn what_is_no_trajectory_says_why() {
        for (text, why) in [
            ("", "empty"),
            (" \n", "empty"),
            ("{}", "instance_id"),
            (r#"{"instance_id":"x-1"}"#, "test_result"),
            (r#"{"instance_id":"x-2","test_result":{}}"#, "`x-2`"),
            (
                r#"{"instance_id":"x-1","test_result":{"git_patch":["a"]}}"#,
                "invalid type",
            ),
            ("nonsense", "not a trajectory"),
        ] {
            let error = found(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
        assert!(
            last(b"\xff", &"x-1".parse().unwrap())
                .unwrap_err()
                .contains("UTF-8")
        );
        assert!(found(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn a_line_made_around_a_patch_is_read_back() {
        let id = "x-1".parse().unwrap();
        let made = around(
            "diff\n".to_owned(),
            &id,
            &Value::Null,
            "{\"instance_id\":\"x-1\"}\n",
        )
        .unwrap();
        assert_eq!(last(made.text.as_bytes(), &id), Ok(made));
    }
}
