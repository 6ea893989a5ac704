//! What is typed: filter, search, palette, help, target, pasted text.

use super::super::super::data::What;
use super::super::super::layout::Pane;
use super::super::super::model::{Overlay, PromptKind};
use super::super::super::msg::{Ask, Effect, Level, ListQuery, Msg};
use super::stage::Stage;

#[test]
fn a_wrong_filter_says_where() {
    for (typed, column) in [
        ("status >=", 9),
        ("status > = 500", 9),
        ("nosuch = 1", 0),
        ("status >= 500 and", 17),
    ] {
        let mut stage = Stage::new();
        stage.press("f").take(Msg::Paste(typed.to_owned()));
        let (at, why) = stage.prompt().unwrap().fault.clone().unwrap();
        assert_eq!(at, column, "{typed}: {why}");
        assert!(!why.is_empty());
        stage.forget();
        stage.press("enter");
        assert!(stage.prompt().is_some(), "a wrong filter is not taken: {typed}");
        assert!(!stage.asked(|q| matches!(q, Ask::List(_))));
        stage.press("esc");
        assert_eq!(stage.model.filter.active(), None);
    }
}

#[test]
fn a_filter_narrows_and_is_edited_again() {
    let mut stage = Stage::new();
    stage.press("f 'status_>=_500 enter");
    assert!(stage.asked(|q| matches!(q, Ask::List(ListQuery { filter: Some(f), .. }) if f == "status >= 500")));
    assert_eq!(stage.model.calls.list.rows.len(), 1);
    assert_eq!(stage.press("f").typed(), "status >= 500");
    stage.press("ctrl-u enter");
    assert_eq!(
        (stage.model.filter.active(), stage.model.calls.list.rows.len()),
        (None, 3)
    );
}

#[test]
fn completions_are_chosen_and_values_asked_for_once() {
    let mut stage = Stage::new();
    stage.press("f 'ur tab");
    assert_eq!(stage.typed().trim_end(), "url");
    stage.press("'~_");
    let asked = |s: &Stage| {
        s.said
            .iter()
            .filter(|e| matches!(e, Effect::Ask(Ask::Values(_))))
            .count()
    };
    assert_eq!(asked(&stage), 1);
    assert!(
        stage.prompt().unwrap().choices.iter().any(|c| c.text.contains("two")),
        "{:?}",
        stage.prompt()
    );
    // Enter takes the chosen one into the line, not yet the filter.
    stage.press("down enter");
    assert!(
        stage.prompt().is_some() && stage.typed().contains("one"),
        "{}",
        stage.typed()
    );
    stage.press("enter");
    assert!(stage.prompt().is_none());
    assert_eq!(asked(&stage), 1);
}

#[test]
fn search_goes_to_the_hit_while_it_is_typed() {
    let mut stage = Stage::new();
    stage.press("/ 'with_2");
    assert_eq!(stage.call(), 2);
    stage.press("ctrl-w ctrl-w 'with_4");
    assert_eq!(stage.call(), 4);
    stage.press("enter n");
    assert_eq!(stage.call(), 4, "round the end to the only one");
    stage.press("3 / 'why_31 enter");
    assert!(stage.at(Pane::Detail) > 0);
    assert!(
        stage.model.detail.rows[stage.model.detail.cursor.at]
            .text()
            .contains("why 31")
    );
    stage.press("n N");
    assert!(
        stage.model.detail.rows[stage.model.detail.cursor.at]
            .text()
            .contains("why 31")
    );
    stage.press("/ 'nowhere");
    assert!(stage.notice().contains("not in this pane"));
}

#[test]
fn the_palette_runs_what_fits_best() {
    let mut stage = Stage::new();
    stage.press(": 'all-l");
    assert_eq!(stage.prompt().unwrap().choices[0].text, "all-lines");
    stage.press("enter");
    assert!(stage.model.story.all && stage.model.overlay.is_none());
    stage.press(": 'quit enter");
    assert!(stage.does(&Effect::Quit));
    let mut stage = Stage::new();
    stage.press(": 'xyzxyz enter");
    assert!(stage.model.overlay.is_none());
    assert!(!stage.does(&Effect::Quit));
}

#[test]
fn the_help_is_filtered_and_closes() {
    let mut stage = Stage::new();
    stage.press("? 'replay");
    let choices = &stage.prompt().unwrap().choices;
    assert!(!choices.is_empty() && choices.len() < 20);
    assert!(choices.iter().any(|c| c.text == "r"));
    stage.press("down enter");
    assert!(stage.prompt().is_none(), "the chosen command runs");
    stage.press("? esc");
    assert!(stage.model.overlay.is_none());
}

