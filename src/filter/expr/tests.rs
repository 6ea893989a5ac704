//! The language by example: what matches, what is refused and where, and that everything written can be read again.

use proptest::prelude::*;

use super::*;
use crate::model::{RequestKind, StepEvent};

const NOW: &str = "2013-02-19T16:00:00Z";

fn compile(text: &str) -> Expr {
    parse(text, Time::parse(NOW).unwrap()).unwrap_or_else(|e| panic!("{e}"))
}

fn refuse(text: &str) -> Error {
    match parse(text, Time::parse(NOW).unwrap()) {
        Ok(expr) => panic!("`{text}` was taken as `{expr}`"),
        Err(e) => e,
    }
}

/// A failed voice request of 2013-02-19 15:30:10.250.
struct Sample;

impl Row for Sample {
    fn value(&self, field: Field) -> Value<'_> {
        let text = |t: &'static str| Value::Text(Cow::Borrowed(t));
        match field {
            Field::Severity => Value::Severity(Severity::Error),
            Field::Code => text("11200"),
            Field::Class => text("http"),
            Field::Title => text("Your app answered 502 to POST /ivr/gather"),
            Field::Text => Value::Texts(vec![
                "Your app answered 502".into(),
                "Bad Gateway\nupstream* timed out".into(),
            ]),
            Field::Call => Value::Texts(vec!["CA6d27370cbbfb605521fe8800bb73f2d2".into(), "abc".into()]),
            Field::Provider => text("twilio"),
            Field::At => Value::Time(Time::parse("2013-02-19T15:30:10.250Z").unwrap()),
            Field::From => text("+15551234567"),
            Field::To => text("client:Joe"),
            Field::Url => text("https://ivr.example.com/ivr/gather?x=1&y=%20"),
            Field::Path => text("/ivr/gather"),
            Field::Method => text("POST"),
            Field::Kind => text("gather"),
            Field::Event => text("noinput"),
            Field::Status => Value::Number(502.0),
            Field::Ms => Value::Number(5200.0),
            Field::Duration => Value::Number(90.0),
            Field::Errors => Value::Number(2.0),
            _ => Value::Missing,
        }
    }
}

