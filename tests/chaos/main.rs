//! `make chaos`: many jobs on hosts of the lab, and random faults all the while. The jobs write ledgers on their hosts,
//! outside of what `fleet` keeps; in the end these are held against the books. Prints figures, and ends with 1 if a
//! promise was broken; then everything is kept to be looked at. Never part of `make test`: it takes as long as you like.

#![expect(
    clippy::disallowed_methods,
    reason = "outside of the house, and uses no doors"
)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints a table"
)]

mod desk;
mod faults;
mod judge;
mod lab;
mod ledger;
mod liar;
mod options;
mod report;
mod run;
mod work;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};

use options::Options;
use run::Run;

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(usage) => {
            eprintln!("{usage}");
            return ExitCode::from(2);
        }
    };
    match whole(options) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("chaos: {error}");
            ExitCode::from(6)
        }
    }
}

fn whole(options: Options) -> io::Result<ExitCode> {
    let mut run = Run::new(options, interrupted()?)?;
    eprintln!("chaos: {}; {}", run.options.again(), run.desk.dir.display());
    let ended = run
        .trouble()
        .and_then(|()| run.peace())
        .and_then(|()| report::write(&mut run));
    run.tidy()?;
    let report = ended?;
    print!("{}", report.text);
    if report.broken {
        println!("everything is kept in {}", run.desk.dir.display());
        return Ok(ExitCode::from(1));
    }
    std::fs::remove_dir_all(&run.desk.dir)?;
    Ok(ExitCode::SUCCESS)
}

/// Becomes true on SIGINT or SIGTERM. Then the hosts are put in order before this program ends.
fn interrupted() -> io::Result<Arc<AtomicBool>> {
    let heard = Arc::new(AtomicBool::new(false));
    let sets = Arc::clone(&heard);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            let (Ok(mut one), Ok(mut other)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                return;
            };
            tokio::select! { _ = one.recv() => {}, _ = other.recv() => {} }
            sets.store(true, Ordering::Relaxed);
        });
    });
    Ok(heard)
}
