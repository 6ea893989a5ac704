//! The story of a call and its family: requests, findings, states and the app's own texts in order, with what is hidden
//! between them.
//!
//! A story is numbers and places: whoever shows it asks the session for what stands behind them. It is made in two steps,
//! at once from the calls ([`Story::of`]) and, when the lines were read ([`super::Lines`]), with what only they say
//! ([`Story::filled`]). To add a thing of the story, add a variant of [`What`] and its rank.

use std::collections::HashSet;

use super::lines::LinesRead;
use crate::call::{Calls, Exchange, Finding, When, in_order_of_time};
use crate::model::{Id, Place, Provider};

/// A call's story, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Story {
    /// By time where there is one, else as the input has it.
    pub items: Vec<Item>,
    /// How many log lines of the calls it does not show. Documents are no lines: each is one thing, shown or not.
    pub hidden: u64,
    /// All of it stands in logs, whose lines are in order.
    from_lines: bool,
}

/// One thing of a story.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Number of its call.
    pub call: u32,
    /// Where it stands; of hidden lines, the first.
    pub place: Place,
    /// When; of lines that say nothing, never.
    pub at: When,
    /// What it is.
    pub what: What,
}

/// What a thing of a story is.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A request, by its number.
    Request(u32),
    /// A finding, by its number.
    Finding(u32),
    /// A call's new state, in the platform's word.
    State(String),
    /// What the app logged itself.
    AppLog(String),
    /// Lines that say none of this, in order.
    Hidden(Vec<Place>),
    /// One line, where all are shown.
    Line,
}

impl Item {
    /// Requests before the findings of their line, the line itself first.
    fn rank(&self) -> u8 {
        match self.what {
            What::Line | What::Hidden(_) | What::State(_) | What::AppLog(_) => 0,
            What::Request(_) => 1,
            What::Finding(_) => 2,
        }
    }

    fn line(call: u32, place: Place) -> Self {
        Self {
            call,
            place,
            at: When::Never,
            what: What::Line,
        }
    }
}

impl From<&Exchange> for Item {
    fn from(e: &Exchange) -> Self {
        Self {
            call: e.call,
            place: e.place,
            at: e.at,
            what: What::Request(e.index),
        }
    }
}

impl From<&Finding> for Item {
    fn from(f: &Finding) -> Self {
        Self {
            call: f.call,
            place: f.place,
            at: f.at,
            what: What::Finding(f.index),
        }
    }
}

/// Calls and their legs; with `whole`, also the calls that they are legs of, up to the first, and all legs of those.
pub fn family(calls: &Calls, named: impl IntoIterator<Item = u32>, whole: bool) -> HashSet<u32> {
    let mut all: HashSet<u32> = named.into_iter().collect();
    loop {
        let of_all = || all.iter().filter_map(|&n| calls.calls.get(n as usize));
        let ids: HashSet<&Id> = of_all().map(|c| &c.id).collect();
        let parents: HashSet<&Id> = of_all().filter_map(|c| c.parent.as_ref()).filter(|_| whole).collect();
        let more: Vec<u32> = calls
            .iter()
            .filter(|c| c.parent.as_ref().is_some_and(|p| ids.contains(p)) || parents.contains(&c.id))
            .map(|c| c.index)
            .collect();
        let before = all.len();
        all.extend(more);
        if !whole || all.len() == before {
            return all;
        }
    }
}

