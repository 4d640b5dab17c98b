//! How large inputs travel, against hosts that are played.

use super::*;
use crate::domain::spec::{self, Spec};
use crate::domain::wire::{Authority, Sent, Start};
use crate::domain::{Epoch, Job, JobId, Place, Span};

/// A host that keeps what it is sent, or does what a test wants.
#[derive(Default)]
struct Host {
    text: String,
    seen: Vec<Ask>,
}

impl Host {
    /// As a runner answers.
    fn answer(&mut self, ask: &Ask) -> Answer {
        self.seen.push(ask.clone());
        match ask {
            Ask::Put { at, text, .. } => {
                let at = usize::try_from(*at).unwrap();
                if at <= self.text.len() && at + text.len() > self.text.len() {
                    self.text.truncate(at);
                    self.text.push_str(text);
                }
                Answer::Has(self.text.len() as u64)
            }
            Ask::Start(start) => match start.sent.dataset {
                Some(named) if Sha256::of(self.text.as_bytes()) != named => Answer::Lacks(named),
                Some(_) | None => Answer::Done,
            },
            _ => Answer::Done,
        }
    }

    /// All that goes now, answered in order; what the engine hears.
    fn serve(&mut self, inputs: &mut Inputs) -> Vec<Say> {
        let mut says = Vec::new();
        while let Some(request) = inputs.next() {
            let answer = self.answer(&request.ask);
            says.extend(inputs.heard(request.id, answer));
        }
        says
    }

    fn starts(&self) -> usize {
        self.seen
            .iter()
            .filter(|ask| matches!(ask, Ask::Start(_)))
            .count()
    }
}

fn start(id: u64, instance: &str, dataset: &str) -> Request {
    let (set, model) = ("set".parse().unwrap(), "gpt".parse().unwrap());
    let instance = instance.parse().unwrap();
    let job = Job {
        id: JobId::derive(&set, &instance, &model, 1),
        set,
        instance,
        model,
        run: 1,
        task: None,
        pipeline: "plain".parse().unwrap(),
        dataset: None,
        trajectory: None,
        env: Vec::new(),
        place: Place::Any,
        order: 0,
    };
    let spec = Spec {
        version: spec::VERSION,
        job,
        attempt: 1,
        epoch: Epoch(1),
        host: "eval1".parse().unwrap(),
        steps: Vec::new(),
        output_cap: 1,
        grace: Span::seconds(1),
        secrets: Vec::new(),
        swe: None,
        harness: None,
        keep: None,
        containers: false,
    };
    let authority = Authority {
        epoch: Epoch(1),
        coordinator: "first".to_owned(),
    };
    let start = Start {
        authority,
        slots: 1,
        spec,
        dataset: Some(dataset.to_owned()),
        trajectory: None,
        secrets: [].into(),
        sent: Sent::default(),
    };
    Request {
        id,
        ask: Ask::Start(Box::new(start)),
    }
}

fn cancel(id: u64, of: &Request) -> Request {
    let Ask::Start(start) = &of.ask else {
        panic!("{of:?}");
    };
    Request {
        id,
        ask: Ask::Cancel {
            authority: start.authority.clone(),
            attempt: start.spec.id(),
            hard: false,
        },
    }
}

fn done(to: u64) -> Say {
    Say::Answer {
        to,
        with: Answer::Done,
    }
}

/// A megabyte, in which every second character has two bytes.
fn large_text() -> String {
    "aä".repeat(350_000)
}

#[test]
fn small_texts_and_other_requests_go_at_once() {
    let mut inputs = Inputs::default();
    let small = start(1, "one", "small");
    assert_eq!(inputs.take(small.clone()), Some(small.clone()));
    let cancel = cancel(2, &small);
    assert_eq!(inputs.take(cancel.clone()), Some(cancel));
    assert_eq!(inputs.next(), None);
}

#[test]
fn a_large_text_goes_in_pieces_and_its_start_after_it_with_the_digest() {
    let (mut inputs, mut host, text) = (Inputs::default(), Host::default(), large_text());
    assert_eq!(inputs.take(start(1, "one", &text)), None);
    assert_eq!(host.serve(&mut inputs), [done(1)]);
    assert!(host.text == text);
    let longest = host.seen.iter().map(|ask| match ask {
        Ask::Put { text, .. } => text.len(),
        _ => 0,
    });
    assert!(longest.max() <= Some(PIECE));
    // The next job of the same dataset sends nothing of it again.
    host.seen.clear();
    assert_eq!(inputs.take(start(2, "two", &text)), None);
    assert_eq!(host.serve(&mut inputs), [done(2)]);
    assert_eq!(host.seen.len(), 2, "it asks how much is there, and starts");
}

