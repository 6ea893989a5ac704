//! Inputs: how they are coded, named, mixed and broken. Bad input never ends a run.
//!
//! All through the program, because opening, decoding and telling of faults are its matter.

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Ran, redial, run, sample, text};

const PIZZA: &str = "tropo/pizza-archive.log";

fn gz(text: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(text).unwrap();
    out.finish().unwrap()
}

fn zst(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 3).unwrap()
}

fn utf16(text: &[u8], little: bool) -> Vec<u8> {
    let text = String::from_utf8(text.to_vec()).unwrap();
    std::iter::once(0xfeff)
        .chain(text.encode_utf16())
        .flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() })
        .collect()
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn put(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn errors(&self, names: &[&str]) -> Ran {
        names
            .iter()
            .fold(redial(["errors", "--json"]), |r, n| r.arg(self.0.path().join(n)))
            .run()
    }
}

/// Findings and totals without paths and offsets, which differ where the bytes do.
fn gist(ran: &Ran) -> Vec<Value> {
    let mut lines = ran.json();
    for o in &mut lines {
        let o = o.as_object_mut().unwrap();
        for key in ["ms", "bytes"] {
            o.remove(key);
        }
        if let Some(s) = o.get_mut("source") {
            *s = s["line"].clone();
        }
    }
    lines
}

#[test]
fn every_coding_reads_alike() {
    let plain = sample(PIZZA);
    let (head, tail) = plain.split_at(plain.len() / 3);
    let f = Folder::new();
    f.put("plain", &plain);
    let want = gist(&f.errors(&["plain"]).exits(0));
    assert_eq!(want.len(), 4);
    let crlf = String::from_utf8(plain.clone()).unwrap().replace('\n', "\r\n");
    let bom = [b"\xef\xbb\xbf".as_slice(), &plain].concat();
    for (name, bytes) in [
        ("a.gz", gz(&plain)),
        ("two-members.gz", [gz(head), gz(tail)].concat()),
        ("no-extension-gzip", gz(&plain)),
        ("a.zst", zst(&plain)),
        ("two-frames.zst", [zst(head), zst(tail)].concat()),
        ("utf16le.log", utf16(&plain, true)),
        ("utf16be.log", utf16(&plain, false)),
        ("bom.log", bom),
        ("crlf.log", crlf.into_bytes()),
        ("no-end.log", plain.trim_ascii_end().to_vec()),
    ] {
        f.put(name, &bytes);
        let ran = f.errors(&[name]).exits(0);
        assert_eq!(ran.err, "", "{name}");
        assert_eq!(gist(&ran), want, "{name}");
        // From a pipe too.
        let piped = redial(["errors", "--json", "-"]).stdin(&bytes).run().exits(0);
        assert_eq!(gist(&piped), want, "{name} piped");
    }
    // Without any input: standard input.
    let bare = redial(["errors", "--json"]).stdin(&plain).run().exits(0);
    assert_eq!(gist(&bare), want);
    assert_eq!(bare.of("finding")[0]["source"]["path"], "-");
}

#[test]
fn requests_are_read_again_from_every_coding() {
    let plain = sample(PIZZA);
    let f = Folder::new();
    for (name, bytes) in [
        ("a.log", plain.clone()),
        ("a.gz", gz(&plain)),
        ("a.zst", zst(&plain)),
        ("u.log", utf16(&plain, true)),
    ] {
        let path = f.put(name, bytes);
        let ran = redial(["replay", "--list", "--json"]).arg(&path).run().exits(0);
        let bodies: Vec<Value> = ran.of("request").iter().map(|r| r["body"].clone()).collect();
        assert_eq!(bodies.len(), 3, "{name}");
        for b in bodies {
            let b = b.as_str().unwrap();
            assert!(serde_json::from_str::<Value>(b).is_ok(), "{name}: {b}");
            assert!(String::from_utf8_lossy(&plain).contains(b), "{name}");
        }
        let shown = redial(["show", "36b3", "--all"]).arg(&path).run().exits(0);
        assert!(shown.out.contains("activeEngines = 3"), "{name}");
    }
    let piped = redial(["show", "36b3", "--all", "-"]).stdin(gz(&plain)).run().exits(0);
    assert!(piped.out.contains("activeEngines = 3"));
}

