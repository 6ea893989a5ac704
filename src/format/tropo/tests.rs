//! Lines of each form taken apart, with every tolerance that the collected samples force; and any bytes at all.

use proptest::prelude::*;

use super::*;
use crate::model::{Id, Time};

const S: &str = "36b3216fdaeeb975729fae923d5a4fd1";
const G: &str = "a4c123b1612dd272d1371c17149d4395";
const C: &str = "2aabfe228f219e9cb0eb53f16947ccf2";
const SIP: &str = "1361286451204-5ec84d8dbc74-254770f5-8904dba4@10.62.13.189";

/// `$S`, `$G`, `$C` and `$SIP` stand for ids.
fn line(text: &str) -> String {
    text.replace("$SIP", SIP)
        .replace("$S", S)
        .replace("$G", G)
        .replace("$C", C)
}

/// Form, category and body of a line.
fn parts(text: &str) -> Option<(Form, String, String)> {
    let text = line(text);
    let l = trim_end(text.as_bytes());
    let split = split(l)?;
    let m = Message::of(l, &split);
    let text = |b: &[u8]| String::from_utf8(b.to_vec()).unwrap();
    Some((split.form, text(m.category), text(&m.body)))
}

#[track_caller]
fn check(text: &str, form: Form, category: &str, body: &str) {
    assert_eq!(
        parts(text),
        Some((form, category.to_owned(), body.to_owned())),
        "{text:?}"
    );
}

fn at(text: &str) -> Stamp {
    Stamp::At(Time::parse(text).unwrap())
}

fn of_day(h: u32, m: u32, s: u32) -> Stamp {
    Stamp::OfDay(((h * 60 + m) * 60 + s) * 1000)
}

fn stamp_of(text: &str) -> Stamp {
    let text = line(text);
    let split = split(text.as_bytes()).unwrap_or_else(|| panic!("{text:?} has no form"));
    stamp(text.as_bytes(), &split)
}

fn ids_of(text: &str) -> Ids {
    let text = line(text);
    let split = split(text.as_bytes()).unwrap_or_else(|| panic!("{text:?} has no form"));
    Ids::of(text.as_bytes(), &split)
}

#[test]
fn debugger_rows() {
    for (text, body) in [
        ("00023\t0000\t11:22:41 PM   \tReceived x", "Received x"),
        ("00023 0000 11:22:41 PM Received x", "Received x"),
        ("00023  0000  11:22:41 PM     Received x", "Received x"),
        ("00023\t00-1\t11:22:41 PM\tReceived x", "Received x"),
        // Digits that the copying lost, and the hour with and without its zero.
        ("000 0000 5:25:17 PM Received x", "Received x"),
        ("294 9d1f 4:13:58 PM Received x", "Received x"),
        ("3 9d1f 03:10:05 AM Received x", "Received x"),
        ("1234567 9d1f 03:10:05 AM Received x", "Received x"),
        // A rendered gist.
        ("00023 0000 11:22:41 PM Received x | |", "Received x"),
        ("00023 0000 11:22:41 PM Received x | |\r", "Received x"),
        ("00023 0000 11:22:41 PM Received x |", "Received x"),
        // Several files at once.
        ("log/a-1.txt:00023 0000 11:22:41 PM Received x", "Received x"),
        // Cut anywhere.
        ("00023 0000 11:22:41 PM", ""),
        ("00023 0000 11:22:41 PM Rec", "Rec"),
        ("00023 0000 11:22:41 PM {\"a\":\"b]", "{\"a\":\"b]"),
    ] {
        check(text, Form::Debugger, "", body);
    }
    for text in [
        "12345678 0000 11:22:41 PM x",
        "00023 000g 11:22:41 PM x",
        "00023 00000 11:22:41 PM x",
        "00023 0000 11:22:41 XM x",
        "00023 0000 11:22 PM x",
        "00023 0000 25:22:41 PM x",
        "00023 0000",
        "00023",
    ] {
        assert_eq!(parts(text), None, "{text}");
    }
}

