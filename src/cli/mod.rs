//! Floor 5: the verbs. One file each: its arguments (whose comments are its help), one call of a
//! service, and what to print. Nothing else in the crate knows clap or the terminal.

mod adopt;
mod assign;
mod calibrate;
mod cancel;
mod check;
mod collect;
mod completions;
mod deploy;
mod dispatch;
mod doctor;
mod exit;
mod explain;
mod failures;
mod forecast_args;
mod history;
mod hold;
mod host;
mod hosts;
mod images;
mod init;
mod interrupt;
mod logs;
mod man;
mod perform;
mod plan;
mod printer;
mod progress;
mod regrade;
mod rehearse;
mod render;
mod retry;
mod runner;
mod schema;
mod status;
mod topics;
mod trace;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use printer::Printer;

use crate::doors::birth::{self, Role};
use crate::service::{Problem, ProblemKind, Project};

/// Run evaluations of coding agents across a fleet of hosts over SSH, durably
///
/// The usual day: `fleet dispatch assignments/phase8.json`, `fleet status`, `fleet collect`. Whatever
/// happens in between (Ctrl-C, a lost network, a crash), run the same command again: it goes on where it was.
#[derive(Debug, Parser)]
#[command(name = "fleet", version, max_term_width = 100, after_help = exit::help())]
pub(crate) struct Cli {
    /// The fleet's configuration
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "FLEET_CONFIG",
        default_value = "fleet.toml"
    )]
    config: std::path::PathBuf,
    /// An ssh configuration to use instead of your own
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "FLEET_SSH_CONFIG",
        hide_env_values = true
    )]
    ssh_config: Option<std::path::PathBuf>,
    /// Print only data and errors
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Init(init::Args),
    Check(check::Args),
    Assign(assign::Args),
    Plan(plan::Args),
    Rehearse(rehearse::Args),
    Dispatch(dispatch::Args),
    Status(status::Args),
    Collect(collect::Args),
    Regrade(regrade::Args),
    Calibrate(calibrate::Args),
    Images(images::Args),
    Logs(logs::Args),
    History(history::Args),
    Failures(failures::Args),
    Cancel(cancel::Args),
    Retry(retry::Args),
    Explain(explain::Args),
    Pause(hold::Pause),
    Resume(hold::Resume),
    Drain(hold::Drain),
    Hosts(hosts::Args),
    Host(host::Args),
    Doctor(doctor::Args),
    Deploy(deploy::Args),
    Verify(verify::Args),
    Adopt(adopt::Args),
    Schema(schema::Args),
    Completions(completions::Args),
    Man(man::Args),
    #[command(hide = true)]
    Runner(runner::Args),
}

/// `fleet runner` alone. It is started for every job on every host, and must not put together the help of
/// all other verbs each time.
#[derive(Debug, Parser)]
#[command(name = "fleet runner")]
struct Host {
    #[command(flatten)]
    args: runner::Args,
}

/// Parses the command line, does what it says, and gives the exit code.
pub fn main() -> ExitCode {
    let role: Vec<_> = std::env::args_os().skip(1).take(2).collect();
    birth::settle(match role.first().map(|first| first == "runner") {
        Some(true) if role.get(1).is_some_and(|verb| verb == "supervise") => Role::Supervisor,
        Some(true) => Role::Runner,
        Some(false) | None => Role::Verb,
    });
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let parsed = if words.first().is_some_and(|first| first == "runner") {
        Host::try_parse_from(words).map(|host| (runner::run(&host.args), Printer::new(false)))
    } else {
        let printer = Printer::new(false);
        match topics::help(&words, &printer) {
            Some(told) => Ok((told, printer)),
            None => parse().map(|cli| {
                let printer = Printer::new(cli.quiet);
                (run(cli, &printer), printer)
            }),
        }
    };
    let (done, printer) = match parsed {
        Ok(done) => done,
        Err(error) => return printer::usage(&meant(error)),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            printer.error(&error);
            ExitCode::from(render::exit_code(&error))
        }
    }
}

