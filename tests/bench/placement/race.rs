//! The race: three sides, the same jobs, the same hosts in the same trouble.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use super::lab::Lab;
use super::measure::median;
use super::peer;
use super::place::Place;
use super::spread::{self, Task};
use super::target::target;
use super::{Fallible, number};

/// It is cut off before the race, and no side is told.
const DEAD: &str = "eval3";
/// Everything takes so many times as long on this one.
const SLOW: &str = "lancer2";
const SLOWER: f64 = 2.0;

/// What every side runs on a host. How slow the host is, only the host knows.
const JOB: &str = r#"#!/bin/sh
ms=$2
[ ! -e "$HOME/slow" ] || ms=$((ms * 2))
sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
echo "$1" >> "$HOME/ledger"
"#;

/// Who competes.
const SIDES: [(&str, Run); 3] = [
    ("fleet", Race::fleet),
    ("static loop, the rest by hand", Race::by_hand),
    ("GNU parallel --filter-hosts --retries 3", Race::parallel),
];

type Run = fn(&Race, usize) -> Fallible<f64>;

struct Race {
    lab: Lab,
    place: Place,
    tasks: Vec<Task>,
}

/// All of it, and its table.
pub(crate) fn race() -> Fallible<()> {
    let rounds = number("FLEET_BENCH_ROUNDS", 1)?.max(1);
    let race = Race::new(number("FLEET_BENCH_FASTER", 120.0)?)?;
    let (bound, longest) = race.bound();
    println!(
        "{} jobs on {} hosts, one slot each: {DEAD} is dead, {SLOW} takes {SLOWER} times as long; dealt one by one",
        race.tasks.len(),
        race.lab.names().len()
    );
    println!(
        "before: the same jobs once, all hosts alive, so that it is known how long each takes; not measured"
    );
    eprintln!("a first time, for the history …");
    race.dispatch("history")?;
    race.all_done("history", &[])?;
    race.lab.run(&["cut", DEAD]);
    let mut took: [Vec<f64>; SIDES.len()] = Default::default();
    let mut foretold = Vec::new();
    for round in 1..=rounds {
        foretold.push(race.foretold(round)?);
        for ((name, run), took) in SIDES.iter().zip(&mut took) {
            eprintln!("round {round}: {name} …");
            took.push(run(&race, round)?);
            race.all_done(name, &[DEAD])?;
        }
    }
    println!(
        "least: {bound:.1} s (the work over the speed of all live hosts; the longest job takes {longest:.1} s)\n"
    );
    println!("{:<42} {:>8} {:>8}", "", "seconds", "x least");
    let seconds: Vec<f64> = took.iter().map(|took| median(took.iter().copied())).collect();
    for ((name, _), seconds) in SIDES.iter().zip(&seconds) {
        println!("{name:<42} {seconds:>8.1} {:>8.2}", seconds / bound);
    }
    println!();
    target("makespan over the least", seconds[0] / bound, "times", ..=1.10);
    target("the static loop over fleet", seconds[1] / seconds[0], "times", ..);
    target("GNU parallel over fleet", seconds[2] / seconds[0], "times", ..);
    let real = took[0].iter().zip(&foretold);
    target(
        "the rehearsal's middle over the makespan",
        median(real.map(|(real, foretold)| foretold / real)),
        "times",
        0.9..=1.1,
    );
    println!();
    Ok(())
}

/// What a round's jobs are called.
fn set(round: usize) -> String {
    format!("phase8-{round}")
}

impl Race {
    fn new(faster: f64) -> Fallible<Race> {
        peer::parallel()?;
        let lab = Lab::hosts(10);
        std::thread::scope(|scope| {
            for host in lab.names() {
                let lab = &lab;
                scope.spawn(move || {
                    lab.sh(host, &format!("cat > job <<'END'\n{JOB}END\nchmod +x job"));
                });
            }
        });
        lab.sh(SLOW, "touch slow");
        let place = Place::new()?;
        let shared = format!(
            "Host *\n    ControlMaster auto\n    ControlPath {}/%C\n    ControlPersist 60\n    ConnectTimeout 10\nInclude {}\n",
            place.path("").display(),
            Lab::dir().join("ssh_config").display(),
        );
        place.write("ssh_config", &shared)?;
        place.write("data.jsonl", "{\"instance_id\":\"x\"}\n")?;
        let tasks = spread::draw(faster);
        let race = Race { lab, place, tasks };
        race.configure()?;
        Ok(race)
    }

    /// The least seconds that are possible if it is known how long everything takes; and the longest job, on a usual
    /// host.
    fn bound(&self) -> (f64, f64) {
        let seconds = |ms: u64| ms as f64 / 1e3;
        let work: f64 = self.tasks.iter().map(|task| seconds(task.ms)).sum();
        let longest = self.tasks.iter().map(|task| seconds(task.ms)).fold(0.0, f64::max);
        // One is dead, and one is slow.
        let speed = (self.lab.names().len() - 2) as f64 + 1.0 / SLOWER;
        ((work / speed).max(longest), longest)
    }

