//! The tables against themselves, each rule by its own examples, and what no document may do.

use std::collections::HashSet;

use super::schema::schema;
use super::table::{Kind, Level, Need, On, Table, table};
use super::*;
use crate::model::Severity;

const CODES: &str = include_str!("../../../filters/twilio-codes.tsv");

/// `{x*9}` is nine times x.
fn expand(example: &str) -> String {
    let Some((before, rest)) = example.split_once('{') else {
        return example.to_owned();
    };
    let Some((what, count)) = rest.split_once('}').and_then(|(inner, _)| inner.rsplit_once('*')) else {
        return example.to_owned();
    };
    let Ok(count) = count.parse() else {
        return example.to_owned();
    };
    let after = rest.split_once('}').unwrap().1;
    format!("{before}{}{}", what.repeat(count), expand(after))
}

/// As it is written: `Start/Stream`.
fn path(on: &On) -> String {
    let parent = on.parent.iter().flat_map(|parent| [parent.as_str(), "/"]);
    parent.chain([on.tag.as_str()]).collect()
}

fn escaped(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn judged(message: bool, inner: &str) -> Vec<Problem> {
    let kind = if message {
        RequestKind::Message
    } else {
        RequestKind::Voice
    };
    let xml = format!("<Response>{inner}</Response>");
    document(kind, xml.as_bytes(), xml.len() as u64)
}

/// The elements around `on`, opened and closed, from the root inwards; `on` is a path of one or two.
fn around(on: &str) -> (String, String, bool) {
    let (parent, tag) = on.rsplit_once('/').map_or((None, on), |(p, t)| (Some(p), t));
    let mut path = vec![];
    let mut now = parent.map(str::to_owned).or_else(|| first_parent(tag));
    while let Some(name) = now.filter(|n| n != "Response") {
        now = first_parent(&name);
        path.push(name);
    }
    path.reverse();
    let open = path.iter().flat_map(|n| ["<", n, ">"]).collect();
    let close = path.iter().rev().flat_map(|n| ["</", n, ">"]).collect();
    let message = path.first().map_or(tag, String::as_str) == "Message";
    (open, close, message)
}

fn first_parent(tag: &str) -> Option<String> {
    let parents = schema().parents.get(tag)?;
    let root = parents.iter().find(|p| *p == "Response");
    root.or_else(|| parents.first()).cloned()
}

fn has(problems: &[Problem], code: &str, inner: &str, says: &str) -> bool {
    problems.iter().any(|p| {
        let place = p.line == Some(1) && p.column.is_some_and(|c| c as usize <= inner.chars().count() + 24);
        p.code.as_deref().unwrap_or_default() == code
            && p.severity > Severity::Info
            && p.message.contains(says)
            && place
    })
}

#[test]
fn the_tables_parse() {
    let rules = toml::from_str::<Table>(include_str!("../../../filters/twiml-rules.toml"));
    assert!(rules.is_ok(), "{}", rules.unwrap_err());
    assert!(table().value.len() > 70 && table().text.len() > 10 && table().rule.len() > 30);
    assert_eq!(schema().all().count(), 63);
    assert_eq!(schema().voices.len(), 900);
}

#[test]
fn every_code_is_in_the_dictionary_with_that_level() {
    let level = |code: &str| {
        let row = CODES.lines().find(|l| l.split('\t').next() == Some(code))?;
        row.split('\t').nth(3).map(str::to_owned)
    };
    let mut seen = Vec::new();
    for v in &table().value {
        seen.push((v.code.as_str(), Some(v.level), format!("{:?}", v.name)));
    }
    for t in &table().text {
        seen.push((t.code.as_str(), Some(t.level), format!("{:?}", t.on)));
    }
    for r in &table().required {
        seen.push((r.code.as_str(), Some(r.level), format!("{:?}", r.on)));
    }
    seen.extend(table().nesting.iter().map(|n| (n.code.as_str(), None, n.on.clone())));
    for rule in &table().rule {
        seen.push((rule.code.as_str(), None, rule.id.clone()));
        seen.extend(rule.also.iter().map(|code| (code.as_str(), None, rule.id.clone())));
    }
    for code in [
        "13224", "13226", "13252", "13253", "13254", "11240", "11241", "11242", "11243",
    ] {
        seen.push((code, None, "in the code".to_owned()));
    }
    for (code, found, what) in seen.into_iter().filter(|(code, ..)| !code.is_empty()) {
        let level = level(code);
        assert!(level.is_some(), "{what}: {code} is not in the dictionary");
        if let Some(found) = found {
            let wanted = if level.as_deref() == Some("ERROR") {
                Level::Error
            } else {
                Level::Warning
            };
            assert_eq!(found, wanted, "{what}: the dictionary has {level:?} for {code}");
        }
    }
}

#[test]
fn every_element_and_attribute_is_in_the_schema() {
    for value in &table().value {
        for on in &value.on {
            let all: Vec<_> = schema().all().filter(|(_, e)| e.tag == on.tag).collect();
            assert!(!all.is_empty(), "{on:?} is no element");
            let parents = schema().parents.get(&on.tag);
            let known = |parent: &String| parents.is_some_and(|all| all.contains(parent));
            assert!(on.parent.as_ref().is_none_or(known), "{on:?}");
            for name in &value.name {
                assert!(
                    all.iter().any(|(_, e)| e.attributes.contains(name)),
                    "{on:?} has no `{name}`"
                );
            }
        }
    }
    for on in table()
        .text
        .iter()
        .flat_map(|t| &t.on)
        .chain(table().required.iter().flat_map(|r| &r.on))
        .map(|on| &on.tag)
        .chain(table().nesting.iter().map(|n| &n.on))
    {
        assert!(schema().parents.contains(on), "{on}");
    }
}

#[test]
fn every_rule_has_a_source_and_an_id_of_its_own() {
    let sources = table()
        .value
        .iter()
        .map(|v| &v.source)
        .chain(table().text.iter().map(|t| &t.source));
    let sources = sources
        .chain(table().nesting.iter().map(|n| &n.source))
        .chain(table().required.iter().map(|r| &r.source))
        .chain(table().rule.iter().map(|r| &r.source));
    assert!(sources.into_iter().all(|s| s.len() > 5));
    let ids: HashSet<&str> = table().rule.iter().map(|r| r.id.as_str()).collect();
    assert_eq!(ids.len(), table().rule.len());
}

#[test]
fn values_by_their_examples() {
    for value in &table().value {
        assert!(!value.name.is_empty() && value.unless.is_empty(), "{:?}", value.on);
        assert!(!value.good.is_empty() && !value.bad.is_empty(), "{:?}", value.name);
        for (on, name) in value
            .on
            .iter()
            .flat_map(|on| value.name.iter().map(move |name| (on, name)))
        {
            let (open, close, message) = around(&path(on));
            let tag = &on.tag;
            let says = format!("`{name}` of <{tag}>");
            for (example, wanted) in value
                .good
                .iter()
                .map(|g| (g, false))
                .chain(value.bad.iter().map(|b| (b, true)))
            {
                let example = expand(example);
                let inner = format!("{open}<{tag} {name}=\"{}\"/>{close}", escaped(&example));
                let problems = judged(message, &inner);
                assert_eq!(
                    has(&problems, &value.code, &inner, &says),
                    wanted,
                    "{inner}: {problems:#?}"
                );
                let other = problems
                    .iter()
                    .any(|p| p.message.contains(&says) && p.severity > Severity::Info);
                assert_eq!(other, wanted, "{inner}: {problems:#?}");
            }
        }
    }
}

#[test]
fn texts_by_their_examples() {
    for text in &table().text {
        assert!(text.name.is_empty() && !text.beyond, "{:?}", text.on);
        assert!(!text.good.is_empty() && !text.bad.is_empty(), "{:?}", text.on);
        for on in &text.on {
            let (open, close, message) = around(&path(on));
            let tag = &on.tag;
            for (example, wanted) in text
                .good
                .iter()
                .map(|g| (g, false))
                .chain(text.bad.iter().map(|b| (b, true)))
            {
                let inner = format!("{open}<{tag}>{}</{tag}>{close}", escaped(&expand(example)));
                let problems = judged(message, &inner);
                let says = format!("<{tag}>");
                assert_eq!(
                    has(&problems, &text.code, &inner, &says),
                    wanted,
                    "{inner}: {problems:#?}"
                );
            }
        }
    }
}

#[test]
fn rules_by_their_examples() {
    let nesting = table()
        .nesting
        .iter()
        .map(|n| (&n.on, &n.code, Some(Severity::Error), &n.good, &n.bad, false));
    let rules = table()
        .rule
        .iter()
        .map(|r| (&r.id, &r.code, Some(r.level.into()), &r.good, &r.bad, r.message));
    let required = table()
        .required
        .iter()
        .map(|r| (&r.on[0].tag, &r.code, Some(r.level.into()), &r.good, &r.bad, false));
    for (id, code, level, good, bad, message) in nesting.chain(required).chain(rules) {
        let encoding = id.starts_with("encoding") || matches!(id.as_str(), "doctype" | "namespace");
        assert!(!good.is_empty() && (!bad.is_empty() || encoding), "{id}");
        for example in good {
            let problems = judged(message, &expand(example));
            let worst = problems.iter().map(|p| p.severity).max();
            assert!(
                worst.is_none_or(|s| s == Severity::Info),
                "{id}: {example}: {problems:#?}"
            );
        }
        for example in bad {
            let problems = judged(message, &expand(example));
            let found = problems
                .iter()
                .any(|p| p.code.as_deref().unwrap_or_default() == code && Some(p.severity) == level);
            assert!(found, "{id}: {example}: {problems:#?}");
        }
    }
}

#[test]
fn encodings() {
    let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?>\n<Response><Say>caf\xe9</Say><foo/></Response>";
    let problems = document(RequestKind::Voice, latin, 9);
    assert_eq!(problems[0].line, Some(1), "{problems:?}");
    assert_eq!(
        (problems[1].line, problems[1].column),
        (Some(2), Some(26)),
        "{problems:?}"
    );
    let wide = "<?xml version='1.0' encoding='UTF-16'?><Response/>";
    assert_eq!(
        document(RequestKind::Voice, wide.as_bytes(), 9)[0].code.as_deref(),
        Some("12100")
    );
    assert_eq!(
        document(RequestKind::Voice, b"\xff\xfe<\0R\0", 9)[0].code.as_deref(),
        Some("12100")
    );
}

#[test]
fn urls() {
    for (url, wanted) in [
        ("https://example.com/a", None),
        ("HTTPS://example.com:8080/a?b=c", None),
        ("next.php?url=http://x", None),
        ("/a:1/b", None),
        ("localhost:3000/x", Some(Severity::Error)),
        ("example.com:3000/x", Some(Severity::Error)),
        ("3000:a", None),
        ("https:///voice", Some(Severity::Error)),
        ("//example.com/x", None),
        ("https://my_app.example.com/", Some(Severity::Error)),
        ("htp://example.com", Some(Severity::Error)),
        ("https:/example.com", Some(Severity::Error)),
        ("https://", Some(Severity::Error)),
        ("javascript:alert(1)", Some(Severity::Error)),
        ("www.example.com", Some(Severity::Error)),
        ("http://localhost:3000/", Some(Severity::Info)),
        ("http://10.0.0.1/", Some(Severity::Info)),
    ] {
        let problems = judged(false, &format!("<Play>{url}</Play>"));
        assert_eq!(problems.iter().map(|p| p.severity).max(), wanted, "{url}: {problems:?}");
    }
    let long = judged(
        false,
        &format!("<Play>https://example.com/{}</Play>", "x".repeat(4_000)),
    );
    assert_eq!(long[0].code.as_deref(), Some("11100"));
}

#[test]
fn overrides_of_connections() {
    for (fragment, wanted) in [
        ("rc=3&rp=all&ct=2000", None),
        ("rp=4xx,5xx,ct", None),
        ("e=ashburn,dublin&sni=y", None),
        ("top", None),
        ("rp=never", Some("11243")),
        ("e=mars", Some("11241")),
        ("e=", Some("11240")),
        ("e=ashburn-ix", Some("")),
        ("rc=9", Some("11243")),
        ("ct=10", Some("")),
        ("zz=1", Some("")),
    ] {
        let problems = judged(
            false,
            &format!("<Play>https://example.com/a.mp3#{}</Play>", escaped(fragment)),
        );
        let found = problems.first().map(|p| p.code.as_deref().unwrap_or_default());
        match wanted {
            Some("") => assert_eq!(problems.len(), 1, "{fragment}: {problems:?}"),
            wanted => assert_eq!(found, wanted, "{fragment}: {problems:?}"),
        }
    }
}

#[test]
fn a_stream_has_no_query() {
    for (url, found) in [("wss://example.com/s", false), ("wss://example.com/s?a=1", true)] {
        let problems = judged(false, &format!("<Start><Stream url='{url}'/></Start>"));
        let said = problems
            .iter()
            .any(|p| p.message.contains("<Parameter>") && p.code.is_none() && !p.certain);
        assert_eq!((said, problems.len()), (found, usize::from(found)), "{problems:?}");
    }
}

/// Verbs of calls have a code of their own there; what neither schema knows has the schema's.
#[test]
fn verbs_of_the_other_schema() {
    for (message, inner, code) in [
        (true, "<Say>a</Say>", "14110"),
        (true, "<Dial/>", "14110"),
        (true, "<Number/>", "12200"),
        (true, "<Foo/>", "12200"),
        (false, "<Message>a</Message>", "12200"),
    ] {
        let problems = judged(message, inner);
        assert_eq!(problems[0].code.as_deref(), Some(code), "{inner}: {problems:?}");
    }
}

#[test]
fn numbers_and_addresses() {
    for (noun, wanted) in [
        ("<Number>+4915112345678</Number>", None),
        ("<Number>415-555-0100</Number>", None),
        ("<Number>+1415555010</Number>", Some("13224")),
        ("<Number>+0415555010</Number>", Some("13226")),
        ("<Number>+49 (0) x</Number>", Some("13223")),
        ("<Number>123456789012</Number>", Some("13223")),
        ("<Number>{{To}}</Number>", None),
        ("<Sip>sip:ann@example.com:5060;transport=tls</Sip>", None),
        ("<Sip>ann@example.com</Sip>", Some("13243")),
        ("<Sip>ann@example.com:5060</Sip>", Some("13243")),
        ("<Sip>sip:example.com</Sip>", None),
        ("<Sip>sip:ann@192.168.0.1</Sip>", Some("13254")),
        ("<Sip>sip:ann@example.com?Subject=a</Sip>", Some("13252")),
        ("<Sip>http://example.com</Sip>", Some("13243")),
    ] {
        let problems = judged(false, &format!("<Dial>{noun}</Dial>"));
        let found = problems
            .iter()
            .find(|p| p.severity > Severity::Info)
            .and_then(|p| p.code.as_deref());
        assert_eq!(found, wanted, "{noun}: {problems:?}");
    }
}

/// What is said to write instead is taken.
#[test]
fn advice_for_numbers_is_no_wrong_number() {
    for (number, says) in [
        ("0049301234567", "write it +49301234567:"),
        ("011442079460000", "write it +442079460000:"),
        ("02079460000", "replace the 0"),
        ("00", "replace the 0"),
        ("0000000000", "replace the 0"),
        ("442079460000", "+442079460000"),
        ("5550100", "country"),
        ("1415555010", "country"),
        ("123456789012345678", "7 to 15 digits"),
        ("ext", "must be a telephone number"),
        ("4155550100x12", "sendDigits"),
    ] {
        let problems = judged(false, &format!("<Dial>{number}</Dial>"));
        let Some(found) = problems.first() else {
            panic!("{number} is taken");
        };
        assert!(found.message.contains(says), "{found:?}");
        let advised = found
            .message
            .split(['+', ' ', ',', ':'])
            .filter(|w| w.len() > 6 && w.bytes().all(|b| b.is_ascii_digit()));
        for advised in advised.filter(|w| found.message.contains(&format!("+{w}"))) {
            let again = judged(false, &format!("<Dial>+{advised}</Dial>"));
            assert!(again.is_empty(), "{number}: {found:?}: {again:?}");
        }
    }
}

/// Twilio's own documentation has an example without the scheme.
/// Codes of Dial are for the numbers that Dial calls.
#[test]
fn numbers_elsewhere_have_no_code_of_dial() {
    for (message, xml, code) in [
        (true, "<Message to=\"+1500555\">x</Message>", "14101"),
        (true, "<Message to=\"+0049301234567\">x</Message>", "14101"),
        (false, "<Dial callerId=\"+1500555\"><Client>a</Client></Dial>", "13214"),
    ] {
        let problems = judged(message, xml);
        let codes: Vec<_> = problems.iter().filter_map(|p| p.code.as_deref()).collect();
        assert_eq!(codes, [code], "{xml}: {problems:?}");
    }
    let caller = judged(false, "<Dial callerId=\"+1500555\"><Client>a</Client></Dial>");
    assert!(!caller[0].fails(), "{caller:?}");
    let national = judged(false, "<Dial>+44 (0)20 7946 0000</Dial>");
    assert!(national[0].message.contains("+442079460000"), "{national:?}");
    // An example of the documentation.
    let headers = judged(
        false,
        "<Dial><Sip>sip:kate@example.com?mycustomheader=foo&amp;myotherheader=bar</Sip></Dial>",
    );
    assert!(headers.iter().all(|p| !p.fails()), "{headers:?}");
}

#[test]
fn a_sip_address_without_its_scheme_is_not_certainly_refused() {
    for (address, certain) in [("ann@example.com", false), ("ann example.com", true)] {
        let problems = judged(false, &format!("<Dial><Sip>{address}</Sip></Dial>"));
        assert_eq!(problems[0].certain, certain, "{problems:?}");
    }
}

#[test]
fn what_a_document_is_for() {
    for (inner, kind) in [
        ("<Message>a</Message>", RequestKind::Message),
        ("<Message>a</Message><Redirect>/a</Redirect>", RequestKind::Message),
        ("<Redirect>/a</Redirect>", RequestKind::Voice),
        ("<Message>a</Message><Say>a</Say>", RequestKind::Voice),
        ("", RequestKind::Voice),
        ("<Say>a", RequestKind::Voice),
    ] {
        assert_eq!(
            kind_of(format!("<Response>{inner}</Response>").as_bytes()),
            kind,
            "{inner}"
        );
    }
}

#[test]
fn an_attribute_that_resembles_none_is_a_note() {
    for (inner, severity, code, certain) in [
        ("<Say zebra='1'>a</Say>", Severity::Info, None, false),
        ("<Gather numdigits='1'/>", Severity::Warning, Some("12200"), true),
        ("<Gather numDigit='1'/>", Severity::Warning, Some("12200"), true),
        ("<Gather Timeout='5'/>", Severity::Warning, Some("12200"), true),
        (
            "<Dial timeOut='5'>+14155550100</Dial>",
            Severity::Warning,
            Some("12200"),
            false,
        ),
        ("<Pay method='POST'/>", Severity::Warning, Some("12200"), false),
        (
            "<Dial><Conference timeLimit='9'>a</Conference></Dial>",
            Severity::Warning,
            Some("12200"),
            true,
        ),
    ] {
        let problems = judged(false, inner);
        let found: Vec<_> = problems
            .iter()
            .map(|p| (p.severity, p.code.as_deref(), p.certain))
            .collect();
        assert_eq!(found, [(severity, code, certain)], "{inner}: {problems:?}");
    }
    for (name, severity) in [("zebra", Severity::Info), ("voice", Severity::Warning)] {
        let xml = format!("<Response {name}='1'/>");
        let problems = document(RequestKind::Voice, xml.as_bytes(), xml.len() as u64);
        assert_eq!(problems[0].severity, severity, "{problems:?}");
    }
}

/// Another case of a value is told, and as likely as with its neighbours.
#[test]
fn another_case_of_a_value_does_not_fail() {
    for inner in [
        "<Gather actionOnEmptyResult='TRUE'/>",
        "<Dial hangupOnStar='TRUE'>+14155550100</Dial>",
        "<Record playBeep='True'/>",
    ] {
        let problems = judged(false, inner);
        let found: Vec<_> = problems.iter().map(|p| (p.severity, p.certain)).collect();
        assert_eq!(found, [(Severity::Warning, false)], "{inner}: {problems:?}");
    }
}

/// XML has four blanks; what else looks like one is text.
#[test]
fn blanks_that_are_none_are_text() {
    for (inner, says) in [
        ("\u{a0}<Pause/>", "U+00A0"),
        ("<Pause/>\u{2028}", "U+2028"),
        (" \r\n\t<Pause/>\u{85}", "U+0085"),
        ("\u{a0}hello<Pause/>", "`hello`"),
    ] {
        let problems = judged(false, inner);
        assert_eq!(problems.len(), 1, "{inner:?}: {problems:?}");
        assert!(problems[0].message.contains(says), "{problems:?}");
        assert_eq!(problems[0].code.as_deref(), Some("12200"));
    }
    let task = judged(false, "<Enqueue><Task>[]</Task></Enqueue>");
    assert!(
        task[0].message.contains("JSON object") && !task[0].message.contains("column"),
        "{task:?}"
    );
}

/// As apps write them after Twilio's documentation, which the libraries' tables lag behind.
#[test]
fn attributes_that_the_libraries_do_not_know() {
    let sid = |kind: &str| format!("{kind}0123456789abcdef0123456789abcdef");
    let room = format!(
        "<Dial><Conference reservationSid='{}' postWorkActivitySid='{}' workflowSid='{}' priority='1' timeout='30'>r</Conference></Dial>",
        sid("WR"),
        sid("WA"),
        sid("WW")
    );
    let relay = "<Connect><ConversationRelay url='wss://e.example.com/ws' ignoreBackchannel='true' speechTimeout='600' eotThreshold='0.8' \
                 deepgramSmartFormat='true' reportInputDuringAgentSpeech='none' interruptible='any'/></Connect>";
    let lower = "<Connect><ConversationRelay url='wss://e.example.com/ws' ignorebackchannel='true' speechtimeout='600'/></Connect>";
    for inner in [room.as_str(), relay, lower] {
        let problems = judged(false, inner);
        assert!(problems.is_empty(), "{inner}: {problems:?}");
    }
}

#[test]
fn attributes_that_are_required_are_in_the_schema() {
    for rule in &table().required {
        for (on, need) in rule
            .on
            .iter()
            .flat_map(|on| rule.needs.iter().map(move |need| (on, need)))
        {
            let Need::Attribute(name) = need else { continue };
            let known = schema()
                .all()
                .any(|(_, e)| e.tag == on.tag && e.attributes.contains(name));
            assert!(known, "{on:?} has no `{name}`");
        }
    }
}

#[test]
fn many_problems_are_counted() {
    let problems = judged(false, &"<foo/>".repeat(5_000));
    assert_eq!(problems.len(), 101);
    let last = problems.last().unwrap();
    assert_eq!(
        (last.severity, last.message.contains("4900")),
        (Severity::Info, true),
        "{last:?}"
    );
    let problems = judged(false, &format!("{}<foo/>", "<Say zebra='1'>a</Say>".repeat(100)));
    assert_eq!(
        problems.last().map(|p| p.severity),
        Some(Severity::Error),
        "{problems:?}"
    );
}

#[test]
fn hostile_documents_are_refused() {
    let attributes: String = (0..5_000)
        .flat_map(|n| [" a".to_owned(), n.to_string(), "=''".to_owned()])
        .collect();
    let prefixes: String = (0..30)
        .flat_map(|n| ["<a xmlns:p".to_owned(), n.to_string(), "='x'>".to_owned()])
        .collect();
    for (xml, says) in [
        (format!("<Response{attributes}/>"), "attributes"),
        (format!("<Response>{}", "<a>".repeat(300)), "deep"),
        (format!("<Response>{prefixes}"), "prefixes"),
        (
            "<!DOCTYPE r [<!ENTITY a \"b\">]><Response>&a;</Response>".to_owned(),
            "document type",
        ),
        (
            "<!DOCTYPE r SYSTEM \"file:///etc/passwd\"><Response/>".to_owned(),
            "document type",
        ),
    ] {
        let problems = document(RequestKind::Voice, xml.as_bytes(), xml.len() as u64);
        assert_eq!(problems.len(), 1, "{says}");
        assert_eq!(problems[0].code.as_deref(), Some("12100"));
        assert!(problems[0].message.contains(says), "{problems:?}");
    }
}

/// What the parser takes and XML 1.0 does not, compared with the platform's own parser.
#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn declarations_instructions_and_references() {
    for (xml, place, code, says) in [
        (
            "<Response>\n<Say>a &#xD800;</Say></Response>",
            (2, 8),
            "12100",
            "`&#xD800;` is no character",
        ),
        (
            "<Response><Gather action=\"/&#55296;\"/></Response>",
            (1, 28),
            "12100",
            "`&#55296;`",
        ),
        (
            "<Response><Say>&#x110000;</Say></Response>",
            (1, 16),
            "12100",
            "`&#x110000;`",
        ),
        (
            "<?xmlversion=\"1.0\" encoding=\"UTF-8\"?><Response/>",
            (1, 1),
            "12100",
            "a blank is missing after `<?xml`",
        ),
        (
            "<?xml/version=\"1.0\"?><Response/>",
            (1, 1),
            "12100",
            "a blank is missing after `<?xml`",
        ),
        ("<?XML version=\"1.0\"?><Response/>", (1, 1), "12100", "lower case"),
        ("<Response>\n <?XmL x?></Response>", (2, 2), "12100", "lower case"),
        (
            "<Response><?a=b?></Response>",
            (1, 11),
            "12100",
            "after the name in `<?a`",
        ),
        ("<?xml?><Response/>", (1, 1), "12100", "no version"),
        ("<?xml encoding=\"UTF-8\"?><Response/>", (1, 1), "12100", "no version"),
        (
            "<?xml version=\"1.0\" encoding=\"\"?><Response/>",
            (1, 31),
            "12100",
            "no name of an encoding",
        ),
        (
            "<?xml version=\"1.0\" encoding=\"UTF 8\"?><Response/>",
            (1, 31),
            "12100",
            "`UTF 8` is no name",
        ),
        (
            "<?xml version=\"1.0\" standalone=\"maybe\"?><Response/>",
            (1, 33),
            "12100",
            "yes or no",
        ),
        (
            "<?xml version=\"1.0\" encoding=\"foo-8\"?><Response/>",
            (1, 31),
            "12100",
            "`foo-8`",
        ),
        (
            "<?xml version=\"1.0\"encoding=\"UTF-8\"?><Response/>",
            (1, 20),
            "12100",
            "a blank is missing here",
        ),
        (
            "<?xml encoding=\"UTF-8\" version=\"1.0\"?><Response/>",
            (1, 24),
            "12100",
            "in this order",
        ),
        (
            "<?xml version=\u{201c}1.0\u{201d}?><Response/>",
            (1, 7),
            "12100",
            "typographic quotes",
        ),
        ("<?xml version=1.0?><Response/>", (1, 7), "12100", "no quotes"),
        ("<?xml version='1.1'?><Response/>", (1, 1), "12101", "1.0"),
        ("<r:Response xmlns:r=\"u\"/>", (1, 1), "12102", "no prefixes"),
        // The first fault is told, whoever finds it.
        (
            "<Response><Say>a & b</Say><?XML x?></Response>",
            (1, 18),
            "12100",
            "a bare `&`",
        ),
        (
            "<Response><Say>a ]]>\n\nmore</Say></Response>",
            (1, 18),
            "12100",
            "`]]>` in the text of <Say>",
        ),
        (
            "<Response><Say\u{a0}voice=\"man\">a</Say></Response>",
            (1, 15),
            "12100",
            "U+00A0",
        ),
    ] {
        let problems = document(RequestKind::Voice, xml.as_bytes(), xml.len() as u64);
        assert_eq!(problems.len(), 1, "{xml}: {problems:?}");
        let found = &problems[0];
        assert_eq!(found.code.as_deref(), Some(code), "{xml}: {found:?}");
        assert!(found.message.contains(says), "{xml}: {found:?}");
        assert_eq!(
            (found.line, found.column),
            (Some(place.0), Some(place.1)),
            "{xml}: {found:?}"
        );
        assert_eq!(found.certain, !xml.contains("foo-8"), "{found:?}");
    }
    for xml in [
        "<?xml version = '1.0' encoding='utf-8' standalone=\"no\" ?>\n<Response><?php x?><?a?><?xml-stylesheet b?></Response>",
        "<Response><!-- &#xD800; --><Say><![CDATA[&#xD800;]]> &#x1F600; &#0000000000000065;</Say></Response>",
        "<?xml version=\"1.0\" encoding=\"windows-1252\"?><Response/>",
    ] {
        let problems = document(RequestKind::Voice, xml.as_bytes(), xml.len() as u64);
        assert!(problems.is_empty(), "{xml}: {problems:?}");
    }
    let namespace = b"<Response xmlns='urn:x'><Say>x</Say></Response>";
    let problems = document(RequestKind::Voice, namespace, 9);
    let found: Vec<_> = problems.iter().map(|p| (p.severity, p.certain)).collect();
    assert_eq!(found, [(Severity::Warning, false)], "{problems:?}");
}

