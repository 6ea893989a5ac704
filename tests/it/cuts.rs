//! The outcome does not depend on how an input is cut: any block size, any number of threads, the same objects.
//!
//! Texts are samples joined in any order with prose between, then bytes of no sense at all. And nothing is lost:
//! `show --all` prints exactly the lines that a call counts.

use proptest::prelude::*;
use regex::Regex;

use crate::support::{
    Told, lines_both_ways, redial, run, sample, samples, text, told_as_they_grow, told_in, told_with_looks,
};

fn texts() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = samples()
        .iter()
        .filter(|s| !s.contains("shapes") || s.ends_with(".log") || s.contains("alert"))
        .map(|s| sample(s))
        .collect();
    all.push(b"Some prose between the lines,\nover two lines.\n".to_vec());
    all.push(b"\n\n".to_vec());
    all.push(b"{\"not\": \"closed\",\n".to_vec());
    all
}

/// Texts of these numbers, one after the other over so many inputs.
fn dealt(order: &[usize], inputs: usize) -> Vec<Vec<u8>> {
    let all = texts();
    let mut joined = vec![Vec::new(); inputs];
    for (n, &t) in order.iter().enumerate() {
        let input = &mut joined[n % inputs];
        input.extend_from_slice(&all[t]);
        if !input.ends_with(b"\n") {
            input.push(b'\n');
        }
    }
    joined
}

/// Call by call: the order of calls among one another is the program's matter, not the fold's.
fn by_call(mut t: Told) -> Told {
    for list in [&mut t.calls, &mut t.findings, &mut t.requests] {
        list.sort_by(|a, b| a["call"].as_str().cmp(&b["call"].as_str()));
    }
    t
}

/// As [`by_call`], and what was not understood in one order too: inputs that grow by turns tell it as it comes, others one
/// input after the other.
fn by_input_too(t: Told) -> Told {
    let mut t = by_call(t);
    t.unparsed.sort();
    t
}

