//! Every test that is not beside its code: the rules of the house, the promises, the real binary.

#![expect(clippy::unwrap_used, reason = "a test that is surprised should stop")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests are outside of the house and use no doors"
)]
#![expect(clippy::print_stderr, reason = "a failing history says how to repeat it")]

mod adopt;
mod architecture;
mod assign;
mod bad_hosts;
mod bad_input;
mod cancel;
mod chaos;
mod check;
mod collect;
mod compatibility;
mod completions;
mod connection;
mod containers;
mod crash;
mod demo;
mod dependencies;
mod deploy;
mod damaged;
mod dispatch;
mod doctor;
mod documents;
mod failures;
mod explain;
mod full_disk;
mod history;
mod hold;
mod host;
mod hosts;
mod images;
mod images_verb;
mod init;
mod jobs;
mod kept;
mod links;
mod logs;
mod misfits;
mod malice;
mod man;
mod native;
mod objects;
mod plan;
mod podman;
mod rehearse;
mod profiles;
mod retry;
mod schema;
mod secrets;
mod service;
mod simulation;
mod status;
mod store;
mod support;
mod swe;
mod trouble;
mod twice;
mod unfit;
mod verdicts;
mod verify;