#[test]
fn what_matches() {
    for (expression, expected) in [
        // Order of severities, joining, binding.
        ("severity >= warning and code = 11200", true),
        ("level > warning", true),
        ("severity < error", false),
        ("severity != info", true),
        ("severity = ERROR", true),
        ("severity in (warning, error)", true),
        ("severity not in (warning, error)", false),
        ("code = 1 and code = 2 or code = 11200", true),
        ("code = 1 and (code = 2 or code = 11200)", false),
        ("not code = 1 and severity = error", true),
        ("not (code = 1 or severity = error)", false),
        ("! code=1 && severity==error || x", true),
        ("not not severity=error", true),
        ("SEVERITY >= Warning AND NOT code = 1", true),
        // Text: case, wildcards, regexes, quotes.
        ("method = post", true),
        ("method = pos", false),
        ("method ~ os", true),
        ("url ~ \"/gather\"", true),
        ("url ~ '/gather'", true),
        ("url !~ /GATHER/", true),
        ("url ~ /GATHER/i", true),
        ("url ~ /example\\.com\\/ivr/", true),
        ("url = https://ivr.example.com/*", true),
        ("url = http://ivr.example.com/*", false),
        ("url = \"https://ivr.example.com/*\"", false),
        ("url ~ ivr*gather", true),
        ("url ~ gather*ivr", false),
        ("url = \"https://ivr.example.com/ivr/gather?x=1&y=%20\"", true),
        ("path = /ivr/gather", true),
        ("path = /ivr/*", true),
        ("path in (/voice, /ivr/gather)", true),
        ("path = /ivr", false),
        ("text ~ \"bad gateway\"", true),
        ("\"bad gateway\"", true),
        ("timeout", false),
        ("upstream", true),
        ("/timed? out/", true),
        ("timed*out", true),
        ("\"upstream*\"", true),
        ("\"Gateway\\nupstream\"", true),
        ("gateway*out", true),
        ("title ~ 502", true),
        // Codes.
        ("code in (12100, 11200)", true),
        ("code not in (12100, 11200)", false),
        ("code >= 11000 and code < 12000", true),
        ("code = 112*", true),
        ("code = 1120", false),
        ("code ~ 1120", true),
        // Ids: whole, part of four characters and more, wildcards.
        ("call = CA6d27370cbbfb605521fe8800bb73f2d2", true),
        ("id = CA6d27", true),
        ("sid = f2d2", true),
        ("session = 0cbbfb60", true),
        ("call = ca6D", true),
        ("call = CA6", false),
        ("call = abc", true),
        ("call = CA*", true),
        ("call = CA6d…f2d2", true),
        ("call = f2d2*", false),
        ("call != CA6d27", false),
        ("call in (zzzz, CA6d27)", true),
        // Phone numbers and other addresses.
        ("from = +15551234567", true),
        ("from = 15551234567", true),
        ("from = tel:+15551234567", true),
        ("from = \"+1 (555) 123-4567\"", true),
        ("from = 5551234567", false),
        ("from = +1555…", true),
        ("from = 1555*", true),
        ("from = *4567", true),
        ("from = +1556*", false),
        ("from ~ 1234", true),
        ("from ~ /^\\+1/", true),
        ("caller != 15551234567", false),
        ("to = client:joe", true),
        ("to = client:*", true),
        // Times.
        ("at > 2013-02-19T15:00", true),
        ("at > 2013-02-19T15:30:10Z", true),
        ("at > 2013-02-19T16:30:10+01:00", true),
        ("at < 2013-02-19T15:30:10.250Z", false),
        ("at <= 2013-02-19T15:30:10.250", true),
        ("at = 2013-02-19", true),
        ("at = 2013-02-20", false),
        ("at = 2013-02-19T15:30", true),
        ("at = 2013-02-19T15:31", false),
        ("at = 2013-02-19T15:30:10Z", true),
        ("at = 2013-02-19T15:30:10.251Z", false),
        ("at = \"2013-02-19 15:30\"", true),
        ("at in (2013-02-18, 2013-02-19)", true),
        ("at >= 30m", true),
        ("time >= 29m", false),
        ("started >= 1h30m", true),
        ("at < 20m", true),
        ("at >= 1d and at != 1d", true),
        // Numbers.
        ("status >= 500", true),
        ("status = 502", true),
        ("status == 502.0", true),
        ("status in (500, 502)", true),
        ("status < 500", false),
        ("ms > 5000", true),
        ("ms > 5s", true),
        ("ms < 5250ms", true),
        ("duration = 90", true),
        ("duration > 1m", true),
        ("duration >= 1m30s", true),
        ("errors > -1", true),
        // Words.
        ("provider = Twilio", true),
        ("platform != tropo", true),
        ("kind in (voice, gather)", true),
        ("kind = gath*", true),
        ("event = noinput", true),
        // Missing: only the three negative operators hold.
        ("host = *", false),
        ("host != x", true),
        ("host !~ x", true),
        ("host not in (x)", true),
        ("host ~ \"\"", false),
        ("not host = *", true),
        ("line < 5", false),
        ("line >= 5", false),
        ("line != 5", true),
        ("url = *", true),
    ] {
        assert_eq!(compile(expression).matches(&Sample), expected, "{expression}");
    }
}