proptest! {
    // Every case reads a few texts three times in a debug build.
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_gives_the_same(
        order in proptest::sample::subsequence((0..texts().len()).collect::<Vec<_>>(), 1..6).prop_shuffle(),
        block in 1usize..5000,
        threads in 1usize..4,
        crlf in any::<bool>(),
    ) {
        let all = texts();
        let mut joined = Vec::new();
        for n in order {
            joined.extend_from_slice(&all[n]);
            if !joined.ends_with(b"\n") {
                joined.push(b'\n');
            }
        }
        if crlf {
            joined = joined.split_inclusive(|&b| b == b'\n').flat_map(|l| {
                let line = l.strip_suffix(b"\n").unwrap_or(l);
                [line.strip_suffix(b"\r").unwrap_or(line), b"\r\n"].concat()
            }).collect();
        }
        let whole = by_call(told_in(&[&joined], 1, 1 << 20));
        let cut = by_call(told_in(&[&joined], threads, block));
        prop_assert_eq!(&whole.findings, &cut.findings);
        prop_assert_eq!(&whole.requests, &cut.requests);
        prop_assert_eq!(&whole.calls, &cut.calls);
        prop_assert_eq!(&whole.unparsed, &cut.unparsed);
        prop_assert_eq!((whole.lines, whole.bytes), (cut.lines, cut.bytes));
        prop_assert_eq!(whole.bytes, joined.len() as u64);
    }

    #[test]
    fn looks_in_between_change_nothing(
        order in proptest::sample::subsequence((0..texts().len()).collect::<Vec<_>>(), 1..6).prop_shuffle(),
        inputs in 1usize..4,
        block in 50usize..5000,
        looks in proptest::collection::vec(any::<bool>(), 1..6),
    ) {
        let joined = dealt(&order, inputs);
        let joined: Vec<&[u8]> = joined.iter().map(Vec::as_slice).collect();
        let plain = by_call(told_in(&joined, 1, 1 << 20));
        let (shown, looked) = told_with_looks(&joined, block, &looks);
        let looked = by_call(looked);
        prop_assert_eq!(&plain.findings, &looked.findings);
        prop_assert_eq!(&plain.requests, &looked.requests);
        prop_assert_eq!(&plain.calls, &looked.calls);
        prop_assert_eq!(plain, looked);
        // What a last look shows is no matter of the looks before it.
        let (once, _) = told_with_looks(&joined, 1 << 20, &[false]);
        prop_assert_eq!(by_call(once), by_call(shown));
    }

    #[test]
    fn a_text_that_grows_is_what_it_is_in_the_end(
        order in proptest::sample::subsequence((0..texts().len()).collect::<Vec<_>>(), 1..4).prop_shuffle(),
        inputs in 1usize..3,
        sizes in proptest::collection::vec(1usize..3000, 1..8),
        turns in any::<bool>(),
    ) {
        let joined = dealt(&order, inputs);
        let joined: Vec<&[u8]> = joined.iter().map(Vec::as_slice).collect();
        let plain = by_input_too(told_in(&joined, 1, 1 << 20));
        let grown = by_input_too(told_as_they_grow(&joined, &sizes, turns));
        prop_assert_eq!(&plain.findings, &grown.findings);
        prop_assert_eq!(&plain.requests, &grown.requests);
        prop_assert_eq!(&plain.calls, &grown.calls);
        prop_assert_eq!(plain, grown);
    }

    #[test]
    fn a_call_has_the_same_lines_from_its_own_stretches(
        order in proptest::sample::subsequence((0..texts().len()).collect::<Vec<_>>(), 1..6).prop_shuffle(),
        inputs in 1usize..4,
        block in 50usize..5000,
        mark in any::<bool>(),
    ) {
        let mut joined = dealt(&order, inputs);
        if mark {
            joined[0].splice(0..0, *b"\xef\xbb\xbf");
        }
        let joined: Vec<&[u8]> = joined.iter().map(Vec::as_slice).collect();
        let [parts, all] = lines_both_ways(&joined, block);
        prop_assert_eq!(parts, all);
    }

    #[test]
    fn any_bytes_are_counted(
        pieces in proptest::collection::vec(piece(), 0..40),
        block in 1usize..300,
        threads in 1usize..4,
    ) {
        let bytes = pieces.concat();
        let whole = told_in(&[&bytes], 1, 1 << 20);
        let cut = told_in(&[&bytes], threads, block);
        let lines = bytes.split(|&b| b == b'\n').count() - usize::from(bytes.is_empty() || bytes.ends_with(b"\n"));
        prop_assert_eq!(whole.lines, lines as u64);
        prop_assert_eq!(whole.bytes, bytes.len() as u64);
        prop_assert_eq!((cut.lines, cut.bytes), (whole.lines, whole.bytes));
        let unparsed: u64 = whole.unparsed.iter().map(|u| u.1).sum();
        prop_assert!(unparsed <= whole.lines);
    }
}

/// Bytes at random, and beginnings of lines and documents that lead a reader on.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let starts: Vec<&'static [u8]> = vec![
        b"\n",
        b"\r\n",
        b"{\"alerts\":[",
        b"}]}",
        b"{\"events\":[{\"request\":{",
        b"POST /sms HTTP/1.1\r\nHost: a.example\r\n\r\n",
        b"Sid=NO1&Payload=%7B",
        b"00023\t0000\t11:22:41 PM   \t",
        b"Feb 19 15:07:40 GMT 2013 h TROPO 1 0 0 1 0 #SIP#: (i)[SIP/2.0 486 Busy\n",
        b"May 11 11:10:12 DEBUG TROPO 1/0/5ccc/1/[95e7] #TROPO#: ",
        b"2011-08-23 23:51:42.496 ERROR [Tropo-Thread-5c2d] #X#@T: ",
        b"#TROPO#: Sending TropoML Payload on Tropo-Thread-1 [url=http://a]: {\"session\":",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\x1f\x8b",
    ];
    prop_oneof![
        proptest::sample::select(starts).prop_map(<[u8]>::to_vec),
        proptest::collection::vec(any::<u8>(), 0..60),
    ]
    // What begins like a coded file is decoded: another text.
    .prop_filter("coded", |p| {
        !matches!(
            p.as_slice(),
            [0x1f, 0x8b, ..] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..]
        )
    })
}

