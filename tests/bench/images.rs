//! An image made ready, beside what it cannot be faster than: the engine's load from a local file, and curl with
//! eight ranges that throws away what it gets. Needs root (it looks at the engine's disk), Docker, and curl.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench is a program that prints"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "benches are outside of the house and use no doors"
)]

mod measure;
mod target;

#[path = "../parts/images/made.rs"]
#[expect(
    clippy::unwrap_used,
    reason = "it belongs to the tests, which stop where they are surprised"
)]
mod made;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fleet::domain::swe::{Image, Source};
use fleet::images::{self, PART_SIZE, PARTS, STALL, Wanted};
use measure::{Run, median};
use nix::sys::statvfs::statvfs;
use target::target;

type Fallible<T> = Result<T, Box<dyn Error>>;

const TAG: &str = "fleet-bench/image:1";
const RANGES: u64 = 8;

fn main() -> Fallible<()> {
    let args: Vec<String> = std::env::args().collect();
    match args.get(1).map(String::as_str) {
        Some("serve") => serve(&args[2]),
        Some("prepare") => prepare(&args[2], &args[3], &args[4]),
        _ => compare(),
    }
}

/// What one side took, and how much the engine's disk grew meanwhile.
struct Took {
    run: Run,
    disk_mb: f64,
}

fn compare() -> Fallible<()> {
    let number = |name: &str, usual: usize| std::env::var(name).map_or(Ok(usual), |text| text.parse());
    let (mb, rounds) = (
        number("FLEET_BENCH_MB", 1024)?,
        number("FLEET_BENCH_ROUNDS", 3)?.max(1),
    );
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("image.tar");
    eprintln!("making an image of {mb} MB …");
    let (commit, id) = make(&file, mb)?;
    let myself = std::env::current_exe()?;
    let mut server = Command::new(&myself)
        .arg("serve")
        .arg(&file)
        .stdout(Stdio::piped())
        .spawn()?;
    let url = first_line(&mut server)?;
    let mut took: [Vec<Took>; 3] = Default::default();
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds} …");
        remove(&id);
        took[0].push(watch(Command::new("docker").arg("load").arg("-i").arg(&file))?);
        remove(&id);
        took[1].push(watch(&mut curl(&url, std::fs::metadata(&file)?.len()))?);
        // Every round a new root: neither index nor record is there.
        let root = dir.path().join(round.to_string());
        took[2].push(watch(
            Command::new(&myself).args(["prepare", &url, &commit]).arg(&root),
        )?);
    }
    remove(&id);
    server.kill()?;
    server.wait()?;
    report(&took, mb);
    Ok(())
}

fn report(took: &[Vec<Took>; 3], mb: usize) {
    println!("one image of {mb} MB in layers of 64 MB, new to the engine; the sides in turns, medians\n");
    println!(
        "{:<28} {:>8} {:>10} {:>10} {:>10}",
        "", "seconds", "CPU s", "memory MB", "disk MB"
    );
    let seconds = |n: usize| median(took[n].iter().map(|took| took.run.seconds));
    let disk = |n: usize| median(took[n].iter().map(|took| took.disk_mb));
    for (n, name) in [
        "docker load of a local file",
        "curl, 8 ranges, to nowhere",
        "fleet",
    ]
    .iter()
    .enumerate()
    {
        let memory = median(took[n].iter().map(|took| took.run.peak_mb));
        let cpu = median(took[n].iter().map(|took| took.run.cpu_seconds));
        println!(
            "{name:<28} {:>8.2} {cpu:>10.2} {memory:>10.0} {:>10.0}",
            seconds(n),
            disk(n)
        );
    }
    println!();
    let slower = seconds(0).max(seconds(1));
    target(
        "fleet beside the slower of both",
        seconds(2) / slower,
        "times",
        ..=1.15,
    );
    target(
        "its peak extra disk beside the engine's own",
        disk(2) / disk(0).max(1.0),
        "times",
        ..=1.05,
    );
    let memory = median(took[2].iter().map(|took| took.run.peak_mb));
    target("its memory", memory, "MB", ..=150.0);
}

/// An archive of so many megabytes of noise; the base commit, and the image's id.
fn make(file: &Path, mb: usize) -> Fallible<(String, String)> {
    let (bottom, [_, commit]) = made::bottom(1);
    let noisy = (0..mb.div_ceil(64)).map(|n| made::noisy(n as u64 + 1, mb.min(64) << 20));
    let layers: Vec<made::Layer> = std::iter::once(bottom).chain(noisy).collect();
    let face = made::Face {
        tags: vec![TAG.to_owned()],
        label: "bench".to_owned(),
        architecture: "amd64".to_owned(),
    };
    let (archive, id) = made::archive(made::Layout::Legacy, &face, &layers);
    std::fs::write(file, archive)?;
    File::open(file)?.sync_all()?;
    Ok((commit, id))
}

