//! A session that can be asked while it is read.
//!
//! Whoever owns it takes the blocks of the inputs in order, from this thread or through a channel from those that scan,
//! and looks in between; blocks of several inputs that grow at the same time may come by turns, in the order of each. What it shows then is settled as far as it is known; the outcome is the same with and without
//! looks. Scanning, threads and channels are the owner's matter.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use super::{Input, Session};
use crate::call::{Calls, Fold};
use crate::filter::Engine;
use crate::input::{self, Failure, Source};
use crate::model::{InputId, Time};
use crate::scan::Scanned;

/// A session under way.
pub struct Live<'e> {
    engine: &'e Engine,
    session: Session,
    fold: Fold<'e>,
    /// The input whose blocks come.
    current: InputId,
    /// Bytes of all inputs.
    bytes: u64,
    /// What each input's unfinished end would be if nothing more came.
    unfinished: BTreeMap<InputId, Scanned>,
}

impl<'e> Live<'e> {
    /// A session without inputs, to which they are added as they appear ([`Live::open`]).
    pub fn empty(engine: &'e Engine) -> Self {
        Self::with(Vec::new(), Vec::new(), engine)
    }

    /// Finds and opens what the user named. The sources are to be read in this order, with [`input::read`], which begins each
    /// by itself.
    pub fn start(names: &[PathBuf], engine: &'e Engine) -> (Self, Vec<Source>) {
        let (sources, failures) = input::find(names);
        (Self::with(sources.clone(), failures, engine), sources)
    }

    /// A session of sources that are known, and of what could not be opened.
    pub fn with(sources: Vec<Source>, failures: Vec<Failure>, engine: &'e Engine) -> Self {
        let session = Session {
            inputs: sources.into_iter().map(Input::of).collect(),
            failures,
            calls: Calls::default(),
        };
        Self {
            engine,
            session,
            fold: Fold::new(engine),
            current: InputId::MAX,
            bytes: 0,
            unfinished: BTreeMap::new(),
        }
    }

    /// The next of the inputs that were there from the start begins.
    pub fn begin(&mut self) {
        self.begin_input(self.current.wrapping_add(1));
    }

    /// An input that was there from the start begins; it is the current one.
    pub fn begin_input(&mut self, input: InputId) {
        self.current = input;
        self.fold.begin_at(input, 1);
    }

    /// Adds an input that begins now, in its line `line` (1 unless it is read from the middle); `after` names the one that
    /// it goes on from, as a log does after a rotation. It is the current one.
    pub fn open(&mut self, source: Source, line: u64, after: Option<InputId>) -> InputId {
        let id = self.session.inputs.len() as InputId;
        self.session.inputs.push(Input::of(source));
        match after {
            Some(before) => self.fold.begin_after(id, line, before),
            None => self.fold.begin_at(id, line),
        }
        self.current = id;
        id
    }

    /// What comes next is of this input.
    pub fn turn_to(&mut self, input: InputId) {
        self.current = input;
        self.fold.turn_to(input);
    }

    /// Takes the next block of the current input.
    pub fn take(&mut self, block: Scanned) {
        self.unfinished.remove(&self.current);
        let (lines, bytes) = (block.lines, block.bytes);
        self.fold.take(block);
        self.bytes += bytes;
        if let Some(input) = self.current() {
            input.lines += lines;
            input.bytes += bytes;
        }
    }

    /// The end of the current input, which is not finished: what it would be if nothing more came. Every look shows it, until the
    /// next block of that input brings it whole.
    pub fn unfinished(&mut self, block: Option<Scanned>) {
        match block {
            Some(block) => self.unfinished.insert(self.current, block),
            None => self.unfinished.remove(&self.current),
        };
    }

    /// What was read at the time `now` of this machine is live: what waits for too long from now on is shown as such.
    pub fn at(&mut self, now: Time) {
        self.fold.at(now);
    }

    /// The current input is at its end, or could not be read further.
    pub fn end_of_input(&mut self, fault: Option<io::Error>) {
        if let Some(input) = self.current() {
            input.done = true;
            input.fault = fault;
        }
    }

    /// Something that was to be read cannot be opened.
    pub fn fail(&mut self, failure: Failure) {
        self.session.failures.push(failure);
    }

    /// The name of the current input.
    pub fn current_name(&self) -> Option<&str> {
        let input = self.session.inputs.get(self.current as usize)?;
        Some(&input.source.name)
    }

    fn current(&mut self) -> Option<&mut Input> {
        self.session.inputs.get_mut(self.current as usize)
    }

    /// Bytes read so far, all inputs.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Shows the session as far as it is known, unfinished lines with it. [`Calls::touched`] names the calls that changed since
    /// the look before; what was looked up in their lines ([`Session::look_into`]) is forgotten.
    pub fn look<R>(&mut self, look: impl FnOnce(&mut Session) -> R) -> R {
        let trial = !self.unfinished.is_empty();
        if trial {
            let blocks = self.unfinished.iter().map(|(&n, b)| (n, b.clone()));
            self.fold.try_out(blocks);
            self.count_unfinished(u64::wrapping_add);
        }
        self.session.calls = self.fold.pause();
        let result = look(&mut self.session);
        self.fold.resume(std::mem::take(&mut self.session.calls));
        if trial {
            self.fold.take_back();
            self.count_unfinished(u64::wrapping_sub);
        }
        result
    }

