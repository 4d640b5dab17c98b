//! `fleet init`: write a commented `fleet.toml`.

use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use super::printer::Printer;
use super::{CommandError, Kind, exit};
use crate::config;

/// Write a commented fleet.toml to begin with
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet init
  fleet init fleets/staging.toml")]
pub(super) struct Args {
    /// Where to write it
    #[arg(default_value = "fleet.toml", value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<u8, CommandError> {
    let shown = args.file.display();
    let mut file = match std::fs::File::create_new(&args.file) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(
                CommandError::new(Kind::Refused, format!("{shown} is there already"))
                    .hint("name another file, or move it away"),
            );
        }
        Err(error) => {
            return Err(
                CommandError::new(Kind::Environment, format!("cannot write {shown}")).caused_by(&error),
            );
        }
    };
    file.write_all(config::DEFAULT.as_bytes()).map_err(|error| {
        CommandError::new(Kind::Environment, format!("cannot write {shown}")).caused_by(&error)
    })?;
    printer.say(&format!(
        "wrote {shown}: name your hosts and models in it, then `fleet doctor`"
    ));
    Ok(exit::OK)
}
