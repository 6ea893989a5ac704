//! Integration tests: one binary, a file per topic.
//!
//! `support` runs the real program and reads texts through the library; what is asked of either is the contract's JSON
//! objects, so that the insides may change. Samples are named by their path from the top of the project, which is the
//! working directory of every run. To add a topic, add a file and name it here.

// The lints know tests, not the helpers of tests.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// Texts of a few lines, put together where they are read.
#![allow(clippy::format_push_string, clippy::case_sensitive_file_extension_comparisons)]

#[cfg(unix)]
mod batch;
mod case;
mod check;
mod config;
mod contract;
mod cuts;
mod demo;
mod doctor;
mod export;
#[cfg(unix)]
mod follow;
mod fuzzed;
mod golden;
mod groups;
mod layers;
mod listen;
#[cfg(unix)]
mod live;
mod proxy;
mod pull;
mod reading;
mod readme;
mod rehearsal;
mod replay;
mod replays;
mod rules;
mod screen;
mod store;
mod support;
#[cfg(unix)]
mod terminal;
mod tropo;
mod twilio;
mod twilio_mock;
mod twiml;
mod verdicts;
#[cfg(unix)]
mod watch;