    fn configure(&self) -> Fallible<()> {
        let mut toml = "[fleet]\nstate = \"state\"\nresults = \"results\"\npipeline = \"job\"\n[[model]]\nname = \"none\"\n".to_owned();
        for host in self.lab.names() {
            writeln!(toml, "[[host]]\nname = \"{host}\"")?;
        }
        writeln!(
            toml,
            "[[pipeline]]\nname = \"job\"\n[[pipeline.phase]]\nname = \"trajectory\"\nrun = [\"sh\", \"-c\", '''\"$HOME/job\" \"${{FLEET_INSTANCE%%.*}}\" \"${{FLEET_INSTANCE##*.}}\"''']\ndeadline = \"1h\""
        )?;
        self.place.write("fleet.toml", &toml)
    }

    fn assign(&self, set: &str) -> Fallible<String> {
        let entry = |task: &Task| serde_json::json!({ "instance_id": format!("{}.{}", task.instance, task.ms), "model": "none", "dataset_file": "data.jsonl", "task_name": "task" });
        let file: serde_json::Map<_, _> = spread::deal(&self.tasks, self.lab.names())
            .into_iter()
            .map(|(host, tasks)| (host.to_owned(), tasks.into_iter().map(entry).collect()))
            .collect();
        let name = format!("{set}.json");
        self.place
            .write(&name, &serde_json::Value::Object(file).to_string())?;
        Ok(name)
    }

    fn dispatch(&self, set: &str) -> Fallible<f64> {
        let name = self.assign(set)?;
        self.place.time("fleet", Place::fleet(&["dispatch", &name]))
    }

    /// Seconds that a rehearsal expects, as often less as more; it knows of the dead host, and of what was measured.
    fn foretold(&self, round: usize) -> Fallible<f64> {
        let name = self.assign(&set(round))?;
        let dies = format!("{DEAD} dies at +0m");
        let said = self.place.said(
            "fleet",
            Place::fleet(&["rehearse", "--json", "--what-if", &dies, &name]),
        )?;
        let said: serde_json::Value = serde_json::from_str(&said)?;
        let p50 = said["changed"]["finish_s"]["p50"].as_f64();
        Ok(p50.ok_or("the rehearsal has no middle")?)
    }

    fn fleet(&self, round: usize) -> Fallible<f64> {
        self.dispatch(&set(round))
    }

    /// Each host its own jobs, one after the other, as the seed does it. What a host did not do is dealt to the others
    /// at once, as if a person looked in that very moment.
    fn by_hand(&self, _: usize) -> Fallible<f64> {
        let first = self.pass(&self.tasks.iter().collect::<Vec<_>>(), self.lab.names())?;
        let lost = fs::read_to_string(self.place.path("lost"))?;
        let left: Vec<&Task> = self
            .tasks
            .iter()
            .filter(|task| lost.lines().any(|line| line == task.instance))
            .collect();
        let others: Vec<&'static str> = self
            .lab
            .names()
            .iter()
            .copied()
            .filter(|host| *host != DEAD)
            .collect();
        Ok(first + self.pass(&left, &others)?)
    }

    fn pass(&self, tasks: &[&Task], hosts: &[&'static str]) -> Fallible<f64> {
        let tasks: Vec<Task> = tasks.iter().map(|task| (*task).clone()).collect();
        let mut script = ": > lost\n".to_owned();
        for (host, tasks) in spread::deal(&tasks, hosts) {
            script.push_str("{\n");
            for Task { instance, ms } in tasks {
                writeln!(
                    script,
                    "ssh -n -F ssh_config aws-instance-{host} ./job {instance} {ms} || echo {instance} >> lost"
                )?;
            }
            script.push_str("} &\n");
        }
        script.push_str("wait\n");
        let mut command = Command::new("sh");
        command.args(["-c", &script]);
        self.place.time("loop", command)
    }

    fn parallel(&self, _: usize) -> Fallible<f64> {
        let lines = self
            .tasks
            .iter()
            .map(|task| format!("{} {}\n", task.instance, task.ms));
        self.place.write("tasks", &lines.collect::<String>())?;
        let logins: Vec<String> = self
            .lab
            .names()
            .iter()
            .map(|host| format!("1/aws-instance-{host}"))
            .collect();
        let mut command = Command::new("parallel");
        command
            .args(["--will-cite", "--filter-hosts", "--retries", "3"])
            .args([
                "-a",
                "tasks",
                "--colsep",
                " ",
                "--ssh",
                "ssh -F ssh_config",
                "-S",
                &logins.join(","),
            ])
            .args(["./job", "{1}", "{2}"])
            .env("PARALLEL_HOME", self.place.path(""));
        self.place.time("GNU parallel", command)
    }

    /// Every job was done, and once. Forgets it.
    fn all_done(&self, side: &str, but: &[&str]) -> Fallible<()> {
        let live = self.lab.names().iter().filter(|host| !but.contains(host));
        let mut done = Vec::new();
        for host in live {
            let text = self.lab.sh(host, "cat ledger 2>/dev/null || true; rm -f ledger");
            if *host == SLOW {
                eprintln!("{side}: the slow one did {} jobs", text.lines().count());
            }
            done.extend(text.lines().map(str::to_owned));
        }
        let names: BTreeSet<&str> = done.iter().map(String::as_str).collect();
        let all: BTreeSet<&str> = self.tasks.iter().map(|task| task.instance.as_str()).collect();
        if names != all || done.len() != all.len() {
            return Err(format!("{side}: {} of {} jobs done", done.len(), all.len()).into());
        }
        Ok(())
    }
}