#[test]
fn what_is_refused_and_where() {
    for (expression, column, message, suggestion) in [
        ("", 1, "expression is empty", None),
        ("  \t", 4, "expression is empty", None),
        (
            "severty >= warning",
            1,
            "no field is called `severty`",
            Some("severity"),
        ),
        (
            "code = 1 and stauts > 3",
            14,
            "no field is called `stauts`",
            Some("status"),
        ),
        ("platfrom = tropo", 1, "no field is called", Some("platform")),
        ("zzzzz = 1", 1, "the fields are severity, code,", None),
        ("severity > 5", 12, "info, warning or error", None),
        ("severity >= 1", 13, "info, warning or error", None),
        ("severity >= eror", 13, "info, warning or error", Some("error")),
        (
            "severity in (error, wrning)",
            21,
            "info, warning or error",
            Some("warning"),
        ),
        ("severity ~ err", 10, "`~` cannot compare", None),
        ("status = abc", 10, "`status` is a number, like `status >= 500`", None),
        ("status = 5*", 10, "write digits", None),
        ("status = nan", 10, "write digits", None),
        ("status ~ /5../", 8, "use one of = != < <= > >= in", None),
        ("ms > soon", 6, "a duration such as 2s", None),
        (
            "title > a",
            7,
            "`title` is text, which `>` cannot compare; use one of = != ~ !~ in",
            None,
        ),
        ("code > abc", 8, "`code` is a code", None),
        ("at > yesterday", 6, "an age such as 10m", None),
        ("at > 2013-02-30", 6, "2013-02-19T15:00", None),
        ("at > 99999999999999999d", 6, "an age such as", None),
        ("at > 5x", 6, "an age such as", None),
        (
            "provider = twillio",
            12,
            "`provider` is one of tropo, twilio",
            Some("twilio"),
        ),
        ("event = no-input", 9, "`event` is one of start", Some("noinput")),
        ("url ~ /a(b/", 7, "this regex cannot be used: unclosed group", None),
        ("url ~ /a{9999999}/", 7, "this regex cannot be used", None),
        ("url ~ /\\w{500}{500}/", 7, "it is too big", None),
        ("url ~ /gather", 7, "not closed with `/`", Some("\"/gather\"")),
        ("url ~ /ivr/gather", 12, "only the flag `i`", None),
        ("url ~ //", 7, "the regex is empty", None),
        ("text = \"abc", 8, "the quote `\"` is not closed", None),
        ("text = \"a\\d\"", 10, "after `\\` may come", None),
        (
            "url",
            1,
            "`url` is a field and needs an operator, like `url ~ \"/gather\"`",
            None,
        ),
        ("code 11200", 1, "`code` is a field and needs an operator", None),
        ("code =", 7, "a value is missing after `=`", None),
        ("code = and", 8, "a value is missing after `=`; to search", None),
        ("code = )", 8, "a value is missing", None),
        ("= 5", 1, "a field is missing before `=`", None),
        ("in (5)", 1, "a field is missing before `in`", None),
        ("\"code\" = 5", 1, "without quotes", None),
        ("code = 1 and", 13, "a test is missing here", None),
        ("and code = 1", 1, "a test is missing here", None),
        ("()", 2, "a test is missing here", None),
        ("bad gateway", 5, "write `and` or `or` between", None),
        ("code = 1 = 2", 10, "a test has one operator", None),
        ("(code = 1", 1, "this `(` is not closed", None),
        ("(code = 1 code = 2)", 11, "write `and`, `or` or `)`", None),
        ("code = 1)", 9, "this `)` closes nothing", None),
        ("code = 1, 2", 9, "belongs between the values", None),
        ("code in 11200", 9, "`code in (one, other)`", None),
        ("code in ()", 10, "a value is missing after `in`", None),
        ("code in (1 2)", 12, "write `,` or `)`", None),
        ("code not in (1,)", 16, "a value is missing after `not in`", None),
        ("a & b", 3, "write `and` or `&&`", None),
        ("a | b", 3, "write `or` or `||`", None),
        ("größe ~ \u{1b}[0m", 9, "`\\u{1b}` has no meaning here", None),
    ] {
        let e = refuse(expression);
        assert_eq!(
            (e.column, e.suggestion.as_deref()),
            (column, suggestion),
            "{expression}: {e}"
        );
        assert!(e.message.contains(message), "{expression}: {e}");
        assert_eq!(e.text, expression);
    }
}

#[test]
fn an_error_points_at_its_column() {
    assert_eq!(
        refuse("code = 1 and severty > info").to_string(),
        "code = 1 and severty > info\n             ^\nno field is called `severty`; did you mean `severity`?"
    );
    // What begins with the word is meant rather than what looks like it.
    for (typed, meant) in [
        ("sever = x", "severity"),
        ("dur > 3", "duration"),
        ("warn > 3", "warnings"),
    ] {
        assert_eq!(refuse(typed).suggestion.as_deref(), Some(meant), "{typed}");
    }
    // Wide characters take two cells, a tab one.
    assert_eq!(
        refuse("url ~ 電話\tor x = 1")
            .to_string()
            .lines()
            .take(2)
            .collect::<Vec<_>>(),
        ["url ~ 電話 or x = 1", "              ^"]
    );
}

