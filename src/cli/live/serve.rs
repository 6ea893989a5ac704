//! The loop: news, signals, words of services and the clock, whatever comes first; and the way out.

use std::io::{Error, ErrorKind, Write};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::super::service::Services;
use super::super::{Exit, read, say};
use super::printer::{Look, Printer};
use super::signals::{Signals, reader_is_gone};
use super::words::Heard;
use crate::live::{FromStore, News, Word};
use crate::store::Store;

/// What is new is printed not more often than this.
const PACE: Duration = Duration::from_millis(20);
/// Printing takes no more than half of the time, but waits no longer than this.
const SLOWEST: Duration = Duration::from_secs(1);
/// How often it is looked for what time alone tells.
const TICK: Duration = Duration::from_secs(1);
/// How long the end waits for what services have kept last.
const PATIENCE: Duration = Duration::from_secs(2);

impl Printer<'_, '_> {
    pub(super) async fn serve(
        &mut self,
        news: &mut mpsc::Receiver<News>,
        services: &mut Services,
        signals: &mut Signals,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        let mut last = Instant::now().checked_sub(PACE).unwrap_or_else(Instant::now);
        let (mut ticked, mut pause, mut fresh) = (Instant::now(), PACE, false);
        loop {
            let due = pause.saturating_sub(last.elapsed());
            let tick = TICK.saturating_sub(ticked.elapsed());
            tokio::select! {
                biased;
                () = signals.recv() => return Ok(()),
                Some(word) = services.words.recv() => {
                    if self.word(&word) {
                        return Ok(());
                    }
                    continue;
                }
                piece = news.recv() => match piece {
                    Some(piece) => {
                        self.take(piece);
                        fresh = true;
                    }
                    None => return self.finish(out),
                },
                () = tokio::time::sleep(due), if fresh => {}
                () = tokio::time::sleep(tick) => {}
            }
            // Also when news never stop coming.
            let ticks = ticked.elapsed() >= TICK;
            if ticks {
                ticked = Instant::now();
                if reader_is_gone() {
                    return Err(Error::from(ErrorKind::BrokenPipe).into());
                }
                self.tick();
            }
            if ticks || fresh && last.elapsed() >= pause {
                let begun = Instant::now();
                self.show(out)?;
                fresh = false;
                last = Instant::now();
                pause = PACE.max(begun.elapsed()).min(SLOWEST);
            }
        }
    }

    fn tick(&mut self) {
        if let Some(intake) = &mut self.intake {
            intake.tick(read::now());
        }
    }

    /// Ends the services, and takes in what they have kept until then.
    pub(super) async fn stop(
        &mut self,
        mut services: Services,
        news: &mut mpsc::Receiver<News>,
        store: Option<FromStore>,
        signals: &mut Signals,
        quiet: bool,
    ) {
        if services.running.is_empty() {
            return;
        }
        let mut words = services.hear();
        let ended = tokio::task::spawn_blocking(move || services.stop());
        let said = tokio::select! {
            said = ended => said.unwrap_or_default(),
            // A second one does not want to wait for what is under way.
            () = signals.recv() => return,
        };
        if quiet {
            return;
        }
        while let Ok(word) = words.try_recv() {
            self.word(&word);
        }
        for text in said {
            say(&text);
        }
        tokio::select! {
            () = self.rest(news, store) => {}
            () = signals.recv() => {}
        }
    }

    /// Takes in what the store got last.
    async fn rest(&mut self, news: &mut mpsc::Receiver<News>, store: Option<FromStore>) {
        let Some(store) = store else { return };
        let kept = Store::open_existing(&store.path).ok().flatten();
        let wanted = kept.and_then(|s| s.count_after(store.after).ok()).unwrap_or(0);
        // Each event is one line.
        while self.intake.as_ref().is_some_and(|i| i.lines() < wanted) {
            // A store that cannot be read any more does not hold the end up.
            match tokio::time::timeout(PATIENCE, news.recv()).await {
                Ok(Some(piece)) => self.take(piece),
                _ => break,
            }
        }
    }

    /// What a service says, on standard error; true when it has ended.
    fn word(&mut self, word: &Word) -> bool {
        match self.words.hear(word) {
            Heard::Nothing => false,
            Heard::Say(text) => {
                self.bar.aside(|| say(&text));
                false
            }
            Heard::Ended(why) => {
                if let Some(why) = why {
                    self.failed = true;
                    say(why);
                }
                true
            }
        }
    }

    fn take(&mut self, piece: News) {
        let Some(intake) = &mut self.intake else { return };
        let mut fault = None;
        match &piece {
            News::End(_, Some(why)) => fault = Some(why.to_string()),
            News::Said(path, text) => self.bar.aside(|| say(&format!("{}: {text}", path.display()))),
            News::Waits {
                path,
                text: Some(text),
                well: false,
            } if self.words.waits(path, text) => {
                self.bar.aside(|| say(&format!("{}: {text}", path.display())));
            }
            _ => {}
        }
        intake.take(piece, read::now(), true);
        if intake.caught_up() {
            self.bar.end();
        } else {
            self.bar.at(intake.bytes());
        }
        if let Some(fault) = fault {
            self.failed = true;
            let name = intake.current_name().unwrap_or("an input");
            let text = format!("{name}: it cannot be read further ({fault}); what was read before is used");
            self.bar.aside(|| say(&text));
        }
    }

    /// Prints what is new. Only what was written is noted as shown.
    fn show(&mut self, out: &mut impl Write) -> anyhow::Result<()> {
        let Some(mut intake) = self.intake.take() else {
            return Ok(());
        };
        let look = if intake.caught_up() { Look::Between } else { Look::Early };
        // It gives way to what is printed.
        let bar = std::mem::replace(&mut self.bar, super::bar::Bar::new(self.begun));
        let result = bar.aside(|| {
            intake.look(|session| self.print(session, look, out))?;
            out.flush()?;
            anyhow::Ok(())
        });
        self.bar = bar;
        if result.is_ok() {
            intake.shown();
        }
        self.intake = Some(intake);
        result
    }

    /// Everything is at its end, which settles what waited.
    fn finish(&mut self, out: &mut impl Write) -> anyhow::Result<()> {
        self.bar.end();
        self.holds = false;
        if let Some(intake) = self.intake.take() {
            let mut session = intake.finish();
            self.print(&mut session, Look::Last, out)?;
            self.summary(&session, out)?;
        }
        Ok(())
    }

    /// The closing line, as far as is known now; how far followed files were shown is noted then.
    pub(super) fn close(&mut self, news: mpsc::Receiver<News>, out: &mut impl Write) -> anyhow::Result<Exit> {
        self.bar.end();
        self.holds = false;
        if let Some(mut intake) = self.intake.take() {
            // What is still open is told as at the end of a log that was read once.
            let mut session = intake.settle();
            self.print(&mut session, Look::Last, out)?;
            self.summary(&session, out)?;
            out.flush()?;
            intake.shown();
            intake.end(news);
        }
        out.flush()?;
        Ok(if self.failed {
            Exit::Failed
        } else if self.missed {
            Exit::Nothing
        } else {
            Exit::Done
        })
    }
}