#[test]
fn debugger_times() {
    for (text, want) in [
        ("12:00:00 AM", of_day(0, 0, 0)),
        ("12:59:59 AM", of_day(0, 59, 59)),
        ("1:02:03 AM", of_day(1, 2, 3)),
        ("12:00:00 PM", of_day(12, 0, 0)),
        ("11:59:59 PM", of_day(23, 59, 59)),
        ("04:13:58 PM", of_day(16, 13, 58)),
    ] {
        assert_eq!(stamp_of(&format!("00023 0000 {text} x")), want, "{text}");
        assert_eq!(stamp_of(&format!("f.log:00023\t0000\t{text}\tx")), want, "{text}");
    }
}

#[test]
fn a_line_may_be_cut_at_any_place() {
    for text in [
        "Feb 19 15:07:40 GMT 2013 tropo110.orl.example TROPO 58560 $G $S 1 $C #TROPO#: x",
        "sipmethod.log:Feb 1 00:15:40 UTC 2013 h TROPO -1 -1 0 1 -1 #SIP#: x",
    ] {
        let text = line(text);
        for n in 0..=text.len() {
            let cut = &text.as_bytes()[..n];
            if let Some(s) = split(cut) {
                assert!(s.message as usize <= n, "{n} of {text}");
                let _ = (ids_in(cut, &s), ids_in(trim_end(cut), &s));
            }
        }
    }
}

#[test]
fn archive_lines() {
    let head = "Feb 19 15:07:40 GMT 2013 tropo110.orl.example TROPO 58560 $G $S 1 $C ";
    for (rest, category, body) in [
        ("#TROPO#: Received x", "TROPO", "Received x"),
        ("#SIP#: (i)[ACK x] #[a][b][c][d][e][f]", "SIP", "(i)[ACK x]"),
        ("SipSession ss_1 associated", "", "SipSession ss_1 associated"),
        ("#CONTAINER#@T: a.b.Ex\\\\n at x", "CONTAINER", "a.b.Ex\\\\n at x"),
        ("#TROPO#: x | |", "TROPO", "x"),
    ] {
        check(&format!("{head}{rest}"), Form::Archive, category, body);
        check(&format!("sipmethod.log:{head}{rest}"), Form::Archive, category, body);
    }
    for text in [
        "Feb  1 00:15:40 GMT 2013 h PRISM 411661 $G $S 1 $SIP #SIP#: x",
        "Feb 1 00:15:40 UTC 2013 h TROPO -1 -1 0 1 -1 #SIP#: x",
        "Feb 1 00:15:40 CEST 2013 h TROPO 0 0 0 1 0 #SIP#: x",
    ] {
        check(text, Form::Archive, "SIP", "x");
    }
    for text in [
        "Feb 19 15:07:40 GMT 2013 h TROPO 58560 $G $S 1",
        "Feb 19 15:07:40 gmt 2013 h TROPO 58560 $G $S 1 $C x",
        "Feb 19 15:07:40 GMT 13 h TROPO 58560 $G $S 1 $C x",
        "Feb 19 15:07:40 GMT 2013 h tropo 58560 $G $S 1 $C x",
        "Feb 19 15:07:40 GMT 2013 h TROPO five $G $S 1 $C x",
        "Fex 19 15:07:40 GMT 2013 h TROPO 58560 $G $S 1 $C x",
        "Feb 19 15:07:40 GMT 2013 h  TROPO 58560 $G $S 1 $C x",
    ] {
        assert_eq!(parts(text), None, "{text}");
    }
}

#[test]
fn archive_times_and_ids() {
    let head = |zone: &str| format!("Feb  9 15:07:40 {zone} 2013 h TROPO 58560 $G $S 1 $C x");
    assert_eq!(stamp_of(&head("GMT")), at("2013-02-09T15:07:40Z"));
    assert_eq!(stamp_of(&head("EST")), at("2013-02-09T20:07:40Z"));
    assert_eq!(stamp_of(&head("CEST")), at("2013-02-09T13:07:40Z"));
    // A date that does not exist is no date.
    assert_eq!(stamp_of("Feb 30 15:07:40 GMT 2013 h TROPO 1 $G $S 1 $C x"), Stamp::None);
    let ids = ids_of(&head("GMT"));
    assert_eq!(
        (ids.session, ids.guid, ids.call),
        (Some(Id::from(S)), Some(Id::from(G)), Some(Id::from(C)))
    );
    let none = ids_of("Feb 9 15:07:40 GMT 2013 h TROPO 58560 -1 0 1 -1 x");
    assert_eq!(none, Ids::default());
    let sip = ids_of("a.log:Feb 9 15:07:40 GMT 2013 h TROPO 58560 0 0 1 $SIP x");
    assert_eq!((sip.session, sip.call), (None, Some(Id::from(SIP))));
}