#[test]
fn a_document_type_with_only_a_name_is_harmless() {
    for (xml, severities) in [
        (
            "<?xml version=\"1.0\"?>\n<!DOCTYPE Response>\n<Response><Say>a</Say></Response>",
            &[Severity::Warning][..],
        ),
        (
            "<!-- <!DOCTYPE a> --><!DOCTYPE Response ><Response><Speak/></Response>",
            &[Severity::Warning, Severity::Error],
        ),
        ("<!-- <!DOCTYPE a> --><Response/>", &[]),
        (
            "<!DOCTYPE html>\n<Response><Say>a</Say></Response>",
            &[Severity::Warning],
        ),
        ("<!DOCTYPE html>\n<html></html>", &[Severity::Error]),
        (
            "<!-- <!DOCTYPE a> --><!DOCTYPE r [<!ENTITY b 'c'>]><Response/>",
            &[Severity::Error],
        ),
        ("<!DOCTYPE r PUBLIC 'a' 'b'><Response/>", &[Severity::Error]),
        ("<!DOCTYPE r SYSTEM><Response/>", &[Severity::Error]),
        ("<!DOCTYPE r><!DOCTYPE r [ ]><Response/>", &[Severity::Error]),
    ] {
        let problems = document(RequestKind::Voice, xml.as_bytes(), xml.len() as u64);
        let found: Vec<_> = problems.iter().map(|p| p.severity).collect();
        assert_eq!(found, severities, "{xml}: {problems:?}");
        if found.first() == Some(&Severity::Warning) {
            assert!(!problems[0].certain && problems[0].code.is_none(), "{problems:?}");
        }
    }
}

