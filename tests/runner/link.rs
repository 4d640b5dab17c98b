//! A coordinator's end of a link to the real program.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use fleet::domain::journal::{Entry, Line};
use fleet::domain::spec::{self, Spec, Step};
use fleet::domain::wire::{Answer, Ask, Authority, Hello, Holder, MAGIC, Request, Say, Sent, Start};
use fleet::domain::{AttemptId, Epoch, Job, JobId, Place, Span, layout};

/// An open link.
pub(crate) struct Link {
    pub(crate) runner: Child,
    pub(crate) hello: Hello,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    asked: u64,
    /// Journals as far as they were streamed.
    heard: Vec<(AttemptId, u64, String)>,
}

impl Link {
    pub(crate) fn open(root: &Path) -> Link {
        Link::of(Path::new(env!("CARGO_BIN_EXE_fleet")), root)
    }

    /// With this program, which may be one that starts another.
    pub(crate) fn of(program: &Path, root: &Path) -> Link {
        #[expect(clippy::disallowed_methods, reason = "a test starts what it tests")]
        let mut runner = Command::new(program)
            .args(["runner", "serve", "--root"])
            .arg(root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = runner.stdin.take();
        let mut output = BufReader::new(runner.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with(MAGIC) {
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "the runner says hello");
        }
        Link {
            hello: serde_json::from_str(line.trim_start_matches(MAGIC)).unwrap(),
            runner,
            input,
            output,
            asked: 0,
            heard: Vec::new(),
        }
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
        input.flush().unwrap();
    }

    /// The answer to a question.
    pub(crate) fn ask(&mut self, ask: Ask) -> Answer {
        self.asked += 1;
        let id = self.asked;
        self.send(&serde_json::to_string(&Request { id, ask }).unwrap());
        self.answer(id)
    }

    /// The answer to request `id`.
    pub(crate) fn answer(&mut self, id: u64) -> Answer {
        loop {
            if let Say::Answer { to, with } = self.hear()
                && to == id
            {
                return with;
            }
        }
    }

    pub(crate) fn start(&mut self, spec: &Spec) -> Answer {
        self.ask(Ask::Start(Box::new(start(spec))))
    }

    fn hear(&mut self) -> Say {
        let mut line = String::new();
        assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "the link is open");
        let say = serde_json::from_str(&line).unwrap();
        if let Say::Journal { attempt, from, text } = &say {
            self.heard.push((*attempt, *from, text.clone()));
        }
        say
    }

    /// The lines of an attempt that are told from this byte on or from behind it.
    pub(crate) fn hear_from(&mut self, attempt: AttemptId, byte: u64) -> (u64, String) {
        loop {
            if let Say::Journal {
                attempt: whose,
                from,
                text,
            } = self.hear()
                && whose == attempt
                && from >= byte
            {
                return (from, text);
            }
        }
    }

    /// The lines of an attempt as they were streamed, once `enough` of them are there.
    pub(crate) fn journal_until(
        &mut self,
        attempt: AttemptId,
        enough: impl Fn(&[Entry]) -> bool,
    ) -> Vec<Entry> {
        loop {
            let text: String = self
                .heard
                .iter()
                .filter(|(whose, ..)| *whose == attempt)
                .map(|(.., text)| text.as_str())
                .collect();
            let lines = text
                .lines()
                .map(|line| serde_json::from_str::<Line>(line).unwrap().entry);
            let lines: Vec<Entry> = lines.collect();
            if enough(&lines) {
                return lines;
            }
            self.hear();
        }
    }

    /// The whole journal of an attempt, streamed from the beginning.
    pub(crate) fn journal(&mut self, attempt: AttemptId) -> Vec<Entry> {
        self.journal_until(attempt, |lines| matches!(lines.last(), Some(Entry::Ended { .. })))
    }

    /// Ends the link in order.
    pub(crate) fn close(mut self) {
        drop(self.input.take());
        assert!(self.runner.wait().unwrap().success());
    }

    /// Ends the link by force.
    pub(crate) fn kill(mut self) {
        self.runner.kill().unwrap();
        self.runner.wait().unwrap();
    }
}

/// A spec of job `instance` whose steps are these shell scripts.
pub(crate) fn spec(instance: &str, n: u32, scripts: &[&str]) -> Spec {
    let (set, model) = ("set".parse().unwrap(), "gpt".parse().unwrap());
    let instance = instance.parse().unwrap();
    let job = Job {
        id: JobId::derive(&set, &instance, &model, 1),
        set,
        instance,
        model,
        run: 1,
        task: Some("task-1".parse().unwrap()),
        pipeline: "plain".parse().unwrap(),
        dataset: None,
        trajectory: None,
        env: vec!["KEY".to_owned()],
        place: Place::Any,
        order: 0,
    };
    let step = |(i, script): (usize, &&str)| Step {
        phase: format!("p{i}").parse().unwrap(),
        task: None,
        argv: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
        env: [].into(),
        cwd: None,
        deadline: Span::seconds(600),
        stall: None,
    };
    Spec {
        version: spec::VERSION,
        job,
        attempt: n,
        epoch: Epoch(1),
        host: "eval1".parse().unwrap(),
        steps: scripts.iter().enumerate().map(step).collect(),
        output_cap: 1 << 20,
        grace: Span::seconds(600),
        secrets: Vec::new(),
        swe: None,
        harness: None,
        keep: None,
        containers: false,
    }
}

/// The right of the first coordinator.
pub(crate) fn first() -> Authority {
    Authority {
        epoch: Epoch(1),
        coordinator: "first".to_owned(),
    }
}

pub(crate) fn start(spec: &Spec) -> Start {
    Start {
        authority: first(),
        slots: 1,
        spec: spec.clone(),
        dataset: None,
        trajectory: None,
        secrets: [].into(),
        sent: Sent::default(),
    }
}

pub(crate) fn capsule(root: &Path, spec: &Spec) -> PathBuf {
    layout::capsule(&root.canonicalize().unwrap(), spec.id())
}

pub(crate) fn log(root: &Path, spec: &Spec, phase: &str) -> String {
    let path = capsule(root, spec).join(format!("log/{phase}.log"));
    String::from_utf8(std::fs::read(path).unwrap()).unwrap()
}

/// Processes that have `mark` in their environment.
pub(crate) fn alive_with(mark: &str) -> usize {
    marked(mark).len()
}

/// The same, by their ids.
pub(crate) fn marked(mark: &str) -> Vec<i32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|entry| {
            let environ = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            environ.windows(mark.len()).any(|part| part == mark.as_bytes())
        })
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// The supervisor in the first slot.
pub(crate) fn supervisor(root: &Path) -> nix::unistd::Pid {
    let mut pid = None;
    eventually("the supervisor says who it is", || {
        let text = std::fs::read(root.join("slots/0.lock")).unwrap();
        pid = serde_json::from_slice::<Holder>(&text).unwrap().pid;
        pid.is_some()
    });
    nix::unistd::Pid::from_raw(pid.unwrap())
}

/// Is there a process of this id that does more than wait for its parent's notice?
pub(crate) fn is_alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().unwrap_or_default();
    !state.is_empty() && !state.starts_with(['Z', 'X'])
}

/// Waits for something that no event tells.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..60_000 {
        if holds() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    panic!("never: {what}");
}
