//! Documents by example, and what must hold for any bytes.

use proptest::prelude::*;

use super::*;
use crate::output::rich::Span;

/// Lines as a person sees them: number, text, and the caret lines.
fn shown(lines: &[Line]) -> String {
    let mut out = String::new();
    for line in lines {
        out += &line.number.map_or_else(String::new, |n| n.to_string() + " ");
        out += line.text().trim_end();
        out.push('\n');
    }
    out
}

fn roles(line: &Line) -> Vec<(Role, &str)> {
    line.spans
        .iter()
        .map(|Span { role, text }| (*role, text.as_str()))
        .collect()
}

#[test]
fn json_keeps_what_is_written() {
    let text = r#"{"b":1.50e+3,"a":[],"b":{"x":[1,{"y":null}],"e":{ } },"s":"q\"\u00e9\n"}"#;
    assert_eq!(
        shown(&json(text)),
        r#"{
  "b": 1.50e+3,
  "a": [],
  "b": {
    "x": [
      1,
      {
        "y": null
      }
    ],
    "e": {}
  },
  "s": "q\"\u00e9\n"
}
"#
    );
    let line = &json(r#"{"a": true}"#)[1];
    assert_eq!(
        roles(line),
        [
            (Role::Plain, "  "),
            (Role::Name, "\"a\""),
            (Role::Punct, ": "),
            (Role::Number, "true")
        ]
    );
    assert_eq!(shown(&json("  7 ")), "7\n");
}

#[test]
fn broken_json_is_shown_with_its_place() {
    for (text, expected) in [
        (
            "{\"tropo\": [\n  {\"say\": \"é\"},\n ]}",
            "1 {\"tropo\": [\n2   {\"say\": \"é\"},\n3  ]}\n ^ a value should stand here\n",
        ),
        (
            "{\"é\": \"漢\" x}",
            "1 {\"é\": \"漢\" x}\n           ^ `,` or `}` should stand here\n",
        ),
        (
            "{\"a\": \"b\n}",
            "1 {\"a\": \"b\n      ^ this text is not closed with a double quote on its line\n2 }\n",
        ),
        (
            "[1,\n",
            "1 [1,\n   ^ the document ends here; a value should stand here\n",
        ),
        (
            "{} {}",
            "1 {} {}\n   ^ nothing more may stand here: the document is complete\n",
        ),
        ("[01]", "1 [01]\n ^ this is no number of JSON\n"),
        ("", "1 \n^ the document ends here; a value should stand here\n"),
    ] {
        let found = shown(&json(text));
        assert_eq!(found, expected, "{text:?}\n{found}");
    }
    let lines = json("[1 2]");
    assert_eq!(lines[0].mark, Some(Mark::Fault));
    assert!(roles(&lines[0]).contains(&(Role::Fault, "2")));
    assert_eq!(lines[1].mark, Some(Mark::Caret(3)));
}

#[test]
fn what_serde_takes_is_laid_out() {
    for text in [
        "0",
        "-0.5E-2",
        "\"\"",
        "[ ]",
        "{\"\":[[],{}]}",
        "01",
        "1.",
        ".5",
        "1e",
        "+1",
        "- 1",
        "tru",
        "nul",
        "[1,]",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "'a'",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\t\"",
        "[}",
        "{]",
        "]",
        "[1 2]",
        "1 2",
        "\"a",
        "\\",
        "\u{feff}1",
        "NaN",
        "// c\n1",
        "\"\\ud800\"",
    ] {
        let sound = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        assert_eq!(json::check(text, Extent::Whole).is_ok(), sound, "{text:?}");
    }
}

#[test]
fn xml_is_laid_out_by_element() {
    let text = "<?xml version=\"1.0\"?><Response><!-- menu --><Gather  action='/a?b=1&amp;c=2'\n  numDigits=\"1\" >\
                <Say voice=\"alice\">Press 1,\n  please</Say><Pause/></Gather><Say>a <b>mixed</b> text</Say><Hangup></Hangup>\n\n</Response>";
    assert_eq!(
        shown(&xml(text)),
        "<?xml version=\"1.0\"?>\n<Response>\n  <!-- menu -->\n  <Gather action='/a?b=1&amp;c=2' numDigits=\"1\">\n    \
         <Say voice=\"alice\">Press 1,\n  please</Say>\n    <Pause/>\n  </Gather>\n  <Say>a <b>mixed</b> text</Say>\n  \
         <Hangup></Hangup>\n</Response>\n"
    );
    assert_eq!(
        roles(&xml("<a b=\"c\">t</a>")[0]),
        [
            (Role::Punct, "<"),
            (Role::Name, "a"),
            (Role::Plain, " "),
            (Role::Name, "b"),
            (Role::Punct, "="),
            (Role::Text, "\"c\""),
            (Role::Punct, ">"),
            (Role::Plain, "t"),
            (Role::Punct, "</"),
            (Role::Name, "a"),
            (Role::Punct, ">")
        ]
    );
}