#[test]
fn node_lines() {
    let whole = (Some(Id::from(S)), Some(Id::from(G)), Some(Id::from(C)));
    for text in [
        "May 11 11:10:12 DEBUG TROPO 58560/$G/$S/1/[$C] #TROPO#: Received a/b",
        "May  1 11:10:12 INFO TROPO 58560/$G/$S/1/[$C] #TROPO#: Received a/b",
        "May 11 11:10:12 DEBUG PRISM 58560/77/$G/$S/1/[$C] #TROPO#: Received a/b",
        "May 11 11:10:12.345 DEBUG node1 PRISM 58560/77/$G/$S/1/[$C] [udp/0.0.0.0/5060-t-4] #TROPO#: Received a/b",
        "May 11 11:10:12.345 WARN  node1 PRISM 58560/77/$G/$S/1/[$C] [Tropo-Thread-$S] #TROPO#: Received a/b",
        "May 11 11:10:12 TROPO 58560/$G/$S/1/[$C] #TROPO#: Received a/b",
        // Here the slash separates, so one of the message is written \s.
        r"May 11 11:10:12 node1 TROPO 58560/77/$G/$S/1/$C/#TROPO#: Received a\sb",
        r"sipmethod.log:May 11 11:10:12 node1 TROPO 58560/77/$G/$S/1/$C/#TROPO#: Received a\sb",
        "sipmethod.log:May 11 11:10:12 DEBUG TROPO 58560/$G/$S/1/[$C] #TROPO#: Received a/b",
        "logs/2012-05/sip-1.log:May 11 11:10:12 DEBUG TROPO 58560/$G/$S/1/[$C] #TROPO#: Received a/b | |",
    ] {
        check(text, Form::Node, "TROPO", "Received a/b");
        let ids = ids_of(text);
        assert_eq!((ids.session, ids.guid, ids.call), whole, "{text}");
    }
    // `\s` is a slash in that layout only.
    check(
        r"May 11 11:10:12 INFO TROPO 1/$G/$S/1/[$C] #TROPO#: a\sb",
        Form::Node,
        "TROPO",
        r"a\sb",
    );
    for text in [
        "May 11 11:10:12 DEBUG TROPO 16846/0/0/1/[0] #KERNEL#: x",
        "May 11 11:10:12 DEBUG TROPO 16846/-1/0/1/[-1] #KERNEL#: x",
        "May 11 11:10:12 DEBUG TROPO 16846/0/-1/0/1/[] #KERNEL#: x",
    ] {
        check(text, Form::Node, "KERNEL", "x");
        assert_eq!(ids_of(text), Ids::default(), "{text}");
    }
    let by_thread = ids_of("May 11 11:10:12.345 DEBUG n PRISM 1/-1/0/1/[0] [Tropo-Thread-$S] #TROPO#: x");
    assert_eq!(by_thread.session, Some(Id::from(S)));
    for text in [
        "May 11 11:10:12 DEBUG TROPO",
        "May 11 11:10:12 DEBUG OTHER 58560/$G/$S/1/[$C] x",
        "May 11 11:10:12 DEBUG TROPO 58560/$G x",
        "May 11 11:10:12 DEBUG TROPO 58560/$G/$S/1/[$C",
    ] {
        assert_eq!(parts(text), None, "{text}");
    }
}

