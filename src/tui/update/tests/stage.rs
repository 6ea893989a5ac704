//! A model with four calls, and a session that answers at once: what is asked comes back before the next key.

use std::sync::Arc;

use super::super::super::data::{
    Answered, Attempt, AttemptState, CallList, CallRow, CopyTexts, FindingItem, GroupRow, Head, Histogram, Planned,
    Recorded, RequestItem, Sheet, SourceRow, SourceState, StoryData, StoryItem, Subject, What,
};
use super::super::super::keys::Keymap;
use super::super::super::layout::Pane;
use super::super::super::model::{Look, Model, Notice, Overlay, Prompt, Reader};
use super::super::super::msg::{Ask, Effect, ListQuery, Msg, Wanted};
use super::super::update;
use crate::call::When;
use crate::model::{
    Id, Outcome, Payload, Place, Provider, Request, RequestKind, Response, Severity, Step, StepEvent, Time,
};
use crate::output::diff;
use crate::output::rich::Line;
use crate::output::style::Role;
use crate::replay::{Options, Sent, Target, plan};
use crate::tui::form::Form;

/// The clock of the first message.
pub const NOW: Time = Time(1_700_000_000_000);

/// A screen with its session.
#[derive(Clone)]
pub struct Stage {
    pub model: Model,
    /// What was asked of the outside since [`Stage::forget`].
    pub said: Vec<Effect>,
    /// Nothing is answered.
    pub deaf: bool,
}

impl Stage {
    /// 120x40, the list filled, a target chosen.
    pub fn new() -> Self {
        Self::sized(120, 40)
    }

    pub fn sized(width: u16, height: u16) -> Self {
        let model = Model::new((0, 0), Look::default(), Arc::new(Keymap::default()), NOW);
        let mut stage = Self {
            model,
            said: Vec::new(),
            deaf: false,
        };
        stage.model.target.target = Target::parse("http://localhost:3000", &[]).ok();
        stage.take(Msg::Resize(width, height));
        stage.take(Msg::Sources(Arc::new(vec![source("a.log", 0), source("b.log", 3)])));
        stage.take(Msg::ReadAll);
        stage.forget();
        stage
    }

    /// The same with a listener, a proxy and a reader of the API, whose store is followed.
    pub fn live(width: u16, height: u16) -> Self {
        use crate::live::{Said, Word};
        let mut stage = Self::sized(width, height);
        stage.model.sources.done = false;
        stage.model.sources.store = Some("/home/me/.local/share/redial/store.db".to_owned());
        let store = SourceRow {
            lines: 1_234,
            bytes: 2_345_678,
            size: None,
            state: SourceState::Live,
            last: Some(Time(NOW.0 - 3_000)),
            rate: 12,
            ..source("store", 0)
        };
        let waits = SourceRow {
            lines: 0,
            bytes: 0,
            state: SourceState::Waits("is not there yet; waiting for it".to_owned()),
            ..source("/var/log/ivr/app.log", 0)
        };
        stage.take(Msg::Sources(Arc::new(vec![store, waits])));
        stage.take(Msg::CaughtUp);
        let up = |at: &str| Said::Up {
            at: at.to_owned(),
            but: None,
        };
        for (service, said) in [
            ("listen", up("http://127.0.0.1:4040")),
            ("proxy", up("http://127.0.0.1:4041 to http://localhost:3000")),
            ("pull", up("Twilio's API")),
            ("listen", Said::Came(3)),
        ] {
            stage.take(Msg::Word(Word { service, said }));
        }
        stage.forget();
        stage
    }

    pub fn forget(&mut self) {
        self.said.clear();
    }

    /// Takes a message in, and what it asks for.
    pub fn take(&mut self, msg: Msg) {
        let mut waiting = vec![msg];
        while !waiting.is_empty() {
            for effect in update(&mut self.model, waiting.remove(0)) {
                if let (Effect::Ask(question), false) = (&effect, self.deaf) {
                    waiting.extend(answer(question));
                }
                self.said.push(effect);
            }
        }
    }