#[test]
fn broken_xml_is_shown_with_its_place() {
    for (text, place, words) in [
        ("<Response>\n  <Say>a & b</Say>\n</Response>", (2, 10), "entity"),
        ("<Response>\n  <Say>x</Response>", (2, 9), "`</Say>` should"),
        ("<Response>\n<Say>", (2, 1), "`<Say>` is not closed"),
        ("<Response>\n<Say voice=\"a>x</Say></Response>", (2, 1), "quote"),
        ("<Response/>\n tail", (2, 2), "outside"),
        ("</Response>", (1, 1), "closes nothing"),
        ("<Response>1 < 2</Response>", (1, 13), "begins no tag"),
        ("<a><!-- x</a>", (1, 4), "-->"),
        ("<!-- only -->", (1, 1), "no element"),
        ("\u{feff}<a/>", (1, 1), "byte order mark"),
        ("<a b=\"1\" b=\"2\"/>", (1, 10), "attribute"),
    ] {
        let fault = xml::check(text, Extent::Whole).unwrap_err().fault(text);
        assert_eq!(
            (fault.line, fault.column),
            (Some(place.0), Some(place.1)),
            "{text}: {}",
            fault.message
        );
        assert!(fault.message.contains(words), "{text}: {}", fault.message);
        let lines = xml(text);
        let at = lines
            .iter()
            .position(|l| matches!(l.mark, Some(Mark::Caret(_))))
            .unwrap();
        assert_eq!(lines[at - 1].number, Some(place.0), "{text}");
        assert!(lines[at].text().trim_start().starts_with("^ "), "{text}");
    }
}

#[test]
fn html_need_not_be_well_formed() {
    let page = "<!DOCTYPE html>\n<html><body><p>one<p>two<br></body></html>";
    assert_eq!(
        shown(&html(page)),
        "1 <!DOCTYPE html>\n2 <html><body><p>one<p>two<br></body></html>\n"
    );
    assert_eq!(shown(&html("<html><body/></html>")), "<html>\n  <body/>\n</html>\n");
}

#[test]
fn forms_are_tables() {
    let pairs = |all: &[(&str, &str)]| -> Vec<(String, String)> {
        all.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    };
    assert_eq!(
        shown(&form(&pairs(&[
            ("CallSid", "CA1"),
            ("To", "a\nb"),
            ("To", ""),
            ("漢", "x")
        ]))),
        "CallSid  CA1\nTo       a⏎b\nTo       (empty)\n漢       x\n"
    );
    assert_eq!(shown(&form(&[])), "(no parameters)\n");
    let long = "n".repeat(40);
    assert_eq!(
        shown(&form(&pairs(&[(&long, "v"), ("a", "b")]))),
        format!("{long}  v\na  b\n")
    );
}

#[test]
fn a_body_is_known_by_type_and_looks() {
    for (content_type, text, kind) in [
        (Some("application/json; charset=utf-8"), "1", Kind::Json),
        (Some("application/problem+json"), "oops", Kind::Json),
        (Some("application/json"), "<html>", Kind::Html),
        (Some("text/xml"), "{\"a\":1}", Kind::Json),
        (Some("TEXT/XML"), "Say", Kind::Xml),
        (Some("text/html"), "<html>", Kind::Html),
        (Some("text/html"), "<Response/>", Kind::Xml),
        (Some("application/x-www-form-urlencoded"), "a=b", Kind::Form),
        (Some("text/plain"), "<Response/>", Kind::Xml),
        (None, "\n{ \"a\": 1", Kind::Json),
        (None, "<?xml version='1.0'?>", Kind::Xml),
        (None, "<!DOCTYPE html>", Kind::Html),
        (None, "[2013-02-19 15:07] log", Kind::Plain),
        (None, "{no}", Kind::Plain),
        (None, "< 5", Kind::Plain),
        (None, "", Kind::Plain),
    ] {
        assert_eq!(kind::of(content_type, text), kind, "{content_type:?} {text}");
    }
}

