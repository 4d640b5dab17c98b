//! The coordinator or the host dies in the midst of each phase: what was finished is kept, and the verdict is
//! the one of an undisturbed run.

use std::process::Child;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::support::instances::{first, result};
use crate::support::{Lab, World, wait};

/// The instance of the lab whose first scripted answer is half of the fix, and its id here.
const HALF: &str = "2000000000000001";
const INSTANCE: &str = "2000000000009101";
const ANSWER: &str = include_str!("../lab/instances/tides/2000000000000001/scripted/run1.patch");

/// Writes down that it began, waits if it shall, and answers.
fn agent() -> String {
    format!(
        "echo \"$FLEET_SET\" >> \"$HOME/ledger\"\nwhile [ -e \"$HOME/hold\" ]; do sleep 0.05; done\ncat > \"$FLEET_OUT/patch.diff\" <<\"ANSWER\"\n{ANSWER}ANSWER\n"
    )
}

/// The tests say that they are there, and wait until they may go on. Their output is long, so that the report
/// takes its time.
const TESTS: &str = "touch /tmp/here; until [ -e /tmp/go ]; do sleep 0.05; done; yes 'a line of output that says nothing' | head -c 2000000";

/// One host, and a world whose only model keeps a ledger there.
struct Scene {
    lab: Lab,
    world: World,
}

impl Scene {
    fn new() -> Scene {
        let lab = Lab::engines(1);
        let told = lab.pipeline_with("tests = \"60s\"");
        let agent = agent();
        let world = World::native_with(
            &lab,
            &format!(
                "[[agent]]\nname = \"writer\"\nkind = \"command\"\nrun = [\"sh\", \"-euc\", '''{agent}''']\n[[model]]\nname = \"writer\"\nagent = \"writer\"\n{told}"
            ),
        );
        world.variant(HALF, INSTANCE, |instance| first(instance, TESTS));
        Scene { lab, world }
    }

    fn host(&self) -> &'static str {
        self.lab.names()[0]
    }

    /// Asks for the one job in a set of this name; dispatching it can be repeated.
    fn ask(&self, set: &str) {
        let job = json!({ "instance_id": INSTANCE, "model": "writer", "dataset_file": format!("{INSTANCE}.jsonl") });
        self.world.asked(set, self.host(), &[job]);
    }

    fn start(&self, set: &str) -> Child {
        self.world
            .start(&["dispatch", &format!("assignments/{set}.json")])
    }

    /// What the journal of an attempt says, in the order of its happening: `WHAT PHASE`.
    fn journal(&self, set: &str, attempt: u32) -> Vec<String> {
        // The ids of jobs are in their specs.
        let text = self.lab.sh(
            self.host(),
            &format!(
                "for dir in $(grep -ls '\"set\":\"{set}\"' .fleet/jobs/*/{attempt}/spec.json); do cat \"${{dir%/*}}/journal.jsonl\"; done"
            ),
        );
        // The last line may not be whole yet.
        let entries = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        entries
            .filter_map(|line| {
                let (what, of) = line["what"].as_object()?.iter().next()?;
                Some(
                    format!("{what} {}", of["phase"].as_str().unwrap_or_default())
                        .trim()
                        .to_owned(),
                )
            })
            .collect()
    }

    fn until_started(&self, set: &str, phase: &str) {
        wait::until(&format!("{phase} of {set} has started"), || {
            let line = format!("phase-started {phase}");
            self.journal(set, 1).contains(&line).then_some(())
        });
    }

    /// Waits until the tests are there.
    fn until_tests_wait(&self) {
        wait::until("the tests wait", || self.in_container("test -e /tmp/here"));
    }

    /// Lets the tests go on, as soon as there are some.
    fn let_tests_go(&self) {
        wait::until("the tests may go on", || {
            self.in_container("test -e /tmp/here && touch /tmp/go")
        });
    }

    fn in_container(&self, line: &str) -> Option<()> {
        let line = format!(
            "for c in $(docker ps -q --filter label=fleet.attempt 2>/dev/null); do docker exec \"$c\" sh -c '{line}' 2>/dev/null && echo yes; done; true"
        );
        self.lab.sh(self.host(), &line).contains("yes").then_some(())
    }

    /// From now on, the process of a set's report stands still as soon as it has begun, until [`Scene::thaw`].
    /// The attempt must be under way.
    fn freeze_report(&self, set: &str) -> Child {
        // Before all others: a busy machine must not let the report end before it is seen.
        let watch = format!(
            r#"cd /home/ubuntu
dir=$(dirname "$(grep -ls '"set":"{set}"' .fleet/jobs/*/1/spec.json)")
touch watching
nice -n -20 perl -e '
for (;;) {{
    opendir(my $all, "/proc");
    for my $pid (grep /^\d+$/, readdir $all) {{
        open(my $file, "<", "/proc/$pid/cmdline") or next;
        my $words = <$file> // next;
        next unless $words =~ /\0step\0--capsule\0[^\0]*\Q$ARGV[0]\E\0report\0/;
        kill STOP => $pid;
        print $pid;
        exit;
    }}
}}' "$dir" > freezing
mv freezing frozen"#
        );
        let mut watch_there = self.lab.command(&["exec", self.host(), "bash", "-c", &watch]);
        watch_there.spawn().unwrap()
    }

    /// Has the watch left a file with this name?
    fn finds(&self, name: &str) -> Option<()> {
        self.lab
            .sh(self.host(), "ls")
            .lines()
            .any(|line| line == name)
            .then_some(())
    }

    fn until_frozen(&self, set: &str) {
        wait::until("the report stands still", || self.finds("frozen"));
        let journal = self.journal(set, 1);
        assert_eq!(
            journal.last().unwrap(),
            "phase-started report",
            "it was stopped too late"
        );
    }

    fn thaw(&self) {
        self.lab
            .sh(self.host(), "kill -CONT $(cat frozen); rm frozen watching");
    }

    /// Lets the trajectory go on, if it is held.
    fn hold(&self, on: bool) {
        self.lab
            .sh(self.host(), if on { "touch hold" } else { "rm -f hold" });
    }

    /// How often the agent of a set began.
    fn began(&self, set: &str) -> usize {
        let ledger = self.lab.sh(self.host(), "cat ledger 2>/dev/null || true");
        ledger.lines().filter(|line| *line == set).count()
    }

    /// What is known of the job in the end: its `verdict.json`.
    fn verdict(&self, set: &str) -> String {
        self.world.fleet(&["collect"]).ok();
        result(
            &self.world,
            set,
            &format!("{INSTANCE}/writer/run1"),
            "verdict.json",
        )
    }

    /// Brings the job of a set into the midst of this phase.
    fn midst_of(&self, phase: &str, set: &str) -> Child {
        if phase == "image" {
            self.lab.unload();
        }
        self.hold(phase == "trajectory");
        self.ask(set);
        let dispatch = self.start(set);
        match phase {
            "image" => self.until_started(set, phase),
            "trajectory" => wait::until("the agent is at work", || (self.began(set) == 1).then_some(())),
            "evaluation" => self.until_tests_wait(),
            _ => {
                self.until_tests_wait();
                let mut watch = self.freeze_report(set);
                wait::until("the report is watched for", || self.finds("watching"));
                self.let_tests_go();
                self.until_frozen(set);
                watch.wait().unwrap();
            }
        }
        dispatch
    }

    /// The verdict of a run that nothing disturbs: half of the fix.
    fn undisturbed(&self) -> String {
        self.ask("calm");
        let mut dispatch = self.start("calm");
        self.let_tests_go();
        self.ends(&mut dispatch);
        let verdict = self.verdict("calm");
        let told: Value = serde_json::from_str(&verdict).unwrap();
        assert_eq!(told["verdict"]["decision"], "unresolved", "{verdict}");
        assert_eq!(told["verdict"]["fail_to_pass"], json!([1, 2]), "{verdict}");
        verdict
    }

    fn ends(&self, dispatch: &mut Child) {
        let status = dispatch.wait().unwrap();
        assert!(status.success(), "{status}\n{}", self.world.talk());
        assert_eq!(
            self.lab.sh(self.host(), "docker ps -aq"),
            "",
            "containers are left"
        );
    }
}

