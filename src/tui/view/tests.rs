//! What must hold for every picture, whatever is on it: a model whose texts are awkward, drawn at all sizes.

use std::sync::Arc;

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::super::data::{
    CallList, CallRow, Head, Histogram, RequestItem, Sheet, SourceRow, SourceState, StoryData, StoryItem, What,
};
use super::super::keys::{Action, Keymap};
use super::super::model::{Look, Model};
use super::super::msg::{Ask, Effect, Msg};
use super::super::update::update;
use crate::call::When;
use crate::model::{Id, Outcome, Place, Provider, RequestKind, Severity, Time};
use crate::output::rich::Line;
use crate::output::style::Role;

/// Signs of ours, wide ones, accents, arrows, a bidi control.
const AWKWARD: &str = "Zoë → 漢字 e\u{301} 👍🏽 \u{202e}×│…";
const SIZES: [(u16, u16); 5] = [(120, 40), (80, 24), (40, 10), (30, 6), (20, 4)];
const NOW: Time = Time(1_700_000_000_000);

/// A screen with a filled list; what it asks is answered.
pub(super) fn screen(size: (u16, u16), look: Look) -> Model {
    let mut model = Model::new((0, 0), look, Arc::new(Keymap::default()), NOW);
    take(&mut model, Msg::Resize(size.0, size.1));
    take(&mut model, Msg::Sources(Arc::new(sources())));
    model
}

/// Takes a message in, and the answers to what it asks.
pub(super) fn take(model: &mut Model, msg: Msg) {
    let mut waiting = vec![msg];
    while let Some(msg) = waiting.pop() {
        for effect in update(model, msg) {
            let Effect::Ask(ask) = effect else { continue };
            waiting.extend(match ask {
                Ask::List(q) => Some(Msg::List(q.number, Arc::new(list(q.bins)))),
                Ask::Story { call, .. } => Some(Msg::Story(Arc::new(story(call)))),
                Ask::Sheet(s) => Some(Msg::Sheet(s, Arc::new(sheet()))),
                Ask::Unparsed(_) => Some(Msg::Unparsed(lines())),
                _ => None,
            });
        }
    }
}

/// The rows of the picture.
pub(super) fn rows(model: &Model) -> Vec<String> {
    let (w, h) = model.size;
    let mut terminal = Terminal::new(TestBackend::new(w, h)).unwrap();
    terminal.draw(|frame| super::draw(model, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    (0..h)
        .map(|y| (0..w).map(|x| buffer[(x, y)].symbol()).collect())
        .collect()
}

pub(super) fn sources() -> Vec<SourceRow> {
    let source = |name: &str, state| SourceRow {
        name: name.to_owned(),
        lines: 2_115_572,
        bytes: 1_000_000_000,
        size: Some(2_000_000_000),
        state,
        unparsed: 12,
        ..SourceRow::default()
    };
    vec![
        source("/var/log/tropo/production/archive-2013-02-19.log", SourceState::Done),
        source("Zoë/漢字.log", SourceState::Reading),
        source(
            "gone.log",
            SourceState::Failed("cannot be opened: no such file → “gone.log”".to_owned()),
        ),
    ]
}

pub(super) fn list(bins: usize) -> CallList {
    let row = |call: u32| CallRow {
        call,
        id: Some(Id::new(format!("CA{call:032x}").as_bytes())),
        provider: Provider::Twilio,
        severity: Some(Severity::Error),
        started: When::At(Time(NOW.0 - i64::from(call) * 40_000_000_000)),
        from: Some("+15550001111".into()),
        to: Some(AWKWARD.into()),
        app: Some("https://app.example.com/voice".into()),
        what: Some(format!("The application answered with an error {AWKWARD}").into()),
        problems: 3,
        requests: 2,
        failed: vec![call],
        leg: false,
        group: None,
    };
    CallList {
        rows: (1..9).map(row).collect(),
        total: 9,
        histogram: Histogram {
            bins: (0..bins as u32).map(|n| (n % 9, n % 2)).collect(),
            span: Some((Time(NOW.0 - 100_000), NOW)),
        },
    }
}

fn story(call: u32) -> StoryData {
    let item = |n: u64, what| StoryItem {
        call,
        at: When::At(NOW),
        place: Place {
            input: 0,
            line: n,
            byte: n * 100,
            len: 50,
        },
        what,
    };
    let request = RequestItem {
        exchange: call,
        name: format!("r{call}"),
        kind: RequestKind::Gather,
        method: "POST".into(),
        host: "app.example.com".to_owned(),
        path: format!("/menu?{AWKWARD}"),
        status: Some(500),
        ms: Some(300),
        outcome: Outcome::HttpError,
        waiting: false,
        step: None,
        why_not: None,
    };
    StoryData {
        call,
        heads: vec![Head {
            call,
            title: format!("twilio {AWKWARD}"),
            facts: format!("one · another {AWKWARD}"),
        }],
        items: vec![
            item(1, What::Request(Box::new(request))),
            item(2, What::State(AWKWARD.into())),
            item(3, What::AppLog(AWKWARD.into())),
        ],
        complete: false,
        hidden: 214,
        slowest: 900,
    }
}

fn lines() -> Vec<Line> {
    (0..60).map(|_| Line::of(Role::Plain, AWKWARD)).collect()
}

fn sheet() -> Sheet {
    Sheet {
        title: AWKWARD.to_owned(),
        why: lines(),
        request: lines(),
        response: lines(),
        headers: lines(),
        raw: lines(),
        ..Sheet::default()
    }
}

#[test]
fn nothing_but_the_keyboards_signs_where_they_are_asked_for() {
    use Action as A;
    let look = Look {
        ascii: true,
        ..Look::default()
    };
    let mut seen = 0;
    for size in SIZES {
        for actions in [
            &[][..],
            &[A::Open],
            &[A::Open, A::Open],
            &[A::Detail, A::Right],
            &[A::Story, A::AllLines],
            &[A::Replays],
            &[A::Sources],
            &[A::Sources, A::Bottom],
            &[A::Sources, A::Open],
            &[A::Zoom],
            &[A::Mark],
            &[A::Help],
            &[A::Palette],
            &[A::Filter],
            &[A::Search],
            &[A::Target],
            &[A::Copy],
            &[A::Messages],
        ] {
            let mut model = screen(size, look);
            model.demo = (size.0 > 40).then(Default::default);
            for action in actions {
                take(&mut model, Msg::Do(*action));
                for row in rows(&model) {
                    assert!(row.is_ascii(), "{size:?} {actions:?}: {row}");
                    seen += row.matches('?').count();
                }
            }
        }
    }
    assert!(seen > 100, "the awkward texts are on the screens");
}