#[test]
fn causes_of_what_does_not_parse() {
    for (inner, column, says) in [
        ("<Say>a&#0;b</Say>", 17, "`&#0;` is a character that XML does not allow"),
        ("<Say>&#x8;</Say>", 16, "`&#x8;` is a character that XML does not allow"),
        (
            "<Say voice='&#1;'/>",
            23,
            "`&#1;` is a character that XML does not allow",
        ),
        ("<Say>a &# b</Say>", 18, "a bare `&` in the text of <Say>"),
        ("<!-- a -- b -->", 18, "`--` stands in a comment"),
        ("<Pause/><!-- a --->", 26, "`--` stands in a comment"),
        ("<Say>5 < 6</Say>", 18, "a bare `<` in the text of <Say>: write &lt;"),
        ("<Say>I <3 you</Say>", 18, "a bare `<` in the text of <Say>: write &lt;"),
        ("<Say>don't & do</Say>", 22, "a bare `&` in the text of <Say>"),
    ] {
        let problems = judged(false, inner);
        assert_eq!(problems.len(), 1, "{inner}: {problems:?}");
        let found = &problems[0];
        assert!(found.message.contains(says), "{inner}: {found:?}");
        assert_eq!(
            (found.line, found.column),
            (Some(1), Some(column)),
            "{inner}: {found:?}"
        );
    }
    let audio = judged(false, "<Say><audio src='a.mp3'/></Say>");
    let codes: Vec<_> = audio.iter().map(|p| p.code.as_deref()).collect();
    assert_eq!(codes, [Some("12200")], "{audio:?}");
}

