//! The names of an instance's image: where it is kept, and what it is called on a host.
//!
//! The rules are those of the harness whose images these are, so that either side finds the other's.
//! Where they would give a name that Docker refuses, the letters are made small; what is illegal even
//! then is an error.

use super::instance::Instance;
use super::reference::{Parts, is_reference};
use super::swe::Source;

/// Where the archives of images are kept, unless `fleet.toml` says otherwise.
const BUCKET: &str = "kuberha-velora";
/// What their keys begin with there.
const PREFIX: &str = "velora-files/images";
/// A registry that only its owner reaches. What it has is kept as archives, too.
const INTERNAL: &str = "vmvm-registry.fbinfra.net";
/// What comes before the id of an instance in the name of its image.
const EVAL: &str = "mswebench/sweb.eval.x86_64.";

/// Why an instance can have no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadImage {
    /// The id gives a name that Docker refuses.
    #[error("gives the image name `{0}`, which Docker refuses")]
    Id(String),
    /// The repository does.
    #[error("gives the image name `{0}`, which Docker refuses")]
    Repo(String),
    /// It begins with `s3://` and goes on wrongly.
    #[error("is not `s3://BUCKET/KEY`")]
    Object,
    /// It is in the internal registry, and it does not say which archive that is.
    #[error("names no tag, and the tag is part of the archive's name")]
    Untagged,
    /// It is no reference.
    #[error("is not the name of an image")]
    Reference,
}

/// The file name of an image's archive: `owner_name-COMMIT.tar`.
pub fn object_key(repo: &str, base_commit: &str) -> String {
    format!("{}-{base_commit}.tar", repo.replace('/', "_"))
}

/// Where images are, as `fleet.toml` has it.
#[derive(Debug, Clone, Copy)]
pub struct ImagePlaces<'a> {
    /// The bucket of archives without an address of their own.
    pub bucket: &'a str,
    /// What their keys begin with there.
    pub prefix: &'a str,
    /// Registries whose images are pulled, whatever their tags look like: `HOST` or `HOST/PATH`.
    pub registries: &'a [String],
}

impl ImagePlaces<'_> {
    /// Where they are, unless `fleet.toml` says otherwise.
    pub const DEFAULT: ImagePlaces<'static> = ImagePlaces {
        bucket: BUCKET,
        prefix: PREFIX,
        registries: &[],
    };

    /// Is this a reference to one of the registries?
    fn pulls(&self, reference: &str) -> bool {
        self.registries.iter().any(|registry| {
            let registry = registry.trim_end_matches('/');
            let rest = reference.strip_prefix(registry);
            !registry.is_empty() && rest.is_some_and(|rest| rest.starts_with('/'))
        })
    }
}

/// Where the image of an instance comes from.
pub fn source(instance: &Instance, places: ImagePlaces<'_>) -> Result<Source, BadImage> {
    let archive = |name: String| {
        let prefix = places.prefix.trim_matches('/');
        Source::Object {
            bucket: places.bucket.to_owned(),
            key: if prefix.is_empty() {
                name
            } else {
                format!("{prefix}/{name}")
            },
        }
    };
    let Some(uri) = instance.image.as_deref() else {
        return Ok(archive(object_key(&instance.repo, &instance.base_commit)));
    };
    if let Some(object) = uri.strip_prefix("s3://") {
        return object_at(object);
    }
    if let Some(reference) = uri.strip_prefix("docker://") {
        return engine(reference);
    }
    if !is_reference(uri) {
        return Err(BadImage::Reference);
    }
    if places.pulls(uri) {
        return engine(uri);
    }
    let parts = Parts::of(uri);
    if parts.host == Some(INTERNAL) || is_archived(&parts, instance) {
        let tag = parts.tag.ok_or(BadImage::Untagged)?;
        return Ok(archive(format!("{}-{tag}.tar", parts.name())));
    }
    engine(uri)
}

/// Is this `host/…/owner_name:COMMIT`, the image of this very instance in a registry of that kind?
fn is_archived(parts: &Parts<'_>, instance: &Instance) -> bool {
    parts.host.is_some()
        && parts.path.contains('/')
        && parts.tag == Some(&instance.base_commit)
        && parts
            .name()
            .eq_ignore_ascii_case(&instance.repo.replace('/', "_"))
}

fn object_at(object: &str) -> Result<Source, BadImage> {
    match object.split_once('/') {
        Some((bucket, key))
            if is_bucket(bucket)
                && !key.is_empty()
                && !key.contains(char::is_control)
                && key.len() <= 1024 =>
        {
            Ok(Source::Object {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
            })
        }
        _ => Err(BadImage::Object),
    }
}