    /// Presses keys, separated by blanks. `'text` types a text (`_` for a blank), `!pass` and `!fail` answer what was sent,
    /// `!aimless` forgets the target, `!small` makes the screen 40x10.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            match (key, key.strip_prefix('\'')) {
                (_, Some(text)) if !text.is_empty() => {
                    for c in text.chars() {
                        let c = if c == '_' { ' ' } else { c };
                        self.take(Msg::Key(crate::config::keys::Key::plain(
                            crate::config::keys::Code::Char(c),
                        )));
                    }
                }
                ("!pass", _) => self.answered(true),
                ("!fail", _) => self.answered(false),
                ("!aimless", _) => self.model.target.target = None,
                ("!small", _) => self.take(Msg::Resize(40, 10)),
                _ => self.take(Msg::Key(key.parse().unwrap())),
            }
        }
        self
    }

    /// Everything that is on its way comes back.
    pub fn answered(&mut self, pass: bool) {
        let open: Vec<u32> = self
            .model
            .replays
            .attempts
            .iter()
            .filter(|a| a.open())
            .map(|a| a.number)
            .collect();
        for n in open {
            self.take(Msg::Attempt(n, AttemptState::InFlight));
            self.take(Msg::Attempt(n, done(n, pass)));
        }
    }

    pub fn asked(&self, wish: impl Fn(&Ask) -> bool) -> bool {
        self.said.iter().any(|e| matches!(e, Effect::Ask(a) if wish(a)))
    }

    pub fn does(&self, effect: &Effect) -> bool {
        self.said.contains(effect)
    }

    /// Numbers of the requests whose plan was asked for.
    pub fn planned(&self) -> Vec<u32> {
        let of = |w: &Wanted| match w {
            Wanted::Exchange(n) => *n,
            Wanted::Draft(d) => d.recorded.exchange,
        };
        let plans = self.said.iter().filter_map(|e| match e {
            Effect::Ask(Ask::Plan { wanted, .. }) => Some(wanted.iter().map(of).collect::<Vec<_>>()),
            _ => None,
        });
        plans.flatten().collect()
    }

    pub fn notice(&self) -> &str {
        self.model
            .notices
            .current(self.model.now)
            .map_or("", |n: &Notice| &n.text)
    }

    pub fn prompt(&self) -> Option<&Prompt> {
        match &self.model.overlay {
            Some(Overlay::Prompt(p)) => Some(p),
            _ => None,
        }
    }

    /// What is typed.
    pub fn typed(&self) -> &str {
        self.prompt().map_or("", |p| p.input.value())
    }

    pub fn reader(&self) -> Option<&Reader> {
        match &self.model.overlay {
            Some(Overlay::Text(t)) => Some(t),
            _ => None,
        }
    }

    pub fn form(&self) -> Option<&Form> {
        match &self.model.overlay {
            Some(Overlay::Form(f)) => Some(f),
            _ => None,
        }
    }

    /// Row of the selected call, row of the story, first rows of the texts.
    pub fn at(&self, pane: Pane) -> usize {
        match pane {
            Pane::Calls => self.model.calls.cursor.at,
            Pane::Story => self.model.story.cursor.at,
            Pane::Detail => self.model.detail.cursor.top,
            Pane::Replays => self.model.replays.text.top,
            Pane::Sources => self.model.sources.cursor.at,
        }
    }

    pub fn call(&self) -> u32 {
        self.model.calls.selected().map_or(0, |r| r.call)
    }
}

pub fn source(name: &str, unparsed: u64) -> SourceRow {
    SourceRow {
        name: name.to_owned(),
        lines: 100,
        bytes: 10_000,
        size: Some(10_000),
        state: SourceState::Done,
        unparsed,
        ..SourceRow::default()
    }
}

/// What the session says to a question.
fn answer(question: &Ask) -> Option<Msg> {
    Some(match question {
        Ask::List(q) => Msg::List(q.number, Arc::new(list(q))),
        Ask::Story { call, whole, lines } => Msg::Story(Arc::new(story(*call, *whole, *lines))),
        Ask::Texts(places) => Msg::Texts(places.iter().map(|p| (*p, format!("line {}", p.line).into())).collect()),
        Ask::Sheet(s) => Msg::Sheet(*s, Arc::new(sheet(*s))),
        Ask::Unparsed(n) => Msg::Unparsed(vec![Line::of(Role::Plain, &format!("of input {n}")); 100]),
        Ask::Values(field) => Msg::Values(*field, Arc::new(vec!["one".to_owned(), "two".to_owned()])),
        Ask::Plan {
            purpose,
            wanted,
            target,
        } => Msg::Planned(*purpose, wanted.iter().map(|w| planned(w, target)).collect()),
        Ask::Diff(sides, older, newer) => {
            let (older, newer) = diff::texts((None, older.as_bytes()), (None, newer.as_bytes()));
            Msg::Diffed(*sides, Arc::new(diff::diff(&older, &newer, None)))
        }
        Ask::Hold(_) | Ask::Follow => return None,
    })
}

