//! The fuzz targets as property tests: samples that were changed at random, given to the same functions as libFuzzer gives its own to.
//!
//! Where there is no nightly compiler this is all the fuzzing there is; see `.ci/fuzz`.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::Index;

use crate::support::{sample, samples};

#[path = "../../fuzz/src/lib.rs"]
mod targets;

/// Texts that programs know: what stands in them is what parsers look for.
const TEXTS: &[&str] = &[
    "<?xml version=\"1.0\"?>\n<Response><Gather action=\"/a\" numDigits=\"1\"><Say voice=\"Polly.Joanna\">Hi <break time=\"1s\"/></Say></Gather><Dial><Number>+12025550100</Number></Dial></Response>",
    "<Response><Message to=\"+12025550100\"><Body>Hi &amp; bye</Body></Message></Response>",
    "{\"tropo\":[{\"ask\":{\"choices\":{\"value\":\"[1 DIGIT]\"},\"say\":[{\"value\":\"<speak>x</speak>\",\"event\":\"timeout\"}]}},{\"on\":{\"event\":\"continue\",\"next\":\"/a\"}}]}",
    "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n<Response/>\r\n0\r\n\r\n",
    "HTTP/1.1 302 Found\nLocation: //b.example/x\nContent-Encoding: gzip\n\n",
    "code:11200 and (url~\"/voice\" or not at>=2013-02-19) severity:error",
    "POST https://a.example/voice?x=1\nX-A: b\n\nDigits=1&From=%2B1202\n",
    "session.to.id\n{\"session\":{\"to\":{\"id\":\"1\"},\"list\":[1,2,{\"a\":null}]}}",
    "https://user:pw@a.example:443/b%20c?d=e&d=f#rt=1",
    "[[rule]]\nid = \"x\"\npattern = 'a(\\d+)'\nseverity = \"error\"\ntitle = \"T {1}\"\n",
];

fn seeds() -> &'static [Vec<u8>] {
    static SEEDS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SEEDS.get_or_init(|| {
        let small = |mut text: Vec<u8>| {
            text.truncate(8 << 10);
            text
        };
        let texts = TEXTS.iter().map(|t| t.as_bytes().to_vec());
        texts.chain(samples().iter().map(|name| small(sample(name)))).collect()
    })
}

/// One change: cut, doubled, overwritten, or a piece of another text put in.
#[derive(Clone, Debug)]
enum Change {
    Cut(Index, usize),
    Repeat(Index, usize, usize),
    Write(Index, Vec<u8>),
    Insert(Index, Vec<u8>),
    Splice(Index, Index, Index, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..6),
        prop::sample::select(vec![
            "<",
            ">",
            "&",
            "\"",
            "\\",
            "{",
            "}",
            "[",
            "]",
            "\n",
            "\r\n",
            "\0",
            "é",
            "\u{202e}",
            "%",
            "-1",
            "99999999999999999999",
            "<![CDATA[",
            "<!--",
            "\\u0000",
            ":",
            "#"
        ])
        .prop_map(|t| t.as_bytes().to_vec()),
    ];
    let more = bytes.clone();
    prop_oneof![
        (any::<Index>(), 1..200usize).prop_map(|(at, len)| Change::Cut(at, len)),
        (any::<Index>(), 1..40usize, 2..60usize).prop_map(|(at, len, times)| Change::Repeat(at, len, times)),
        (any::<Index>(), bytes).prop_map(|(at, bytes)| Change::Write(at, bytes)),
        (any::<Index>(), more).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (any::<Index>(), any::<Index>(), any::<Index>(), 1..300usize)
            .prop_map(|(at, of, from, len)| Change::Splice(at, of, from, len)),
    ]
}

fn changed(mut text: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let place = |at: &Index| at.index(text.len() + 1);
        match change {
            Change::Cut(at, len) => {
                let at = place(at);
                text.drain(at..(at + len).min(text.len()));
            }
            Change::Repeat(at, len, times) => {
                let at = place(at);
                let piece = text[at..(at + len).min(text.len())].repeat(*times);
                text.splice(at..at, piece);
            }
            Change::Write(at, bytes) => {
                let at = place(at);
                let end = (at + bytes.len()).min(text.len());
                text.splice(at..end, bytes.iter().copied());
            }
            Change::Insert(at, bytes) => {
                let at = place(at);
                text.splice(at..at, bytes.iter().copied());
            }
            Change::Splice(at, of, from, len) => {
                let at = place(at);
                let other = &seeds()[of.index(seeds().len())];
                let from = from.index(other.len() + 1);
                text.splice(at..at, other[from..(from + len).min(other.len())].iter().copied());
            }
        }
    }
    text
}

/// A target must be done with a few kilobytes long before this; only what grows beyond all bounds takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_target_panics(seed: Index, changes in prop::collection::vec(change(), 0..6)) {
        let text = changed(seeds()[seed.index(seeds().len())].clone(), &changes);
        for (name, target) in targets::TARGETS {
            let began = Instant::now();
            target(&text);
            prop_assert!(began.elapsed() < PATIENCE, "{name} takes too long");
        }
    }
}

#[test]
fn seeds_as_they_are() {
    for seed in seeds() {
        for (_, target) in targets::TARGETS {
            target(seed);
        }
    }
}

#[test]
fn every_target_has_its_file() {
    let manifest = std::fs::read_to_string("fuzz/Cargo.toml").unwrap();
    let files = std::fs::read_dir("fuzz/fuzz_targets").unwrap().count();
    assert_eq!(files, targets::TARGETS.len());
    for (name, _) in targets::TARGETS {
        assert!(
            manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")),
            "{name}"
        );
        let file = std::fs::read_to_string(format!("fuzz/fuzz_targets/{name}.rs")).unwrap();
        assert!(file.contains(&format!("redial_fuzz::{name}(data)")), "{name}");
    }
}