#[test]
fn the_target_is_asked_once_and_kept() {
    let mut stage = Stage::new();
    stage.press("!aimless 2 r");
    assert!(stage.planned().is_empty());
    stage.press("ctrl-u 'http://localhost:9 enter");
    assert_eq!(stage.planned(), [10]);
    assert!(stage.does(&Effect::Send(vec![1])));
    stage.press("!fail r");
    assert!(stage.does(&Effect::Send(vec![2])), "no question the second time");
    assert_eq!(stage.press("t").typed(), "http://localhost:9");
    stage.press("esc").forget();
    // A target that is refused stays in the line, with what to do.
    for wrong in ["http://93.184.216.34", "nonsense://x"] {
        stage.press("t ctrl-u").take(Msg::Paste(wrong.to_owned()));
        stage.press("enter");
        let p = stage.prompt().unwrap();
        assert!(p.fault.as_ref().is_some_and(|f| !f.1.is_empty()) && p.input.value() == wrong);
        stage.press("esc");
    }
    assert_eq!(
        stage.model.target.target.as_ref().unwrap().to_string(),
        "http://localhost:9"
    );
}

#[test]
fn pasted_text_goes_into_the_line_only() {
    let mut stage = Stage::new();
    stage.take(Msg::Paste("q\nq".to_owned()));
    assert!(stage.said.is_empty() && stage.model.overlay.is_none());
    stage.press("/").take(Msg::Paste("a\nb\x1b[31m\tc".to_owned()));
    assert_eq!(stage.typed(), "a b [31m c");
    stage.press("left left").take(Msg::Paste("XY".to_owned()));
    assert_eq!(stage.typed(), "a b [31mXY c");
    assert_eq!(stage.prompt().unwrap().input.cursor(), 10);
    // A whole file by mistake is cut, and does not hold the keys up.
    stage.press("ctrl-u").take(Msg::Paste("x".repeat(1 << 20)));
    assert_eq!(stage.typed().len(), 64 * 1024);
}

#[test]
fn lines_are_edited_as_in_a_shell() {
    let mut stage = Stage::new();
    for (keys, line) in [
        ("'one_two", "one two"),
        ("ctrl-w", "one "),
        ("home 'x", "xone "),
        ("end backspace", "xone"),
        ("ctrl-a delete", "one"),
        ("right ctrl-k", "o"),
        ("ctrl-u", ""),
    ] {
        if stage.prompt().is_none() {
            stage.press("/");
        }
        assert_eq!(stage.press(keys).typed(), line, "{keys}");
    }
    assert!(matches!(&stage.model.overlay, Some(Overlay::Prompt(p)) if matches!(p.kind, PromptKind::Search(_))));
}

#[test]
fn a_name_that_is_typed_goes_first() {
    for (typed, first) in [
        ("qui", "quit"),
        ("rep", "replay"),
        ("replays", "replays"),
        ("all", "all-lines"),
    ] {
        let mut stage = Stage::new();
        stage.press(&format!(": '{typed}"));
        assert_eq!(stage.prompt().unwrap().choices[0].text, first);
    }
    let mut stage = Stage::new();
    stage.press(": 'qui enter");
    assert!(stage.does(&Effect::Quit));
    let mut stage = Stage::new();
    stage.press("? 'rep");
    assert_eq!(stage.prompt().unwrap().choices[0].text, "r");
}

#[test]
fn only_the_demo_offers_to_mend() {
    for demo in [false, true] {
        let mut stage = Stage::new();
        stage.model.demo = demo.then(Default::default);
        for (keys, text) in [(":", "mend"), ("?", "M")] {
            stage.press(keys);
            let choices = &stage.prompt().unwrap().choices;
            assert_eq!(choices.iter().any(|c| c.text == text), demo, "{keys}");
            stage.press("esc");
        }
    }
}

#[test]
fn what_is_typed_takes_the_place_of_the_proposed_target() {
    for (keys, line) in [
        ("'4000", "4000"),
        ("end '0", "http://localhost:30000"),
        ("backspace '1", "http://localhost:3001"),
        ("home right 'x", "hxttp://localhost:3000"),
        ("left '9", "http://localhost:30090"),
    ] {
        let mut stage = Stage::new();
        assert_eq!(stage.press("t").press(keys).typed(), line, "{keys}");
    }
    let mut stage = Stage::new();
    stage.press("t").take(Msg::Paste("localhost:9".to_owned()));
    stage.take(Msg::Paste("0".to_owned()));
    assert_eq!(stage.typed(), "localhost:90");
    stage.press("esc t enter");
    assert_eq!(
        stage.model.target.text, "http://localhost:3000",
        "the proposal itself is taken"
    );
}