/// Number, severity, requests that failed.
const CALLS: [(u32, Severity, &[u32]); 4] = [
    (1, Severity::Error, &[10, 11]),
    (2, Severity::Warning, &[20]),
    (3, Severity::Info, &[]),
    (4, Severity::Error, &[40]),
];

pub fn list(q: &ListQuery) -> CallList {
    let mut calls: Vec<_> = CALLS
        .iter()
        .filter(|c| !q.problems_only || c.1 > Severity::Info)
        .collect();
    if q.worst_first {
        calls.sort_by_key(|c| std::cmp::Reverse(c.1));
    }
    if q.filter.is_some() {
        calls.retain(|c| c.0 == 2);
    }
    let rows = if q.grouped && q.cause.is_none() {
        causes()
    } else {
        if q.cause.is_some() {
            calls.retain(|c| [1, 2].contains(&c.0));
        }
        calls.iter().map(|c| row(c.0, c.1, c.2)).collect()
    };
    CallList {
        rows,
        total: 4,
        histogram: Histogram {
            bins: (0..q.bins as u32).map(|n| (n % 3, n % 2)).collect(),
            span: Some((Time(NOW.0 - 100_000), NOW)),
        },
    }
}

/// Two causes: of one a request can be sent, of the other none; both have the first call as their example.
fn causes() -> Vec<CallRow> {
    let cause = |id: u32, count, severity, failed: &[u32], endpoint: &str| CallRow {
        group: Some(Arc::new(GroupRow {
            id,
            code: "11200".into(),
            count,
            calls: 2,
            endpoint: endpoint.to_owned(),
            answer: "500 TypeError: Cannot read properties of undefined".to_owned(),
        })),
        what: Some("the app answered with an error".into()),
        ..row(1, severity, failed)
    };
    vec![
        cause(7, 1234, Severity::Error, &[11], "POST /calls/{n}/menu?step=…"),
        cause(8, 1, Severity::Warning, &[], "POST /status"),
    ]
}

pub fn row(call: u32, severity: Severity, failed: &[u32]) -> CallRow {
    CallRow {
        call,
        id: Some(Id::new(format!("CA{call:032x}").as_bytes())),
        provider: Provider::Twilio,
        severity: Some(severity),
        started: When::At(Time(NOW.0 - 60_000 + i64::from(call) * 1_000)),
        from: Some(format!("+1555000{call}").into()),
        to: Some("+15559999".into()),
        app: Some("https://app.example.com/voice".into()),
        what: Some(format!("what went wrong with {call}").into()),
        problems: failed.len() as u32,
        requests: 2,
        failed: failed.to_vec(),
        leg: false,
        group: None,
    }
}

/// The n-th line of a call.
pub fn place(call: u32, n: u64) -> Place {
    let line = u64::from(call) * 1_000 + n;
    Place {
        input: 0,
        line,
        byte: line * 100,
        len: 50,
    }
}

/// Two requests with hidden lines between them; the first one failed.
pub fn story(call: u32, whole: bool, lines: bool) -> StoryData {
    let at = |n: u64| When::At(Time(NOW.0 - 60_000 + i64::from(call) * 1_000 + n as i64));
    let item = |n: u64, what: What| StoryItem {
        call,
        at: at(n),
        place: place(call, n),
        what,
    };
    let hidden = |n: u64, many: u64| item(n, What::Hidden((n..n + many).map(|n| place(call, n)).collect()));
    let finding = |n: u64, severity, exchange| {
        let f = FindingItem {
            finding: Some(call * 10 + n as u32),
            severity,
            title: format!("problem {n} of {call}").into(),
            code: "11200".into(),
            count: 1,
            exchange,
        };
        item(n, What::Finding(Box::new(f)))
    };
    let mut items = vec![
        item(1, What::State("ringing".into())),
        item(2, What::Request(Box::new(request(call * 10 + 2, Outcome::Ok)))),
        hidden(3, 3),
        item(6, What::Request(Box::new(request(call * 10, Outcome::HttpError)))),
        finding(6, Severity::Error, Some(call * 10)),
        item(7, What::AppLog("hello".into())),
        hidden(8, 2),
        item(10, What::Request(Box::new(request(call * 10 + 1, Outcome::HttpError)))),
        finding(11, Severity::Warning, None),
        item(12, What::State("ended".into())),
    ];
    if !lines {
        items.retain(|i| !matches!(i.what, What::Hidden(_)));
    }
    let head = |call| Head {
        call,
        title: format!("twilio CA{call}"),
        facts: "from one to another".to_owned(),
    };
    let mut heads = vec![head(call)];
    if whole {
        heads.push(head(call + 1));
    }
    StoryData {
        call,
        heads,
        items,
        complete: lines,
        hidden: 5,
        slowest: 900,
    }
}

