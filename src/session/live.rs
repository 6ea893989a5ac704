//! A session that can be asked while it is read.
//!
//! Whoever owns it takes the blocks of the inputs in order, from this thread or through a channel from those that scan,
//! and looks in between. What it shows then is settled as far as it is known; the outcome is the same with and without
//! looks. Scanning, threads and channels are the owner's matter.

use std::io;
use std::path::PathBuf;

use super::{Input, Session};
use crate::call::{Calls, Fold};
use crate::filter::Engine;
use crate::input::{self, Failure, Source};
use crate::scan::Scanned;

/// A session under way.
pub struct Live<'e> {
    session: Session,
    fold: Fold<'e>,
    /// How many inputs have begun.
    begun: usize,
    /// Bytes of those that are done.
    done: u64,
}

impl<'e> Live<'e> {
    /// Finds and opens what the user named. The sources are to be read in this order, with [`input::read`], which begins each
    /// by itself.
    pub fn start(names: &[PathBuf], engine: &'e Engine) -> (Self, Vec<Source>) {
        Self::with(input::find(names), engine)
    }

    /// The same for someone who will look at many places: [`Source::kept`].
    pub fn start_kept(names: &[PathBuf], engine: &'e Engine) -> (Self, Vec<Source>) {
        let (sources, failures) = input::find(names);
        Self::with((sources.into_iter().map(Source::kept).collect(), failures), engine)
    }

    fn with((sources, failures): (Vec<Source>, Vec<Failure>), engine: &'e Engine) -> (Self, Vec<Source>) {
        let of = |source: &Source| Input {
            source: source.clone(),
            lines: 0,
            bytes: 0,
            done: false,
            fault: None,
        };
        let session = Session {
            inputs: sources.iter().map(of).collect(),
            failures,
            calls: Calls::default(),
        };
        let fold = Fold::new(engine);
        (
            Self {
                session,
                fold,
                begun: 0,
                done: 0,
            },
            sources,
        )
    }

    /// The next input begins.
    pub fn begin(&mut self) {
        self.done += self.fold.so_far().1;
        self.fold.begin();
        self.begun += 1;
    }

    /// Takes the next block of the current input.
    pub fn take(&mut self, block: Scanned) {
        self.fold.take(block);
        let (lines, bytes) = self.fold.so_far();
        if let Some(input) = self.current() {
            (input.lines, input.bytes) = (lines, bytes);
        }
    }

    /// The current input is at its end, or could not be read further.
    pub fn end_of_input(&mut self, fault: Option<io::Error>) {
        if let Some(input) = self.current() {
            input.done = true;
            input.fault = fault;
        }
    }

    /// The name of the current input.
    pub fn current_name(&self) -> Option<&str> {
        let input = self.session.inputs.get(self.begun.checked_sub(1)?)?;
        Some(&input.source.name)
    }

    fn current(&mut self) -> Option<&mut Input> {
        self.session.inputs.get_mut(self.begun.checked_sub(1)?)
    }

    /// Bytes read so far, all inputs.
    pub fn bytes(&self) -> u64 {
        self.done + self.fold.so_far().1
    }

    /// Shows the session as far as it is known. [`Calls::touched`] names the calls that changed since the look before; what
    /// was looked up in their lines ([`Session::look_into`]) is forgotten.
    pub fn look<R>(&mut self, look: impl FnOnce(&mut Session) -> R) -> R {
        self.session.calls = self.fold.pause();
        let result = look(&mut self.session);
        self.fold.resume(std::mem::take(&mut self.session.calls));
        result
    }

    /// The session, all inputs read.
    pub fn finish(self) -> Session {
        Session {
            calls: self.fold.finish(),
            ..self.session
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{Scratch, builtin};
    use crate::model::Outcome;
    use crate::session::Reading;

    const REQUEST: &str = "2013-02-19 15:07:40.100 DEBUG [Tropo-Thread-0123456789abcdef0123456789abcdef] #TROPO#: \
        Sending TropoML Payload on Tropo-Thread-0123456789abcdef0123456789abcdef [url=http://a.example/start]: \
        {\"session\":{\"id\":\"0123456789abcdef0123456789abcdef\"}}\n";
    const ANSWER: &str = "2013-02-19 15:07:40.300 DEBUG [Tropo-Thread-0123456789abcdef0123456789abcdef] #TROPO#: \
        Received new TropoML document on Tropo-Thread-0123456789abcdef0123456789abcdef: {\"tropo\":[]}\n";

    #[test]
    fn a_session_shows_what_was_read_so_far() {
        let engine = Engine::new(builtin::packs());
        let pass = Reading::default().pass(&engine);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        std::fs::write(&path, format!("{REQUEST}{ANSWER}")).unwrap();
        let (mut live, sources) = Live::start(&[path], &engine);
        assert_eq!(sources.len(), 1);
        live.begin();
        live.take(pass.scan(REQUEST.as_bytes(), 0, &mut Scratch::default()));
        live.look(|s| {
            assert_eq!((s.inputs[0].lines, s.inputs[0].done), (1, false));
            let call = s.calls.iter().next().unwrap();
            assert!(s.calls.touched.contains(&call.index));
            let e = &s.calls.exchanges[call.exchanges[0] as usize];
            assert!(e.waiting() && e.outcome == Outcome::Unknown);
            let detail = s.details(&[e]).remove(0);
            assert_eq!(detail.request.method.as_deref(), Some("POST"));
            assert_ne!(detail.request.payload, crate::model::Payload::default());
        });
        live.look(|s| assert_eq!((s.calls.touched.len(), s.calls.iter().count()), (0, 1)));
        live.take(pass.scan(ANSWER.as_bytes(), REQUEST.len() as u64, &mut Scratch::default()));
        live.look(|s| {
            let e = &s.calls.exchanges[0];
            assert_eq!((e.waiting(), e.outcome, e.ms), (false, Outcome::Ok, Some(200)));
        });
        live.end_of_input(None);
        let session = live.finish();
        assert_eq!((session.inputs[0].lines, session.inputs[0].done), (2, true));
    }

    struct Into<'l, 'e>(&'l mut Live<'e>);
    impl input::Sink for Into<'_, '_> {
        fn begin(&mut self) {
            self.0.begin();
        }
        fn take(&mut self, block: Scanned) -> std::ops::ControlFlow<()> {
            self.0.take(block);
            std::ops::ControlFlow::Continue(())
        }
    }

    #[test]
    fn a_compressed_input_that_is_kept_is_looked_at_like_a_plain_one() {
        use std::io::Write;
        let engine = Engine::new(builtin::packs());
        let pass = Reading::default().pass(&engine);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log.gz");
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(format!("{REQUEST}{ANSWER}").as_bytes()).unwrap();
        std::fs::write(&path, gz.finish().unwrap()).unwrap();
        let (mut live, sources) = Live::start_kept(&[path], &engine);
        assert!(sources[0].again_is_cheap());
        input::read(&sources[0], pass, &mut Into(&mut live), input::Options::default()).unwrap();
        live.end_of_input(None);
        let session = live.finish();
        let e = &session.calls.exchanges[0];
        let detail = session.details(&[e]).remove(0);
        assert_ne!(detail.request.payload, crate::model::Payload::default());
        assert_eq!(detail.response.unwrap().body.as_deref(), Some("{\"tropo\":[]}"));
    }
}
