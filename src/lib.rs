//! A debugger for telephone apps: what went wrong on which call, why, and the failed webhook sent again.
//!
//! This page is the architecture for readers of the source. The program's outer interface (commands, exit codes, JSON lines)
//! is in the README; the library has no stable interface of its own, `main.rs` and the tests are its users.
//!
//! # The flow
//!
//! ```text
//!  files · folders · standard input
//!        │ blocks of whole lines                                   input
//!        ▼
//!  which lines matter? ── all others are only counted              scan, with the needles of filter
//!        ▼
//!  one line or document ──▶ its parts: ids, time, message, record  format: tropo (5 forms), twilio (documents)
//!        ▼
//!  rules ──▶ what happened, what it means                          filter: packs, catalogue of codes
//!        ▼
//!  fold, in the order of the input ──▶ Call { ids, requests,       call
//!        │                              findings, byte ranges }
//!        ▼
//!  what is in view? ──▶ text · JSON lines                          session, query, output, cli
//!        │
//!        └──▶ plan ▶ sign ▶ send ▶ judge                           replay, signature, judge
//! ```
//!
//! # The modules, in reading order
//!
//! - [`model`]: the words of the field as plain data: ids, times, severities, requests, verdicts.
//! - [`input`]: files, folders and standard input as blocks of bytes, and the same places again.
//! - [`scan`]: one pass over a block: the lines that matter and whose they are.
//! - [`format`](mod@format): Tropo's lines and everybody's documents, bytes to plain records.
//! - [`filter`]: rule packs, the catalogue of error codes, the filter language.
//! - [`call`]: lines and records folded into calls.
//! - [`session`]: all inputs of a run; reads bodies again when someone looks.
//! - [`query`]: what of a session is in view.
//! - [`judge`]: would the platform accept this answer?
//! - [`signature`]: `X-Twilio-Signature`, made and checked.
//! - [`replay`]: a recorded request planned, aimed and sent again.
//! - [`output`]: text for people, JSON lines for programs.
//! - [`config`]: settings and credentials with where they came from, keys, and the type that hides secrets.
//! - [`demo`]: a broken webhook app inside the process, its samples, the steps of a first run.
//! - [`cli`]: arguments, one file per command, exit codes.
//!
//! [`model`] knows nobody; `cli` knows everybody and nobody knows it; `format`, `filter`, `judge` and `signature` do no I/O.
//!
//! # What must stay true
//!
//! 1. **Nothing is lost by filtering.** A hidden line is counted, and its call keeps the byte range that it stands in: `show --all`
//!    reads it again from the input ([`session::Session::again`]).
//! 2. **Bad input is data.** Parsers, rules and judges return a value and say what they could not understand. One bad line, file or
//!    rule never ends a run; what could not be read is counted and can be listed.
//! 3. **Blocks are independent.** A block is scanned without its neighbours, on any thread; what depends on lines before it is
//!    left open and settled by [`call::Fold`], which takes the blocks in order. Results are equal for any cut and any number of threads.
//! 4. **Memory grows with calls**, their requests and findings, not with bytes: a [`call::Exchange`] holds places, and bodies
//!    stay in the input until [`session::Session::details`] asks for them.
//! 5. **Text from outside is made printable in one place**, [`output::safe`]. Text mode prints nothing of a log, a document or an answer that
//!    has not been through it.
//! 6. **Secrets have a type**, [`config::Secret`], that prints as dots.
//! 7. **Rules are data.** What a message means is written in `filters/*.toml`, not in code.
//! 8. **A replay is a new exchange.** The recorded one is never changed; one request is one attempt, sent only where
//!    [`replay::Target`] allows.
//!
//! # How to add
//!
//! - **A rule**: a `[[rule]]` in a pack under `filters/`, with its `matches` and `ignores`; `redial filters test` and the tests run them.
//!   The keys are the fields of [`filter::Rule`].
//! - **A rule pack**: a TOML file under `filters/` and its line in `filter/builtin.rs`. A user's own pack is the same file in the
//!   configuration folder or under `--filters`.
//! - **A form of log line**: a file in `format/tropo/` that splits one line into columns, named in [`format::tropo::split`]; a sample
//!   under `tests/data/shapes`.
//! - **A kind of document**: the names that give it away in `format/twilio/kinds.rs`, a function that makes its [`format::Record`], a
//!   variant of [`format::RecordKind`], a sample.
//! - **A field of the filter language**: one variant and one line in `filter/expr/field.rs`.

pub mod call;
pub mod cli;
pub mod config;
pub mod demo;
pub mod filter;
pub mod format;
pub mod input;
pub mod judge;
pub mod model;
pub mod output;
pub mod query;
pub mod replay;
pub mod scan;
pub mod session;
pub mod signature;
pub mod tui;