fn request(exchange: u32, outcome: Outcome) -> RequestItem {
    RequestItem {
        exchange,
        name: format!("r{exchange}"),
        kind: RequestKind::Gather,
        method: "POST".into(),
        host: "app.example.com".to_owned(),
        path: "/menu?a=1".to_owned(),
        status: Some(if outcome.failed() { 500 } else { 200 }),
        ms: Some(300),
        outcome,
        waiting: false,
        step: Some(Step {
            event: StepEvent::Choice,
            certain: true,
        }),
        why_not: None,
    }
}

pub fn recorded(exchange: u32) -> Recorded {
    Recorded {
        exchange,
        name: format!("r{exchange}"),
        call: exchange / 10,
        provider: Provider::Twilio,
        kind: RequestKind::Gather,
        outcome: Outcome::HttpError,
        request: Request {
            method: Some("POST".to_owned()),
            url: Some("https://app.example.com/menu?a=1".to_owned()),
            headers: vec![("X-One".to_owned(), "1".to_owned())],
            payload: Payload::Form(vec![
                ("Digits".to_owned(), "2".to_owned()),
                ("From".to_owned(), "+15550001".to_owned()),
            ]),
        },
        response: Some(Response {
            status: Some(500),
            body: Some("recorded\nanswer\n".to_owned()),
            ..Response::default()
        }),
        event: None,
    }
}

pub fn sheet(subject: Subject) -> Sheet {
    let exchange = match subject {
        Subject::Request(n) => Some(n),
        Subject::Finding(n) if n % 10 == 6 => Some(n - 6),
        Subject::Finding(_) | Subject::Line(_) => None,
    };
    let lines = |name: &str| (0..60).map(|n| Line::of(Role::Plain, &format!("{name} {n}"))).collect();
    Sheet {
        exchange,
        title: format!("{subject:?}"),
        why: lines("why"),
        request: lines("request"),
        response: lines("response"),
        headers: lines("headers"),
        raw: lines("raw"),
        copy: exchange.map_or_else(CopyTexts::default, |_| CopyTexts {
            body: Some("Digits=2".to_owned()),
            url: Some("https://app.example.com/menu".to_owned()),
            id: Some("CA1".to_owned()),
            advice: Some("mend it".to_owned()),
        }),
        recorded: exchange.map(|n| Box::new(recorded(n))),
    }
}

pub fn planned(wanted: &Wanted, target: &Target) -> Planned {
    let (recorded, draft) = match wanted {
        Wanted::Exchange(n) => (recorded(*n), None),
        Wanted::Draft(d) => (recorded(d.recorded.exchange), Some(Arc::clone(d))),
    };
    let options = Options {
        edits: draft.as_ref().map(|d| d.edits.clone()).unwrap_or_default(),
        ..Options::default()
    };
    let request = draft.as_ref().map_or(&recorded.request, |d| &d.recorded.request);
    let plan = plan(recorded.provider, recorded.kind, request, target, &options);
    Planned {
        draft: draft.clone(),
        target: target.clone(),
        plan: plan.map(Arc::new).map_err(|e| e.to_string()),
        recorded: Arc::new(recorded),
    }
}

pub fn done(number: u32, pass: bool) -> AttemptState {
    let body = format!("answer\nof attempt {number}\n");
    AttemptState::Done(Arc::new(Answered {
        sent: Sent {
            status: Some(if pass { 200 } else { 500 }),
            body: body.clone().into_bytes(),
            ms: 12,
            ..Sent::default()
        },
        problems: Vec::new(),
        pass,
        lines: (0..60).map(|n| Line::of(Role::Plain, &format!("answer {n}"))).collect(),
        text: body,
    }))
}

/// The states of all attempts, by a letter each.
pub fn states(attempts: &[Attempt]) -> String {
    let letter = |a: &Attempt| match &a.state {
        AttemptState::Queued => 'q',
        AttemptState::InFlight => 'f',
        AttemptState::Cancelled => 'c',
        AttemptState::Refused(_) => 'r',
        AttemptState::Done(d) if d.pass => 'P',
        AttemptState::Done(_) => 'F',
    };
    attempts.iter().map(letter).collect()
}
