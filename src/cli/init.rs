//! `fleet init`: write a `fleet.toml` to begin with.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::exit;
use super::printer::Printer;
use crate::config;
use crate::service::{Problem, ProblemKind};

/// The assignment of `--local`, beside `fleet.toml`.
const HELLO: &str = "assignments/hello.json";
/// What it asks for: two jobs.
const HELLO_TEXT: &str = r#"{
  "here": [
    { "instance_id": "tides", "model": "shell", "dataset_file": "hello.jsonl" },
    { "instance_id": "moon", "model": "shell", "dataset_file": "hello.jsonl" }
  ]
}
"#;
/// Its data.
const DATA: &str = "assignments/hello.jsonl";
const DATA_TEXT: &str = "{\"instance_id\": \"tides\"}\n{\"instance_id\": \"moon\"}\n";

/// Write a fleet.toml with comments, to begin with
///
/// It has one host; put yours in its place. With --local it is a small one that works on this machine at once, without
/// Docker and ssh, and an assignment of two jobs is written beside it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleet init
  fleet init fleets/staging.toml
  fleet init --local && fleet dispatch assignments/hello.json")]
pub(super) struct Args {
    /// Where to write it
    #[arg(default_value = "fleet.toml", value_name = "FILE")]
    file: PathBuf,
    /// For this machine alone, ready to run
    #[arg(long)]
    local: bool,
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<exit::VerbExit, Problem> {
    let shown = args.file.display();
    if !args.local {
        write(&args.file, &config::starter())?;
        printer.say(&format!(
            "wrote {shown}: put your hosts and models into it, then run `fleet doctor`"
        ));
        return Ok(exit::OK);
    }
    let dir = args.file.parent().unwrap_or(Path::new(""));
    write(&args.file, config::LOCAL)?;
    let (hello, data) = (dir.join(HELLO), dir.join(DATA));
    if let Some(parent) = hello.parent() {
        std::fs::create_dir_all(parent).map_err(|error| cannot(parent, &error))?;
    }
    write(&data, DATA_TEXT)?;
    write(&hello, HELLO_TEXT)?;
    let config = if args.file == Path::new("fleet.toml") {
        String::new()
    } else {
        format!("--config {shown} ")
    };
    printer.say(&format!(
        "wrote {shown}, {} and {}: run `fleet {config}dispatch {}`",
        hello.display(),
        data.display(),
        hello.display()
    ));
    Ok(exit::OK)
}

/// Writes a file that is not there yet.
fn write(path: &Path, text: &str) -> Result<(), Problem> {
    let mut file = match std::fs::File::create_new(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Problem::new(
                ProblemKind::Refused,
                format!("{} is there already", path.display()),
            )
            .hint("name another file, or move it away"));
        }
        Err(error) => return Err(cannot(path, &error)),
    };
    file.write_all(text.as_bytes())
        .map_err(|error| cannot(path, &error))
}

fn cannot(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new(
        ProblemKind::Environment,
        format!("cannot write {}", path.display()),
    )
    .caused_by(error)
}
