//! What was asked for on the command line.

use std::path::PathBuf;
use std::time::Duration;

use super::faults::FAULTS;

/// What is printed where the command line is wrong.
const USAGE: &str = "\
usage: chaos [--minutes N | --seconds N] [--seed N] [--hosts N] [--fleet BINARY] [--pace MS] [--only FAULT,…] [--without FAULT,…] [--ghosts]
  --seed N       the same choices again; times differ, so histories do, too
  --hosts N      so many of the lab's ten hosts (5)
  --fleet FILE   another binary (default: the one that cargo has built; or FLEET)
  --pace MS      so long on average between two faults (2500)
  --ghosts       some jobs leave processes behind that nothing but their ancestry connects with them
faults: ";

/// The options.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// How long there is trouble.
    pub(crate) length: Duration,
    /// Where all choices come from.
    pub(crate) seed: u64,
    /// How many hosts.
    pub(crate) hosts: usize,
    /// Milliseconds between two faults, on average.
    pub(crate) pace: usize,
    /// The binary.
    pub(crate) fleet: PathBuf,
    /// Jobs that leave processes behind which can hardly be found.
    pub(crate) ghosts: bool,
    only: Vec<String>,
    without: Vec<String>,
}

impl Options {
    /// Reads them; an error is what to tell the user.
    pub(crate) fn read(args: impl Iterator<Item = String>) -> Result<Options, String> {
        let fleet = std::env::var_os("FLEET").filter(|fleet| !fleet.is_empty());
        let mut options = Options {
            length: Duration::from_mins(3),
            seed: u64::from(std::process::id()),
            hosts: 5,
            pace: 2500,
            fleet: fleet.unwrap_or_else(|| env!("CARGO_BIN_EXE_fleet").into()).into(),
            ghosts: false,
            only: Vec::new(),
            without: Vec::new(),
        };
        let mut args = args;
        while let Some(name) = args.next() {
            if name == "--ghosts" {
                options.ghosts = true;
                continue;
            }
            let value = args.next().ok_or_else(usage)?;
            let number = || value.parse::<u64>().map_err(|_| usage());
            let names = || value.split(',').map(str::to_owned).collect::<Vec<_>>();
            match name.as_str() {
                "--minutes" => options.length = Duration::from_secs(60 * number()?),
                "--seconds" => options.length = Duration::from_secs(number()?),
                "--seed" => options.seed = number()?,
                "--hosts" => options.hosts = usize::try_from(number()?).map_err(|_| usage())?,
                "--pace" => options.pace = usize::try_from(number()?).map_err(|_| usage())?,
                "--fleet" => options.fleet = value.into(),
                "--only" => options.only = names(),
                "--without" => options.without = names(),
                _ => return Err(usage()),
            }
        }
        let known = |name: &String| FAULTS.iter().any(|fault| fault.name == *name);
        if !options.only.iter().chain(&options.without).all(known) {
            return Err(usage());
        }
        options.fleet = options
            .fleet
            .canonicalize()
            .map_err(|error| format!("{}: {error}", options.fleet.display()))?;
        Ok(options)
    }

    /// Is this kind of fault wanted?
    pub(crate) fn wants(&self, name: &str) -> bool {
        let is = |other: &String| other == name;
        (self.only.is_empty() || self.only.iter().any(is)) && !self.without.iter().any(is)
    }

    /// How to say it again.
    pub(crate) fn again(&self) -> String {
        let mut text = format!(
            "--seconds {} --seed {} --hosts {} --pace {}",
            self.length.as_secs(),
            self.seed,
            self.hosts,
            self.pace
        );
        for (name, list) in [("--only", &self.only), ("--without", &self.without)] {
            if !list.is_empty() {
                text = format!("{text} {name} {}", list.join(","));
            }
        }
        if self.ghosts {
            text.push_str(" --ghosts");
        }
        text
    }
}

fn usage() -> String {
    let names: Vec<&str> = FAULTS.iter().map(|fault| fault.name).collect();
    format!("{USAGE}{}", names.join(" "))
}