/// Parses the command line.
fn parse() -> Result<Cli, clap::Error> {
    let mut command = topics::command();
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Verbs of other tools, and ours that do the same.
const MEANT: &[(&[&str], &str)] = &[
    (
        &["run", "start", "submit", "exec", "execute", "add", "launch"],
        "dispatch",
    ),
    (
        &["ls", "list", "ps", "top", "jobs", "queue", "show", "watch"],
        "status",
    ),
    (&["stop", "kill", "abort", "rm"], "cancel"),
    (&["fetch", "pull", "download", "results"], "collect"),
    (&["why"], "explain"),
    (&["errors"], "failures"),
    (&["validate", "lint"], "check"),
];

/// Our verb that does what this one does in other tools.
fn verb_of_another_tool(word: &str) -> Option<&'static str> {
    let same = MEANT.iter().find(|(others, _)| others.contains(&word));
    same.map(|(_, ours)| *ours)
}

/// An unknown verb with the one of ours that was meant. What is hidden from the help is never suggested.
fn meant(mut error: clap::Error) -> clap::Error {
    use clap::error::{ContextKind, ContextValue};
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    let ours = verb_of_another_tool(typed);
    let similar = match error.get(ContextKind::SuggestedSubcommand) {
        Some(ContextValue::Strings(all)) => all.clone(),
        Some(ContextValue::String(one)) => vec![one.clone()],
        Some(_) | None => Vec::new(),
    };
    let command = Cli::command();
    let is_shown = |name: &String| {
        command
            .find_subcommand(name)
            .is_some_and(|verb| !verb.is_hide_set())
    };
    let suggested = match ours {
        Some(ours) => vec![ours.to_owned()],
        None => similar.into_iter().filter(is_shown).collect(),
    };
    if suggested.is_empty() {
        error.remove(ContextKind::SuggestedSubcommand);
    } else {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(suggested));
    }
    error
}

fn run(cli: Cli, printer: &Printer) -> Result<exit::VerbExit, Problem> {
    // The host's half and the papers need neither configuration nor reactor.
    match cli.verb {
        Verb::Runner(args) => return runner::run(&args),
        Verb::Init(args) => return init::run(&args, printer),
        Verb::Schema(args) => return schema::run(&args, printer),
        Verb::Completions(args) => return completions::run(&args, Cli::command(), printer),
        Verb::Man(args) => return man::run(&args, Cli::command(), printer),
        Verb::Regrade(ref args) => return regrade::run(args, &cli, printer),
        Verb::Dispatch(ref args) if args.detach => return dispatch::detach(args, &cli, printer),
        _ => {}
    }
    trace::start();
    let project = Project::load(&cli.config, cli.ssh_config.as_deref())?;
    let reactor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Problem::new(ProblemKind::Environment, "cannot start").caused_by(&error))?;
    reactor.block_on(async {
        match cli.verb {
            Verb::Check(args) => check::run(&args, &project, printer),
            Verb::Assign(args) => assign::run(&args, &project, printer).await,
            Verb::Plan(args) => plan::run(&args, &project, printer).await,
            Verb::Rehearse(args) => rehearse::run(&args, &project, printer).await,
            Verb::Dispatch(args) => dispatch::run(&args, &project, printer).await,
            Verb::Status(args) => status::run(&args, &project, printer).await,
            Verb::Collect(args) => collect::run(&args, &project, printer).await,
            Verb::Calibrate(args) => calibrate::run(&args, &project, printer).await,
            Verb::Images(args) => images::run(&args, &project, printer).await,
            Verb::Logs(args) => logs::run(&args, &project, printer).await,
            Verb::History(args) => history::run(&args, &project, printer).await,
            Verb::Failures(args) => failures::run(&args, &project, printer).await,
            Verb::Cancel(args) => cancel::run(&args, &project, printer).await,
            Verb::Explain(args) => explain::run(&args, &project, printer).await,
            Verb::Retry(args) => retry::run(&args, &project, printer).await,
            Verb::Pause(args) => hold::pause(&args, &project, printer).await,
            Verb::Resume(args) => hold::resume(&args, &project, printer).await,
            Verb::Drain(args) => hold::drain(&args, &project, printer).await,
            Verb::Hosts(args) => hosts::run(&args, &project, printer).await,
            Verb::Host(args) => host::run(&args, &project, printer).await,
            Verb::Doctor(args) => doctor::run(&args, &project, printer).await,
            Verb::Deploy(args) => deploy::run(&args, &project, printer).await,
            Verb::Verify(args) => verify::run(&args, &project, printer).await,
            Verb::Adopt(args) => adopt::run(&args, &project, printer).await,
            Verb::Init(_)
            | Verb::Regrade(_)
            | Verb::Schema(_)
            | Verb::Completions(_)
            | Verb::Man(_)
            | Verb::Runner(_) => Ok(exit::OK),
        }
    })
}
