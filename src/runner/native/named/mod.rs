//! The paths that a patch names, and whether it may name them. Pure.
//!
//! Invariant: a path from here is relative, stays in the repository, leads through no link of the patch's
//! own, is not git's own, and holds no character that could end a line or steer a terminal.

mod quoted;
mod reading;

use std::collections::BTreeSet;

use reading::Reading;

/// Every path that the patch creates, changes, moves or removes; or why it must not be applied.
pub(super) fn named(patch: &str, repo: &str) -> Result<BTreeSet<String>, String> {
    let mut reading = Reading::default();
    for line in patch.split('\n') {
        if !reading.content(line) {
            reading.header(line)?;
        }
    }
    reading.end_block()?;
    let mut links = BTreeSet::new();
    for (path, target) in &reading.links {
        if leaves(path, target, repo) {
            return Err(format!(
                "the link {} leads out of the repository",
                path.escape_debug()
            ));
        }
        links.insert(path.as_str());
    }
    for path in &reading.written {
        let mut parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        if let Some(link) = parents.find(|parent| links.contains(parent)) {
            return Err(format!(
                "{} is written through the link {}",
                path.escape_debug(),
                link.escape_debug()
            ));
        }
    }
    Ok(reading.paths)
}

/// Does a link at `path` lead out of the repository?
fn leaves(path: &str, target: &str, repo: &str) -> bool {
    let repo = repo.trim_end_matches('/');
    let (mut depth, rest) = match target.strip_prefix('/') {
        None => (path.matches('/').count(), target),
        Some(_) => match target.strip_prefix(repo) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => (0, rest),
            _ => return true,
        },
    };
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            part if part.eq_ignore_ascii_case(".git") => return true,
            _ => depth += 1,
        }
    }
    false
}

#[cfg(test)]
mod tests;
