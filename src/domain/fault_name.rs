//! The catalogue of faults: each has a name, written here and nowhere else, and a class. A fault that is not in it cannot be
//! raised, and one without advice does not compile ([`advice`](crate::blame::advice) matches them all).
//!
//! The name is what the journal, the database, results and people have: it never changes. The order is that of the manual's table.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::class::Class;

macro_rules! catalogue {
    ($($name:ident = $text:literal, $class:ident;)*) => {
        /// A fault that this build knows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum FaultName {
            $(#[doc = concat!("`", $text, "`.")] $name,)*
        }

        impl FaultName {
            /// All of them.
            pub const ALL: &[FaultName] = &[$(FaultName::$name,)*];

            /// As it is written on disk, and shown.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(FaultName::$name => $text,)*
                }
            }

            /// Whose doing it is, where nothing more is known.
            pub const fn class(self) -> Class {
                match self {
                    $(FaultName::$name => Class::$class,)*
                }
            }
        }
    };
}

catalogue! {
    // The image of an instance.
    ImageMissing = "image-missing", Image;
    ObjectMissing = "object-missing", Image;
    ImageTorn = "image-torn", Image;
    ImageCorrupt = "image-corrupt", Image;
    ImageUnreadable = "image-unreadable", Image;
    ImageChanged = "image-changed", Image;
    WrongPlatform = "wrong-platform", Image;
    BaseCommitMissing = "base-commit-missing", Dataset;
    NoBaseCommit = "no-base-commit", Image;
    NoRepository = "no-repository", Image;
    NoGit = "no-git", Image;
    NoBash = "no-bash", Image;
    NoShell = "no-shell", Image;
    ImageUnusable = "image-unusable", Image;
    CannotRestore = "cannot-restore", Image;
    OtherRepository = "other-repository", Image;
    WrongImageTagged = "wrong-image-tagged", Harness;
    RepairFailed = "repair-failed", Image;
    TmuxMissing = "tmux-missing", Image;
    PackagesUnreachable = "packages-unreachable", Image;
    EnvironmentBroken = "environment-broken", Image;
    RuntimeBuildSlow = "runtime-build-slow", Image;
    ImageInUse = "image-in-use", Config;
    ImageNotOurs = "image-not-ours", Config;
    // The machine: disk, memory, engine, network, and hosts that are lost.
    NoSpace = "no-space", Host;
    Disk = "disk", Host;
    HostDisk = "host-disk", Host;
    NoReport = "no-report", Host;
    HostCannotKeep = "host-cannot-keep", Host;
    DockerDown = "docker-down", Host;
    EngineUnreachable = "engine-unreachable", Host;
    NoDocker = "no-docker", Host;
    DockerSlow = "docker-slow", Host;
    DockerRefused = "docker-refused", Host;
    DockerResources = "docker-resources", Host;
    PortTaken = "port-taken", Host;
    ContainerNotStarted = "container-not-started", Host;
    RuntimeDied = "runtime-died", Host;
    RunTwice = "run-twice", Harness;
    OutOfMemory = "out-of-memory", Host;
    Killed = "killed", Host;
    ContainerLost = "container-lost", Host;
    Crashed = "crashed", Host;
    WrongArchitecture = "wrong-architecture", Host;
    StoreUnreachable = "store-unreachable", Host;
    StoreOdd = "store-odd", Host;
    RegistryUnreachable = "registry-unreachable", Host;
    NotStarted = "not-started", Host;
    CannotStart = "cannot-start", Host;
    NoThreads = "no-threads", Host;
    HostLost = "host-lost", Host;
    LinkLost = "link-lost", Host;
    // The set-up: fleet.toml, credentials, and the harness on the hosts.
    ImageForbidden = "image-forbidden", Config;
    ObjectForbidden = "object-forbidden", Config;
    NoCredentials = "no-credentials", Config;
    CredentialsExpired = "credentials-expired", Config;
    OtherRegion = "other-region", Config;
    ImageLinkMissing = "image-link-missing", Config;
    ImageLinkExpired = "image-link-expired", Config;
    StoreWithoutRanges = "store-without-ranges", Config;
    ImageReferenceInvalid = "image-reference-invalid", Config;
    BadImageName = "bad-image-name", Dataset;
    NameNotLowercase = "name-not-lowercase", Dataset;
    NotInConfig = "not-in-config", Config;
    DataMissing = "data-missing", Dataset;
    NoHarness = "no-harness", Config;
    NoAgent = "no-agent", Config;
    NoDirectory = "no-directory", Config;
    OpenhandsMissing = "openhands-missing", Config;
    PythonModuleMissing = "python-module-missing", Config;
    HarnessFileMissing = "harness-file-missing", Config;
    HarnessWithoutGit = "harness-without-git", Config;
    RuntimeBuildBroken = "runtime-build-broken", Config;
    BuildxFailed = "buildx-failed", Config;
    PoetryMissing = "poetry-missing", Config;
    PoetryCannotReadKernel = "poetry-cannot-read-kernel", Config;
    SplitMissing = "split-missing", Config;
    EffortIgnored = "effort-ignored", Config;
    TokenLimit = "token-limit", Provider;
    LogCut = "log-cut", Config;
    Stalled = "stalled", Unknown;
    Deadline = "deadline", Unknown;
    // The dataset.
    TestPatchFailed = "test-patch-failed", Dataset;
    NoGoldPatch = "no-gold-patch", Dataset;
    NoFailToPass = "no-fail-to-pass", Dataset;
    BadBaseCommit = "bad-base-commit", Dataset;
    BadRepoPath = "bad-repo-path", Dataset;
    UnknownParser = "unknown-parser", Config;
    DatasetUnreadable = "dataset-unreadable", Dataset;
    DatasetNotJson = "dataset-not-json", Dataset;
    DatasetFieldCut = "dataset-field-cut", Dataset;
    InstanceWithoutId = "instance-without-id", Dataset;
    BadDataset = "bad-dataset", Dataset;
    BadTrajectory = "bad-trajectory", Dataset;
    InstanceDistrusted = "instance-distrusted", Dataset;
    // Who serves the model.
    ModelRefused = "model-refused", Provider;
    RateLimit = "rate-limit", Provider;
    ProviderTimeout = "provider-timeout", Provider;
    ProviderUnavailable = "provider-unavailable", Provider;
    EmptyAnswer = "empty-answer", Provider;
    ThoughtSignatureMissing = "thought-signature-missing", Provider;
    WrongApiFormat = "wrong-api-format", Harness;
    // The harness, agents and programs.
    NoOutput = "no-output", Harness;
    BadOutput = "bad-output", Harness;
    OutputNotFound = "output-not-found", Harness;
    OutputHasTwoLines = "output-has-two-lines", Harness;
    InstanceSkipped = "instance-skipped", Harness;
    NothingLeft = "nothing-left", Harness;
    AgentFailed = "agent-failed", Unknown;
    AgentError = "agent-error", Unknown;
    NoTrajectory = "no-trajectory", Harness;
    FileInTheWay = "file-in-the-way", Harness;
    EvaluationIncomplete = "evaluation-incomplete", Harness;
    ImageWorkStopped = "image-work-stopped", Harness;
    NoWord = "no-word", Unknown;
    GradedABrokenEnvironment = "graded-a-broken-environment", Harness;
    ProgramFailed = "program-failed", Unknown;
    GivenUp = "given-up", Unknown;
    // The model: results, not failures.
    NoPatch = "no-patch", Model;
    PatchFailed = "patch-failed", Model;
    PatchRejected = "patch-rejected", Model;
    AgentGaveUp = "agent-gave-up", Model;
    NoTests = "no-tests", Model;
    TestTimeout = "test-timeout", Model;
}

