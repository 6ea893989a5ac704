//! `redial check`: what it takes, what it says where, how it ends.

use std::fs;

use tempfile::TempDir;

use crate::support::{redial, text};

const GOOD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Say>Hello.</Say></Response>\n";
const TROPO: &str = "{\"tropo\":[{\"say\":{\"value\":\"Hello.\"}},{\"hangup\":null}]}";

#[test]
fn good_documents_pass() {
    for (input, args, says) in [
        (GOOD, &["check"][..], "-: TwiML (voice), nothing wrong found\n"),
        (GOOD, &["check", "-"], "-: TwiML (voice), nothing wrong found\n"),
        (TROPO, &["check"], "-: Tropo JSON, nothing wrong found\n"),
        (
            "<Response><Message>Hi</Message></Response>",
            &["check"],
            "-: TwiML (messaging), nothing wrong found\n",
        ),
        (
            "",
            &["check", "--kind", "status-callback"],
            "-: answer to a status callback, nothing wrong found\n",
        ),
        (
            "<Response/>",
            &["check", "--kind", "status-callback"],
            "-: answer to a status callback, nothing wrong found\n",
        ),
    ] {
        let ran = redial(args).stdin(input).run().exits(0);
        assert_eq!(ran.out, says, "{input}");
        let ran = redial(args).arg("--json").stdin(input).run().exits(0);
        assert_eq!(ran.out, "");
    }
}

#[test]
fn a_problem_has_its_line_with_a_caret() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("voice.xml");
    fs::write(&file, "<Response>\n\t<Say>Tom & Ann</Say>\n</Response>\n").unwrap();
    let ran = redial(["check"]).arg(&file).run().exits(1);
    let name = file.display().to_string();
    let mut lines = ran.out.lines();
    let said = lines.next().unwrap();
    assert!(said.starts_with(&format!("{name}:2:11: error 12100: ")), "{said}");
    assert_eq!(lines.next(), Some("    2 |  <Say>Tom & Ann</Say>"));
    assert_eq!(lines.next(), Some("      |           ^"));
    assert_eq!(lines.next(), Some(&*format!("{name}: TwiML (voice), 1 error")));

    let problem = &redial(["check", "--json"]).arg(&file).run().exits(1).of("problem")[0];
    assert_eq!(text(problem, "path"), name);
    assert_eq!([&problem["line"], &problem["column"]], [2, 11]);
    assert_eq!(problem["certain"], true);
    assert_eq!(text(problem, "code"), "12100");
}

#[test]
fn warnings_pass_and_long_lines_are_cut() {
    let long = format!(
        "{{\"tropo\":[{{\"say\":{{\"value\":\"{}\"}}}},{{\"call\":{{\"to\":\"4155550100\"}}}}]}}",
        "漢\u{9b}".repeat(300)
    );
    let ran = redial(["check"]).stdin(long).run().exits(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].contains("warning number-format:"), "{}", ran.out);
    assert!(
        lines[1].starts_with("    1 | …") && lines[1].contains("\"4155550100\""),
        "{}",
        lines[1]
    );
    assert!(!ran.out.contains('\u{9b}'));
    assert!(ran.out.ends_with(": Tropo JSON, 1 warning\n"), "{}", ran.out);
}

