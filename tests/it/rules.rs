//! The rule packs: free of faults, complete by the spec's tables, open to the user's own.
//!
//! Every rule carries its own examples and `filter::check` runs them; here it is held that it does, and what a user's
//! pack can do: override, add, hide, and be broken without harm.

use std::path::Path;

use redial::filter::{Does, Engine, Test, builtin, check, read_pack};

use crate::support::{engine, redial, run, text};

#[test]
fn the_built_in_packs_have_no_fault() {
    assert_eq!(engine().broken().len(), 0, "{:?}", engine().broken());
    let wrong = check(engine());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_rule_has_examples() {
    for rule in engine().rules() {
        if !matches!(rule.test, Test::Call(_)) {
            assert!(!rule.matches.is_empty(), "{} has no `matches`", rule.id);
        }
        let silent = rule.hide || rule.does != Does::Finding;
        assert!(
            silent || rule.title.is_some() || rule.pack.contains("twilio"),
            "{} has no title",
            rule.id
        );
    }
}

#[test]
fn ids_are_unique() {
    let mut ids: Vec<&str> = engine().rules().map(|r| r.id.as_str()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

/// Spec/tropo.md 3.1.
const TROPO: &[(&str, &str)] = &[
    ("W1", "webhook-http"),
    ("W2", "webhook-request"),
    ("W3", "webhook-reply"),
    ("W4", "webhook-no-reply"),
    ("W5", "caller-gone"),
    ("W6", "result-error"),
    ("W7", "flow-event"),
    ("S1", "script-error"),
    ("S2", "script-crash"),
    ("S3", "script-sandbox"),
    ("S4", "script-missing"),
    ("S5", "script-callback"),
    ("S6", "app-log"),
    ("C1", "call-timeout"),
    ("C2", "call-failed"),
    ("C3", "call-cancelled"),
    ("C4", "call-failed"),
    ("C5", "call-failed"),
    ("C6", "answer-timeout"),
    ("C7", "verb-in-wrong-state"),
    ("C8", "media-error"),
    ("C9", "number-format"),
    ("C10", "sip-failure"),
    ("A1", "caller-input"),
    ("A2", "asr"),
    ("A3", "media-error"),
    ("R1", "launch-failed"),
    ("R2", "signal-failed"),
    ("L1", "log-gap"),
];

#[test]
fn every_tropo_rule_of_the_spec_exists() {
    for (id, class) in TROPO {
        let rule = engine().rules().find(|r| r.id == *id);
        assert_eq!(rule.and_then(|r| r.class.as_deref()), Some(*class), "{id}");
    }
}

/// Spec/twilio.md 4: a code of each class that a webhook developer cares about.
const TWILIO: &[(&str, &str)] = &[
    ("11205", "network"),
    ("11237", "tls"),
    ("11200", "http"),
    ("11215", "redirect"),
    ("11750", "body"),
    ("12300", "content-type"),
    ("12100", "twiml-parse"),
    ("12200", "twiml-schema"),
    ("13210", "twiml-attribute"),
    ("13326", "speech"),
    ("13520", "tts"),
    ("13325", "media"),
    ("21205", "url"),
    ("11240", "connection-override"),
    ("15003", "callback"),
];

#[test]
fn every_twilio_class_of_the_spec_has_codes_and_advice_of_its_own() {
    for (code, class) in TWILIO {
        let entry = redial::filter::catalogue::look_up(code);
        assert_eq!(entry.map(|e| e.class), Some(*class), "{code}");
        let alert = format!(
            r#"{{"sid":"NO00000000000000000000000000000001","account_sid":"AC1","alert_text":"Msg=x&ErrorCode={code}&LogLevel=ERROR","date_generated":"2026-03-02T09:15:20Z","error_code":"{code}","log_level":"error","request_method":"POST","request_url":"https://a.example/v","resource_sid":"CA00000000000000000000000000000001","request_variables":"CallSid=CA1","response_body":""}}"#
        );
        let t = crate::support::told(alert);
        let f = t.finding();
        let advice = text(f, "advice");
        assert!(
            advice.len() > 40 && !advice.starts_with("See https"),
            "{code}: {advice}"
        );
        assert_ne!(f["rule"], "twilio-unknown", "{code}");
    }
    let all = include_str!("../../filters/twilio-codes.tsv");
    assert!(all.lines().count() > 2000);
}

/// Runs `errors --json` with a pack of the user's.
fn with_pack(pack: &str, log: &str) -> crate::support::Ran {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("mine.toml"), pack).unwrap();
    redial(["errors", "--json", "--level", "info", "-", "--filters"])
        .arg(folder.path())
        .stdin(log)
        .run()
}

const LINE: &str = "2012-11-01 20:59:34.107 INFO [x-1] #TROPO#: Can not answer within 30000ms.\n";

#[test]
fn a_users_rule_comes_first() {
    let mine = "[[rule]]\nid = \"mine\"\npattern = 'Can not answer within (?P<ms>\\d+)ms'\nclass = \"slow\"\nseverity = \"warning\"\ntitle = \"{ms} are too many\"\n";
    let found = with_pack(mine, LINE).exits(0).of("finding");
    assert_eq!(found.len(), 1);
    assert_eq!(
        [
            &found[0]["rule"],
            &found[0]["class"],
            &found[0]["severity"],
            &found[0]["title"]
        ],
        ["mine", "slow", "warning", "30000 are too many"]
    );
    let hide = "[[rule]]\nid = \"quiet\"\npattern = 'Can not answer'\nhide = true\n";
    assert_eq!(with_pack(hide, LINE).exits(0).of("finding").len(), 0);
}

#[test]
fn a_users_rule_shows_a_line_that_nothing_knew() {
    let mine = "[[rule]]\nid = \"mine\"\npattern = 'disk (?P<what>\\w+)'\nclass = \"disk\"\nseverity = \"error\"\ntitle = \"Disk {what}\"\n";
    let log = "2012-11-01 20:59:34.107 DEBUG [x-1] #OTHER#: disk full\n";
    let found = with_pack(mine, log).exits(0).of("finding");
    assert_eq!(
        found.iter().map(|f| text(f, "title")).collect::<Vec<_>>(),
        ["Disk full"]
    );
    assert_eq!(
        run("errors --json samples/tropo/script-prism.log").of("finding").len(),
        3
    );
}

#[test]
fn a_users_rule_for_documents() {
    let mine = "[[rule]]\nid = \"mine\"\nwhen = { code = \"12300\" }\nhide = true\n";
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("mine.toml"), mine).unwrap();
    let ran = redial(["errors", "--json", "samples/twilio/alerts.jsonl", "--filters"])
        .arg(folder.path())
        .run()
        .exits(0);
    assert!(ran.of("finding").iter().all(|f| f["code"] != "12300"));
    assert_eq!(ran.of("finding").len(), 3);
}

#[test]
fn the_configuration_folder_is_read() {
    let config = tempfile::TempDir::new().unwrap();
    let filters = config.path().join("redial/filters");
    std::fs::create_dir_all(&filters).unwrap();
    std::fs::write(
        filters.join("a.toml"),
        "[[rule]]\nid = \"quiet\"\npattern = 'Can not answer'\nhide = true\n",
    )
    .unwrap();
    let ran = redial(["errors", "--json", "-"])
        .env("XDG_CONFIG_HOME", config.path().to_str().unwrap())
        .stdin(LINE)
        .run()
        .exits(0);
    assert_eq!(ran.of("finding").len(), 0);
}

#[test]
fn broken_rules_are_named_and_the_run_goes_on() {
    for (pack, line, key) in [
        ("[[rule]]\nid = \"a\"\npattern = \"(\"\n", ":3:", "pattern"),
        (
            "[[rule]]\nid = \"a\"\npattern = \"x\"\nseverty = \"error\"\n",
            ":4:",
            "severty",
        ),
        (
            "[[rule]]\nid = \"a\"\npattern = \"x\"\nseverity = \"loud\"\n",
            ":4:",
            "severity",
        ),
        ("[[rule]]\npattern = \"x\"\n", ":1:", "id"),
        ("[[rule\n", ":1:", ""),
    ] {
        let ran = with_pack(pack, LINE).exits(0);
        for part in ["mine.toml", line, key] {
            assert!(ran.err.contains(part), "{pack}: {part} is not in {}", ran.err);
        }
        assert_eq!(ran.of("finding").len(), 1, "{pack}");
    }
    // The rules beside it work.
    let both = "[[rule]]\nid = \"a\"\npattern = \"(\"\n[[rule]]\nid = \"b\"\npattern = 'Can not answer'\nhide = true\n";
    assert_eq!(with_pack(both, LINE).exits(0).of("finding").len(), 0);
}

#[test]
fn examples_are_held_against_their_rule() {
    let faults = |text: &str| {
        let mut packs = vec![read_pack(text, "mine.toml", "test")];
        packs.extend(builtin::packs());
        check(&Engine::new(packs))
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let rule = |rest: &str| format!("[[rule]]\nid = \"mine\"\npattern = 'tea'\n{rest}\n");
    assert_eq!(
        faults(&rule("matches = [\"tea time\"]\nignores = [\"coffee\"]")),
        Vec::<String>::new()
    );
    assert_eq!(faults(&rule("matches = [\"coffee\"]")).len(), 1);
    assert_eq!(faults(&rule("ignores = [\"tea\"]")).len(), 1);
    assert_eq!(faults(&rule("matches = [{ code = \"1\" }]")).len(), 1);
}

#[test]
fn the_commands_about_rules() {
    let list = run("filters list").exits(0).out;
    assert!(TROPO.iter().all(|(id, _)| list.contains(id)), "{list}");
    assert!(run("filters show W1").exits(0).out.contains("Received non-2XX"));
    assert_ne!(run("filters show W99").code, 0);
    run("filters test").exits(0);
    let met = run("filters test samples/tropo/pizza-archive.log").exits(0).out;
    for rule in ["W1", "W2", "W3"] {
        assert!(met.contains(rule), "{rule}: {met}");
    }
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(
        folder.path().join("a.toml"),
        "[[rule]]\nid = \"a\"\npattern = 'x'\nmatches = [\"y\"]\n",
    )
    .unwrap();
    let wrong = redial(["filters", "test", "--filters"]).arg(folder.path()).run();
    assert_eq!(wrong.code, 1, "{}{}", wrong.out, wrong.err);
}

#[test]
fn packs_are_files_beside_the_source() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("filters");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        // Tables of other things: what apps rebuild of a URL, what platforms take for an answer.
        .filter(|n| {
            n.ends_with(".toml") && !["frameworks.toml", "tropo-verbs.toml", "twiml-rules.toml"].contains(&&**n)
        })
        .collect();
    files.sort();
    assert_eq!(files.len(), builtin::packs().len(), "{files:?}");
}