#[test]
fn node_times_and_levels() {
    let text = |time: &str, level: &str| format!("May  1 {time} {level} TROPO 1/{G}/{S}/1/[{C}] x");
    assert_eq!(stamp_of(&text("11:10:12", "INFO")), Stamp::NoYear(5, 1, 40_212_000));
    assert_eq!(stamp_of(&text("11:10:12.345", "INFO")), Stamp::NoYear(5, 1, 40_212_345));
    for (level, want) in [
        ("TRACE", None),
        ("DEBUG", None),
        ("INFO ", None),
        ("WARN ", Some(Severity::Warning)),
        ("ERROR", Some(Severity::Error)),
        ("FATAL", Some(Severity::Error)),
    ] {
        assert_eq!(
            split(text("11:10:12", level).as_bytes()).unwrap().level,
            want,
            "{level}"
        );
        let prism = format!("2012-11-01 20:59:34.107 {level} [x-1] #X#: y");
        assert_eq!(split(prism.as_bytes()).unwrap().level, want, "{level}");
    }
}

#[test]
fn prism_lines() {
    for text in [
        "2011-08-23 23:51:42.496 DEBUG [Tropo-Thread-$S] #TROPO#: Received x",
        "2011-08-23 23:51:42.496 INFO  [Tropo-Thread-$S] #TROPO#: Received x",
        "2011-08-23T23:51:42.496Z INFO [Tropo-Thread-$S] #TROPO#: Received x",
        "2011-08-23 23:51:42,496 INFO [Tropo-Thread-$S] #TROPO#: Received x",
        "server.log:2011-08-23 23:51:42.496 INFO [Tropo-Thread-$S] #TROPO#: Received x",
    ] {
        check(text, Form::Prism, "TROPO", "Received x");
        assert_eq!(stamp_of(text), at("2011-08-23T23:51:42.496Z"), "{text}");
        assert_eq!(ids_of(text).session, Some(Id::from(S)), "{text}");
    }
    let listener = ids_of("2011-08-23 23:51:42.496 INFO [Tropo-Thread-$S-MrcpHotWordListener@2910c073] x");
    assert_eq!(listener.session, Some(Id::from(S)));
    let pool = ids_of("2011-08-23 23:51:42.496 INFO [udp/0.0.0.0/5060-t-4] x");
    assert_eq!(
        pool.alias,
        Some(Alias::Thread(b"udp/0.0.0.0/5060-t-4".as_slice().into()))
    );
    for text in [
        "2011-08-23 23:51:42 DEBUG [x] y",
        "2011-08-23 23:51:42.496 LOUD [x] y",
        "2011-08-23 23:51:42.496 DEBUG x y",
        "2011-08-23 23:51:42.496 DEBUG []",
        "2011-08-23",
    ] {
        assert_eq!(parts(text), None, "{text}");
    }
}

#[test]
fn messages_alone() {
    check("#TROPO#: Received x", Form::Message, "TROPO", "Received x");
    check("#TROPO#: Received x #[a][b]", Form::Message, "TROPO", "Received x");
    check("#SIP2_X#@T: a.b.Ex at y", Form::Message, "SIP2_X", "a.b.Ex at y");
    check("a.log:#TROPO#: Received x", Form::Message, "TROPO", "Received x");
    check("#TROPO#:", Form::Message, "TROPO", "");
    for text in [
        "# TROPO#: x",
        "#tropo#: x",
        "#TROPO# x",
        "#2X#: x",
        "##: x",
        "#",
        "# line 922",
        "",
        "Hello",
    ] {
        assert_eq!(parts(text), None, "{text}");
    }
    assert_eq!(stamp_of("#TROPO#: x"), Stamp::None);
    assert_eq!(ids_of("#TROPO#: x"), Ids::default());
}

#[test]
fn what_stands_around_a_body() {
    let message = |text: &'static str| Message::of(text.as_bytes(), &split(text.as_bytes()).unwrap_or(Split::bare()));
    let m = message("#TROPO#@T: x");
    assert_eq!((m.trace, m.at), (true, 11));
    // Only whole groups at the very end are a tail.
    for (text, body, tail) in [
        ("#X#: a #[b][c]", "a", "[b][c]"),
        ("#X#: a #[b] #[c]", "a #[b]", "[c]"),
        ("#X#: a #[][N/A][?]", "a", "[][N/A][?]"),
        ("#X#: a #[b][c] d", "a #[b][c] d", ""),
        ("#X#: a #[b[c]]", "a #[b[c]]", ""),
        ("#X#: a [b][c]", "a [b][c]", ""),
        ("#X#: a #[b]c]", "a #[b]c]", ""),
    ] {
        let m = message(text);
        assert_eq!((&*m.body, m.tail), (body.as_bytes(), tail.as_bytes()), "{text}");
    }
}