#[test]
fn deep_nesting_is_refused_before_parsing() {
    let deep = |n: usize| judged(false, &format!("{}{}", "<a b='/>'>".repeat(n), "</a>".repeat(n)));
    assert!(!deep(150)[0].message.contains("deep"));
    assert!(deep(250)[0].message.contains("nested more than 200 deep"));
    let spoken = format!(
        "<Say voice='Polly.Joanna'>{}a{}</Say>",
        "<prosody>".repeat(190),
        "</prosody>".repeat(190)
    );
    assert!(judged(false, &spoken).is_empty());
    let flat = judged(false, &"<Pause/><!-- <a> --><![CDATA[ ]]><?a <a> ?>".repeat(300));
    assert!(flat.is_empty(), "{flat:?}");
}

/// Every kind of value has a rule that uses it, so that none is dead.
#[test]
fn kinds_are_used() {
    let kinds = table()
        .value
        .iter()
        .map(|v| &v.kind)
        .chain(table().text.iter().map(|t| &t.kind));
    let used: HashSet<_> = kinds.map(std::mem::discriminant::<Kind>).collect();
    assert_eq!(used.len(), 19, "all but `any`");
}

proptest::proptest! {
    #[test]
    fn places_are_within_the_document(
        seed in proptest::collection::vec((0..40usize, "[<>/!?a&;'\"= \néx-]{0,6}"), 0..12),
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..120),
    ) {
        let mut xml = concat!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n <Gather input=\"dtmf speech\" timeout=\"5\" action=\"/é?a=1&amp;b=2\">\n",
            "  <Say voice=\"Polly.Joanna-Neural\" language=\"en-US\">Hi <emphasis>ü</emphasis></Say>\n </Gather>\n",
            " <Dial><Number sendDigits=\"1\">+14155550100</Number><Sip>sip:a@b.c?X-A=1</Sip></Dial>\n <Message/>\n</Response>\n"
        ).to_owned();
        for (part, insert) in &seed {
            let mut at = xml.len() * part / 40;
            while !xml.is_char_boundary(at) { at -= 1; }
            xml.insert_str(at, insert);
        }
        for body in [xml.as_bytes(), &bytes[..]] {
            let text = String::from_utf8_lossy(body);
            for kind in [RequestKind::Voice, RequestKind::Message, RequestKind::Unknown] {
                for p in document(kind, body, body.len() as u64) {
                    let (Some(line), Some(column)) = (p.line, p.column) else { continue };
                    let lines: Vec<&str> = text.split('\n').collect();
                    proptest::prop_assert!((1..=lines.len()).contains(&(line as usize)), "{p:?} in {text}");
                    let len = lines[line as usize - 1].chars().count();
                    proptest::prop_assert!((1..=len + 1).contains(&(column as usize)), "{p:?} in {text}");
                }
            }
        }
    }
}