#[test]
fn known_faults_stand_at_their_place() {
    let fault = |line, column, message: &str| Fault {
        line,
        column,
        message: message.to_owned(),
    };
    let text = b"<Response>\r\n  <Sai>x</Sai>\r\n</Response>\r\n";
    let faults = [
        fault(Some(9), Some(1), "behind the end"),
        fault(Some(2), None, "no such verb"),
        fault(Some(2), Some(8), "and this"),
        fault(None, None, "the whole of it"),
    ];
    assert_eq!(
        shown(&body(Some("text/xml"), text, &faults, Limits::default())),
        "! the whole of it\n1 <Response>\n2   <Sai>x</Sai>\n  ^ no such verb\n       ^ and this\n3 </Response>\n           ^ behind the end\n"
    );
    // Without a place the document is laid out, and an error of ours is marked beside it.
    let whole = [fault(None, None, "status 500")];
    assert_eq!(
        shown(&body(None, b"<a><b/></a>", &whole, Limits::default())),
        "! status 500\n<a>\n  <b/>\n</a>\n"
    );
    assert_eq!(
        shown(&body(None, b"<a><b></a>", &whole, Limits::default())),
        "! status 500\n1 <a><b></a>\n      ^ `</a>` stands where `</b>` should\n"
    );
}

#[test]
fn bodies_that_are_no_text() {
    let limits = Limits::default();
    assert_eq!(shown(&body(None, b"", &[], limits)), "(empty)\n");
    assert_eq!(
        shown(&body(Some("audio/mpeg"), b"ID3\0\x01\xff~", &[], limits)),
        "binary, 7 bytes (audio/mpeg)\n000000  49 44 33 00 01 ff 7e                             ID3...~\n"
    );
    let long = shown(&body(None, &[0; 1000], &[], limits));
    assert!(
        long.ends_with("… 744 more bytes\n") && long.lines().count() == 18,
        "{long}"
    );
    assert_eq!(
        shown(&body(None, b"caf\xe9 au lait, plain text", &[], limits)),
        "1 caf\u{fffd} au lait, plain text\n   ^ this is not UTF-8 from here on\n"
    );
}

#[test]
fn large_bodies_say_what_is_left_out() {
    let limits = Limits { bytes: 12, lines: 100 };
    assert_eq!(
        shown(&body(None, b"[\"a\", \"bcdefgh\", 1]", &[], limits)),
        "[\n  \"a\",\n  \"bcdef\n… 7 more bytes\n"
    );
    assert_eq!(
        shown(&body(None, b"<a><b>text</b></a>", &[], Limits { bytes: 8, lines: 9 })),
        "<a>\n  <b>te\n… 10 more bytes\n"
    );
    // A character is not cut in two.
    assert_eq!(
        shown(&body(None, "é漢x".as_bytes(), &[], Limits { bytes: 4, lines: 9 })),
        "1 é\n… 4 more bytes\n"
    );
    let limits = Limits { bytes: 99, lines: 2 };
    assert_eq!(
        shown(&body(None, b"[\"a\",\"b\"]", &[], limits)),
        "[\n  \"a\",\n… 4 more bytes\n"
    );
    assert_eq!(
        shown(&body(None, b"1\n22\n333\n", &[], limits)),
        "1 1\n2 22\n… 4 more bytes\n"
    );
}

#[test]
fn deep_nesting_is_neither_deep_nor_wide() {
    for (open, close) in [("[", "]"), ("<a>", "</a>")] {
        let deep = format!("{}{}", open.repeat(20_000), close.repeat(20_000));
        let lines = body(None, deep.as_bytes(), &[], Limits::default());
        assert!(lines.iter().all(|l| l.width() < 120));
        assert!(lines.len() > 19_999, "{}", lines.len());
        let broken = open.repeat(20_000);
        assert!(!body(None, broken.as_bytes(), &[], Limits::default()).is_empty());
    }
}

