//! How much was read, on standard error, while what was there at the start takes more than a moment.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// What is over sooner needs no bar.
const SOON: Duration = Duration::from_millis(500);

/// The bar, once it is worth one; never without a terminal.
pub(super) struct Bar {
    begun: Instant,
    shown: Option<ProgressBar>,
    /// There is none, or no more.
    over: bool,
}

impl Bar {
    pub(super) fn new(begun: Instant) -> Self {
        Self {
            begun,
            shown: None,
            over: !std::io::stderr().is_terminal(),
        }
    }

    /// So many bytes were read of what was there at the start.
    pub(super) fn at(&mut self, bytes: u64) {
        if self.over || self.begun.elapsed() < SOON {
            return;
        }
        let bar = self.shown.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("{spinner} reading what is there: {bytes} ({bytes_per_sec})");
            ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        });
        bar.set_position(bytes);
        bar.tick();
    }

    /// All of it was read.
    pub(super) fn end(&mut self) {
        self.over = true;
        if let Some(bar) = self.shown.take() {
            bar.finish_and_clear();
        }
    }

    /// Does something that prints.
    pub(super) fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.shown {
            Some(bar) => bar.suspend(work),
            None => work(),
        }
    }
}