/// Two documents that end at other times than they began: what random texts find once in a few hundred runs.
#[test]
fn documents_that_grow_by_turns_are_what_they_are_in_the_end() {
    let short: &[u8] = b"{\"not\": \"closed\",\n";
    let long: &[u8] = b"{\"a\": 1}\n{\"a\": 2}\n{\"a\": 3}\n";
    for texts in [[short, long], [long, short]] {
        let plain = by_input_too(told_in(&texts, 1, 1 << 20));
        assert_eq!(plain.unparsed.len(), 4, "{plain:?}");
        for turns in [false, true] {
            let grown = told_as_they_grow(&texts, &[1], turns);
            assert_eq!(plain, by_input_too(grown), "{turns}");
        }
    }
}

/// Two inputs tell of the same calls: which of them came first says nothing of a call.
#[test]
fn a_call_in_two_inputs_is_the_same_in_any_turn() {
    let texts = [
        sample("samples/demo/twilio-events.jsonl"),
        sample("samples/demo/twilio-debugger.jsonl"),
    ];
    for texts in [[&*texts[0], &*texts[1]], [&*texts[1], &*texts[0]]] {
        let plain = by_input_too(told_in(&texts, 1, 1 << 20));
        assert!(plain.calls.len() > 2);
        for turns in [false, true] {
            let grown = told_as_they_grow(&texts, &[50], turns);
            assert_eq!(plain, by_input_too(grown), "{turns}");
        }
    }
}

#[test]
fn the_program_prints_the_same_for_any_cut() {
    let printed = |command: &str, cut: &str| {
        let mut lines = run(&format!("{command} --json samples/tropo samples/twilio {cut}")).json();
        for l in &mut lines {
            l.as_object_mut().unwrap().remove("ms");
        }
        lines
    };
    for command in ["errors --level info --unparsed", "calls", "replay --list --all"] {
        let whole = printed(command, "");
        for cut in ["--block 1 --threads 1", "--block 700 --threads 3"] {
            assert_eq!(printed(command, cut), whole, "{command} {cut}");
        }
    }
}

#[test]
fn nothing_is_lost() {
    for name in [
        "pizza-archive.log",
        "outbound-debugger.log",
        "script-prism.log",
        "transfer-node.log",
        "forum-paste.txt",
    ] {
        let path = format!("samples/tropo/{name}");
        let all = String::from_utf8(sample(&format!("tropo/{name}"))).unwrap();
        let lines: Vec<&str> = all.split('\n').collect();
        let mut owned = vec![0; lines.len()];
        for call in run(&format!("calls --json {path}")).of("call") {
            let id = text(&call, "call");
            let shown = run(&format!("show {id} --all --json {path}")).exits(0);
            let printed = shown.of("line");
            assert_eq!(call["lines"], printed.len(), "{name} {id}");
            for l in &printed {
                let n = l["source"]["line"].as_u64().unwrap() as usize - 1;
                assert_eq!(text(l, "text"), lines[n], "{name}:{}", n + 1);
                owned[n] += 1;
            }
            assert!(
                printed.is_sorted_by_key(|l| l["source"]["line"].as_u64()),
                "{name} {id}"
            );
        }
        assert!(owned.iter().all(|&n| n <= 1), "{name}: a line of two calls");
    }
}

#[test]
fn two_sessions_woven_into_one_another_keep_their_lines() {
    let mut log = String::new();
    for n in 0..400 {
        let id = if n % 3 == 0 { 1 } else { 2 };
        log += &format!("2013-02-19 15:07:40.{n:03} DEBUG [Tropo-Thread-{id:032x}] #TROPO#: step {n}\n");
        if n % 50 == 0 {
            log += &format!("2013-02-19 15:07:40.{n:03} ERROR [Tropo-Thread-{id:032x}] #X#: broken {n}\n");
        }
    }
    for block in [1, 77, 1000, 1 << 20] {
        let t = told_in(&[log.as_bytes()], 3, block);
        let lines: Vec<_> = t.calls.iter().map(|c| c["lines"].as_u64().unwrap()).collect();
        assert_eq!((lines.iter().sum::<u64>(), t.findings.len()), (408, 8), "{block}");
    }
    let shown = redial(["show", "0000000000000001", "--all", "--json", "-", "--block", "100"])
        .stdin(&log)
        .run();
    assert_eq!(shown.exits(0).of("line").len(), 134 + 3);
}

