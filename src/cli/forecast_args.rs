//! What `fleet plan` and `fleet rehearse` are given.

use std::path::PathBuf;

use crate::service::forecast::ForecastRequest;

/// What both verbs are given.
#[derive(Debug, clap::Args)]
pub(super) struct ForecastArgs {
    /// Assignment files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A change during the run: `HOST dies at +2h`, `HOST joins at +1h`, `HOST slows 2x at +30m`,
    /// `MODEL refuses at +1h`, `2 more hosts`. May be given several times
    #[arg(long, value_name = "CHANGE")]
    what_if: Vec<String>,
    /// The hosts of the files are an order, as for `fleet dispatch --pinned`
    #[arg(long)]
    pinned: bool,
    /// The disk of each host's Docker engine, to see which images must leave it: `200GB`, `1TiB`
    #[arg(long, value_name = "SIZE", value_parser = size)]
    disk: Option<u64>,
}

/// A number of bytes, with its unit.
fn size(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let unit: Option<u64> = match text.get(digits..).unwrap_or_default() {
        "GB" => Some(1_000_000_000),
        "GiB" => Some(1 << 30),
        "TB" => Some(1_000_000_000_000),
        "TiB" => Some(1 << 40),
        _ => None,
    };
    let number: Option<u64> = text.get(..digits).and_then(|digits| digits.parse().ok());
    number
        .zip(unit)
        .and_then(|(number, unit)| number.checked_mul(unit))
        .filter(|size| *size > 0)
        .ok_or_else(|| "write 200GB, 200GiB or 1TB".to_owned())
}

impl ForecastArgs {
    /// What the service is asked for.
    pub(super) fn request(&self) -> ForecastRequest {
        ForecastRequest {
            files: self.files.clone(),
            what_if: self.what_if.clone(),
            pinned: self.pinned,
            disk: self.disk,
        }
    }
}
