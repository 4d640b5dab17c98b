//! `fleet completions`: what a shell needs to complete our words.

use super::exit;
use super::printer::Printer;
use crate::service::Problem;

/// Print the completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet completions bash > ~/.local/share/bash-completion/completions/fleet
  fleet completions zsh > ~/.zfunc/_fleet")]
pub(super) struct Args {
    /// Which shell
    shell: clap_complete::Shell,
}

pub(super) fn run(
    args: &Args,
    mut command: clap::Command,
    printer: &Printer,
) -> Result<exit::VerbExit, Problem> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "fleet", &mut script);
    printer.data(&String::from_utf8_lossy(&script))?;
    Ok(exit::OK)
}