/// What a look settles must not be taken for what the log said: dates that only the input's clock knows, an order of time
/// that is not the input's, a parent known by its GUID.
#[test]
fn looks_do_not_change_what_comes_after_them() {
    const S: &str = "276e6921215ea722f4e548f3b3da028b";
    let archive = |time: &str, rest: &str| format!("2011-12-{time} ERROR [Tropo-Thread-{S}] {rest}\n");
    let message = |path: &str| {
        format!("Received non-2XX status code on Tropo-Thread-{S} [url=http://a.example/{path}, code=404]\n")
    };
    let rows = String::from_utf8(sample("tropo/outbound-debugger.log")).unwrap();
    let session = Regex::new("[0-9a-f]{32}").unwrap();
    let rows = session.replace_all(&rows, S).into_owned();
    let node = |time: &str, guid: &str, session: &str| {
        format!("Feb 19 {time} GMT 2013 t1 TROPO 58560 {guid} {session} 1 0 #X#: broken\n")
    };
    let leg = "0e222f828767efc2f91624a8940f1f83";
    let request = format!(
        "May 11 11:10:12 DEBUG TROPO 1/0/{S}/1/[{S}] #TROPO#: Sending TropoML Payload on Tropo-Thread-{S} \
         [url=http://a.example/]: {{\"session\":{{\"id\":\"{S}\",\"timestamp\":\"2013-05-11T11:10:12.100Z\"}}}}\n"
    );
    let answer = format!(
        "2013-05-11 11:10:13.250 DEBUG [Tropo-Thread-{S}] #TROPO#: Received new TropoML document on Tropo-Thread-{S}: {{}}\n"
    );
    for (name, inputs) in [
        ("dates", vec![rows.clone(), archive("08 10:00:00.000", "#X#: earlier")]),
        (
            "dates, one input",
            vec![rows + &archive("08 10:00:00.000", "#X#: earlier")],
        ),
        (
            "orders",
            vec![
                archive("08 10:00:03.000", "#X#: third")
                    + &message("one")
                    + &archive("08 10:00:01.000", "#X#: first")
                    + &message("two"),
            ],
        ),
        ("answers", vec![request + &answer]),
        (
            "parents",
            vec![node("15:07:31", "0", S) + &node("15:07:32", S, leg) + &node("15:07:33", S, leg)],
        ),
    ] {
        let inputs: Vec<&[u8]> = inputs.iter().map(String::as_bytes).collect();
        let plain = told_in(&inputs, 1, 1);
        let (_, looked) = told_with_looks(&inputs, 1, &[true]);
        assert_eq!(plain, looked, "{name}");
    }
}

/// What a thread logs while it works for a session is the session's, in the block that says so and in later ones: the ids
/// that its lines name, and the line that ends the work.
#[test]
fn a_thread_works_for_its_session_across_blocks() {
    const S: &str = "276e6921215ea722f4e548f3b3da028b";
    let thread = "udp/0.0.0.0/5060-t-13";
    let line = |ms: u32, message: &str| format!("2013-02-19 08:00:29.{ms:03} DEBUG [{thread}] #TROPO#: {message}\n");
    let context = |session: &str| {
        format!("Set logging context for {thread} to accountID=1 host=h sessionGUID=0 sessionNumber={session} callID=0")
    };
    let named = "SipSession ss_azfb4e5mydtk0 - 1086dgsyg4c1s associated with Tropo call 1086dgsyg4c1s";
    let log = line(1, &context(S)) + &line(2, named) + &line(3, &context("0")) + &line(4, "idle");
    for block in [1, 150, 400, 1 << 20] {
        let t = told_in(&[log.as_bytes()], 1, block);
        let call = t.call();
        assert_eq!(call["lines"], 3, "{block}");
        let ids = call["ids"].as_array().unwrap();
        assert!(ids.iter().any(|i| i == "1086dgsyg4c1s"), "{block}: {ids:?}");
    }
}