#[test]
fn a_name_elsewhere_is_said_before_it_is_taken() {
    let mut stage = Stage::new();
    stage.press("t 'http://example.com enter");
    let fault = stage.prompt().unwrap().fault.clone().unwrap().1;
    for part in [
        "this machine only",
        "--allow-host example.com",
        "allow_hosts = [\"example.com\"]",
    ] {
        assert!(fault.contains(part), "{fault}");
    }
    assert_eq!(
        stage.model.target.target.as_ref().unwrap().to_string(),
        "http://localhost:3000"
    );
    // Another name is said anew; the same once more is taken: it may be in the hosts file.
    stage.press("'.test enter");
    assert!(
        stage
            .prompt()
            .unwrap()
            .fault
            .as_ref()
            .unwrap()
            .1
            .contains("example.com.test")
    );
    stage.press("enter");
    assert!(stage.prompt().is_none());
    assert_eq!(stage.model.target.text, "http://example.com.test");
    let mut stage = Stage::new();
    stage.model.target.allow_hosts = vec!["example.com".to_owned()];
    stage.press("t 'http://example.com enter");
    assert!(stage.prompt().is_none());
}

#[test]
fn hits_are_counted() {
    let said = |s: &Stage| super::super::hits(&s.model);
    let mut stage = Stage::new();
    stage.press("/ 'with_");
    assert_eq!(said(&stage).as_deref(), Some("1 of 3"));
    stage.press("enter n");
    assert_eq!(said(&stage).as_deref(), Some("2 of 3"));
    stage.press("N N");
    assert_eq!(said(&stage).as_deref(), Some("3 of 3"));
    // Another list: counted anew.
    stage.press("E");
    assert_eq!(said(&stage).as_deref(), Some("3 of 4"));
    stage.press("/ 'nowhere");
    assert_eq!(said(&stage).as_deref(), Some("0 in all"));
    stage.press("esc");
    assert_eq!(said(&stage), None);
}

#[test]
fn a_text_in_folded_lines_is_said_and_found_when_they_are_open() {
    let mut stage = Stage::new();
    stage.press("enter");
    let last = stage
        .model
        .story
        .data
        .items
        .iter()
        .filter_map(|i| match &i.what {
            What::Hidden(lines) => lines.last().copied(),
            _ => None,
        })
        .next_back()
        .unwrap();
    let text = format!("'line_{}", last.line);
    stage.press(&format!("/ {text}"));
    assert!(
        stage.notice().contains("not in the rows in sight"),
        "{}",
        stage.notice()
    );
    assert!(stage.notice().contains("a shows all lines"), "{}", stage.notice());
    // However far it is from what was looked at.
    stage.press("esc a g").press(&format!("/ {text}"));
    let row = stage.model.story.rows[stage.at(Pane::Story)];
    assert_eq!(stage.model.story.line(row), Some(last));
    assert_eq!(stage.notice(), "");
}

#[test]
fn what_is_read_on_clears_neither_search_nor_marks() {
    let mut stage = Stage::new();
    stage.press("space / 'with_ enter");
    let marks = stage.model.calls.marks.clone();
    let q = ListQuery {
        number: stage.model.calls.asked,
        ..stage.model.calls.query.clone().unwrap()
    };
    stage.take(Msg::List(q.number, std::sync::Arc::new(super::stage::list(&q))));
    assert_eq!(stage.model.calls.marks, marks);
    assert!(!marks.is_empty());
    assert_eq!(stage.model.search.as_ref().map(|s| s.text.as_str()), Some("with "));
}

#[test]
fn notices_that_nobody_saw_are_counted() {
    let mut stage = Stage::new();
    for n in 0..3 {
        stage.take(Msg::Notice(Level::Error, format!("wrong {n}")));
    }
    assert_eq!((stage.notice(), stage.model.notices.behind()), ("wrong 2", 2));
    stage.press("j");
    assert_eq!((stage.notice(), stage.model.notices.behind()), ("wrong 2", 0));
    stage.take(Msg::Notice(Level::Error, "wrong 3".to_owned()));
    assert_eq!(stage.model.notices.behind(), 0);
}

#[test]
fn an_editor_that_fails_leaves_everything_in_its_place() {
    let failed = || Msg::Edited(Err("the editor `false` ended".to_owned()));
    let mut stage = Stage::new();
    stage.press("3 ctrl-e").take(failed());
    assert!(stage.model.overlay.is_none() && stage.model.focus == Pane::Detail);
    assert!(stage.notice().contains("the editor"));
    stage.press("e ctrl-e").take(failed());
    assert!(stage.form().is_some(), "from the form: back to it");
}
