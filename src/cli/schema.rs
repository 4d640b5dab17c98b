//! `fleet schema`: the published JSON Schemas.

use super::exit;
use super::printer::Printer;
use crate::service::{Problem, ProblemKind};
use crate::{config, validate};

/// Print the JSON Schema of fleet.toml or of assignment files
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet schema assignment > assignment.schema.json
  fleet schema fleet.toml")]
pub(super) struct Args {
    /// Which schema
    #[arg(value_enum)]
    of: Of,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Of {
    /// The configuration
    #[value(name = "fleet.toml")]
    Config,
    /// Assignment files
    Assignment,
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<exit::VerbExit, Problem> {
    let schema = match args.of {
        Of::Config => config::schema(),
        Of::Assignment => validate::schema(),
    };
    let text = serde_json::to_string_pretty(&schema)
        .map_err(|error| Problem::new(ProblemKind::Internal, error.to_string()))?;
    printer.data(&format!("{text}\n"))?;
    Ok(exit::OK)
}