#[test]
fn ends_of_lines() {
    for text in ["x", "x\r", "x  \t", "x | |", "x | |\r", "x |", "x | | "] {
        assert_eq!(trim_end(text.as_bytes()), b"x", "{text:?}");
    }
    assert_eq!(trim_end(b"a||"), b"a||");
    assert_eq!(trim_end(b""), b"");
}

#[test]
fn rows_of_a_debugger_name_their_guid() {
    let alias = |g: &str| ids_of(&format!("00023 {g} 11:22:41 PM x")).alias;
    assert_eq!(alias("9d1f"), Some(Alias::Guid4(*b"9d1f")));
    assert_eq!(alias("0000"), None);
    assert_eq!(alias("00-1"), None);
}

#[test]
fn sessions_that_messages_name() {
    for text in [
        "Sending TropoML Payload on Tropo-Thread-$S [url=http://a]: {}",
        "Set logging context for x to accountID=1 host=null sessionGUID=$G sessionNumber=$S callID=$C",
        "Processing document http://a for instance $S callFactory for instance $S",
        "Stopping listener thread Tropo-Thread-$S-MrcpHotWordListener@2910c073",
        "SipApplicationSession x associated with Tropo session $S",
    ] {
        assert_eq!(session_in(line(text).as_bytes()), Some(S.as_bytes()), "{text}");
    }
    assert_eq!(session_in(b"sessionGUID=0 sessionNumber=0 callID=0"), None);
    assert_eq!(session_in(b"Thread udp/0.0.0.0 acquired"), None);
    let app = b"ApplicationInstance[http://a , sas_2-15-sm00r5rsrx4zjy3tropo] has been created.";
    assert_eq!(
        application_session_in(app),
        Some(b"sas_2-15-sm00r5rsrx4zjy3tropo".as_slice())
    );
    assert_eq!(application_session_in(b"sas_"), None);
}

#[test]
fn echoes_of_scripts() {
    for (text, number) in [
        ("#TROPO#: say 'x'    # line 922", Some(922)),
        ("say('x');    // line 1", Some(1)),
        ("x // line 12345", Some(12345)),
        ("x // line 12345\r", Some(12345)),
        ("x // line 922 | |", Some(922)),
        ("x // line 123456", None),
        ("x // line ", None),
        ("x // line 92x", None),
        ("x line 922", None),
        ("", None),
    ] {
        assert_eq!(echo_number(text.as_bytes()), number, "{text}");
    }
    let log = line(
        "2012-11-01 20:59:31.012 DEBUG [Tropo-Thread-$S] #TROPO#: answer    # line 922\r\nprose\n\
         2012-11-01 20:59:31.013 DEBUG [Tropo-Thread-$S] #TROPO#:   say 'a # line 1 b'    # line 923\n",
    );
    assert_eq!(
        echoed(log.as_bytes()),
        [(922, "answer".to_owned()), (923, "  say 'a # line 1 b'".to_owned())]
    );
}

#[test]
fn records_over_several_lines() {
    for text in ["#SIP#: (i)[SIP/2.0 486 Busy Here", "#SIP#: (o)[INVITE sip:a@b SIP/2.0"] {
        assert!(opens_more(text.as_bytes()), "{text}");
    }
    for text in [
        r"#SIP#: (i)[SIP/2.0 486 Busy\r\nTo: x",
        "#SIP#: (i)[SIP/2.0 486 Busy]",
        "#TROPO#: x",
    ] {
        assert!(!opens_more(text.as_bytes()), "{text}");
    }
    for text in [
        "Via: SIP/2.0/UDP 10.0.0.1",
        "call-id: x",
        "X-Own-Header: y",
        "v=0",
        "a=rtpmap:0 PCMU/8000",
        "] #[a][b]",
        "\tat a.b.C.d(E.java:1)",
        "at a.b.C.d(E.java:1)",
        "Caused by: a.b.Ex",
        "SIP/2.0 200 OK",
        "ACK sip:a@b SIP/2.0",
        "",
    ] {
        assert!(continues(text.as_bytes()), "{text}");
    }
    for text in ["Hello: world", "Dear all,", "Note: this", "x=1"] {
        assert!(!continues(text.as_bytes()), "{text}");
    }
}

