//! Identities that `fleet` derives or counts: jobs, attempts, epochs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::digest::Sha256;
use super::name::{InstanceId, ModelName, SetName};

/// Digits that can't be mistaken for each other when read aloud or typed.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A job's id: twelve characters derived from what the job *is* (set, instance, model, run), so that
/// the same file dispatched twice, from any machine, names the same jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId([u8; 12]);

impl JobId {
    /// The id of the job with these four coordinates.
    pub fn derive(set: &SetName, instance: &InstanceId, model: &ModelName, run: u32) -> JobId {
        // Names cannot contain a newline, so the text is unambiguous.
        let text = format!("job\n{set}\n{instance}\n{model}\n{run}");
        let digest = Sha256::of(text.as_bytes());
        let mut bits = digest.bytes()[..8]
            .iter()
            .fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
        let mut id = [0; 12];
        for slot in &mut id {
            *slot = ALPHABET[(bits >> 59) as usize];
            bits <<= 5;
        }
        JobId(id)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        // Every constructor admits ASCII only.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for JobId {
    type Err = String;
    fn from_str(text: &str) -> Result<JobId, String> {
        let bytes: [u8; 12] = text.as_bytes().try_into().map_err(|_| bad_id(text))?;
        if bytes.iter().all(|byte| ALPHABET.contains(byte)) {
            Ok(JobId(bytes))
        } else {
            Err(bad_id(text))
        }
    }
}

fn bad_id(text: &str) -> String {
    format!(
        "`{}` is not a job id (twelve digits and letters)",
        text.escape_debug()
    )
}

impl TryFrom<String> for JobId {
    type Error = String;
    fn try_from(text: String) -> Result<JobId, String> {
        text.parse()
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> String {
        id.as_str().to_owned()
    }
}

/// One try of a job on one host. Numbered from 1; a number is never used twice for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttemptId {
    /// Whose try.
    pub job: JobId,
    /// Which try.
    pub n: u32,
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.job, self.n)
    }
}

impl FromStr for AttemptId {
    type Err = String;
    fn from_str(text: &str) -> Result<AttemptId, String> {
        let (job, n) = text.split_once('.').ok_or_else(|| bad_id(text))?;
        Ok(AttemptId {
            job: job.parse()?,
            n: n.parse().map_err(|_| bad_id(text))?,
        })
    }
}

/// Which coordinator speaks: grows with every coordinator that takes the lease, and never shrinks.
/// A host that has heard a larger epoch refuses to act on a smaller one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_id_depends_on_each_coordinate_and_on_nothing_else() {
        let id = |set: &str, instance: &str, model: &str, run| {
            JobId::derive(
                &set.parse().unwrap(),
                &instance.parse().unwrap(),
                &model.parse().unwrap(),
                run,
            )
        };
        let one = id("phase8", "1319603449576684", "gpt", 1);
        // Pinned: results that are already on disk and on hosts are found by this text.
        assert_eq!(one.to_string(), "npb2wdccpkcv");
        assert_eq!(one, id("phase8", "1319603449576684", "gpt", 1));
        for other in [
            id("phase9", "1319603449576684", "gpt", 1),
            id("phase8", "1", "gpt", 1),
            id("phase8", "1319603449576684", "kimi", 1),
            id("phase8", "1319603449576684", "gpt", 2),
        ] {
            assert_ne!(one, other);
        }
        assert_eq!(one.to_string().parse(), Ok(one));
    }
}
