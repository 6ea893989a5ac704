//! A progress bar on standard error for what takes long.

use std::io::{self, IsTerminal};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

/// Runs with a progress bar on standard error, shown on a terminal for what takes over half a second.
pub(super) fn with_progress<T>(begun: Instant, work: impl FnOnce(&mut dyn FnMut(u64, Option<u64>)) -> T) -> T {
    if !io::stderr().is_terminal() {
        return work(&mut |_, _| {});
    }
    let mut bar: Option<ProgressBar> = None;
    let result = work(&mut |done, total| {
        if bar.is_none() && begun.elapsed().as_millis() >= 500 {
            let style = "reading {bytes} of {total_bytes} {wide_bar} {bytes_per_sec}";
            let b = match total {
                Some(t) => ProgressBar::new(t)
                    .with_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar())),
                None => ProgressBar::new_spinner(),
            };
            bar = Some(b);
        }
        if let Some(b) = &bar {
            b.set_position(done);
        }
    });
    if let Some(b) = bar {
        b.finish_and_clear();
    }
    result
}