#[test]
fn traces_are_folded_to_their_first_frame() {
    let one = "a.b.Ex: why at a.b.C.d(E.java:1)";
    assert_eq!(fold_trace(one), one);
    assert_eq!(
        fold_trace("a.b.Ex: why at a.b.C.d(E.java:1) at f.g.H.i(J.java:2)"),
        format!("{one} (+1 frames)")
    );
    assert_eq!(
        fold_trace(r"a.b.Ex: why\n at a.b.C.d(E.java:1)\n at f.g.H.i(J.java:2)"),
        format!("{one} (+1 frames)")
    );
    // Prose with `at` is no trace.
    assert_eq!(fold_trace("look at this and at that"), "look at this and at that");
}

#[test]
fn bodies_are_taken_byte_for_byte() {
    let head = line(
        "Feb 19 15:07:40 GMT 2013 h TROPO 1 $G $S 1 $C #TROPO#: Sending TropoML Payload on Tropo-Thread-$S [url=http://a/b]: ",
    );
    for body in [
        r#"{"session":{"id":"1"}}"#,
        r#"{"a":"x]: y"}"#,
        "{\"a\": \"\u{e9}\"}",
        "{\"cut\":",
    ] {
        let text = format!("{head}{body}");
        assert_eq!(
            body_of(text.as_bytes(), b"]: "),
            Some(body.as_bytes().to_vec()),
            "{body}"
        );
    }
    assert_eq!(body_of(b"#TROPO#: x", b"]: "), None);
}

/// A known line, cut and with bytes put in.
fn mangled() -> impl Strategy<Value = Vec<u8>> {
    let lines = [
        "00023\t4395\t11:22:41 PM   \tSending x #[a][b]",
        "Feb 19 15:07:40 GMT 2013 h TROPO 58560 $G $S 1 $C #TROPO#@T: x #[a][b]",
        r"May 11 11:10:12.345 WARN n PRISM 58560/77/$G/$S/1/[$C] [udp/0] #SIP#: (i)[SIP/2.0 486 Busy",
        r"a.log:May 11 11:10:12 n TROPO 58560/77/$G/$S/1/$C/#TROPO#: a\sb",
        "2011-08-23T23:51:42.496Z INFO [Tropo-Thread-$S-Mrcp] #TROPO#: x    # line 922",
        "#TROPO#: Set logging context for x to accountID=1 sessionGUID=$G sessionNumber=$S callID=$SIP",
    ];
    let known = proptest::sample::select(lines.map(line).to_vec());
    (
        known,
        any::<usize>(),
        any::<usize>(),
        proptest::collection::vec(any::<u8>(), 0..4),
    )
        .prop_map(|(text, cut, at, put)| {
            let mut bytes = text.into_bytes();
            bytes.truncate(bytes.len() - cut % (bytes.len() / 2));
            let at = at % (bytes.len() + 1);
            bytes.splice(at..at, put);
            bytes
        })
}

proptest! {
    #[test]
    fn any_bytes_are_taken_apart(text in prop_oneof![proptest::collection::vec(any::<u8>(), 0..200), mangled()]) {
        let trimmed = trim_end(&text);
        prop_assert!(text.starts_with(trimmed));
        for l in [&text, trimmed] {
            if let Some(s) = split(l) {
                let m = Message::of(l, &s);
                prop_assert!(m.at <= l.len());
                prop_assert!(s.key.0 <= s.key.1 && s.key.1 as usize <= l.len() && s.message as usize <= l.len());
                let _ = (Ids::of(l, &s), stamp(l, &s));
            }
            let _ = Message::of(l, &Split::bare());
            let _ = (session_in(l), application_session_in(l), echo_number(l), opens_more(l), continues(l));
            let _ = (body_of(l, b"]: "), echoed(l), request(l), reply(l));
            let _ = fold_trace(&String::from_utf8_lossy(l));
        }
    }
}