#[test]
fn several_files_and_the_worst_of_them() {
    let folder = TempDir::new().unwrap();
    let [good, bad, none] = ["good.xml", "bad.json", "none"].map(|n| folder.path().join(n));
    fs::write(&good, GOOD).unwrap();
    fs::write(&bad, "{\"tropo\":[\n{\"sya\":{}}]}").unwrap();
    let ran = redial(["check"]).arg(&good).arg(&bad).run().exits(1);
    assert!(
        ran.out.contains("nothing wrong found") && ran.out.contains("bad.json:2:2: error webhook-reply: "),
        "{}",
        ran.out
    );
    let ran = redial(["check"]).arg(&none).arg(&bad).run().exits(2);
    assert!(
        ran.err.contains("cannot read the document") && ran.out.contains("1 error"),
        "{}{}",
        ran.err,
        ran.out
    );
    redial(["check"]).arg(folder.path()).run().exits(2);
    redial(["check", "--kind", "fax"]).stdin("").run().exits(2);
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn a_whole_answer_is_judged_with_its_head() {
    let xml = "<Response>\n<Say>a & b</Say></Response>";
    let chunked = "1e\r\n<Response><Say>a & b</Say></Re\r\n7\r\nsponse>\r\n0\r\n\r\n";
    for (head, body, code, exits, place, what) in [
        (
            "HTTP/1.1 500 Oops\nContent-Type: text/html",
            "<h1>",
            "11200",
            1,
            None,
            "HTTP 500, TwiML (voice)",
        ),
        (
            "HTTP/2 200\nserver: x",
            "<Response/>",
            "11200",
            1,
            None,
            "HTTP 200, TwiML (voice)",
        ),
        (
            "HTTP/1.1 200 OK\nContent-Type: application/pdf",
            "<Response/>",
            "12300",
            1,
            None,
            "HTTP 200",
        ),
        (
            "HTTP/1.1 200 OK\nContent-Type: text/xml",
            xml,
            "12100",
            1,
            Some([5, 8]),
            "HTTP 200",
        ),
        (
            "HTTP/1.1 302 Found\nLocation: /b\n\nHTTP/1.1 200 OK\nContent-Type: text/xml",
            xml,
            "12100",
            1,
            Some([8, 8]),
            "HTTP 200",
        ),
        (
            "HTTP/1.1 200 OK\nContent-Type: text/xml\nTransfer-Encoding: chunked",
            chunked,
            "12100",
            1,
            Some([1, 18]),
            "(decoded): HTTP 200",
        ),
        (
            "HTTP/1.1 302 F\nLocation: https://app/login",
            "",
            "",
            1,
            None,
            "which `curl -iL` shows",
        ),
        (
            "HTTP/1.1 307 T\nLocation: /v2",
            "",
            "",
            1,
            None,
            "redirects (307) to /v2: its answer was not judged",
        ),
        (
            "HTTP/1.1 307 T\nLocation: //elsewhere/v2",
            "",
            "",
            1,
            None,
            "not followed",
        ),
        (
            "HTTP/1.1 200 OK\nTransfer-Encoding: chunked",
            "0\r\n\r\n",
            "11770",
            1,
            None,
            "HTTP 200",
        ),
        (
            "HTTP/1.1 200 OK\nContent-Type: text/plain",
            "Hello",
            "",
            0,
            None,
            "1 warning",
        ),
    ] {
        for ends in ["\n", "\r\n"] {
            let input = format!("{}{ends}{ends}{body}", head.replace('\n', ends));
            let ran = redial(["check", "--json"]).stdin(&input).run().exits(exits);
            let problem = &ran.of("problem")[0];
            assert_eq!(problem["code"].as_str().unwrap_or_default(), code, "{input}");
            if let Some(place) = place {
                assert_eq!([&problem["line"], &problem["column"]], place, "{input}: {problem}");
            }
            let ran = redial(["check"]).stdin(&input).run().exits(exits);
            assert!(ran.out.contains(what), "{input}\n{}", ran.out);
        }
    }
    for (status, location) in [(302, "/login"), (303, "login"), (301, "?a=b"), (307, "/v2")] {
        for kind in ["voice", "message", "status-callback", "tropo"] {
            let head = format!("HTTP/1.1 {status} X\r\nLocation: {location}\r\n\r\n");
            redial(["check", "--kind", kind]).stdin(head).run().exits(1);
        }
    }
    let ran = redial(["check", "--kind", "status-callback"])
        .stdin("HTTP/1.1 500 x\n\n")
        .run()
        .exits(1);
    assert!(ran.out.contains("error 15003"), "{}", ran.out);
}

#[test]
fn an_answer_that_is_packed_is_unpacked() {
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"<Response>\n<Say>x</Response>").unwrap();
    let packed = gzip.finish().unwrap();
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Encoding: gzip\r\n\r\n";
    let ran = redial(["check"]).stdin([&head[..], &packed].concat()).run().exits(1);
    assert!(
        ran.out.contains("error 12100") && ran.out.contains("    2 | <Say>x</Response>"),
        "{}",
        ran.out
    );
    let ran = redial(["check"])
        .stdin([&head[..], &packed[..20]].concat())
        .run()
        .exits(1);
    assert!(ran.out.contains("error 11206"), "{}", ran.out);
    // `curl --compressed` unpacks, and prints the header all the same.
    redial(["check"])
        .stdin([&head[..], GOOD.as_bytes()].concat())
        .run()
        .exits(0);
}

#[test]
fn colour_is_asked_for() {
    for (color, painted) in [("always", true), ("never", false), ("auto", false)] {
        let ran = redial(["check", "--color", color])
            .stdin("<Response><Foo/></Response>")
            .run()
            .exits(1);
        assert_eq!(ran.out.contains('\u{1b}'), painted, "{color}: {}", ran.out);
    }
}

#[test]
fn what_is_no_document() {
    let utf16: Vec<u8> = "\u{feff}<Response/>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (input, says) in [
        (&b""[..], "empty"),
        (b" \n", "empty"),
        (&utf16[..utf16.len() - 2], "ends within"),
        (b"<Response>\0\0\0\0</Response>", "NUL"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0", "NUL"),
        (b"OK", "text, not XML"),
        (b"{\"a\":1}", "no `tropo`"),
    ] {
        let ran = redial(["check"]).stdin(input).run().exits(1);
        assert!(ran.out.contains(says), "{}", ran.out);
    }
    let ran = redial(["check"]).stdin(utf16).run().exits(0);
    assert!(
        ran.out.contains("UTF-16") && ran.out.contains("    1 | <Response/>"),
        "{}",
        ran.out
    );
    let huge = [b"<Response>".to_vec(), vec![b' '; 17 << 20]].concat();
    let ran = redial(["check"]).stdin(huge).run().exits(1);
    assert!(
        ran.out.contains("error 11750") && ran.out.contains("more than 16 MiB"),
        "{}",
        ran.out
    );
}

#[test]
fn of_a_document_alone_no_header_is_judged() {
    for (kind, says) in [("tropo", "the answer is empty"), ("voice", "the answer is empty")] {
        let ran = redial(["check", "--kind", kind]).stdin("").run().exits(1);
        assert!(
            ran.out.contains(says) && ran.out.ends_with(", 1 error\n"),
            "{}",
            ran.out
        );
        assert!(!ran.out.contains("content type is"), "{}", ran.out);
    }
}

#[test]
fn what_was_not_unpacked_to_its_end_is_longer_than_that() {
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&vec![b'x'; 20 << 20]).unwrap();
    let packed = gzip.finish().unwrap();
    for (kind, code) in [("voice", "11750"), ("tropo", "webhook-reply")] {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Encoding: gzip\r\n\r\n";
        let input = [head.as_bytes(), &packed].concat();
        let ran = redial(["check", "--kind", kind]).stdin(input).run().exits(1);
        assert!(
            ran.out.contains(code) && ran.out.contains("is more than 16 MiB long"),
            "{}",
            ran.out
        );
    }
}