impl Story {
    /// The story of these calls as far as the session knows it: requests and findings that are in view, and lines when all
    /// are to be shown.
    pub fn of<'a>(
        calls: &'a Calls,
        family: &[u32],
        exchanges: impl IntoIterator<Item = &'a Exchange>,
        findings: impl IntoIterator<Item = &'a Finding>,
        lines: &[(u32, Place)],
    ) -> Self {
        let of_family = || family.iter().filter_map(|&n| calls.calls.get(n as usize));
        let mut items: Vec<Item> = exchanges.into_iter().map(Item::from).collect();
        items.extend(findings.into_iter().map(Item::from));
        items.extend(lines.iter().map(|&(call, place)| Item::line(call, place)));
        let shown = shown(calls, &items);
        let lines = of_family().filter(|c| in_logs(calls, c.index)).map(|c| c.lines);
        let mut story = Self {
            hidden: lines.sum::<u64>().saturating_sub(shown.len() as u64),
            from_lines: of_family().all(|c| calls.exchanges_of(c).all(|e| !e.from_document())),
            items,
        };
        story.sort();
        story
    }

    /// The story with what only the lines say, and with runs of hidden lines between. A state is told once, where it begins.
    #[must_use]
    pub fn filled(&self, calls: &Calls, read: &LinesRead) -> Self {
        let mut items: Vec<Item> = self.items.clone();
        let mut taken = shown(calls, &items);
        let mut states: Vec<(u32, &str)> = Vec::new();
        for item in &read.said {
            if let What::State(state) = &item.what {
                match states.iter_mut().find(|(call, _)| *call == item.call) {
                    Some((_, last)) if last == state => continue,
                    Some((_, last)) => *last = state,
                    None => states.push((item.call, state)),
                }
            }
            if taken.insert((item.place.input, item.place.line)) {
                items.push(item.clone());
            }
        }
        let lines = read
            .lines
            .iter()
            .filter(|(call, p)| in_logs(calls, *call) && !taken.contains(&(p.input, p.line)));
        items.extend(lines.map(|&(call, place)| Item::line(call, place)));
        let mut story = Self { items, ..*self };
        story.sort();
        story.fold();
        story
    }

    fn sort(&mut self) {
        self.items.sort_by_key(|i| (i.place.input, i.place.line, i.rank()));
        if !self.from_lines {
            let items = std::mem::take(&mut self.items);
            self.items = in_order_of_time(items, |i| (i.place.input, i.at.time(), i.rank()));
        }
    }

    /// Neighbouring lines become one thing.
    fn fold(&mut self) {
        self.hidden = 0;
        let mut items: Vec<Item> = Vec::new();
        for item in std::mem::take(&mut self.items) {
            if item.what != What::Line {
                items.push(item);
                continue;
            }
            self.hidden += 1;
            match items.last_mut().map(|i| &mut i.what) {
                Some(What::Hidden(lines)) => lines.push(item.place),
                _ => items.push(Item {
                    what: What::Hidden(vec![item.place]),
                    ..item
                }),
            }
        }
        self.items = items;
    }
}

/// Whether a call is told by lines of a log.
fn in_logs(calls: &Calls, call: u32) -> bool {
    let call = calls.calls.get(call as usize);
    call.is_some_and(|c| c.provider == Provider::Tropo)
}

