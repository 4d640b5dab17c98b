//! The runtime images that the harness has built in this engine: found by their repositories, named by their tags.

use std::collections::BTreeMap;

use super::engine;
use crate::docker::DockerError;
use crate::domain::runtime::{Tag, tag, tag_in};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Runtime {
    /// The engine's id for it.
    pub(super) id: String,
    /// What it is called where one name must do: the one that tells its base image, where there is one.
    pub(super) source: String,
    /// All of its names in the repositories.
    pub(super) names: Vec<String>,
    /// The base image that it belongs to, as a tag calls it; empty if no tag tells.
    pub(super) base: String,
}

/// Those in these repositories.
pub(super) fn find(repositories: &[String]) -> Result<Vec<Runtime>, DockerError> {
    if repositories.is_empty() {
        return Ok(Vec::new());
    }
    Ok(among(&engine::names()?, repositories))
}

/// Those among these names and ids.
fn among(all: &[(String, String)], repositories: &[String]) -> Vec<Runtime> {
    let mut by_id: BTreeMap<&str, Vec<(&str, Tag<'_>)>> = BTreeMap::new();
    for (name, id) in all {
        if let Some(text) = tag_in(name, repositories).filter(|text| *text != "<none>") {
            by_id.entry(id).or_default().push((name, tag(text)));
        }
    }
    let base = |tags: &[(&str, Tag<'_>)]| {
        tags.iter().find_map(|(_, tag)| match tag {
            Tag::Base(base) => Some((*base).to_owned()),
            Tag::Lock(_) | Tag::Other => None,
        })
    };
    // A later build of the same base image has the same lock, and leaves the name to the first.
    let mut by_lock: BTreeMap<&str, String> = BTreeMap::new();
    for tags in by_id.values() {
        let Some(base) = base(tags) else { continue };
        for (_, tag) in tags {
            if let Tag::Lock(lock) = tag {
                by_lock.insert(lock, base.clone());
            }
        }
    }
    let runtime = |(id, tags): (&str, Vec<(&str, Tag<'_>)>)| {
        let sibling = || {
            tags.iter().find_map(|(_, tag)| match tag {
                Tag::Lock(lock) => by_lock.get(lock).cloned(),
                Tag::Base(_) | Tag::Other => None,
            })
        };
        let telling = tags.iter().find(|(_, tag)| matches!(tag, Tag::Base(_)));
        let (source, _) = telling.or(tags.first())?;
        Some(Runtime {
            id: id.to_owned(),
            source: (*source).to_owned(),
            base: base(&tags).or_else(sibling).unwrap_or_default(),
            names: tags.iter().map(|(name, _)| (*name).to_owned()).collect(),
        })
    };
    by_id.into_iter().filter_map(runtime).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::runtime::REPOSITORY;

    #[test]
    fn a_build_without_a_name_of_its_base_has_that_of_its_lock() {
        let (lock, other) = ("oh_v1_0123456789abcdef", "oh_v1_fedcba9876543210");
        let name = |tag: &str| format!("{REPOSITORY}:{tag}");
        let pair = |id: &str, tag: &str| (name(tag), id.to_owned());
        let all = [
            pair("one", &format!("{lock}_aaaaaaaaaaaaaaaa")),
            pair("one", lock),
            pair("one", "oh_v1_base_t_latest"),
            pair("two", &format!("{lock}_bbbbbbbbbbbbbbbb")),
            pair("three", &format!("{other}_bbbbbbbbbbbbbbbb")),
            pair("four", "<none>"),
            ("somebody/else:oh_v1_base_t_latest".to_owned(), "five".to_owned()),
        ];
        let found = among(&all, &[REPOSITORY.to_owned()]);
        let told: Vec<_> = found.iter().map(|one| (&*one.id, &*one.base)).collect();
        let expected = [("one", "base_t_latest"), ("three", ""), ("two", "base_t_latest")];
        assert_eq!(told, expected);
        let one = &found[0];
        assert_eq!(
            (one.source.clone(), one.names.len()),
            (name("oh_v1_base_t_latest"), 3)
        );
        assert_eq!(among(&all, &[]), []);
    }
}
