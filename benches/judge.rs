//! How long the judge takes for documents of 64 kB: healthy ones, and ones made to be slow.
//!
//! `cargo run --release --example judge` prints the median and the worst of many runs for each shape and fails where a median is more
//! than 5 ms. To add a shape, add a line to `twiml` or `tropo`.

#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use redial::judge::reply;
use redial::model::{Provider, RequestKind};

const SIZE: usize = 64 * 1024;
const LIMIT: Duration = Duration::from_millis(5);
const RUNS: usize = 30;

/// A name, who answers to whom, and the document.
type Shape = (&'static str, Provider, RequestKind, String);

/// `part` as often as it fits between `head` and `tail`; `#` in it is a number.
fn filled(head: &str, part: &str, tail: &str) -> String {
    let mut text = String::with_capacity(SIZE);
    text.push_str(head);
    for n in 0.. {
        let next = part.replace('#', &format!("{n:05}"));
        if text.len() + next.len() + tail.len() > SIZE {
            break;
        }
        text.push_str(&next);
    }
    text + tail
}

/// Elements in elements, as deep as `depth`.
fn nested(open: &str, close: &str, depth: usize) -> String {
    open.repeat(depth) + &close.repeat(depth)
}

fn twiml() -> Vec<(&'static str, String)> {
    let verbs = |part: &str| filled("<Response>", part, "</Response>");
    let within = |head: &str, part: &str, tail: &str| {
        filled(&["<Response>", head].concat(), part, &[tail, "</Response>"].concat())
    };
    let attributes = |name: &str| -> String {
        (0..99)
            .flat_map(|n| [name.to_owned(), n.to_string(), "='' ".to_owned()])
            .collect()
    };
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
            within("<Say voice=\"Polly.Joanna\">", "word ", "</Say>"),
        ),
        ("unknown elements", verbs("<Gatherx/>")),
        ("other unknown elements", verbs("<Gathr#/>")),
        ("shortest elements", verbs("<a/>")),
        ("elements elsewhere", verbs("<Number/>")),
        ("elements in lower case", verbs("<say>a</say>")),
        ("shortest healthy ones", verbs("<Say>a</Say>")),
        ("unknown attributes", verbs("<Say langage='x'>a</Say>")),
        ("unknown voices", verbs("<Say voice='Polly.Joana#'>a</Say>")),
        ("nameless voices", verbs("<Say voice='Polly.Jaonna-Nueral'>a</Say>")),
        ("unknown languages", verbs("<Say language='en-Q#'>a</Say>")),
        ("the last languages", verbs("<Gather language='zu-ZA'/>")),
        ("unknown words", verbs("<Gather input='dtnf'/>")),
        (
            "lists of words",
            verbs("<Gather input='dtmf speech dtmf speech dtmf x'/>"),
        ),
        (
            "nested prosody",
            verbs(&within_say("<prosody rate='x'>", "</prosody>", 150)),
        ),
        ("nested prosody, closed late", {
            let deep = nested("<prosody rate='x'>", "</prosody>", 190);
            within(&["<Say>", &deep].concat(), "<break/>", "</Say>")
        }),
        (
            "SSML in one Say",
            within("<Say voice='Polly.Joanna-Neural'>", "<emphasis>a</emphasis>", "</Say>"),
        ),
        ("SSML without a voice", verbs("<Say><emphasis>a</emphasis></Say>")),
        ("many attributes", filled("<Response><Say ", "a#='' ", "/></Response>")),
        (
            "attributes to the limit",
            verbs(&["<Say ", &attributes("a"), "/>"].concat()),
        ),
        (
            "near attributes",
            verbs(&["<Gather ", &attributes("numDigit"), "/>"].concat()),
        ),
        ("attributes twice", verbs("<Say voice='a' voice='a'/>")),
        ("one huge attribute", within("<Gather hints=\"", "word,", "\"/>")),
        ("one attribute of lines", within("<Gather hints=\"", "a\n", "\"/>")),
        ("one attribute, cut", filled("<Response><Gather hints=\"", "word,", "")),
        ("one huge name", within("<", "name", "/>")),
        (
            "one huge URL",
            within("<Redirect>https://example.com/", "path/", "</Redirect>"),
        ),
        ("many URLs", verbs("<Play>http://a.b/#x</Play>")),
        (
            "many numbers",
            within("<Dial>", "<Number>+1415555010</Number>", "</Dial>"),
        ),
        ("conferences", within("<Dial>", "<Conference>a</Conference>", "</Dial>")),
        ("prefixes", filled("<Response>", "<a xmlns:p#='x'>", "")),
        ("never closed", filled("<Response>", "<Say>", "")),
        ("brackets", filled("<Response>", "<", "")),
        ("ampersands", within("<Say>", "&amp;", "&</Say>")),
        ("references", within("<Say>", "&#97;", "</Say>")),
        ("comments", verbs("<!-- <a> -->")),
        ("comments in text", within("<Say>", "a<!---->", "</Say>")),
        ("marked sections", within("<Say>", "a<![CDATA[b]]>", "</Say>")),
        ("instructions", verbs("<?a <a> ?>")),
        ("lines", verbs("\n")),
        ("lines of text", verbs("a\n<Pause/>")),
        ("one line of words", within("<Say>", "wörter ", "</Say><foo/>")),
        ("problems behind a text", {
            let text = "wörter ".repeat(7_000);
            within(&["<Say>", &text, "</Say>"].concat(), "<foo/>", "")
        }),
    ]
}