/// Lines of logs that things of a story stand for: their own, and those of the answers.
fn shown(calls: &Calls, items: &[Item]) -> HashSet<(u32, u64)> {
    let items = || items.iter().filter(|i| in_logs(calls, i.call));
    let own = items().map(|i| i.place);
    let answers = items().filter_map(|i| match i.what {
        What::Request(n) => calls.exchanges.get(n as usize)?.answer,
        _ => None,
    });
    own.chain(answers).map(|p| (p.input, p.line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{Engine, builtin};
    use crate::session::{Reading, Session};

    const CALL: &str = "0123456789abcdef0123456789abcdef";

    fn engine() -> Engine {
        Engine::new(builtin::packs())
    }

    /// A session of lines, each a message of one call.
    fn session(engine: &Engine, reading: Reading, messages: &[&str]) -> Session {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        let line = |(n, m): (usize, &&str)| format!("2013-02-19 15:07:{n:02}.000 DEBUG [Tropo-Thread-{CALL}] {m}\n");
        std::fs::write(&path, messages.iter().enumerate().map(line).collect::<String>()).unwrap();
        Session::open(&[path], engine, reading, &mut |_, _| {})
    }

    fn story(session: &Session) -> (Vec<u32>, Story) {
        let family: Vec<u32> = session.calls.iter().map(|c| c.index).collect();
        let findings = session.calls.findings.iter().filter(|f| !f.hidden);
        let story = Story::of(&session.calls, &family, &session.calls.exchanges, findings, &[]);
        (family, story)
    }

    /// Each thing with the number of its line, from 0.
    fn told(story: &Story) -> Vec<String> {
        let told = story.items.iter().map(|i| {
            let what = match &i.what {
                What::Request(n) => format!("request {n}"),
                What::Finding(n) => format!("finding {n}"),
                What::State(s) => format!("state {s}"),
                What::AppLog(t) => format!("log {t}"),
                What::Hidden(lines) => format!("hidden {}", lines.len()),
                What::Line => "line".to_owned(),
            };
            format!("{} {what}", i.place.line - 1)
        });
        told.collect()
    }

    #[test]
    fn states_and_own_texts_come_with_the_lines() {
        let engine = engine();
        let url = "http://a.example/start";
        let request = format!(
            "#TROPO#: Sending TropoML Payload on Tropo-Thread-{CALL} [url={url}]: {{\"session\":{{\"id\":\"{CALL}\"}}}}"
        );
        let answer = format!("#TROPO#: Received new TropoML document on Tropo-Thread-{CALL}: {{\"tropo\":[]}}");
        let messages = [
            request.as_str(),
            "#TROPO#: a step",
            "#TROPO#: another step",
            "#TROPO#: SimpleIncomingCall[a/b->c/d] state is changed: RINGING->ANSWERED",
            "#TROPO#: SimpleIncomingCall[a/b->c/d] : order taken",
            "#TROPO#: SimpleIncomingCall[a/b->c/d] : order taken",
            answer.as_str(),
            "#TROPO#: SimpleIncomingCall[a/b->c/d]<-say(), _state=ANSWERED",
            "#TROPO#: SimpleIncomingCall[a/b->c/d]<-hangup(), _state=DISCONNECTED",
        ];
        let reading = Reading {
            ids: true,
            least: Some(crate::model::Severity::Warning),
            ..Reading::default()
        };
        let session = session(&engine, reading, &messages);
        let (family, story) = story(&session);
        assert_eq!((told(&story), story.hidden), (vec!["0 request 0".to_owned()], 7));
        let read = session.lines_of(family).read(&engine, reading, &|| true).unwrap();
        let filled = story.filled(&session.calls, &read);
        assert_eq!(
            told(&filled),
            [
                "0 request 0",
                "1 hidden 2",
                "3 state ANSWERED",
                "4 log order taken",
                "5 log order taken",
                "7 hidden 1",
                "8 state DISCONNECTED",
            ]
        );
        assert_eq!(filled.hidden, 3);
        let times: Vec<_> = filled
            .items
            .iter()
            .filter_map(|i| i.at.time())
            .map(|t| t.to_string())
            .collect();
        assert_eq!(times.len(), 5);
        assert_eq!(times[1], "2013-02-19T15:07:03.000Z");
        assert_eq!(filled, story.filled(&session.calls, &read), "made again from the same");
    }

    #[test]
    fn a_finding_of_a_line_stands_for_it() {
        let engine = engine();
        let text = "#TROPO#: SimpleIncomingCall[a/b->c/d] : order taken";
        let session = session(&engine, Reading::default(), &[text, text]);
        let (family, story) = story(&session);
        assert_eq!(told(&story), ["0 finding 0"]);
        let read = session
            .lines_of(family)
            .read(&engine, Reading::default(), &|| true)
            .unwrap();
        assert_eq!(
            told(&story.filled(&session.calls, &read)),
            ["0 finding 0", "1 log order taken"]
        );
    }

    #[test]
    fn documents_are_no_hidden_lines() {
        let engine = engine();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/twilio/call-events.json");
        let session = Session::open(&[path.into()], &engine, Reading::default(), &mut |_, _| {});
        let (family, story) = story(&session);
        let read = session
            .lines_of(family)
            .read(&engine, Reading::default(), &|| true)
            .unwrap();
        assert!(!read.lines.is_empty() && !story.items.is_empty());
        let filled = story.filled(&session.calls, &read);
        assert_eq!((story.hidden, filled.hidden), (0, 0));
        assert_eq!(filled.items, story.items);
    }

    #[test]
    fn a_family_goes_down_and_when_asked_up() {
        let engine = engine();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.log");
        let id = |n: u32| format!("{n:032x}");
        let line = |call: u32, parent: u32| {
            let (call, parent) = (id(call), id(parent));
            format!("May 11 11:10:12 DEBUG TROPO 1/{parent}/{call}/1/[{call}] #TROPO#: a step\n")
        };
        // 1 has the legs 2 and 3, 3 has the leg 4; 5 stands alone.
        let log: String = [(1, 1), (2, 1), (3, 1), (4, 3), (5, 5)]
            .map(|(c, p)| line(c, p))
            .concat();
        std::fs::write(&path, log).unwrap();
        let session = Session::open(&[path], &engine, Reading::default(), &mut |_, _| {});
        let number = |n: u32| {
            session
                .calls
                .iter()
                .find(|c| c.id == Id::from(&*id(n)))
                .map(|c| c.index)
        };
        for (named, whole, expected) in [
            (1, false, vec![1, 2, 3]),
            (3, false, vec![3, 4]),
            (2, true, vec![1, 2, 3, 4]),
            (4, true, vec![1, 2, 3, 4]),
            (5, true, vec![5]),
        ] {
            let got = family(&session.calls, number(named), whole);
            let expected: HashSet<u32> = expected.into_iter().filter_map(number).collect();
            assert_eq!(got, expected, "{named} {whole}");
        }
    }
}
