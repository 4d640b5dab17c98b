//! The verdicts of results at home: read where one lies beside the result, given where none does.

use std::path::Path;

use super::results::replace;
use crate::case::{Case, Judgement};

/// Its place, beside `result.json`. Not among the files that a host vouches for.
pub(super) const VERDICT: &str = "verdict.json";

/// The judgement that lies beside a result, if this build would give the same kind.
pub(super) fn standing(home: &Path) -> Option<Judgement> {
    Judgement::read(&std::fs::read(home.join(VERDICT)).ok()?)
}

/// The judgement on a result, which stands there from then on; none if there is nothing to judge.
pub(super) fn judge(home: &Path) -> Result<Option<Judgement>, String> {
    if let Some(standing) = standing(home) {
        return Ok(Some(standing));
    }
    let Some(case) = Case::read(home).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let Some(judgement) = case.judge().map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    write(home, &judgement)?;
    Ok(Some(judgement))
}

/// Puts a judgement beside its result.
pub(super) fn write(home: &Path, judgement: &Judgement) -> Result<(), String> {
    let path = home.join(VERDICT);
    let text = judgement.text().map_err(|error| error.to_string())?;
    replace(&path, &text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}