#[test]
fn depth_and_length_are_bounded() {
    let nested = |n: usize| format!("{}code = 1{}", "(".repeat(n), ")".repeat(n));
    assert!(!compile(&nested(200)).matches(&Sample));
    assert_eq!(refuse(&nested(201)).column, 201);
    assert!(
        compile(&format!("{}code = 1", "not ".repeat(200)))
            .to_string()
            .ends_with("not code = 1")
    );
    assert!(refuse(&"!".repeat(5000)).message.contains("more than 200"));
    assert_eq!(
        refuse(&"a".repeat(8193)).to_string(),
        "the expression is longer than 8192 bytes"
    );
    let many = vec!["code = 1"; 600].join(" or ");
    assert_eq!(compile(&many).to_string(), many);
}

#[test]
fn fields_are_named_once_in_the_tables_order() {
    assert_eq!(
        compile("url ~ a or (not code = 1 and URL ~ b) or severity = info or timeout").fields(),
        [Field::Severity, Field::Code, Field::Text, Field::Url]
    );
}

#[test]
fn the_shortest_form_is_written() {
    for (written, shown) in [
        ("timeout", "text ~ timeout"),
        ("((level>=WARNING))&&id==CA12", "severity >= WARNING and call = CA12"),
        ("a or (b and c)", "text ~ a or text ~ b and text ~ c"),
        ("(a or b) and c", "(text ~ a or text ~ b) and text ~ c"),
        ("a and (b and c)", "text ~ a and (text ~ b and text ~ c)"),
        ("!(a)", "not text ~ a"),
        ("url ~ \"plain\"", "url ~ plain"),
        ("url = \"/x\"", "url = \"/x\""),
        ("url = \"a*\" or url = a*", "url = \"a*\" or url = a*"),
        (
            "url ~ 'and' or url ~ 'say \"hi\"\\n'",
            "url ~ \"and\" or url ~ \"say \\\"hi\\\"\\n\"",
        ),
        ("url ~ /a\\/b\\\\\\d/i", "url ~ /a\\/b\\\\\\d/i"),
        ("code not in (1,'b c')", "code not in (1, \"b c\")"),
        ("at >= 10m", "at >= 10m"),
    ] {
        let expr = compile(written);
        assert_eq!(expr.to_string(), shown);
        assert_eq!(compile(shown), expr, "{written}");
    }
}

#[test]
fn expressions_differ_when_they_mean_other_things() {
    let now = Time::parse(NOW).unwrap();
    assert_ne!(compile("url = \"a*\""), compile("url = a*"));
    assert_ne!(compile("url ~ /a/"), compile("url ~ /a/i"));
    assert_ne!(compile("at >= 10m"), parse("at >= 10m", Time(now.0 + 1)).unwrap());
}

#[test]
fn the_table_is_whole() {
    let mut seen = std::collections::BTreeSet::new();
    for (i, info) in FIELDS.iter().enumerate() {
        assert_eq!(info.field as usize, i, "{}: the table has the enum's order", info.name);
        assert_eq!(info.field.name(), info.name);
        for name in info.names() {
            assert!(seen.insert(name), "{name} twice");
            assert_eq!(Field::parse(&name.to_uppercase()), Some(info.field));
        }
        assert_eq!(compile(info.example).fields(), [info.field], "{}", info.example);
        assert!(!info.help.is_empty() && !info.help.ends_with('.'), "{}", info.name);
        for op in info.kind.operators().split(' ').filter(|op| *op != "in") {
            let value = info.example.rsplit(' ').next().unwrap().trim_matches(')');
            let value = if value.contains('/') { "x" } else { value };
            if let Err(e) = parse(&format!("{} {op} {value}", info.name), Time(0)) {
                assert!(!e.message.contains("cannot compare"), "{e}");
            }
        }
    }
}