#[test]
fn many_faults_are_counted() {
    let fault = |n| Fault {
        line: Some(1),
        column: Some(n),
        message: "no".to_owned(),
    };
    let faults: Vec<Fault> = (0..30).map(fault).collect();
    let lines = body(None, b"text", &faults, Limits::default());
    assert_eq!((lines.len(), lines[21].text().as_str()), (22, "! 10 more"));
}

#[test]
fn a_fault_far_to_the_right_is_marked() {
    let text = format!("[{}1 2]", "1,".repeat(100_000));
    let lines = json(&text);
    assert_eq!(lines[1].mark, Some(Mark::Caret(200_003)));
    let rows = crate::output::rich::wrap(&lines, 70_000);
    let caret = rows
        .iter()
        .position(|r| r.mark.is_some_and(|m| matches!(m, Mark::Caret(_))))
        .unwrap();
    assert!(rows[caret - 1].text().ends_with("1 2]") && rows[caret].width() <= 70_000);
}

fn documents() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\\",
        "1",
        "-",
        "true",
        " ",
        "\n",
        "\r\n",
        "\t",
        "<",
        ">",
        "</",
        "/>",
        "<a>",
        "</a>",
        "<a b='c'>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?x",
        "?>",
        "<!D [",
        "=",
        "'",
        "&amp;",
        "&",
        "漢",
        "e\u{301}",
        "\x1b[31m",
        "\u{202e}",
        "\u{feff}",
        "a=b&c=%00",
    ]);
    prop_oneof![
        prop::collection::vec(pieces, 0..40).prop_map(|p| p.concat().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..60),
        any::<String>().prop_map(String::into_bytes),
    ]
}

fn types() -> impl Strategy<Value = Option<&'static str>> {
    prop::sample::select(vec![
        None,
        Some("application/json"),
        Some("text/xml"),
        Some("text/html"),
        Some("application/x-www-form-urlencoded"),
        Some("text/plain"),
    ])
}

proptest! {
    #[test]
    fn any_bytes_are_shown(
        bytes in documents(), content_type in types(), line in prop::option::of(0u32..6), column in prop::option::of(0u32..20),
        most in 0usize..200, lines in 0usize..20,
    ) {
        let faults = [Fault { line, column, message: "\x1b[2J wrong".to_owned() }];
        for faults in [&faults[..], &[]] {
            let limits = Limits { bytes: most, lines };
            for line in body(content_type, &bytes, faults, limits) {
                for span in &line.spans {
                    prop_assert_eq!(crate::output::safe::printable(&span.text), span.text.as_str());
                    prop_assert!(!span.text.is_empty());
                }
            }
        }
    }

    #[test]
    fn a_source_is_shown_whole(bytes in documents(), kind in prop::sample::select(vec![Kind::Json, Kind::Xml, Kind::Plain])) {
        let text = String::from_utf8_lossy(&bytes);
        let mut expected: Vec<String> = text
            .split('\n')
            .map(|l| crate::output::safe::printable(l.strip_suffix('\r').unwrap_or(l)).into_owned())
            .collect();
        if expected.len() > 1 && text.ends_with('\n') {
            expected.pop();
        }
        // The very last line has no line end that its `\r` could belong to.
        if let Some(last) = expected.last_mut().filter(|_| text.ends_with('\r')) {
            last.push('⏎');
        }
        let found: Vec<String> = source(kind, &text, &[], Limits::default()).iter().map(Line::text).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn sound_json_is_what_serde_takes(bytes in documents()) {
        let text = String::from_utf8_lossy(&bytes);
        let serde = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(json::check(&text, Extent::Whole).is_ok(), serde);
        if serde {
            let compact = |t: &str| t.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            let laid_out: String = json(&text).iter().map(Line::text).collect();
            prop_assert_eq!(compact(&laid_out), compact(&crate::output::safe::printable(&text).replace('⏎', "")));
        }
    }

    #[test]
    fn well_formed_is_what_the_parser_takes(bytes in documents()) {
        let text = String::from_utf8_lossy(&bytes);
        let options = roxmltree::ParsingOptions { allow_dtd: true, ..roxmltree::ParsingOptions::default() };
        if xml::check(&text, Extent::Whole).is_ok() {
            prop_assert!(roxmltree::Document::parse_with_options(&text, options).is_ok());
        }
    }
}
