//! Every command: keys before it, and what it changes or asks for.

use super::super::super::data::Subject;
use super::super::super::keys::{COMMANDS, Layer};
use super::super::super::layout::Pane;
use super::super::super::model::{Model, Overlay, PromptKind, Shown, Tab};
use super::super::super::msg::{Ask, Effect, Msg, Purpose};
use super::stage::{Stage, states};
use crate::demo;
use crate::tui::model::Demo;

/// Command, keys before it, what is so afterwards.
type Row = (&'static str, &'static str, fn(&Stage, &Stage) -> bool);

const ROWS: &[Row] = &[
    // Into things.
    ("open", "", |_, a| {
        a.model.focus == Pane::Story && a.asked(|q| matches!(q, Ask::Story { lines: true, .. }))
    }),
    ("open", "2", |_, a| a.model.focus == Pane::Detail),
    ("open", "2 k k", |b, a| {
        a.model.story.rows.len() == b.model.story.rows.len() + 2 && a.model.focus == Pane::Story
    }),
    ("open", "2 k k enter", |b, a| {
        a.model.story.rows.len() == b.model.story.rows.len() - 2
    }),
    ("open", "3", |b, a| a.model.zoom != b.model.zoom),
    ("open", "4", |b, a| a.model.zoom != b.model.zoom),
    ("open", "5", |_, a| {
        a.notice().contains("every line") && a.model.overlay.is_none()
    }),
    ("open", "5 j", |_, a| {
        a.asked(|q| *q == Ask::Unparsed(1)) && a.reader().is_some()
    }),
    // Sending again.
    ("replay", "j", |_, a| {
        a.planned() == [40] && a.does(&Effect::Send(vec![1]))
    }),
    ("replay", "", |_, a| {
        a.planned() == [10, 11] && matches!(a.model.overlay, Some(Overlay::Confirm(..)))
    }),
    ("replay", "2", |_, a| {
        a.planned() == [10] && a.does(&Effect::Send(vec![1])) && a.model.slot == Pane::Replays
    }),
    ("replay", "3", |_, a| {
        a.planned() == [10] && a.model.focus == Pane::Replays
    }),
    ("replay", "2 r !fail 4", |_, a| {
        a.planned() == [10] && a.does(&Effect::Send(vec![2]))
    }),
    ("replay", "4", |_, a| {
        a.said.is_empty() && a.notice().contains("nothing was sent yet")
    }),
    ("replay", "5", |_, a| {
        a.said.is_empty() && a.notice().contains("choose a call")
    }),
    ("replay", "2 g", |_, a| {
        a.said.is_empty() && a.notice().contains("no request here")
    }),
    ("replay", "!aimless 2", |_, a| {
        a.said.is_empty() && a.typed() == "http://localhost:3000"
    }),
    ("replay", "2 R", |_, a| {
        a.does(&Effect::Send(vec![1])) && a.model.overlay.is_none()
    }),
    ("watch", "2", |_, a| {
        a.does(&Effect::Send(vec![1])) && a.model.watching.is_some()
    }),
    ("watch", "", |_, a| {
        matches!(a.model.overlay, Some(Overlay::Confirm(..)))
    }),
    ("watch", "2 W", |_, a| {
        a.does(&Effect::Unwatch) && a.model.watching.is_none()
    }),
    ("preview", "2", |_, a| {
        let text = a
            .reader()
            .map(|r| r.lines.iter().map(|l| l.text() + "\n").collect::<String>());
        text.is_some_and(|t| t.contains("POST /menu?a=1 HTTP/1.1") && t.contains("Digits=2&From="))
            && a.model.replays.attempts.is_empty()
    }),
    ("edit", "2", |_, a| {
        a.form().is_some_and(|f| f.recorded.exchange == 10 && !f.changed())
    }),
    ("edit", "2 g", |_, a| {
        a.form().is_none() && a.notice().contains("no request here")
    }),
    ("edit", "4", |_, a| {
        a.form().is_none() && a.notice().contains("nothing was sent")
    }),
    ("edit-outside", "3", |_, a| {
        a.said
            .iter()
            .any(|e| matches!(e, Effect::EditOutside(t) if t.contains("Digits=2")))
            && a.form().is_some()
    }),
    ("target", "", |_, a| a.typed() == "http://localhost:3000"),
    ("diff", "2 r !fail", |_, a| {
        a.model.focus == Pane::Replays && a.asked(|q| matches!(q, Ask::Diff(..)))
    }),
    ("diff", "2", |_, a| {
        a.said.is_empty() && a.notice().contains("nothing to compare")
    }),
    (
        "copy",
        "3",
        |_, a| matches!(&a.model.overlay, Some(Overlay::Copy(m)) if m.lines.iter().map(|l| l.key).eq("cbuia".chars())),
    ),
    ("copy", "2 g", |_, a| {
        a.model.overlay.is_none() && a.notice().contains("nothing to copy")
    }),
    ("mend", "", |_, a| {
        a.said.is_empty() && a.notice().contains("only `redial demo`")
    }),
    // From problem to problem.
    ("next-problem", "2", |b, a| a.at(Pane::Story) == b.at(Pane::Story) + 3),
    ("next-problem", "2 G", |b, a| {
        a.at(Pane::Story) == b.at(Pane::Story) && a.notice().contains("no further problem")
    }),
    ("next-problem", "", |_, a| a.call() == 4),
    ("previous-problem", "2 G", |b, a| {
        a.at(Pane::Story) == b.at(Pane::Story) - 1
    }),
    ("previous-problem", "2 g", |_, a| {
        a.at(Pane::Story) == 0 && a.notice().contains("no earlier problem")
    }),
    ("next-call", "2", |_, a| {
        a.call() == 4 && a.model.focus == Pane::Story && a.model.story.data.call == 4
    }),
    ("next-call", "G", |_, a| {
        a.call() == 2 && a.notice().contains("no further call")
    }),
    ("next-call", "E s j", |_, a| a.call() == 4),
    ("previous-call", "G", |_, a| a.call() == 4),
    ("previous-call", "", |_, a| {
        a.call() == 1 && a.notice().contains("no earlier call")
    }),
    ("errors-only", "G", |_, a| {
        !a.model.calls.problems_only && a.model.calls.list.rows.len() == 4 && a.call() == 2
    }),
    ("errors-only", "E", |_, a| {
        a.model.calls.problems_only && a.model.calls.list.rows.len() == 3
    }),
    ("order", "j", |_, a| {
        !a.model.calls.worst_first && a.call() == 4 && a.at(Pane::Calls) == 2
    }),
    ("order", "s", |_, a| a.model.calls.worst_first),
    ("group", "", |_, a| {
        a.model.calls.grouped
            && a.asked(|q| matches!(q, Ask::List(l) if l.grouped))
            && a.model.calls.list.rows.len() == 2
            && a.notice().contains("one row a cause")
    }),
    ("group", "o", |_, a| {
        !a.model.calls.grouped && a.model.calls.list.rows.len() == 3 && a.call() == 1
    }),
    ("group", "2", |_, a| {
        a.model.calls.grouped && a.model.focus == Pane::Calls
    }),
    ("close", "o j", |_, a| {
        !a.model.calls.grouped && a.model.calls.list.rows.len() == 3
    }),
    ("open", "o", |_, a| {
        a.model.focus == Pane::Calls
            && a.asked(|q| matches!(q, Ask::List(l) if l.cause == Some(7)))
            && a.model.calls.list.rows.iter().all(|r| r.group.is_none())
            && a.model.calls.list.rows.len() == 2
    }),
    ("open", "o enter j", |_, a| {
        a.model.focus == Pane::Story && a.model.story.call == Some(2)
    }),
    ("close", "o j enter", |_, a| {
        a.model.calls.grouped && a.model.calls.list.rows.len() == 2 && a.at(Pane::Calls) == 1
    }),
    ("back", "o j enter", |_, a| {
        a.model.calls.grouped && a.model.calls.cause.is_none() && !a.does(&Effect::Quit)
    }),
    ("group", "o enter", |_, a| {
        !a.model.calls.grouped && a.model.calls.list.rows.len() == 3
    }),
    ("replay", "o", |_, a| {
        a.planned() == [11] && a.does(&Effect::Send(vec![1]))
    }),
    ("replay", "o j", |_, a| {
        a.planned().is_empty() && a.notice().contains("no failed request here")
    }),
    ("mark", "o", |_, a| {
        a.model.calls.marks.len() == 1 && a.model.calls.marks.values().all(|m| *m == [11]) && a.at(Pane::Calls) == 1
    }),
    ("mark", "o space", |_, a| a.model.calls.marks.len() == 2),
    ("all-lines", "2", |b, a| {
        a.model.story.all
            && a.model.story.rows.len() == b.model.story.rows.len() + 3
            && a.model.detail.subject == b.model.detail.subject
    }),
    ("all-lines", "2 a", |b, a| {
        !a.model.story.all && a.model.detail.subject == b.model.detail.subject
    }),
    ("family", "2", |_, a| {
        a.asked(|q| {
            *q == Ask::Story {
                call: 1,
                whole: true,
                lines: true,
            }
        }) && a.model.story.data.heads.len() == 2
    }),
    ("family", "2 x", |_, a| a.model.story.data.heads.len() == 1),
    // Filter and search.
    ("filter", "", |_, a| {
        a.prompt()
            .is_some_and(|p| p.kind == PromptKind::Filter && !p.choices.is_empty())
    }),
    ("toggle-filter", "", |_, a| {
        a.notice().contains("no filter yet") && !a.model.filter.off
    }),
    ("toggle-filter", "f 'level_=_warning enter", |b, a| {
        b.model.calls.list.rows.len() == 1 && a.model.filter.off && a.model.calls.list.rows.len() == 3
    }),
    ("toggle-filter", "f 'level_=_warning enter ctrl-f", |_, a| {
        a.model.calls.list.rows.len() == 1
    }),
    ("search", "3", |_, a| {
        a.prompt().is_some_and(|p| matches!(p.kind, PromptKind::Search(_)))
    }),
    ("next-hit", "", |_, a| a.notice().contains("nothing to search for")),
    ("next-hit", "2 / 'post enter", |b, a| {
        a.at(Pane::Story) != b.at(Pane::Story)
    }),
    ("next-hit", "3 / 'why_59 enter 1", |_, a| {
        a.notice().contains("not in this pane")
    }),
    ("previous-hit", "3 / 'why enter", |_, a| a.at(Pane::Detail) > 0),
    ("mark", "", |b, a| {
        a.model.calls.marks.contains_key(&b.call()) && a.at(Pane::Calls) == 1
    }),
    ("mark", "space k", |_, a| a.model.calls.marks.is_empty()),
    ("mark", "2", |_, a| a.model.story.marks.contains(&10)),
    ("mark", "2 g", |_, a| {
        a.model.story.marks.is_empty() && a.notice().contains("only requests")
    }),
    ("mark", "5", |_, a| a.notice().contains("can be marked")),
    ("follow", "", |_, a| {
        a.model.calls.follow && !a.model.calls.worst_first && a.at(Pane::Calls) == 2
    }),
    ("follow", "F", |_, a| !a.model.calls.follow),
    ("pause", "", |_, a| {
        a.model.calls.paused && a.asked(|q| *q == Ask::Hold(true))
    }),
    ("pause", "p", |_, a| {
        !a.model.calls.paused && a.asked(|q| *q == Ask::Hold(false))
    }),
    // Moving.
    ("down", "", |_, a| {
        a.at(Pane::Calls) == 1 && a.model.story.data.call == 4
    }),
    ("down", "2", |b, a| a.at(Pane::Story) == b.at(Pane::Story) + 1),
    ("down", "3", |_, a| a.at(Pane::Detail) == 1),
    ("down", "5", |_, a| a.at(Pane::Sources) == 1),
    ("down", "2 r !fail r !fail 4 k", |_, a| a.model.replays.cursor.at == 1),
    ("up", "j", |_, a| a.at(Pane::Calls) == 0),
    ("up", "3 j j", |_, a| a.at(Pane::Detail) == 1),
    ("left", "3 l l", |_, a| a.model.detail.tab == Tab::Request),
    ("left", "3", |_, a| a.model.detail.tab == Tab::Why),
    ("right", "3", |_, a| a.model.detail.tab == Tab::Request),
    ("right", "3 l l l l l", |_, a| a.model.detail.tab == Tab::Replays),
    ("right", "2", |_, a| a.model.detail.tab == Tab::Why),
    ("page-down", "3", |b, a| {
        a.at(Pane::Detail) == b.model.height(Pane::Detail) - 1
    }),
    ("page-up", "3 G", |b, a| {
        a.at(Pane::Detail) + b.model.height(Pane::Detail) - 1 == b.at(Pane::Detail)
    }),
    ("half-page-down", "3", |b, a| {
        a.at(Pane::Detail) == b.model.height(Pane::Detail) / 2
    }),
    ("half-page-up", "3 G", |b, a| {
        a.at(Pane::Detail) + b.model.height(Pane::Detail) / 2 == b.at(Pane::Detail)
    }),
    ("top", "3 G", |_, a| a.at(Pane::Detail) == 0),
    ("top", "2", |_, a| a.at(Pane::Story) == 0),
    ("bottom", "3", |b, a| {
        a.at(Pane::Detail) == 60 - b.model.height(Pane::Detail)
    }),
    ("bottom", "2", |b, a| a.at(Pane::Story) == b.model.story.rows.len() - 1),
    // Panes.
    ("next-pane", "", |_, a| a.model.focus == Pane::Story),
    ("next-pane", "2", |_, a| a.model.focus == Pane::Detail),
    ("next-pane", "3", |_, a| a.model.focus == Pane::Calls),
    ("next-pane", "4 2", |_, a| a.model.focus == Pane::Replays),
    ("previous-pane", "", |_, a| a.model.focus == Pane::Detail),
    ("calls", "3", |_, a| a.model.focus == Pane::Calls),
    ("calls", "5", |_, a| {
        a.model.focus == Pane::Calls && a.model.slot == Pane::Detail
    }),
    ("story", "", |_, a| a.model.focus == Pane::Story),
    ("detail", "4", |_, a| {
        a.model.focus == Pane::Detail && a.model.slot == Pane::Detail
    }),
    ("replays", "", |_, a| {
        a.model.focus == Pane::Replays && a.model.slot == Pane::Replays
    }),
    ("sources", "", |_, a| {
        a.model.focus == Pane::Sources && a.model.slot == Pane::Sources
    }),
    ("zoom", "2", |_, a| {
        a.model.zoom && a.model.areas().is_some_and(|x| x.panes.len() == 1)
    }),
    ("zoom", "2 z", |_, a| !a.model.zoom),
    ("close", "3", |_, a| a.model.focus == Pane::Story),
    ("close", "m", |_, a| a.model.overlay.is_none()),
    ("close", "", |_, a| a.said.is_empty() && a.model.focus == Pane::Calls),
    ("back", "3", |_, a| a.model.focus == Pane::Story && a.said.is_empty()),
    ("back", "", |_, a| a.does(&Effect::Quit)),
    ("back", "m", |_, a| a.model.overlay.is_none() && a.said.is_empty()),
    ("quit", "3", |_, a| a.does(&Effect::Quit)),
    // Over the panes.
    // All of them but the demo's.
    ("palette", "", |_, a| {
        a.prompt().is_some_and(|p| {
            p.kind == PromptKind::Palette
                && p.choices.len() == COMMANDS.iter().filter(|c| c.layer == Layer::Panes).count() - 1
        })
    }),
    ("help", "", |_, a| {
        a.prompt()
            .is_some_and(|p| p.kind == PromptKind::Help && p.choices.len() == COMMANDS.len() - 1)
    }),
    ("messages", "", |_, a| {
        a.reader().is_some_and(|r| r.lines[0].text() == "none so far")
    }),
    ("messages", "s", |_, a| {
        a.reader()
            .is_some_and(|r| r.lines[0].text() == "22:13:20 calls by time")
    }),
    ("theme", "", |b, a| a.model.look.theme == b.model.look.theme.next()),
    ("mouse", "", |_, a| a.model.look.mouse && a.does(&Effect::Mouse(true))),
    ("mouse", "f2", |_, a| {
        !a.model.look.mouse && a.does(&Effect::Mouse(false))
    }),
    ("redraw", "", |_, a| a.does(&Effect::Redraw)),
    ("suspend", "", |_, a| a.does(&Effect::Suspend)),
    // While something is typed or chosen.
    ("accept", "/ 'wrong_with_2", |_, a| {
        a.model.overlay.is_none() && a.call() == 2 && a.model.search.is_some()
    }),
    ("accept", ": 'zoom", |_, a| a.model.overlay.is_none() && a.model.zoom),
    (
        "accept",
        "3 y",
        |_, a| matches!(&a.said[..], [Effect::Copy(t, "curl command")] if t.contains("http://localhost:3000/menu?a=1")),
    ),
    (
        "accept",
        "3 y down down",
        |_, a| matches!(&a.said[..], [Effect::Copy(t, "URL")] if t == "https://app.example.com/menu"),
    ),
    ("accept", "r", |_, a| {
        a.does(&Effect::Send(vec![1, 2])) && states(&a.model.replays.attempts) == "qq"
    }),
    ("cancel", "r", |_, a| a.model.overlay.is_none() && a.said.is_empty()),
    ("cancel", "/ 'wrong_with_2", |_, a| {
        a.model.overlay.is_none() && a.call() == 1 && a.model.search.is_none()
    }),
    ("cancel", "f 'nonsense", |_, a| {
        a.model.overlay.is_none() && a.model.filter.text.is_empty()
    }),
    ("complete", "f 'sta", |_, a| a.typed().starts_with("status")),
    ("next", ": ", |_, a| a.prompt().is_some_and(|p| p.chosen == Some(1))),
    (
        "next",
        "3 y",
        |_, a| matches!(&a.model.overlay, Some(Overlay::Copy(m)) if m.at == 1),
    ),
    ("previous", ": down down", |_, a| {
        a.prompt().is_some_and(|p| p.chosen == Some(1))
    }),
    (
        "previous",
        "3 y",
        |_, a| matches!(&a.model.overlay, Some(Overlay::Copy(m)) if m.at == 4),
    ),
    ("prompt-page-down", ":", |_, a| {
        a.prompt().is_some_and(|p| p.chosen == Some(10))
    }),
    ("prompt-page-up", ": pagedown down", |_, a| {
        a.prompt().is_some_and(|p| p.chosen == Some(1))
    }),
    ("prompt-quit", "/ 'abc", |_, a| a.does(&Effect::Quit)),
    // In the form: method, URL, Digits, From, X-One.
    ("form-next", "2 e", |_, a| a.form().is_some_and(|f| f.cursor.at == 1)),
    ("form-previous", "2 e j j", |_, a| {
        a.form().is_some_and(|f| f.cursor.at == 1)
    }),
    ("form-page-down", "2 e", |_, a| {
        a.form().is_some_and(|f| f.cursor.at == 4)
    }),
    ("form-page-up", "2 e j j j", |_, a| {
        a.form().is_some_and(|f| f.cursor.at == 0)
    }),
    ("form-edit", "2 e j j", |_, a| {
        a.typed() == "2" && a.prompt().is_some_and(|p| matches!(p.kind, PromptKind::Field))
    }),
    ("form-send", "2 e", |_, a| {
        a.model.overlay.is_none() && a.does(&Effect::Send(vec![1])) && a.model.replays.attempts[0].draft.is_none()
    }),
    ("form-send", "2 e j j enter backspace '9 enter", |_, a| {
        let sent = a.model.replays.attempts[0].clone();
        sent.draft.is_some()
            && sent
                .plan
                .wire()
                .is_ok_and(|w| String::from_utf8_lossy(&w).contains("Digits=9&From"))
    }),
    ("form-preview", "2 e", |_, a| {
        a.reader().is_some()
            && a.asked(|q| {
                matches!(
                    q,
                    Ask::Plan {
                        purpose: Purpose::Preview,
                        ..
                    }
                )
            })
    }),
    ("form-outside", "2 e", |_, a| {
        a.said.iter().any(|e| matches!(e, Effect::EditOutside(_))) && a.form().is_some()
    }),
    ("form-add", "2 e", |_, a| {
        a.prompt().is_some_and(|p| matches!(p.kind, PromptKind::Field)) && a.typed().is_empty()
    }),
    ("form-remove", "2 e j j", |_, a| {
        a.form()
            .is_some_and(|f| f.selected().is_some_and(|f| f.value.is_none()))
    }),
    ("form-remove", "2 e", |_, a| {
        a.form().is_some_and(|f| !f.changed()) && a.notice().contains("stay")
    }),
    ("form-leave", "2 e j j enter '9 enter", |_, a| {
        a.model.overlay.is_none() && a.said.is_empty() && a.notice().contains("edits kept")
    }),
    ("form-reset", "2 e j j enter '9 enter", |_, a| {
        a.form().is_some_and(|f| !f.changed())
    }),
    ("edit", "2 e j j enter '9 enter esc", |_, a| {
        a.form().is_some_and(super::super::super::form::Form::changed)
    }),
    ("form-quit", "2 e", |_, a| a.does(&Effect::Quit)),
];