/// Adding a kind or an event to the model must add its word here.
#[test]
fn words_of_the_model_are_known() {
    use RequestKind as K;
    use StepEvent as S;
    let kinds = [
        K::Session,
        K::Result,
        K::Voice,
        K::Gather,
        K::GatherPartial,
        K::Record,
        K::Dial,
        K::StatusCallback,
        K::RecordingStatus,
        K::Fallback,
        K::Message,
        K::MessageStatus,
        K::Media,
        K::Api,
        K::Sip,
        K::Unknown,
    ];
    for kind in kinds {
        compile(&format!("kind = {}", kind.as_str()));
    }
    let events = [
        S::Start,
        S::Choice,
        S::Noinput,
        S::Nomatch,
        S::Timeout,
        S::Hangup,
        S::Error,
        S::Continue,
        S::Incomplete,
        S::Signal,
    ];
    for event in events {
        compile(&format!("event = {}", event.as_str()));
    }
    let FieldType::Word(words) = Field::Kind.info().kind else {
        panic!("kind has words")
    };
    assert_eq!(words.len(), kinds.len());
    let FieldType::Word(words) = Field::Event.info().kind else {
        panic!("event has words")
    };
    assert_eq!(words.len(), events.len());
}

/// Expressions put together from pieces of the language, most of them valid.
fn expressions() -> impl Strategy<Value = String> {
    let test = prop_oneof![
        (0..FIELDS.len(), any::<bool>()).prop_map(|(i, own)| {
            let info = &FIELDS[i];
            if own {
                info.example.to_owned()
            } else {
                format!("{} != *", info.name)
            }
        }),
        "(url|title|text) (=|!=|~|!~) [a-z0-9+.:@*…#?-]{1,8}",
        "(url|title|from|call|code) (=|~) \"([a-z *…/&'|=]|\\\\[nrt\"\\\\]){0,8}\"",
        "(path|url) (=|!=) /[a-z/*]{0,6}",
        "(text|url) (~|!~) /([a-z. ]|\\\\/|\\\\\\\\|\\\\d){1,6}/i?",
        "(at|started) (<|<=|>|>=|=) (10m|1h30m|2d|2013-02-19|2013-02-19T15:00(Z|:01.5)?)",
        "(code|from|call) (not )?in \\([a-z0-9*]{1,5}(, \"[a-z ]{0,4}\"){0,2}\\)",
        "[g-z]{7,9}",
    ];
    test.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|e| format!("not ({e})")),
            inner.clone().prop_map(|e| format!("({e})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) and {b}")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("{a} or ({b})")),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        if let Err(e) = parse(&text, Time(0)) {
            prop_assert!(e.column >= 1 && e.column <= text.chars().count() + 1);
            prop_assert!(e.to_string().contains('^'));
        }
    }

    #[test]
    fn no_jumble_of_its_own_signs_makes_it_panic(
        text in "(and|or|not|in|url|at|code|severity|[ ()=!<>~&|,\"'/\\\\*…+0-9a-z]){0,40}",
        now in any::<i64>(),
    ) {
        match parse(&text, Time(now)) {
            Ok(expr) => {
                expr.matches(&Sample);
                prop_assert_eq!(parse(&expr.to_string(), Time(now)).unwrap(), expr);
            }
            Err(e) => prop_assert!(e.column >= 1 && e.column <= text.chars().count() + 1),
        }
    }

    #[test]
    fn what_is_written_can_be_read_again(text in expressions()) {
        if let Ok(expr) = parse(&text, Time(1_361_289_600_000)) {
            prop_assert_eq!(parse(&expr.to_string(), Time(1_361_289_600_000)).unwrap(), expr, "{}", text);
        }
    }

    /// What comes out of the generator is the language: only the odd value is refused.
    #[test]
    fn negation_is_negation(text in expressions()) {
        if let (Ok(plain), Ok(negated)) = (parse(&text, Time(0)), parse(&format!("not ({text})"), Time(0))) {
            prop_assert_ne!(plain.matches(&Sample), negated.matches(&Sample));
        }
    }
}
