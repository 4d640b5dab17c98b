//! Which advice is for which fault. A fault without advice does not compile.

use super::{Advice, dataset, harness, image, machine, model, provider, setup};
use crate::domain::fault::FaultName;

/// The advice for a fault.
#[expect(clippy::too_many_lines, reason = "a table: a line for each fault")]
pub const fn on(fault: FaultName) -> &'static Advice {
    match fault {
        FaultName::ImageMissing | FaultName::ObjectMissing => &image::UPLOAD,
        FaultName::ImageTorn
        | FaultName::ImageCorrupt
        | FaultName::ImageUnreadable
        | FaultName::ImageChanged => &image::UPLOAD_AGAIN,
        FaultName::WrongPlatform => &image::OTHER_PLATFORM,
        FaultName::BaseCommitMissing
        | FaultName::NoBaseCommit
        | FaultName::NoRepository
        | FaultName::NoGit
        | FaultName::NoBash
        | FaultName::NoShell
        | FaultName::ImageUnusable
        | FaultName::CannotRestore => &image::NOT_THE_INSTANCES,
        FaultName::OtherRepository | FaultName::WrongImageTagged => &image::WRONG_TAG,
        FaultName::RepairFailed | FaultName::TmuxMissing | FaultName::PackagesUnreachable => {
            &image::NOT_REPAIRED
        }
        FaultName::EnvironmentBroken => &image::TESTS_NOT_STARTED,
        FaultName::RuntimeBuildSlow => &image::SLOW_BUILD,
        FaultName::ImageInUse | FaultName::ImageNotOurs => &image::NOT_REMOVED,
        FaultName::NoSpace => &machine::FULL_DISK,
        FaultName::Disk | FaultName::HostDisk | FaultName::NoReport | FaultName::HostCannotKeep => {
            &machine::FILES
        }
        FaultName::DockerDown
        | FaultName::EngineUnreachable
        | FaultName::NoDocker
        | FaultName::DockerSlow
        | FaultName::DockerRefused
        | FaultName::DockerResources => &machine::ENGINE,
        FaultName::PortTaken
        | FaultName::ContainerNotStarted
        | FaultName::RuntimeDied
        | FaultName::RunTwice => &machine::LEFTOVERS,
        FaultName::OutOfMemory | FaultName::Killed | FaultName::ContainerLost => &machine::MEMORY,
        FaultName::Crashed | FaultName::WrongArchitecture => &machine::CRASH,
        FaultName::StoreUnreachable | FaultName::StoreOdd | FaultName::RegistryUnreachable => &machine::STORE,
        FaultName::NotStarted | FaultName::CannotStart | FaultName::NoThreads => &machine::LIMITS,
        FaultName::HostLost | FaultName::LinkLost => &machine::LOST,
        FaultName::ImageForbidden
        | FaultName::ObjectForbidden
        | FaultName::NoCredentials
        | FaultName::CredentialsExpired
        | FaultName::OtherRegion => &setup::REFUSED_BY_STORE,
        FaultName::ImageLinkMissing | FaultName::ImageLinkExpired => &setup::NO_ADDRESS,
        FaultName::StoreWithoutRanges => &setup::NO_RANGES,
        FaultName::ImageReferenceInvalid | FaultName::BadImageName | FaultName::NameNotLowercase => {
            &setup::BAD_NAME
        }
        FaultName::NotInConfig => &setup::NOT_IN_CONFIG,
        FaultName::DataMissing => &setup::NO_DATA,
        FaultName::NoHarness | FaultName::NoAgent | FaultName::NoDirectory => &setup::NO_AGENT,
        FaultName::OpenhandsMissing
        | FaultName::PythonModuleMissing
        | FaultName::HarnessFileMissing
        | FaultName::HarnessWithoutGit
        | FaultName::RuntimeBuildBroken
        | FaultName::BuildxFailed => &setup::HARNESS_INCOMPLETE,
        FaultName::PoetryMissing | FaultName::PoetryCannotReadKernel => &setup::POETRY,
        FaultName::SplitMissing | FaultName::EffortIgnored | FaultName::TokenLimit => &setup::SET_UP_WRONGLY,
        FaultName::LogCut => &setup::LOG_CUT,
        FaultName::Stalled | FaultName::Deadline => &setup::TOO_LONG,
        FaultName::TestPatchFailed
        | FaultName::NoGoldPatch
        | FaultName::NoFailToPass
        | FaultName::BadBaseCommit
        | FaultName::BadRepoPath
        | FaultName::UnknownParser => &dataset::WRONG_DATA,
        FaultName::DatasetUnreadable
        | FaultName::DatasetNotJson
        | FaultName::DatasetFieldCut
        | FaultName::InstanceWithoutId
        | FaultName::BadDataset
        | FaultName::BadTrajectory => &dataset::UNREADABLE,
        FaultName::InstanceDistrusted => &dataset::DISTRUSTED,
        FaultName::ModelRefused => &provider::REFUSED,
        FaultName::RateLimit
        | FaultName::ProviderTimeout
        | FaultName::ProviderUnavailable
        | FaultName::EmptyAnswer => &provider::OVERLOADED,
        FaultName::ThoughtSignatureMissing | FaultName::WrongApiFormat => &provider::OTHER_INTERFACE,
        FaultName::NoOutput
        | FaultName::BadOutput
        | FaultName::OutputNotFound
        | FaultName::OutputHasTwoLines
        | FaultName::InstanceSkipped
        | FaultName::NothingLeft
        | FaultName::AgentFailed
        | FaultName::AgentError
        | FaultName::NoTrajectory => &harness::NO_RESULT,
        FaultName::FileInTheWay
        | FaultName::EvaluationIncomplete
        | FaultName::ImageWorkStopped
        | FaultName::NoWord => &harness::BROKEN_OFF,
        FaultName::GradedABrokenEnvironment => &harness::GRADED_WRONGLY,
        FaultName::ProgramFailed => &harness::PROGRAM,
        FaultName::GivenUp => &harness::GIVEN_UP,
        FaultName::NoPatch
        | FaultName::PatchFailed
        | FaultName::PatchRejected
        | FaultName::AgentGaveUp
        | FaultName::NoTests
        | FaultName::TestTimeout => &model::RESULT,
    }
}
