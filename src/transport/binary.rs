//! The program that hosts run: this one, or for other architectures the file that `fleet.toml` names.
//! Known by its digest, so that a host never runs another version than the coordinator's.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use tokio::sync::Mutex;

use super::LinkError;
use crate::domain::Sha256;
use crate::domain::digest::Hasher;
use crate::doors::spawn;

/// One runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    /// Where it lies on this machine.
    pub path: PathBuf,
    /// Of its content.
    pub digest: Sha256,
}

/// Runners by architecture, each measured once.
#[derive(Debug, Default)]
pub struct Runners {
    named: BTreeMap<String, PathBuf>,
    measured: Mutex<BTreeMap<String, Binary>>,
}

impl Runners {
    /// With these files for these architectures, and this very program for its own.
    pub fn new(named: BTreeMap<String, PathBuf>) -> Runners {
        Runners {
            named,
            measured: Mutex::default(),
        }
    }

    /// The runner for hosts of this architecture.
    pub async fn for_arch(&self, arch: &str) -> Result<Binary, LinkError> {
        let mut measured = self.measured.lock().await;
        if let Some(binary) = measured.get(arch) {
            return Ok(binary.clone());
        }
        let path = self.path(arch)?;
        let binary = tokio::task::spawn_blocking(move || measure(&path))
            .await
            .map_err(|error| LinkError::Here(error.to_string()))??;
        measured.insert(arch.to_owned(), binary.clone());
        Ok(binary)
    }

    fn path(&self, arch: &str) -> Result<PathBuf, LinkError> {
        if let Some(path) = self.named.get(arch) {
            return Ok(path.clone());
        }
        if cfg!(target_os = "linux") && arch == std::env::consts::ARCH {
            return spawn::myself()
                .map_err(|error| LinkError::Here(format!("cannot find this program: {error}")));
        }
        let detail = format!(
            "this program is for {} {}",
            std::env::consts::OS,
            std::env::consts::ARCH
        );
        Err(LinkError::NoRunner {
            arch: arch.to_owned(),
            detail,
        })
    }
}

fn measure(path: &Path) -> Result<Binary, LinkError> {
    let here = |error: std::io::Error| {
        LinkError::Here(format!("cannot read the runner {}: {error}", path.display()))
    };
    let mut file = std::fs::File::open(path).map_err(here)?;
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(here)? {
            0 => {
                return Ok(Binary {
                    path: path.to_owned(),
                    digest: hasher.finish(),
                });
            }
            n => hasher.update(&buffer[..n]),
        }
    }
}
