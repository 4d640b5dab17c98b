//! Runtime images: what the harness builds on top of an instance's image, and never removes. They are known by their
//! repository, and their tags tell which base image each belongs to.
//!
//! The harness gives one image up to three tags: `oh_v<version>_<lock>_<source>`, `oh_v<version>_<lock>` and
//! `oh_v<version>_<base image>`. `lock` and `source` are hashes of sixteen characters; both builds of one base image
//! share the first.

use super::reference::Parts;

/// Where the harness keeps them, unless `fleet.toml` names another repository.
pub const REPOSITORY: &str = "ghcr.io/openhands/runtime";

/// The variable with which the harness is told another repository.
pub const VARIABLE: &str = "OH_RUNTIME_RUNTIME_IMAGE_REPO";

/// What their tags begin with.
const BEGIN: &str = "oh_v";

/// Characters of a hash in a tag.
const HASH: usize = 16;

/// Most bytes of a base image's name that a tag has: its last ones.
const MOST: usize = 96;

/// What a tag of a runtime image says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag<'t> {
    /// Which base image it belongs to, as [`base_name`] has it.
    Base(&'t str),
    /// Which version and lock it was built with; the builds of one base image share it.
    Lock(&'t str),
    /// Nothing that we know.
    Other,
}

/// The name of a base image as the tags of its runtime images have it.
pub fn base_name(image: &str) -> String {
    let name = image.replace('/', "_s_").replace(':', "_t_").to_lowercase();
    // No reference has a character of more than one byte; whatever else this is, it is cut between two characters.
    let from = name.char_indices().rev().nth(MOST - 1).map_or(0, |(at, _)| at);
    name[from..].to_owned()
}

/// What a tag says.
pub fn tag(tag: &str) -> Tag<'_> {
    let Some((version, rest)) = tag.strip_prefix(BEGIN).and_then(|rest| rest.split_once('_')) else {
        return Tag::Other;
    };
    if version.is_empty() || rest.is_empty() {
        return Tag::Other;
    }
    let lock = &tag[..BEGIN.len() + version.len() + 1 + rest.find('_').unwrap_or(rest.len())];
    match rest.split_once('_') {
        None if is_hash(rest) => Tag::Lock(lock),
        Some((one, other)) if is_hash(one) && is_hash(other) => Tag::Lock(lock),
        _ => Tag::Base(rest),
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == HASH
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Is this the name of an image in one of these repositories? Then its tag.
pub fn tag_in<'n>(name: &'n str, repositories: &[String]) -> Option<&'n str> {
    let tag = Parts::of(name).tag?;
    let repository = name.strip_suffix(tag)?.strip_suffix(':')?;
    // An engine may leave out the registry that is meant where none is named, or put it there.
    let plain = |text: &str| {
        let hosts = ["docker.io/library/", "docker.io/", "localhost/"];
        let short = hosts.iter().find_map(|host| text.strip_prefix(host));
        short.unwrap_or(text).to_owned()
    };
    let is_it = |wanted: &String| plain(wanted.trim_end_matches('/')) == plain(repository);
    repositories.iter().any(is_it).then_some(tag)
}

/// Was a runtime image made for a base image? Its tags say so; where they do not, its layers do.
pub fn belongs(
    base: &str,
    layers: &[(String, u64)],
    mut names: impl Iterator<Item = impl AsRef<str>>,
    below: &[(String, u64)],
) -> bool {
    if !base.is_empty() {
        return names.any(|name| name.as_ref() == base);
    }
    let same = |(one, other): (&(String, u64), &(String, u64))| one.0 == other.0;
    !below.is_empty() && below.len() <= layers.len() && below.iter().zip(layers).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG1: &str = "mswebench/sweb.eval.x86_64.1319603449576684:latest";

    #[test]
    fn the_three_tags_of_a_runtime_image_tell_its_base_and_what_its_builds_share() {
        let base = "mswebench_s_sweb.eval.x86_64.1319603449576684_t_latest";
        assert_eq!(base_name(TAG1), base);
        assert_eq!(tag(&format!("oh_v1.1.0_{base}")), Tag::Base(base));
        let lock = "oh_v1.1.0_0a1b2c3d4e5f6g7h";
        assert_eq!(tag(lock), Tag::Lock(lock));
        assert_eq!(tag(&format!("{lock}_zzzzzzzzzzzzzzz9")), Tag::Lock(lock));
        let short = format!("{lock}_zzz");
        assert_eq!(tag(&short), Tag::Base(&short["oh_v1.1.0_".len()..]));
        for other in [
            "",
            "latest",
            "oh_v",
            "oh_v1.1.0",
            "oh_v1.1.0_",
            "oh_v_x",
            "OH_v1_x",
        ] {
            assert_eq!(tag(other), Tag::Other, "{other:?}");
        }
    }

    #[test]
    fn a_long_base_name_keeps_its_end_and_small_letters() {
        let long = format!("Registry.Example:5000/{}/Repo:Tag", "x".repeat(200));
        let name = base_name(&long);
        assert_eq!((name.len(), name.ends_with("x_s_repo_t_tag")), (96, true));
        assert_eq!(base_name("a/b"), "a_s_b");
        assert_eq!(base_name(&"\u{e4}".repeat(100)).chars().count(), 96);
    }

    #[test]
    fn a_runtime_image_is_known_by_its_repository_and_by_nothing_else() {
        let of = |name: &'static str, repository: &str| tag_in(name, &[repository.to_owned()]);
        assert_eq!(
            of("ghcr.io/openhands/runtime:oh_v1_x", REPOSITORY),
            Some("oh_v1_x")
        );
        assert_eq!(
            of("localhost:5000/runtime:x", "localhost:5000/runtime"),
            Some("x")
        );
        assert_eq!(of("ours/runtime:x", "docker.io/ours/runtime/"), Some("x"));
        assert_eq!(of("docker.io/ours/runtime:x", "ours/runtime"), Some("x"));
        assert_eq!(of("localhost/runtime:x", "runtime"), Some("x"));
        for other in [
            "ghcr.io/openhands/runtime",
            "ghcr.io/openhands/runtime-other:x",
            "ghcr.io/openhands/runtime/sub:x",
            "openhands/runtime:x",
            "ghcr.io/openhands/runtime@sha256:00",
        ] {
            assert_eq!(of(other, REPOSITORY), None, "{other}");
        }
        assert_eq!(tag_in("ghcr.io/openhands/runtime:x", &[]), None);
    }

    #[test]
    fn the_name_decides_whose_it_is_and_where_there_is_none_the_layers_do() {
        let layers = |names: &[&str]| -> Vec<(String, u64)> {
            names.iter().map(|name| ((*name).to_owned(), 1)).collect()
        };
        let of = |base: &str, below: &[&str]| {
            belongs(
                base,
                &layers(&["a", "b", "c"]),
                [base_name(TAG1)].iter(),
                &layers(below),
            )
        };
        assert!(of(&base_name(TAG1), &[]) && !of("another", &["a", "b"]));
        assert!(of("", &["a", "b"]) && of("", &["a", "b", "c"]));
        assert!(!of("", &["a", "c"]) && !of("", &[]) && !of("", &["a", "b", "c", "d"]));
    }
}
