//! `fleet man`: the manual page, made from the same words as the help.

use std::path::PathBuf;

use super::exit;
use super::printer::Printer;
use crate::service::{Problem, ProblemKind};

/// Print the manual page, or write one per verb
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet man | man -l -
  fleet man --to ~/.local/share/man/man1")]
pub(super) struct Args {
    /// Write fleet.1, fleet-dispatch.1, … into this directory
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

pub(super) fn run(args: &Args, command: clap::Command, printer: &Printer) -> Result<exit::VerbExit, Problem> {
    let failed = |error: std::io::Error| {
        Problem::new(ProblemKind::Environment, "cannot write the manual").caused_by(&error)
    };
    if let Some(dir) = &args.to {
        std::fs::create_dir_all(dir).map_err(failed)?;
        clap_mangen::generate_to(command, dir).map_err(failed)?;
        printer.say(&format!("wrote the manual pages to {}", dir.display()));
    } else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page).map_err(failed)?;
        printer.data(&String::from_utf8_lossy(&page))?;
    }
    Ok(exit::OK)
}