const PHASES: [&str; 4] = ["image", "trajectory", "evaluation", "report"];

#[test]
fn a_coordinator_killed_in_any_phase_costs_nothing() {
    let scene = Scene::new();
    let calm = scene.undisturbed();
    for phase in PHASES {
        let mut dispatch = scene.midst_of(phase, phase);
        kill(Pid::from_raw(dispatch.id().try_into().unwrap()), Signal::SIGKILL).unwrap();
        dispatch.wait().unwrap();
        let mut dispatch = scene.start(phase);
        if phase == "report" {
            scene.thaw();
        } else {
            scene.hold(false);
            scene.let_tests_go();
        }
        scene.ends(&mut dispatch);
        assert_eq!(scene.began(phase), 1, "killed in {phase}: the agent ran again");
        assert_eq!(scene.journal(phase, 2), [""; 0], "killed in {phase}: tried twice");
        assert_eq!(scene.verdict(phase), calm, "killed in {phase}");
    }
}

#[test]
fn a_host_killed_in_any_phase_keeps_what_was_finished() {
    let scene = Scene::new();
    let calm = scene.undisturbed();
    for phase in PHASES {
        let mut dispatch = scene.midst_of(phase, phase);
        scene.lab.run(&["kill", scene.host()]);
        scene.lab.run(&["start", scene.host()]);
        scene.hold(false);
        if phase != "report" {
            scene.let_tests_go();
        }
        scene.ends(&mut dispatch);
        let first = scene.journal(phase, 1);
        assert!(first.contains(&format!("phase-started {phase}")), "{first:?}");
        assert!(!first.contains(&format!("phase-ended {phase}")), "{first:?}");
        let second = scene.journal(phase, 2);
        let kept: Vec<&str> = second
            .iter()
            .filter_map(|line| line.strip_prefix("phase-kept "))
            .collect();
        let (expected, began): (&[&str], usize) = match phase {
            "image" => (&[], 1),
            "trajectory" => (&[], 2),
            "evaluation" => (&["trajectory"], 1),
            _ => (&["trajectory", "evaluation"], 1),
        };
        assert_eq!(kept, expected, "killed in {phase}");
        assert_eq!(scene.began(phase), began, "killed in {phase}");
        assert_eq!(scene.verdict(phase), calm, "killed in {phase}");
    }
}
