//! The harness's `config.toml`: has it the sections that models need, and keys in them? It belongs to the host: it is read
//! here, and no value of it goes anywhere.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::observation::{bad, good};
use crate::domain::exam::{CheckKind, CheckResult, Section};

/// Most bytes of it that are read.
const MOST: u64 = 4 << 20;

/// What of a section matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    None,
    Placeholder,
    Good,
}

/// Looks at the settings of the harness.
pub(super) fn look(at: &Path, sections: &[Section], mend: bool) -> Vec<CheckResult> {
    if !at.is_dir() {
        return Vec::new();
    }
    let path = at.join("config.toml");
    let found = match std::fs::metadata(&path) {
        Ok(found) if found.is_file() && found.len() <= MOST => found,
        Ok(_) => return vec![bad(CheckKind::Llm, "config.toml is no file of settings")],
        Err(error) => return vec![bad(CheckKind::Llm, format!("config.toml: {error}"))],
    };
    let text = match std::fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => return vec![bad(CheckKind::Llm, format!("config.toml: {error}"))],
    };
    let faults = faults(&keys(&text), sections);
    let mut all = vec![if faults.is_empty() {
        let names: Vec<&str> = sections.iter().map(|section| section.name.as_str()).collect();
        good(CheckKind::Llm, names.join(", "))
    } else {
        bad(CheckKind::Llm, faults.join("; "))
    }];
    all.push(private(&path, found.permissions().mode(), mend));
    all
}

fn private(path: &Path, mode: u32, mend: bool) -> CheckResult {
    let mode = mode & 0o777;
    let rights_of_others = mode & 0o077;
    if rights_of_others == 0 {
        return good(CheckKind::Private, format!("config.toml has mode {mode:o}"));
    }
    let found = format!("others may read the keys in config.toml (mode {mode:o})");
    let mut observation = bad(CheckKind::Private, found);
    observation.safe = Some("take the rights of others from config.toml (chmod go-rwx)".to_owned());
    if mend {
        let narrow = std::fs::Permissions::from_mode(mode & 0o700);
        match std::fs::set_permissions(path, narrow) {
            Ok(()) => {
                observation.ok = true;
                observation.done = true;
            }
            Err(error) => observation.found = format!("config.toml: {error}"),
        }
    }
    observation
}

fn faults(keys: &BTreeMap<String, Key>, sections: &[Section]) -> Vec<String> {
    // The harness takes from [llm] what a section does not say.
    let general = keys.get("llm").copied().unwrap_or(Key::None);
    let fault = |section: &Section| {
        let name = &section.name;
        let Some(key) = keys.get(name) else {
            return Some(format!("there is no [{name}]"));
        };
        let key = if *key == Key::None { general } else { *key };
        match key {
            Key::Placeholder => Some(format!("[{name}] has a placeholder for its api_key")),
            Key::None if !section.keyless => Some(format!("[{name}] has no api_key")),
            Key::None | Key::Good => None,
        }
    };
    sections.iter().filter_map(fault).collect()
}

/// The sections, and whether each has a key. Enough of TOML for what people write there: headers and one-line values.
fn keys(text: &str) -> BTreeMap<String, Key> {
    let mut keys = BTreeMap::new();
    let mut section = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            let bare = |part: &str| part.trim().trim_matches(['"', '\'']).to_owned();
            section = header.split('.').map(bare).collect::<Vec<_>>().join(".");
            keys.entry(section.clone()).or_insert(Key::None);
        } else if let Some(value) = line.strip_prefix("api_key").map(str::trim_start)
            && let Some(value) = value.strip_prefix('=')
        {
            keys.insert(section.clone(), key(value.trim()));
        }
    }
    keys
}

fn key(value: &str) -> Key {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let value = match quote {
        Some(quote) => value[1..].split(quote).next().unwrap_or_default(),
        None => value.split('#').next().unwrap_or_default().trim(),
    };
    let lower = value.to_lowercase();
    let words = [
        "your",
        "placeholder",
        "changeme",
        "change-me",
        "api_key",
        "api-key",
        "xxx",
        "...",
    ];
    if lower.is_empty() || lower.starts_with('<') || words.iter().any(|word| lower.contains(word)) {
        return Key::Placeholder;
    }
    Key::Good
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = "[core]\n# api_key = \"x\"\n[llm.gpt]\nmodel = \"m\"\napi_key = \"sk-abc\" # mine\n[ llm.\"kimi\" ]\napi_key='YOUR_KIMI_KEY_HERE'\n[llm.qwen]\nmodel = \"q\"\n[llm.empty]\napi_key = \"\"\n";

    fn section(name: &str, keyless: bool) -> Section {
        Section {
            name: name.to_owned(),
            keyless,
        }
    }

    #[test]
    fn missing_sections_placeholders_and_missing_keys_are_told_and_no_key_is() {
        let keys = keys(TOML);
        assert_eq!(
            faults(&keys, &[section("llm.gpt", false), section("llm.qwen", true)]),
            Vec::<String>::new()
        );
        let wanted = ["llm.kimi", "llm.qwen", "llm.empty", "llm.none"].map(|name| section(name, false));
        assert_eq!(
            faults(&keys, &wanted),
            [
                "[llm.kimi] has a placeholder for its api_key",
                "[llm.qwen] has no api_key",
                "[llm.empty] has a placeholder for its api_key",
                "there is no [llm.none]",
            ]
        );
    }

    #[test]
    fn what_a_section_does_not_say_is_taken_from_the_general_one() {
        let keys = keys(&format!("[llm]\napi_key = \"sk-all\"\n{TOML}"));
        assert_eq!(faults(&keys, &[section("llm.qwen", false)]), Vec::<String>::new());
    }
}
