//! How long the judge takes for documents of 64 kB: healthy ones, and ones made to be slow.
//!
//! `cargo run --release --example judge` prints the worst of many runs for each shape and fails where one takes more than 5 ms.

#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use redial::judge::reply;
use redial::model::{Provider, RequestKind};

const SIZE: usize = 64 * 1024;
const LIMIT: Duration = Duration::from_millis(5);
const RUNS: usize = 30;

/// `part` as often as it fits between `head` and `tail`; `#` in it is a number.
fn filled(head: &str, part: &str, tail: &str) -> String {
    let mut xml = String::with_capacity(SIZE);
    xml.push_str(head);
    for n in 0.. {
        let next = part.replace('#', &format!("{n:05}"));
        if xml.len() + next.len() + tail.len() > SIZE {
            break;
        }
        xml.push_str(&next);
    }
    xml + tail
}

fn shapes() -> Vec<(&'static str, String)> {
    let verbs = |part: &str| filled("<Response>", part, "</Response>");
    let attributes: String = (0..199)
        .flat_map(|n| ["a".to_owned(), n.to_string(), "='' ".to_owned()])
        .collect();
    vec![
        (
            "a healthy menu",
            verbs(concat!(
                "<Gather input=\"dtmf speech\" action=\"/a?b=1&amp;c=2\" timeout=\"5\"><Say voice=\"Polly.Joanna\" language=\"en-US\">Press ",
                "<break time=\"1s\"/> one</Say></Gather>\n<Dial callerId=\"+14155550100\"><Number sendDigits=\"1\">+14155550101</Number></Dial>\n"
            )),
        ),
        (
            "one long text",
            filled("<Response><Say voice=\"Polly.Joanna\">", "word ", "</Say></Response>"),
        ),
        ("unknown elements", verbs("<Gatherx/>")),
        ("shortest elements", verbs("<a/>")),
        ("unknown attributes", verbs("<Say langage='x'>a</Say>")),
        ("unknown voices", verbs("<Say voice='Polly.Joana#'>a</Say>")),
        ("unknown words", verbs("<Gather input='dtnf'/>")),
        (
            "nested prosody",
            verbs(
                &[
                    "<Say>",
                    &"<prosody rate='x'>".repeat(150),
                    &"</prosody>".repeat(150),
                    "</Say>",
                ]
                .concat(),
            ),
        ),
        ("many attributes", filled("<Response><Say ", "a#='' ", "/></Response>")),
        ("attributes to the limit", verbs(&["<Say ", &attributes, "/>"].concat())),
        (
            "one huge attribute",
            filled("<Response><Gather hints=\"", "word,", "\"/></Response>"),
        ),
        (
            "one huge URL",
            filled(
                "<Response><Redirect>https://example.com/",
                "path/",
                "</Redirect></Response>",
            ),
        ),
        ("prefixes", filled("<Response>", "<a xmlns:p#='x'>", "")),
        ("never closed", filled("<Response>", "<Say>", "")),
        ("brackets", filled("<Response>", "<", "")),
        ("ampersands", filled("<Response><Say>", "&amp;", "&</Say></Response>")),
        ("comments", verbs("<!-- <a> -->")),
        ("instructions", verbs("<?a <a> ?>")),
        ("lines", verbs("\n")),
        (
            "one line of words",
            filled("<Response><Say>", "wörter ", "</Say><foo/></Response>"),
        ),
    ]
}

fn main() -> ExitCode {
    let first = Instant::now();
    reply(
        Provider::Twilio,
        RequestKind::Voice,
        b"<Response><Say>Hi</Say></Response>",
    );
    println!(
        "{:24} {:>8.2} ms, with reading the tables",
        "the first document",
        first.elapsed().as_secs_f64() * 1e3
    );
    let mut slow = 0;
    for (name, xml) in shapes() {
        let mut times: Vec<Duration> = (0..RUNS)
            .map(|_| {
                let start = Instant::now();
                std::hint::black_box(reply(Provider::Twilio, RequestKind::Voice, xml.as_bytes()));
                start.elapsed()
            })
            .collect();
        times.sort();
        let problems = reply(Provider::Twilio, RequestKind::Voice, xml.as_bytes()).len();
        // A machine that does something else as well is no slowness of the judge.
        let median = times[RUNS / 2];
        slow += usize::from(median > LIMIT);
        println!(
            "{name:24} {:>8.2} ms (worst {:.2}), {} bytes, {problems} problems",
            median.as_secs_f64() * 1e3,
            times[RUNS - 1].as_secs_f64() * 1e3,
            xml.len()
        );
    }
    if slow > 0 {
        println!("{slow} shapes take longer than {} ms", LIMIT.as_millis());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