fn is_bucket(text: &str) -> bool {
    (3..=63).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
}

fn engine(reference: &str) -> Result<Source, BadImage> {
    if is_reference(reference) {
        Ok(Source::Engine(reference.to_owned()))
    } else {
        Err(BadImage::Reference)
    }
}

/// The names of an instance's image on a host. The first is the one to use; the others are those under
/// which the harness and its users look for it.
pub fn tags(instance: &Instance) -> Result<Vec<String>, BadImage> {
    let id = instance.id.as_str();
    let repo = instance.repo.to_lowercase().replace('/', "_m_");
    let first = format!("{EVAL}{}:latest", id.to_lowercase());
    if !is_reference(&first) {
        return Err(BadImage::Id(first));
    }
    let second = format!("mswebench/{repo}:pr-{id}");
    if !is_reference(&second) {
        // Whose fault it is shows when the other is left out.
        let bare = is_reference(&format!("mswebench/{repo}"));
        return Err(if bare {
            BadImage::Id(second)
        } else {
            BadImage::Repo(second)
        });
    }
    let mut tags = vec![first, second];
    for python in [true, false] {
        let tag = tagged(harness_name(id, &instance.repo, python));
        // A name that is illegal is of no use to the harness either.
        if is_reference(&tag) && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Ok(tags)
}

/// The name that the harness makes up for itself; it has one rule for Python, and one for all else.
fn harness_name(id: &str, repo: &str, python: bool) -> String {
    if python {
        return format!("{EVAL}{}", id.replace("__", "_s_")).to_lowercase();
    }
    let number = id.rsplit_once('-').map_or(id, |(_, number)| number);
    format!(
        "mswebench/{}:pr-{number}",
        repo.to_lowercase().replace('/', "_m_")
    )
}

fn tagged(name: String) -> String {
    if Parts::of(&name).tag.is_some() {
        name
    } else {
        name + ":latest"
    }
}

/// A name as a cloud registry takes it.
pub fn ecr_sanitize(name: &str) -> String {
    let mut name = name.to_lowercase();
    while name.contains("__") {
        name = name.replace("__", "_");
    }
    let segments = name.split('/').map(|segment| {
        let clean = segment.replace(
            |c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || "_.-".contains(c)),
            "-",
        );
        clean.trim_matches(['.', '_', '-']).to_owned()
    });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "97371fbaed444727126a2969cd68f856db77221f";

    fn instance(id: &str, repo: &str, image: Option<&str>) -> Instance {
        serde_json::from_value(serde_json::json!({
            "instance_id": id, "repo": repo, "base_commit": COMMIT, "image_storage_uri": image,
            "FAIL_TO_PASS": ["a"], "PASS_TO_PASS": [], "test_command": "pytest",
            "test_output_parser": "python/parse_log_pytest_v3",
        }))
        .unwrap()
    }

    fn shown(image: Option<&str>) -> Result<String, BadImage> {
        let found = source(&instance("1", "12rambau/sepal_ui", image), ImagePlaces::DEFAULT)?;
        Ok(found.to_string())
    }

    #[test]
    fn the_archive_is_named_by_repository_and_commit() {
        assert_eq!(
            shown(None).unwrap(),
            "s3://kuberha-velora/velora-files/images/12rambau_sepal_ui-97371fbaed444727126a2969cd68f856db77221f.tar"
        );
        assert_eq!(
            object_key("myremylar/pygame_gui", "905f58cfe209f92e1235dbe818a31cceecd46f5d"),
            "myremylar_pygame_gui-905f58cfe209f92e1235dbe818a31cceecd46f5d.tar"
        );
        assert_eq!(object_key("Expensify/App.x-y", "c"), "Expensify_App.x-y-c.tar");
    }

    #[test]
    fn an_image_of_the_internal_registry_is_an_archive() {
        let rule = shown(None);
        for host in [
            "vmvm-registry.fbinfra.net/repomate",
            "other.example:5000/a",
            "localhost/a",
        ] {
            let uri = format!("{host}/12rambau_sepal_ui:{COMMIT}");
            assert_eq!(shown(Some(&uri)), rule, "{uri}");
        }
        assert_eq!(
            shown(Some("vmvm-registry.fbinfra.net/ns/a_b:c")).unwrap(),
            "s3://kuberha-velora/velora-files/images/a_b-c.tar"
        );
        assert_eq!(
            shown(Some("vmvm-registry.fbinfra.net/ns/a_b")),
            Err(BadImage::Untagged)
        );
    }

    #[test]
    fn a_registry_that_fleet_toml_names_is_pulled_from_whatever_the_tag_looks_like() {
        let host = "0123.dkr.ecr.us-east-1.amazonaws.com";
        let uri = format!("{host}/repomate/12rambau_sepal_ui:{COMMIT}");
        let taken = |registry: &str| {
            let registries = [registry.to_owned()];
            let places = ImagePlaces {
                registries: &registries,
                ..ImagePlaces::DEFAULT
            };
            let found = source(&instance("1", "12rambau/sepal_ui", Some(&uri)), places);
            found.unwrap().to_string()
        };
        let archive = shown(None).unwrap();
        for registry in [
            host.to_owned(),
            format!("{host}/repomate"),
            format!("{host}/repomate/"),
        ] {
            assert_eq!(taken(&registry), uri, "{registry}");
        }
        for other in ["0123.dkr.ecr.us-east-1", &format!("{host}/repo"), "", "/"] {
            assert_eq!(taken(other), archive, "{other}");
        }
    }

    #[test]
    fn an_address_of_its_own_is_taken_at_its_word() {
        for (uri, found) in [
            (
                "s3://rfp-coding-q1/Images/RCT/x y.tar",
                "s3://rfp-coding-q1/Images/RCT/x y.tar",
            ),
            ("docker://debian:12", "debian:12"),
            (
                "swelancer/swelancer_x86_12155_1:releasev1",
                "swelancer/swelancer_x86_12155_1:releasev1",
            ),
            ("ghcr.io/a/b:latest", "ghcr.io/a/b:latest"),
        ] {
            assert_eq!(shown(Some(uri)).unwrap(), found);
        }
        let explicit = format!("docker://ghcr.io/a/12rambau_sepal_ui:{COMMIT}");
        assert!(
            shown(Some(&explicit)).unwrap().starts_with("ghcr.io/"),
            "docker:// means the engine"
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for (uri, bad) in [
            ("s3://", BadImage::Object),
            ("s3://bucket", BadImage::Object),
            ("s3://bucket/", BadImage::Object),
            ("s3:///key", BadImage::Object),
            ("s3://buc ket/key", BadImage::Object),
            ("s3://bucket/a\nb", BadImage::Object),
            ("docker://", BadImage::Reference),
            ("docker://Upper/case", BadImage::Reference),
            ("https://example.com/x.tar", BadImage::Reference),
            ("--privileged", BadImage::Reference),
        ] {
            assert_eq!(shown(Some(uri)), Err(bad), "{uri:?}");
        }
    }

    #[test]
    fn a_numeric_id_needs_two_tags() {
        assert_eq!(
            tags(&instance("1319603449576684", "12rambau/sepal_ui", None)).unwrap(),
            [
                "mswebench/sweb.eval.x86_64.1319603449576684:latest",
                "mswebench/12rambau_m_sepal_ui:pr-1319603449576684"
            ]
        );
    }

    #[test]
    fn an_id_with_words_gets_the_names_of_the_harness_too() {
        assert_eq!(
            tags(&instance(
                "Project-MONAI__MONAI-2436",
                "Project-MONAI/MONAI",
                None
            ))
            .unwrap(),
            [
                "mswebench/sweb.eval.x86_64.project-monai__monai-2436:latest",
                "mswebench/project-monai_m_monai:pr-Project-MONAI__MONAI-2436",
                "mswebench/sweb.eval.x86_64.project-monai_s_monai-2436:latest",
                "mswebench/project-monai_m_monai:pr-2436",
            ]
        );
        assert_eq!(
            harness_name("Project-MONAI__MONAI-2436", "Project-MONAI/MONAI", true),
            "mswebench/sweb.eval.x86_64.project-monai_s_monai-2436"
        );
        assert_eq!(
            harness_name("x-664", "Meroxa/CLI", false),
            "mswebench/meroxa_m_cli:pr-664"
        );
    }

    #[test]
    fn a_name_that_docker_refuses_is_told_with_whose_fault_it_is() {
        for id in ["a+b", "a___b", "a-", "x=y", "a@b", &"9".repeat(126)] {
            assert!(
                matches!(tags(&instance(id, "a/b", None)), Err(BadImage::Id(_))),
                "{id}"
            );
        }
        assert!(matches!(
            tags(&instance("1", "a/b_", None)),
            Err(BadImage::Repo(_))
        ));
    }

    #[test]
    fn a_cloud_registry_gets_clean_names() {
        assert_eq!(ecr_sanitize("Repo__Name"), "repo_name");
        assert_eq!(ecr_sanitize("_A____b-/c d/.e."), "a_b/c-d/e");
    }
}
