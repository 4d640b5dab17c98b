//! References of images, as Docker's grammar has them: `[host[:port]/]path[:tag][@digest]`.

/// Docker's limit for everything before the tag.
const LONGEST_NAME: usize = 255;
/// Docker's limit for a tag.
const LONGEST_TAG: usize = 128;

/// A reference, taken apart. Nothing is checked; see [`is_reference`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<'r> {
    /// The registry, where one is named.
    pub host: Option<&'r str>,
    /// Everything between registry and tag.
    pub path: &'r str,
    /// The tag, where one is given.
    pub tag: Option<&'r str>,
    /// The digest, where one is given.
    pub digest: Option<&'r str>,
}

impl<'r> Parts<'r> {
    /// Takes a reference apart.
    pub fn of(reference: &'r str) -> Parts<'r> {
        let (rest, digest) = split(reference, reference.find('@'));
        // A colon before the last slash belongs to a port.
        let slash = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (rest, tag) = split(rest, rest[slash..].find(':').map(|colon| slash + colon));
        let (host, path) = match rest.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (Some(host), path),
            _ => (None, rest),
        };
        Parts {
            host,
            path,
            tag,
            digest,
        }
    }

    /// The last segment of the path.
    pub fn name(&self) -> &'r str {
        self.path.rsplit_once('/').map_or(self.path, |(_, name)| name)
    }
}

/// What is before, and what is after, the one byte at this place.
fn split(text: &str, at: Option<usize>) -> (&str, Option<&str>) {
    match at {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

/// Could Docker take this for the name of an image?
pub fn is_reference(text: &str) -> bool {
    let parts = Parts::of(text);
    let name = parts.host.map_or(0, |host| host.len() + 1) + parts.path.len();
    name <= LONGEST_NAME
        && parts.host.is_none_or(is_host)
        && parts.path.split('/').all(is_component)
        && parts.tag.is_none_or(is_tag)
        && parts.digest.is_none_or(is_digest)
}

/// Letters and digits, joined by one `.`, one or two `_`, or any number of `-`.
fn is_component(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let joints: Vec<&str> = text.split(is_plain).filter(|joint| !joint.is_empty()).collect();
    text.starts_with(is_plain)
        && text.ends_with(is_plain)
        && joints
            .iter()
            .all(|joint| matches!(*joint, "." | "_" | "__") || joint.bytes().all(|b| b == b'-'))
}

fn is_tag(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= LONGEST_TAG
        && text.starts_with(is_word)
        && text.chars().all(|c| is_word(c) || ".-".contains(c))
}

fn is_host(text: &str) -> bool {
    let (name, port) = split(text, text.find(':'));
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    name.split('.').all(is_label) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64
            && hex
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_docker_takes_is_a_reference() {
        for text in [
            "debian",
            "debian:12-slim",
            "mswebench/sweb.eval.x86_64.1319603449576684:latest",
            "mswebench/12rambau_m_sepal_ui:pr-1319603449576684",
            "swelancer/swelancer_x86_12155_1:releasev1",
            "localhost:5000/a/b:c",
            "vmvm-registry.fbinfra.net/ns/owner_repo:97371fbaed444727126a2969cd68f856db77221f",
            "a/b--c/d__e:_T.1",
        ] {
            assert!(is_reference(text), "{text}");
        }
        assert!(is_reference(&format!("a@sha256:{}", "0f".repeat(32))));
        assert!(is_reference(&format!("a:{}", "t".repeat(128))));
    }

    #[test]
    fn what_docker_refuses_is_none() {
        for text in [
            "",
            "A/b",
            "a/",
            "/a",
            "a//b",
            "a:",
            "a:-b",
            "a:b:c",
            "a b",
            "a\nb",
            "a___b",
            "a._b",
            "a-",
            "_a",
            "-rm",
            "a@sha256:12",
            "a@b@c",
            "ho_st.x/a",
            "host:port/a",
            "é",
            "$(id)",
        ] {
            assert!(!is_reference(text), "{text:?}");
        }
        assert!(!is_reference(&format!("a:{}", "t".repeat(129))));
        assert!(!is_reference(&"a".repeat(256)));
    }

    #[test]
    fn a_port_is_no_tag() {
        let parts = Parts::of("host:5000/ns/name:tag");
        assert_eq!(
            (parts.host, parts.path, parts.tag, parts.name()),
            (Some("host:5000"), "ns/name", Some("tag"), "name")
        );
        assert_eq!(Parts::of("host:5000/name").tag, None);
        assert_eq!(Parts::of("ns/name").host, None);
    }
}
