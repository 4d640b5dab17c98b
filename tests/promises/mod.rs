//! What `fleet` promises whatever happens: nothing is lost, run twice, or blamed on the wrong party; secrets stay secret; and
//! every bad input is told.

mod bad_hosts;
mod bad_input;
mod connection;
mod containers;
mod crash;
mod damaged;
mod failures;
mod full_disk;
mod hostile_patches;
mod idempotence;
mod incidents;
mod links;
mod misfits;
mod phase_reuse;
mod profiles;
mod secrets;
mod simulation;
mod unfit;
mod verdicts;