fn remove(id: &str) {
    // The first time there is none.
    let _ = Command::new("docker").args(["image", "rm", "-f", id]).output();
    // What was removed is written off now, not in the next side's time.
    let _ = Command::new("sync").status();
}

/// Eight clients, each with its part of the object.
fn curl(url: &str, size: u64) -> Command {
    let each = size.div_ceil(RANGES);
    let ranges = (0..RANGES).map(|n| format!("{}-{}", n * each, ((n + 1) * each).min(size) - 1));
    let lines: Vec<String> = ranges
        .map(|range| format!("curl -sS --fail -o /dev/null -r {range} '{url}' &"))
        .collect();
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{}\nwait", lines.join("\n"))]);
    command
}

fn watch(command: &mut Command) -> Fallible<Took> {
    let root = Command::new("docker")
        .args(["info", "--format", "{{.DockerRootDir}}"])
        .output()?;
    let root = String::from_utf8(root.stdout)?.trim().to_owned();
    let free = || statvfs(root.as_str()).map_or(0, |disk| disk.blocks_free() * disk.fragment_size());
    let before = free();
    let over = AtomicBool::new(false);
    let (ran, least) = std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut least = before;
            while !over.load(Ordering::Relaxed) {
                least = least.min(free());
                std::thread::sleep(Duration::from_millis(20));
            }
            least
        });
        let ran = measure::run(command.stdout(Stdio::null()));
        over.store(true, Ordering::Relaxed);
        (ran, watching.join())
    });
    let (status, run) = ran?;
    if !status.success() {
        return Err(format!("{command:?}: {status}").into());
    }
    let least = least.map_err(|_| "the watcher of the disk has died")?;
    Ok(Took {
        run,
        disk_mb: f64::from(u32::try_from((before - least) >> 20)?),
    })
}

fn first_line(child: &mut Child) -> Fallible<String> {
    let mut line = String::new();
    let stdout = child.stdout.take().ok_or("the server has no stdout")?;
    BufReader::new(stdout).read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// Fleet's side, as a process of its own.
fn prepare(url: &str, commit: &str, root: &str) -> Fallible<()> {
    let image = Image {
        source: Source::Object {
            bucket: "bench".to_owned(),
            key: "image.tar".to_owned(),
        },
        tags: vec![TAG.to_owned()],
        base_commit: commit.to_owned(),
        repo_path: "/app/repo".to_owned(),
        platform: "linux/amd64".to_owned(),
        repairs: Vec::new(),
    };
    let wanted = Wanted {
        image: &image,
        url: Some(url),
        labels: &BTreeMap::new(),
        root: Path::new(root),
        parts: PARTS,
        part_size: PART_SIZE,
        stall: STALL,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let start = std::time::Instant::now();
    let trace = std::env::var("FLEET_BENCH_TRACE").is_ok();
    let mut say = |text: &str| {
        if trace {
            eprintln!("{:>8.2} s  {text}", start.elapsed().as_secs_f64());
        }
    };
    runtime.block_on(images::prepare(&wanted, &mut say))?;
    say("ready");
    Ok(())
}

/// A server of ranges of one file, as a process of its own.
fn serve(file: &str) -> Fallible<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}/image.tar", listener.local_addr()?);
    for stream in listener.incoming() {
        let (stream, file) = (stream?, file.to_owned());
        // A client that leaves early has its reasons.
        std::thread::spawn(move || answer(&stream, &file).is_ok());
    }
    Ok(())
}

fn answer(mut stream: &TcpStream, file: &str) -> Fallible<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut file = File::open(file)?;
    let size = file.metadata()?.len();
    let mut range = (0, size - 1);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim().to_lowercase();
        if let Some((from, to)) = line
            .strip_prefix("range: bytes=")
            .and_then(|range| range.split_once('-'))
        {
            range = (from.parse()?, to.parse::<u64>()?.min(size - 1));
        }
        if line.is_empty() {
            let (from, to) = range;
            let length = to - from + 1;
            write!(
                stream,
                "HTTP/1.1 206 Partial Content\r\nETag: \"1\"\r\nContent-Range: bytes {from}-{to}/{size}\r\nContent-Length: {length}\r\n\r\n"
            )?;
            file.seek(SeekFrom::Start(from))?;
            std::io::copy(&mut (&mut file).take(length), &mut stream)?;
        }
    }
}