#[test]
fn a_cut_archive_is_used_up_to_the_cut() {
    // Much text that does not shrink, so that the cut falls inside it.
    let plain: Vec<u8> = (0..200u32)
        .flat_map(|n| {
            let id = u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
            format!("2013-02-19 15:07:40.000 ERROR [Tropo-Thread-{id:032x}] #X#: it broke {id:032x}\n").into_bytes()
        })
        .collect();
    let f = Folder::new();
    for (name, whole) in [("cut.gz", gz(&plain)), ("cut.zst", zst(&plain))] {
        f.put(name, &whole[..whole.len() * 2 / 3]);
        f.put("rest.log", sample(PIZZA));
        let ran = redial(["errors", "--json", "--block", "1000"])
            .arg(f.0.path().join(name))
            .arg(f.0.path().join("rest.log"))
            .run();
        assert!(
            ran.err.contains(name) && ran.err.contains("are used"),
            "{name}: {}",
            ran.err
        );
        let findings = ran.of("finding");
        assert_eq!(ran.summary()["inputs"], 2);
        assert_eq!(
            findings
                .iter()
                .filter(|x| text(&x["source"], "path").ends_with("rest.log"))
                .count(),
            3,
            "{name}"
        );
        if name.ends_with("gz") {
            assert!(findings.len() > 3, "{name}: {}", findings.len());
        }
    }
}

#[test]
fn folders_are_read_in_order() {
    let f = Folder::new();
    let line = |n: u32| format!("2013-02-19 15:07:40.000 ERROR [x] #X#: number {n}\n");
    for (name, n) in [
        ("in/b.log", 2),
        ("in/a.log", 1),
        ("in/c/z.log", 4),
        ("in/c/y.log", 3),
        ("in/d.log", 5),
        ("in/.hidden.log", 6),
        ("in/.git/x.log", 7),
    ] {
        f.put(name, line(n));
    }
    f.put("in/picture.bin", b"\x89PNG\0\0\0\0binary\n");
    f.put("in/empty.log", "");
    f.put("in/z.log.gz", gz(line(8).as_bytes()));
    let ran = f.errors(&["in"]).exits(0);
    let titles: Vec<String> = ran
        .of("finding")
        .iter()
        .map(|x| text(x, "evidence").to_owned())
        .collect();
    assert_eq!(
        titles,
        ["number 1", "number 2", "number 3", "number 4", "number 5", "number 8"]
    );
    assert_eq!(ran.summary()["unparsed"], 0);
    // A hidden file that is named is read.
    assert_eq!(f.errors(&["in/.hidden.log"]).exits(0).of("finding").len(), 1);
}

#[test]
fn several_inputs_are_one_view_by_time() {
    let f = Folder::new();
    let line = |time: &str, id: u32| format!("2013-02-19 {time}.000 ERROR [Tropo-Thread-{id:032x}] #X#: at {time}\n");
    f.put("late", line("15:09:00", 1));
    f.put("early", line("15:07:00", 2) + &line("15:11:00", 3));
    let ran = f.errors(&["late", "early"]).exits(0);
    let at: Vec<String> = ran
        .of("finding")
        .iter()
        .map(|x| text(x, "evidence").to_owned())
        .collect();
    assert_eq!(at, ["at 15:07:00", "at 15:09:00", "at 15:11:00"]);
    assert_eq!(ran.summary()["inputs"], 2);
    // One call over two files is one call.
    f.put("first", line("15:07:00", 9));
    f.put("second", line("15:08:00", 9));
    let both = redial(["calls", "--json"])
        .arg(f.0.path().join("first"))
        .arg(f.0.path().join("second"))
        .run();
    assert_eq!(both.of("call").len(), 1);
    assert_eq!(both.of("call")[0]["lines"], 2);
}