#[test]
fn no_more_is_on_its_way_than_a_few_pieces_and_what_concerns_others_goes_between() {
    let mut inputs = Inputs::default();
    inputs.take(start(1, "one", &large_text()));
    let query = inputs.next().unwrap();
    assert_eq!(inputs.next(), None, "first it asks how much is there");
    inputs.heard(query.id, Answer::Has(0));
    let flying: Vec<Request> = std::iter::from_fn(|| inputs.next()).collect();
    assert_eq!(flying.len(), FLYING);
    let other = start(2, "two", "small");
    assert_eq!(inputs.take(other.clone()), Some(other));
    inputs.heard(flying[0].id, Answer::Has(0));
    assert_eq!(inputs.next(), None, "that was not all of it");
}

#[test]
fn a_text_that_is_half_there_is_gone_on_with_in_the_middle_of_a_character() {
    let (mut inputs, text) = (Inputs::default(), large_text());
    let mut host = Host {
        text: text[..300_000].to_owned(),
        ..Host::default()
    };
    inputs.take(start(1, "one", &text));
    let query = inputs.next().unwrap();
    inputs.heard(query.id, Answer::Has(300_002));
    // 300_000 bytes are whole triples: the text goes on behind an `a`.
    let Some(Request { id, ask }) = inputs.next() else {
        panic!("nothing goes");
    };
    assert!(matches!(ask, Ask::Put { at: 300_001, .. }), "{ask:?}");
    inputs.heard(id, Answer::Has(300_000));
    assert_eq!(host.serve(&mut inputs), [done(1)]);
    assert!(host.text == text);
}

#[test]
fn what_is_about_the_same_attempt_waits_for_its_start() {
    let (mut inputs, mut host, text) = (Inputs::default(), Host::default(), large_text());
    let first = start(1, "one", &text);
    inputs.take(first.clone());
    assert_eq!(inputs.take(cancel(2, &first)), None);
    assert_eq!(host.serve(&mut inputs), [done(1), done(2)]);
    assert!(matches!(host.seen.last(), Some(Ask::Cancel { .. })));
}

#[test]
fn a_host_that_lacks_a_text_after_all_gets_it_again() {
    let (mut inputs, mut host, text) = (Inputs::default(), Host::default(), large_text());
    inputs.take(start(1, "one", &text));
    while let Some(request) = inputs.next() {
        if matches!(request.ask, Ask::Start(_)) && host.starts() == 0 {
            // It was cleaned up in between.
            host.text.clear();
        }
        let answer = host.answer(&request.ask);
        let says = inputs.heard(request.id, answer);
        assert!(says.is_empty() || host.starts() == 2, "{says:?}");
    }
    assert_eq!(host.starts(), 2);
    assert!(host.text == text);
    assert!(inputs.held.is_empty() && inputs.named.is_empty());
}

/// How a bad host answers.
type Bad = fn(&Ask) -> Answer;

#[test]
fn a_host_that_keeps_nothing_or_cannot_write_refuses_the_start() {
    let fault = |says: Vec<Say>| match &says[..] {
        [
            Say::Answer {
                to: 1,
                with: Answer::Refused(Refusal::HostFault(why)),
            },
        ] => why.clone(),
        other => panic!("{other:?}"),
    };
    let liars: [(Bad, &str); 4] = [
        (|_| Answer::Has(0), "does not keep"),
        (|_| Answer::Failed("no space left".to_owned()), "no space left"),
        (|_| Answer::Done, "answers an input with Done"),
        (
            |ask| match ask {
                Ask::Put { size, .. } => Answer::Has(*size),
                Ask::Start(start) => Answer::Lacks(start.sent.dataset.unwrap()),
                other => panic!("{other:?}"),
            },
            "does not keep",
        ),
    ];
    for (answer, words) in liars {
        let mut inputs = Inputs::default();
        let first = start(1, "one", &large_text());
        inputs.take(first.clone());
        inputs.take(cancel(2, &first));
        let mut says = Vec::new();
        while says.is_empty() {
            let request = inputs.next().expect("it goes on until it gives up");
            says = inputs.heard(request.id, answer(&request.ask));
        }
        let why = fault(says);
        assert!(why.contains(words), "{why}");
        assert_eq!(inputs.next().map(|request| request.id), Some(2));
        assert_eq!(inputs.next(), None);
    }
}