fn within_say(open: &str, close: &str, depth: usize) -> String {
    ["<Say>", &nested(open, close, depth), "</Say>"].concat()
}

fn messages() -> Vec<(&'static str, String)> {
    let verbs = |part: &str| filled("<Response>", part, "</Response>");
    vec![
        ("replies", verbs("<Message to='+14155550100'>Hi</Message>")),
        (
            "bodies and files",
            filled(
                "<Response><Message>",
                "<Body>a</Body><Media>/a</Media>",
                "</Message></Response>",
            ),
        ),
        ("verbs of calls", verbs("<Say/>")),
    ]
}

fn tropo() -> Vec<(&'static str, String)> {
    let verbs = |part: &str| filled("{\"tropo\":[", part, "{\"hangup\":null}]}");
    vec![
        (
            "a healthy menu",
            verbs(concat!(
                "{\"ask\":{\"name\":\"a\",\"bargein\":true,\"timeout\":10,\"voice\":\"allison\",\"choices\":{\"value\":\"[1 DIGIT]\",\"mode\":\"dtmf\"},",
                "\"say\":[{\"value\":\"Sorry\",\"event\":\"timeout\"},{\"value\":\"<speak>Press <break/> one</speak>\"}]}},\n",
                "{\"on\":{\"event\":\"continue\",\"next\":\"/a?b=c\"}},{\"transfer\":{\"to\":\"+14155550100\"}},\n"
            )),
        ),
        ("unknown verbs", verbs("{\"saay#\":{}},")),
        ("unknown fields", verbs("{\"say\":{\"value\":\"a\",\"voise#\":1}},")),
        (
            "unknown fields of one",
            filled("{\"tropo\":[{\"ask\":{", "\"choice#\":1,", "\"name\":1}}]}"),
        ),
        (
            "one field again",
            filled("{\"tropo\":[{\"ask\":{", "\"name\":1,", "\"name\":1}}]}"),
        ),
        ("one huge field", filled("{\"tropo\":[{\"", "name", "\":1}]}")),
        (
            "one huge field of an ask",
            filled("{\"tropo\":[{\"ask\":{\"", "name", "\":1}}]}"),
        ),
        ("keys beside the verbs", filled("{", "\"tropa#\":1,", "\"tropo\":[]}")),
        (
            "unknown voices",
            verbs("{\"say\":{\"value\":\"a\",\"voice\":\"alisson#\"}},"),
        ),
        (
            "signals",
            verbs("{\"on\":{\"event\":\"s#\"}},{\"say\":{\"value\":\"a\",\"allowSignals\":[\"a\",\"b\"]}},"),
        ),
        ("signals of one", {
            let ons = filled("", "{\"on\":{\"event\":\"s#\"}},", "")
                .chars()
                .take(SIZE / 2)
                .collect::<String>();
            let ons = &ons[..=ons.rfind(',').unwrap()];
            filled(
                &["{\"tropo\":[", ons, "{\"say\":{\"value\":\"a\",\"allowSignals\":["].concat(),
                "\"a\",",
                "\"b\"]}}]}",
            )
        }),
        ("says", verbs("{\"say\":\"<speak>a</speak>\"},")),
        (
            "says of one",
            filled(
                "{\"tropo\":[{\"say\":[",
                "{\"value\":\"a&b\"},",
                "{\"value\":\"a\"}]}]}",
            ),
        ),
        (
            "events of one ask",
            filled(
                "{\"tropo\":[{\"ask\":{\"say\":[",
                "{\"value\":\"a\",\"event\":\"timout\"},",
                "{\"value\":\"a\"}]}}]}",
            ),
        ),
        (
            "one event of many words",
            filled(
                "{\"tropo\":[{\"ask\":{\"say\":[{\"value\":\"a\",\"event\":\"",
                "timout ",
                "\"}]}}]}",
            ),
        ),
        (
            "one long speech",
            filled("{\"tropo\":[{\"say\":{\"value\":\"", "word ", "\"}}]}"),
        ),
        (
            "ampersands",
            filled("{\"tropo\":[{\"say\":{\"value\":\"", "&a", "\"}}]}"),
        ),
        (
            "escapes",
            filled("{\"tropo\":[{\"say\":{\"value\":\"", "\\u00fc", " & \"}}]}"),
        ),
        ("numbers", verbs("{\"call\":{\"to\":\"4155550100\"}},")),
        ("lists", filled("{\"tropo\":[", "[", "")),
        ("empty lists", verbs("[],")),
        ("lines", verbs("\n")),
        ("problems behind a text", {
            let text = "wörter ".repeat(7_000);
            filled(&["{\"tropo\":[{\"say\":\"", &text, "\"},"].concat(), "[],", "[]]}")
        }),
        ("cut", filled("{\"tropo\":[", "{\"say\":\"a\"},", "")),
    ]
}