#[test]
fn nothing_to_read() {
    let f = Folder::new();
    f.put("empty", "");
    std::fs::create_dir(f.0.path().join("folder")).unwrap();
    let ran = f.errors(&["empty"]).exits(0);
    assert_eq!(
        (&ran.summary()["lines"], &ran.summary()["bytes"]),
        (&0.into(), &0.into())
    );
    redial(["errors", "-"]).stdin("").run().exits(0);
    redial(["calls"]).arg(f.0.path().join("empty")).run().exits(0);
    redial(["show", "abcd"]).arg(f.0.path().join("empty")).run().exits(4);
    // Blank lines are no loss.
    assert_eq!(
        redial(["errors", "--json", "-"])
            .stdin("\n\r\n  \n\n")
            .run()
            .exits(0)
            .summary()["unparsed"],
        0
    );
}

#[cfg(unix)]
#[test]
fn what_cannot_be_opened_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let f = Folder::new();
    let path = f.put("locked.log", sample(PIZZA));
    f.put("open.log", sample(PIZZA));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    // A superuser may read everything.
    if std::fs::File::open(&path).is_err() {
        let ran = f.errors(&["locked.log", "open.log"]).exits(2);
        assert!(ran.err.contains("locked.log"), "{}", ran.err);
        assert_eq!(ran.of("finding").len(), 3);
    }
    std::os::unix::fs::symlink(f.0.path().join("gone"), f.0.path().join("dangling")).unwrap();
    f.errors(&["dangling", "open.log"]).exits(2);
}

#[test]
fn formats_can_be_forced() {
    let errors = |format: &str, file: &str| run(&format!("errors --json --format {format} samples/{file}")).exits(0);
    for (format, found) in [
        ("auto", 3),
        ("tropo", 3),
        ("tropo-archive", 3),
        ("tropo-prism", 0),
        ("tropo-node", 0),
        ("tropo-debugger", 0),
        ("twilio", 0),
        ("json", 0),
    ] {
        let ran = errors(format, PIZZA);
        assert_eq!(ran.of("finding").len(), found, "{format}");
        // What is not looked for cannot be read.
        let unparsed = ran.summary()["unparsed"].as_u64().unwrap();
        assert_eq!(unparsed > 0, found == 0, "{format}: {unparsed}");
    }
    for (format, found) in [("auto", 4), ("twilio", 4), ("json", 4), ("tropo", 0)] {
        assert_eq!(
            errors(format, "twilio/alerts.jsonl").of("finding").len(),
            found,
            "{format}"
        );
    }
}

/// Prose, log lines of two forms, and documents, one behind another.
fn mixed() -> String {
    let alerts = String::from_utf8(sample("twilio/alerts.jsonl")).unwrap();
    let pretty = String::from_utf8(sample(
        "tests/data/shapes/twilio/alert-instance-11200-http405-voice.json",
    ))
    .unwrap();
    let archive = String::from_utf8(sample(PIZZA)).unwrap();
    let debugger = String::from_utf8(sample("tests/data/shapes/tropo/debugger-01.log")).unwrap();
    format!(
        "Dear all, here is what I have:\n\n{archive}\nand from the other window\n{debugger}{pretty}\n{alerts}Best regards\n{pretty}{archive}"
    )
}

