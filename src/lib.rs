//! A debugger for telephone apps: what went wrong on which call, why, and the failed webhook sent again.
//!
//! This page is the architecture for readers of the source. The program's outer interface (commands, exit codes, JSON lines)
//! is in the README; the library has no stable interface of its own, `main.rs` and the tests are its users.
//!
//! # The flow
//!
//! ```text
//!  listener · proxy · Twilio's API ──▶ store                      server, twilio_api, store
//!                                        │ one line for each event, in the order of arrival
//!  files · folders · standard input      │                        live: as long as they grow
//!        │ blocks of whole lines ◀───────┘                         input
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
//!        │         └──▶ screen                                     tui
//!        │
//!        └──▶ plan ▶ sign ▶ send ▶ judge ▶ compare                 replay, signature, judge, output
//!                ▲                    │
//!                └── files changed, the next step of the call       replay::watch, replay::rehearsal
//! ```
//!
//! What is live takes the same way: a followed file, a pipe and the store are texts that grow. Each is cut into lines and documents by
//! an [`input::Feed`] and told as [`live::News`]; whoever looks takes them into a [`live::Intake`]. A listener, a proxy and a pull know no session: they
//! only write to the store, and a screen in the same process or in another reads it there.
//!
//! The screen goes round in a circle of its own, which touches the outside at its two ends only:
//!
//! ```text
//!  keys · signals · clock ──▶ Msg ──▶ update ──▶ Model ──▶ view ──▶ terminal
//!                              ▲        │
//!                              │        ▼
//!                              │      Effect, carried out by tui::effects
//!                              │        │
//!      answers as plain data   │        ├──▶ desk: a thread that owns the session; reads the inputs, answers questions between blocks
//!                              └────────┼──▶ sender: a thread that sends planned requests, one after the other
//!                                       └──▶ clipboard · editor · the demo's app
//! ```
//!
//! # The modules, in reading order
//!
//! - [`model`]: the words of the field as plain data: ids, times, severities, requests, verdicts.
//! - [`input`]: files, folders and standard input as blocks of bytes, and the same places again; [`input::follow`]: files that grow, whatever
//!   happens to them.
//! - [`scan`]: one pass over a block: the lines that matter and whose they are.
//! - [`format`](mod@format): Tropo's lines and everybody's documents, bytes to plain records.
//! - [`filter`]: rule packs, the catalogue of error codes, the filter language.
//! - [`call`]: lines and records folded into calls.
//! - [`session`]: all inputs of a run; reads bodies again when someone looks.
//! - [`live`]: inputs that grow while somebody looks, and the services that fill the store meanwhile.
//! - [`query`]: what of a session is in view.
//! - [`judge`]: would the platform accept this answer? HTTP, TwiML with SSML, Tropo's JSON, against the tables under `filters/`.
//! - [`signature`]: `X-Twilio-Signature`, made and checked; the doctor that finds what a signature was made for.
//! - [`replay`]: a recorded request planned, aimed and sent again; many of them, again when files change, or a whole call from answer to answer.
//! - [`output`]: text for people, JSON lines for programs, the formats of exports, stand-ins for what is personal.
//! - [`store`]: what was received live, in one SQLite file: events, replays, cursors; retention.
//! - [`server`]: what the platforms' requests come to: the listener, and the proxy between a tunnel and the app; they only write to
//!   the store.
//! - [`twilio_api`]: Twilio's REST API, walked into the store.
//! - [`config`]: settings and credentials with where they came from, keys, and the type that hides secrets.
//! - [`demo`]: a broken webhook app inside the process, its samples, the steps of a first run.
//! - [`tui`]: the terminal UI: [`tui::model`] and [`tui::msg`] are its words, [`tui::update`](fn@tui::update::update) decides, [`tui::view`] draws,
//!   [`tui::desk`] holds the session, [`tui::runtime`] ties them to the terminal.
//! - [`cli`]: arguments, one file per command, exit codes.
//!
//! [`model`] knows nobody; `cli` knows everybody and nobody knows it, `tui` all but `cli`; `format`, `filter`, `judge` and `signature` do no I/O.
//! A test (`tests/it/layers.rs`) reads the `use` lines and fails on an arrow that runs up.
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
//! 9. **`update` is pure, `view` reads only.** No clock, file, network or thread in either: time comes as a message, whatever is to happen leaves as a
//!    [`tui::msg::Effect`]. So every key can be tested without a terminal, and every screen is a function of the [`tui::model::Model`].
//! 10. **The session lives in its thread.** Nobody else holds a [`session::Live`]; the screen asks ([`tui::msg::Ask`]), and gets plain data that stays true
//!     when the session goes on. Keys never wait for reading, sending or comparing.
//! 11. **Keys have one table**, [`tui::keys::COMMANDS`]: dispatch, `?`, footer, palette, configuration and the README's table come from it.
//! 12. **A setting knows its origin**: [`config::Settings`] is put together once from options, environment and file, as values that know no file system.
//!
//! 13. **What is answered is durable.** The listener answers 2xx, and a pull moves its cursor, in or after the transaction that keeps the events.
//! 14. **Looks change nothing.** A live session may be looked at at any time, unfinished lines and what is overdue with it ([`session::Live::look`]); the outcome is
//!     that of the same text read at once.
//!
//! # How to add
//!
//! - **A rule**: a `[[rule]]` in a pack under `filters/`, with its `matches` and `ignores`; `redial filters test` and the tests run them.
//!   The keys are the fields of [`filter::Rule`].
//! - **A rule pack**: a TOML file under `filters/` and its line in `filter/builtin.rs`. A user's own pack is the same file in the
//!   configuration folder or under `--filters`.
//! - **A rule of the judge**: a table in `filters/twiml-rules.toml` or a field in `filters/tropo-verbs.toml`, with its source and examples; the tests run them.
//! - **A framework's setting**: an entry of `filters/frameworks.toml`.
//! - **A format of `export`**: a file under `output/export/`, a variant of `Format` in `cli/export/mod.rs`.
//! - **A form of log line**: a file in `format/tropo/` that splits one line into columns, named in [`format::tropo::split`]; a sample
//!   under `tests/data/shapes`.
//! - **A kind of document**: the names that give it away in `format/twilio/kinds.rs`, a function that makes its [`format::Record`], a
//!   variant of [`format::RecordKind`], a sample.
//! - **A field of the filter language**: one variant and one line in `filter/expr/field.rs`.
//! - **A command of the UI**: a variant of [`tui::keys::Action`], a line in [`tui::keys::COMMANDS`], an arm in `tui/update/actions.rs`;
//!   `UPDATE_README=1 cargo test --test it readme` puts it into the README.
//! - **A live source**: a thread in `live/threads.rs` that tells [`live::News`]. A service that fills the store: a [`live::Beside`], started in
//!   `cli/service.rs`.
//! - **A kind of event in the store**: a variant of [`store::EventKind`]; its document is one that `format` reads. A column or table: a step in
//!   [`store::schema`].
//! - **A screen**: a variant of [`tui::layout::Pane`], its area in [`tui::layout`], a file in `tui/view/`. What it shows and does not know yet is asked for
//!   in `tui/update/wants.rs`, an [`tui::msg::Ask`] that the desk answers.
//! - **A theme**: a variant of [`tui::theme::Theme`] with its colours by role there, and its word in [`config::Theme`].
//! - **A setting**: a field of [`config::Settings`] with its line in `shown`, its key in `config/file.rs`, and in the README's example: a test wants all of them.
//! - **A fault of the demo**: a path in `demo/routes.rs`, a call that met it in `samples/demo/`.

pub mod call;
pub mod cli;
pub mod config;
pub mod demo;
pub mod filter;
pub mod format;
pub mod input;
pub mod judge;
pub mod live;
pub mod model;
pub mod output;
pub mod query;
pub mod replay;
pub mod scan;
pub mod server;
pub mod session;
pub mod signature;
pub mod store;
pub mod tui;
pub mod twilio_api;
