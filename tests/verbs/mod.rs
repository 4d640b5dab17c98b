//! Each verb, run as a user runs it: what it prints, what it changes, and with which code it ends.

mod adopt;
mod assign;
mod cancel;
mod check;
mod collect;
mod completions;
mod demo;
mod deploy;
mod dispatch;
mod doctor;
mod explain;
mod history;
mod hold;
mod host;
mod hosts;
mod images;
mod init;
mod jobs;
mod logs;
mod man;
mod plan;
mod rehearse;
mod retry;
mod status;
mod verify;