#[test]
fn every_command_has_a_row() {
    let missing: Vec<&str> = COMMANDS
        .iter()
        .map(|c| c.name)
        .filter(|n| ROWS.iter().all(|r| r.0 != *n))
        .collect();
    assert!(missing.is_empty(), "no row in the table for: {missing:?}");
    let unknown: Vec<&str> = ROWS
        .iter()
        .map(|r| r.0)
        .filter(|n| COMMANDS.iter().all(|c| c.name != *n))
        .collect();
    assert!(unknown.is_empty(), "no such command: {unknown:?}");
}

#[test]
fn what_every_command_does() {
    let mut wrong = Vec::new();
    for (name, keys, holds) in ROWS {
        let mut before = Stage::new();
        before.press(keys).forget();
        let command = COMMANDS.iter().find(|c| c.name == *name).unwrap();
        for key in command.keys.split(' ') {
            let mut after = before.clone();
            after.press(key);
            if !holds(&before, &after) {
                wrong.push(format!("{name}: {keys} then {key}: {:?}", after.said));
            }
        }
        // The same by its name, as the palette does it.
        if command.layer == Layer::Panes {
            let mut after = before.clone();
            after.take(Msg::Do(command.action));
            if !holds(&before, &after) {
                wrong.push(format!("{name}: {keys} then by name: {:?}", after.said));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn mending_is_for_the_demo() {
    let mut stage = Stage::new();
    stage.model.demo = Some(Demo::default());
    assert!(stage.press("M").does(&Effect::Mend));
    stage.take(Msg::Mended(true));
    assert!(stage.notice().contains("mended; r sends"));
    let step = |s: &Stage| demo::next_step(s.model.demo.as_ref().unwrap().progress);
    stage.take(Msg::Mended(false));
    assert_eq!(step(&stage), demo::Step::Open);
    assert_eq!(step(stage.press("enter")), demo::Step::Read);
    assert_eq!(step(stage.press("enter")), demo::Step::Send);
    assert_eq!(step(stage.press("r !fail")), demo::Step::Fix);
    stage.take(Msg::Mended(true));
    assert_eq!(step(&stage), demo::Step::SendAgain);
    assert_eq!(step(stage.press("r !pass")), demo::Step::Done);
}

#[test]
fn a_rebound_key_is_the_one_that_works() {
    use crate::config::{Binding, Origin};
    use crate::tui::keys::Keymap;
    let own = [Binding {
        command: "zoom".to_owned(),
        keys: vec!["Z".parse().unwrap()],
        origin: Origin::Default,
    }];
    let mut stage = Stage::new();
    stage.model.keys = std::sync::Arc::new(Keymap::new(&own).0);
    assert!(!stage.press("z").model.zoom);
    assert!(stage.press("Z").model.zoom);
}

/// What is seen is asked for once, and not again while it is known.
#[test]
fn questions_are_asked_once() {
    let mut stage = Stage::new();
    stage.press("enter enter").forget();
    stage.press("3 2 1 2 3");
    assert_eq!(stage.said, []);
    stage.press("2 G").forget();
    stage.press("] [ [");
    let sheets = stage
        .said
        .iter()
        .filter(|e| matches!(e, Effect::Ask(Ask::Sheet(_))))
        .count();
    assert!(sheets <= 3, "{:?}", stage.said);
    stage.forget();
    stage.press("] [");
    assert_eq!(stage.said, [], "sheets looked at before are kept");
    let subject = |m: &Model| m.detail.subject;
    assert!(matches!(
        subject(&stage.model),
        Some(Subject::Request(_) | Subject::Finding(_))
    ));
    assert!(matches!(stage.model.replays.shown, Shown::Answer));
}