#[test]
fn one_file_may_switch_its_shape() {
    let ran = redial(["errors", "--json", "--unparsed", "-"])
        .stdin(mixed())
        .run()
        .exits(0);
    let lost: Vec<String> = ran
        .of("unparsed")
        .iter()
        .map(|u| text(u, "text").trim().to_owned())
        .collect();
    assert_eq!(
        lost,
        [
            "Dear all, here is what I have:",
            "and from the other window",
            "Best regards"
        ]
    );
    assert_eq!(ran.summary()["unparsed"], 3);
    let mut rules: Vec<String> = ran.of("finding").iter().map(|x| text(x, "rule").to_owned()).collect();
    rules.sort();
    rules.dedup();
    assert!(
        ["W1", "W3", "W4", "twilio-http-405", "twilio-http-500"]
            .iter()
            .all(|r| rules.contains(&(*r).to_owned())),
        "{rules:?}"
    );
    // Every finding points at its text.
    let text_of = mixed();
    let lines: Vec<&str> = text_of.lines().collect();
    for x in ran.of("finding") {
        let (line, byte) = (
            x["source"]["line"].as_u64().unwrap() as usize,
            x["source"]["byte"].as_u64().unwrap() as usize,
        );
        let start = text_of[..byte].rfind('\n').map_or(0, |n| n + 1);
        assert_eq!(text_of[start..].lines().next(), Some(lines[line - 1]), "{x}");
    }
}

#[test]
fn a_document_cut_at_the_end_of_the_file() {
    let pretty = String::from_utf8(sample(
        "tests/data/shapes/twilio/alert-instance-11200-http405-voice.json",
    ))
    .unwrap();
    let cut = &pretty[..pretty.len() * 2 / 3];
    let log = String::from_utf8(sample("tests/data/shapes/tropo/debugger-01.log")).unwrap();
    let ran = redial(["errors", "--json", "--unparsed", "-"])
        .stdin(log.clone() + cut)
        .run()
        .exits(0);
    assert!(ran.of("finding").iter().any(|x| x["rule"] == "W1"));
    let unparsed = ran.of("unparsed");
    assert!(!unparsed.is_empty(), "{}", ran.out);
    assert_eq!(unparsed[0]["source"]["line"], 6);
    // A document that is never closed does not swallow the log lines behind it.
    let ran = redial(["errors", "--json", "-"])
        .stdin(cut.to_owned() + "\n" + &log)
        .run()
        .exits(0);
    assert!(ran.of("finding").iter().any(|x| x["rule"] == "W1"), "{}", ran.out);
}

#[test]
fn unparsed_as_text() {
    let ran = run("errors --unparsed samples/tropo/forum-paste.txt").exits(0);
    assert!(
        ran.out.contains("samples/tropo/forum-paste.txt:1: Hi all,"),
        "{}",
        ran.out
    );
    // What comes from outside is made printable.
    let ran = redial(["errors", "--unparsed", "-"])
        .stdin("evil \u{1b}[31mred\u{7} \u{202e}tfel\n")
        .run()
        .exits(0);
    assert!(!ran.out.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{:?}", ran.out);
}

#[test]
fn bytes_that_are_no_text() {
    let log = b"2013-02-19 15:07:40.000 ERROR [x] #X#: caf\xe9 \xff\xfe\n";
    let ran = redial(["errors", "--json", "-"]).stdin(log).run().exits(0);
    assert!(text(&ran.of("finding")[0], "evidence").contains("caf\u{fffd}"));
    let shown = redial(["errors", "-"])
        .stdin(b"2013-02-19 15:07:40.000 ERROR [x] #X#: \x1b]0;title\x07 caf\xe9\n")
        .run();
    assert!(!shown.out.contains('\u{1b}') && !shown.out.contains('\u{7}'));
}

#[test]
fn paths_are_shown_as_given() {
    let ran = run("errors --json samples/tropo/pizza-archive.log ./samples/tropo/script-prism.log").exits(0);
    let mut paths: Vec<String> = ran
        .of("finding")
        .iter()
        .map(|x| text(&x["source"], "path").to_owned())
        .collect();
    paths.dedup();
    paths.sort();
    paths.dedup();
    assert_eq!(
        paths,
        ["./samples/tropo/script-prism.log", "samples/tropo/pizza-archive.log"]
    );
    assert!(Path::new(&paths[1]).exists());
}