fn shapes() -> Vec<Shape> {
    let of = |provider, kind| move |(name, text)| (name, provider, kind, text);
    let calls = twiml().into_iter().map(of(Provider::Twilio, RequestKind::Voice));
    let messages = messages().into_iter().map(of(Provider::Twilio, RequestKind::Message));
    let results = tropo().into_iter().map(of(Provider::Tropo, RequestKind::Result));
    calls.chain(messages).chain(results).collect()
}

fn main() -> ExitCode {
    let first = Instant::now();
    reply(
        Provider::Twilio,
        RequestKind::Voice,
        b"<Response><Say>Hi</Say></Response>",
    );
    println!(
        "{:32} {:>8.2} ms, with reading the tables",
        "the first document",
        first.elapsed().as_secs_f64() * 1e3
    );
    let mut slow = 0;
    for (name, provider, kind, text) in shapes() {
        let mut times: Vec<Duration> = (0..RUNS)
            .map(|_| {
                let start = Instant::now();
                std::hint::black_box(reply(provider, kind, text.as_bytes()));
                start.elapsed()
            })
            .collect();
        times.sort();
        let problems = reply(provider, kind, text.as_bytes()).len();
        // A machine that does something else as well is no slowness of the judge.
        let median = times[RUNS / 2];
        slow += usize::from(median > LIMIT);
        println!(
            "{:32} {:>8.2} ms (worst {:.2}), {} bytes, {problems} problems",
            format!(
                "{provider} {}: {name}",
                if kind == RequestKind::Message {
                    "message"
                } else {
                    "call"
                }
            ),
            median.as_secs_f64() * 1e3,
            times[RUNS - 1].as_secs_f64() * 1e3,
            text.len()
        );
    }
    if slow > 0 {
        println!("{slow} shapes take longer than {} ms", LIMIT.as_millis());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
