//! `update` by tables: every command, what stays in its place, what may be typed, and anything at all in any order.
//!
//! To add a command: a row in [`commands`]; the test there names those that have none.

mod commands;
mod live;
mod pictures;
mod places;
mod prompts;
mod random;
mod replays;
mod stage;
mod watch;
