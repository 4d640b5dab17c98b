//! The verdicts of results at home: read where one lies beside the result, given where none does.

use std::path::{Path, PathBuf};

use super::reports::replace_file;
use crate::case::{Case, Judgement};

/// Its place, beside `result.json`. Not among the files that a host vouches for.
pub const VERDICT: &str = "verdict.json";

/// The judgement that lies beside a result, if this build would give the same kind.
pub fn read_verdict(home: &Path) -> Option<Judgement> {
    Judgement::read(&std::fs::read(home.join(VERDICT)).ok()?)
}

/// The judgement on a result, which stands there from then on; none if there is nothing to judge.
pub fn judge_result(home: &Path) -> Result<Option<Judgement>, String> {
    if let Some(standing) = read_verdict(home) {
        return Ok(Some(standing));
    }
    let Some(case) = Case::read(home).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let Some(judgement) = case.judge().map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    write_verdict(home, &judgement)?;
    Ok(Some(judgement))
}

/// Puts a judgement beside its result.
pub fn write_verdict(home: &Path, judgement: &Judgement) -> Result<(), String> {
    let path = home.join(VERDICT);
    let text = judgement.text().map_err(|error| error.to_string())?;
    replace_file(&path, &text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Every directory with a result in it. Links are not followed.
pub fn find_results(dir: &Path, homes: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if dir.join("result.json").is_file() {
        homes.push(dir.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        // What begins with a dot is being fetched just now.
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if entry.file_type()?.is_dir() && !hidden {
            find_results(&entry.path(), homes)?;
        }
    }
    Ok(())
}