    /// What is unfinished is a line like others for as long as it is shown.
    fn count_unfinished(&mut self, change: fn(u64, u64) -> u64) {
        for (&n, block) in &self.unfinished {
            if let Some(input) = self.session.inputs.get_mut(n as usize) {
                input.lines = change(input.lines, block.lines);
                input.bytes = change(input.bytes, block.bytes);
            }
        }
    }

    /// The session as if all inputs ended here; nothing is left behind.
    pub fn settle(&mut self) -> Session {
        std::mem::replace(self, Self::empty(self.engine)).finish()
    }

    /// The session, all inputs read.
    pub fn finish(mut self) -> Session {
        for (input, block) in std::mem::take(&mut self.unfinished) {
            self.turn_to(input);
            self.take(block);
        }
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

    #[test]
    fn an_unfinished_line_is_shown_and_judged_whole_once_it_is_there() {
        let engine = Engine::new(builtin::packs());
        let pass = Reading::default().pass(&engine);
        let mut scratch = Scratch::default();
        let (text, at) = (
            "2013-02-19 15:07:41.000 ERROR [Tropo-Thread-0123456789abcdef0123456789abcdef] #TROPO#: x",
            0,
        );
        let mut live = Live::empty(&engine);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        std::fs::write(&path, text).unwrap();
        live.open(input::find(&[path]).0.remove(0), 1, None);
        let shown = |live: &mut Live<'_>| live.look(|s| (s.calls.iter().count(), s.calls.findings.len()));
        live.unfinished(Some(pass.scan(text.as_bytes(), at, &mut scratch)));
        assert_eq!([shown(&mut live), shown(&mut live)], [(1, 1); 2]);
        live.look(|s| assert_eq!((s.inputs[0].lines, s.inputs[0].bytes), (1, text.len() as u64)));
        live.unfinished(None);
        live.look(|s| assert_eq!((s.inputs[0].lines, s.inputs[0].bytes), (0, 0)));
        assert_eq!(shown(&mut live), (0, 0));
        live.take(pass.scan(format!("{text}\n").as_bytes(), at, &mut scratch));
        assert_eq!(shown(&mut live), (1, 1));
        live.look(|s| assert_eq!(s.calls.findings[0].count, 1));
    }

    #[test]
    fn a_request_without_an_answer_is_overdue_after_a_while_until_one_comes() {
        let engine = Engine::new(builtin::packs());
        let pass = Reading::default().pass(&engine);
        let mut scratch = Scratch::default();
        let (mut live, _) = Live::start(&[], &engine);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        std::fs::write(&path, REQUEST).unwrap();
        live.open(input::find(&[path]).0.remove(0), 1, None);
        live.at(Time(1_000));
        live.take(pass.scan(REQUEST.as_bytes(), 0, &mut scratch));
        let outcome = |live: &mut Live<'_>| {
            live.look(|s| {
                let shown = s
                    .calls
                    .findings_of(s.calls.iter().next().unwrap())
                    .filter(|f| !f.hidden);
                (s.calls.exchanges[0].outcome, shown.count())
            })
        };
        live.at(Time(15_000));
        assert_eq!(outcome(&mut live), (Outcome::Unknown, 0));
        live.at(Time(16_000));
        assert_eq!([outcome(&mut live), outcome(&mut live)], [(Outcome::NoReply, 1); 2]);
        live.take(pass.scan(ANSWER.as_bytes(), REQUEST.len() as u64, &mut scratch));
        assert_eq!(outcome(&mut live), (Outcome::Ok, 0));
    }

    #[test]
    fn a_log_that_was_rotated_goes_on_where_it_ended() {
        let engine = Engine::new(builtin::packs());
        let pass = Reading::default().pass(&engine);
        let mut scratch = Scratch::default();
        let folder = tempfile::tempdir().unwrap();
        let paths = [folder.path().join("app.log.1"), folder.path().join("app.log")];
        std::fs::write(&paths[0], REQUEST).unwrap();
        std::fs::write(&paths[1], ANSWER).unwrap();
        let mut sources = input::find(&paths).0;
        let mut live = Live::empty(&engine);
        let first = live.open(sources.remove(0), 1, None);
        live.take(pass.scan(REQUEST.as_bytes(), 0, &mut scratch));
        live.end_of_input(None);
        live.open(sources.remove(0), 1, Some(first));
        live.take(pass.scan(ANSWER.as_bytes(), 0, &mut scratch));
        let session = live.finish();
        let e = &session.calls.exchanges[0];
        assert_eq!(
            (e.outcome, e.place.input, e.answer.map(|a| (a.input, a.line))),
            (Outcome::Ok, 0, Some((1, 1)))
        );
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
        let sources: Vec<Source> = input::find(&[path]).0.into_iter().map(Source::kept).collect();
        let mut live = Live::with(sources.clone(), Vec::new(), &engine);
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