impl FaultName {
    /// The fault of this name.
    pub fn find(text: &str) -> Option<FaultName> {
        FaultName::ALL.iter().copied().find(|name| name.as_str() == text)
    }
}

impl fmt::Display for FaultName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of a fault as a record has it: one of the catalogue, or one that only another version of `fleet` raises. The latter comes
/// from reading alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedName(Recorded);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Recorded {
    Known(FaultName),
    Other(Box<str>),
}

impl RecordedName {
    /// As it is written on disk, and shown.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Recorded::Known(name) => name.as_str(),
            Recorded::Other(text) => text,
        }
    }

    /// The fault that it is; none if this build does not know it.
    pub fn known(&self) -> Option<FaultName> {
        match self.0 {
            Recorded::Known(name) => Some(name),
            Recorded::Other(_) => None,
        }
    }
}

impl From<FaultName> for RecordedName {
    fn from(name: FaultName) -> RecordedName {
        RecordedName(Recorded::Known(name))
    }
}

impl PartialEq<FaultName> for RecordedName {
    fn eq(&self, other: &FaultName) -> bool {
        self.known() == Some(*other)
    }
}

/// By the alphabet, as people look for them.
impl Ord for RecordedName {
    fn cmp(&self, other: &RecordedName) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for RecordedName {
    fn partial_cmp(&self, other: &RecordedName) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for RecordedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for RecordedName {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for RecordedName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<RecordedName, D::Error> {
        let text = String::deserialize(from)?;
        Ok(RecordedName(match FaultName::find(&text) {
            Some(name) => Recorded::Known(name),
            None => Recorded::Other(text.into()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_different_and_in_the_form_that_they_have_on_disk() {
        let mut seen = std::collections::BTreeSet::new();
        for name in FaultName::ALL {
            let text = name.as_str();
            assert!(seen.insert(text), "{text} is there twice");
            assert!(
                text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
                "{text}"
            );
        }
    }

    #[test]
    fn what_another_version_calls_a_fault_is_kept_as_it_is() {
        for (text, known) in [("no-space", Some(FaultName::NoSpace)), ("from-tomorrow", None)] {
            let json = format!("\"{text}\"");
            let name: RecordedName = serde_json::from_str(&json).unwrap();
            assert_eq!((name.known(), name.as_str()), (known, text));
            assert_eq!(serde_json::to_string(&name).unwrap(), json);
        }
    }
}
