//! A planned replay as a curl command for a POSIX shell.
//!
//! What is written follows from [`Plan::wire`], so curl sends the same request line, the same headers and the same body;
//! what curl would add by itself is switched off. Nothing in the command can act on the terminal that it is pasted
//! into: whatever is not plainly printable stands as an octal escape of `printf`. Signatures are part of the
//! request and stay.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::safe::printable;
use crate::replay::{Plan, PlanError};

/// A longer argument may be refused by the system; a shell's own `printf` takes any.
const LONGEST_ARGUMENT: usize = 100_000;

/// Bodies from this size on make curl ask first whether they are welcome.
const ASKS_FIRST: usize = 1024;

/// The command, in several lines.
///
/// # Errors
/// [`PlanError::Unwritable`], for a plan that was changed by hand.
pub fn curl(plan: &Plan) -> Result<String, PlanError> {
    let wire = plan.wire()?;
    let end = memchr::memmem::find(&wire, b"\r\n\r\n").unwrap_or(wire.len());
    let head = String::from_utf8_lossy(&wire[..end]);
    let headers: Vec<&str> = head.split("\r\n").skip(1).collect();
    let mut parts = vec![request(plan)];
    parts.extend(headers.iter().filter_map(|line| header(line)));
    let has = |name: &str| {
        headers
            .iter()
            .any(|h| h.split(':').next().is_some_and(|n| n.eq_ignore_ascii_case(name)))
    };
    let sends_body = !plan.body.is_empty() || has("content-length");
    let unwanted = [
        ("User-Agent", true),
        ("Accept", true),
        ("Content-Type", sends_body),
        ("Expect", plan.body.len() >= ASKS_FIRST),
    ];
    for (name, added) in unwanted {
        if added && !has(name) {
            parts.push(format!("-H '{name}:'"));
        }
    }
    if has("accept-encoding") {
        parts.push("--compressed".to_owned());
    }
    let inline = std::str::from_utf8(&plan.body)
        .ok()
        .filter(|text| text.len() <= LONGEST_ARGUMENT && is_plain(text));
    let mut command = String::new();
    match inline {
        Some(body) if sends_body => parts.push(format!("--data-raw {}", quoted(body))),
        None => {
            let _ = write!(command, "printf '{}' | ", escaped(&plan.body));
            parts.push("--data-binary @-".to_owned());
        }
        Some(_) => {}
    }
    Ok(command + &parts.join(" \\\n  "))
}

/// The command's first line: no settings of the user's own, no proxy, the URL as it is, and how long to wait.
fn request(plan: &Plan) -> String {
    let mut line = format!(
        "curl -q -i -g --http1.1 --path-as-is --noproxy '*' --max-time {}",
        plan.timeout.as_secs_f64()
    );
    // With -X, curl would wait for the body that an answer to HEAD never has.
    if plan.method == "HEAD" && plan.body.is_empty() {
        line.push_str(" --head");
    } else {
        let _ = write!(line, " -X {}", word(&plan.method));
    }
    // Newer releases of curl write some characters differently.
    if plan.path.contains(['"', '{', '}', '|', '\\', '^', '`', '[', ']']) {
        let _ = write!(line, " --request-target {}", word(&plan.path));
    }
    let _ = write!(line, " {}", word(&plan.url));
    line
}

/// A header as curl takes it; none for the length, which curl finds itself.
fn header(line: &str) -> Option<String> {
    let (name, value) = line.split_once(':')?;
    if name.eq_ignore_ascii_case("content-length") {
        return None;
    }
    // A name and a colon alone would take the header away.
    let shown: Cow<'_, str> = if value.trim().is_empty() {
        format!("{name};").into()
    } else {
        line.into()
    };
    Some(format!("-H {}", word(&shown)))
}

/// One word of a shell, without line ends at its end.
fn word(text: &str) -> String {
    if is_plain(text) {
        quoted(text)
    } else {
        format!("\"$(printf '{}')\"", escaped(text.as_bytes()))
    }
}

/// True for a text that shows what it is.
fn is_plain(text: &str) -> bool {
    matches!(printable(text), Cow::Borrowed(_))
}

/// A printable text in single quotes, or bare where nothing in it means anything to a shell.
fn quoted(text: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b"_-./:@%+,=".contains(&b);
    if !text.is_empty() && text.bytes().all(bare) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Bytes as the format of `printf`, in single quotes.
fn escaped(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + bytes.len() / 4);
    let octal = |out: &mut String, bytes: &[u8]| {
        for byte in bytes {
            let _ = write!(out, "\\{byte:03o}");
        }
    };
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let mut buffer = [0; 4];
            let text = c.encode_utf8(&mut buffer);
            match c {
                '\n' => out.push_str("\\n"),
                '%' => out.push_str("%%"),
                '\\' => out.push_str("\\\\"),
                // A leading hyphen would be an option.
                '-' if out.is_empty() => octal(&mut out, b"-"),
                '\'' => octal(&mut out, b"'"),
                _ if is_plain(text) => out.push(c),
                _ => octal(&mut out, text.as_bytes()),
            }
        }
        octal(&mut out, chunk.invalid());
    }
    out
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;
    use crate::config::Secret;
    use crate::model::{Payload, Provider, Request, RequestKind};
    use crate::replay::{Edits, Options, Target, plan};
    use proptest::prelude::*;

    fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
        all.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    }

    fn planned(method: &str, url: &str, payload: Payload, headers: &[(&str, &str)]) -> Plan {
        let request = Request {
            method: Some(method.to_owned()),
            url: Some(url.to_owned()),
            headers: vec![],
            payload,
        };
        let options = Options {
            edits: Edits {
                headers: pairs(headers),
                ..Edits::default()
            },
            auth_token: Some(Secret::new("12345")),
            ..Options::default()
        };
        let target = Target::parse("localhost:3000", &[]).unwrap();
        plan(Provider::Twilio, RequestKind::Voice, &request, &target, &options).unwrap()
    }

    /// Runs the command in a real shell, with a `curl` that says what it was given: arguments, standard input.
    fn run(command: &str) -> (Vec<String>, Vec<u8>) {
        let script = format!("curl() {{ printf '%s\\000' $# \"$@\"; cat; }}\n{command}\n");
        // In a file: an argument of the system's may not be as long as one of a shell's.
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), script).unwrap();
        let out = Command::new("sh")
            .arg(file.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(out.status.success() && out.stderr.is_empty(), "{command}\n{out:?}");
        let mut rest = &out.stdout[..];
        let mut next = || {
            let end = rest.iter().position(|b| *b == 0).unwrap();
            let text = String::from_utf8(rest[..end].to_vec()).unwrap();
            rest = &rest[end + 1..];
            text
        };
        let count: usize = next().parse().unwrap();
        let args = (0..count).map(|_| next()).collect();
        (args, rest.to_vec())
    }

    /// What curl would send for the arguments, as the plan's own bytes: request line, headers, body.
    fn sent(args: &[String], input: &[u8]) -> (String, Vec<String>, Vec<u8>) {
        let (mut method, mut url, mut target, mut headers, mut body) = ("GET", "", None, vec![], None);
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "-X" => method = args.next().unwrap(),
                "--head" => method = "HEAD",
                "--request-target" => target = args.next(),
                "-H" => headers.push(args.next().unwrap().clone()),
                "--data-raw" => body = Some(args.next().unwrap().clone().into_bytes()),
                "--data-binary" => {
                    assert_eq!(args.next().unwrap(), "@-");
                    body = Some(input.to_vec());
                }
                "--noproxy" | "--max-time" => assert!(args.next().is_some()),
                "-q" | "-i" | "-g" | "--http1.1" | "--path-as-is" | "--compressed" => {}
                other => url = other,
            }
        }
        let path = target.map_or_else(|| url.strip_prefix("http://localhost:3000").unwrap(), String::as_str);
        let mut headers: Vec<String> = headers
            .into_iter()
            .filter(|h| h.find(':') != Some(h.len() - 1))
            .map(|h| match h.strip_suffix(';') {
                Some(name) if !h.contains(':') => format!("{name}: "),
                _ => h,
            })
            .collect();
        headers.extend(body.as_ref().map(|b| format!("Content-Length: {}", b.len())));
        headers.sort();
        (format!("{method} {path} HTTP/1.1"), headers, body.unwrap_or_default())
    }

    fn check(plan: &Plan) -> String {
        let command = curl(plan).unwrap();
        for line in command.split('\n') {
            assert!(is_plain(line), "{line:?}");
        }
        let (args, input) = run(&command);
        let wire = plan.wire().unwrap();
        let end = wire.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(wire[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap().to_owned();
        let mut headers: Vec<String> = lines.map(str::to_owned).collect();
        headers.sort();
        assert_eq!(sent(&args, &input), (first, headers, plan.body.clone()), "{command}");
        command
    }

    #[test]
    fn a_form_is_shown_whole() {
        let mut plan = planned(
            "POST",
            "https://app.example.com/voice?x='%7e",
            Payload::Form(pairs(&[("CallSid", "CA1"), ("Body", "it's ✓")])),
            &[],
        );
        plan.headers.retain(|(name, _)| name != "X-Twilio-Signature");
        assert_eq!(
            check(&plan),
            "curl -q -i -g --http1.1 --path-as-is --noproxy '*' --max-time 15 -X POST 'http://localhost:3000/voice?x='\\''%7e' \\\n  \
             -H 'Host: localhost:3000' \\\n  -H 'User-Agent: TwilioProxy/1.1' \\\n  -H 'Accept: */*' \\\n  \
             -H 'Content-Type: application/x-www-form-urlencoded; charset=UTF-8' \\\n  \
             --data-raw 'CallSid=CA1&Body=it%27s+%E2%9C%93'"
        );
    }

    #[test]
    fn odd_requests_stay_as_they_are() {
        let form = || Payload::Form(pairs(&[("a", "1 2")]));
        for (plan, part) in [
            (
                planned("GET", "http://h/a/../b?c={d}", form(), &[]),
                "--request-target '/a/../b?c={d}&a=1+2'",
            ),
            (planned("HEAD", "http://h/", Payload::Empty, &[]), "--head"),
            (planned("POST", "http://h/", Payload::Empty, &[]), "--data-raw ''"),
            (planned("DELETE", "http://h/`x`$(y)", Payload::Empty, &[]), "$(y)'"),
            (
                planned("POST", "http://h/", Payload::Json(b"@file".to_vec()), &[]),
                "--data-raw @file",
            ),
            (
                planned(
                    "POST",
                    "http://h/",
                    Payload::Json(b"-{\"a\":\n\"100%\\'\xff\x00\x1b[201~7\"}".to_vec()),
                    &[],
                ),
                "printf '\\055{\"a\":\\n\"100%%\\\\\\047\\377\\000\\033[201~7\"}' | curl",
            ),
            (
                planned("POST", "http://h/", Payload::Json("\u{202e}".into()), &[]),
                "printf '\\342\\200\\256' |",
            ),
            (
                planned("POST", "http://h/", form(), &[("X-Odd", "a\tb $HOME `id` \u{9b}é")]),
                "\"$(printf 'X-Odd: a\\011b $HOME `id` \\302\\233é')\"",
            ),
            (
                planned("POST", "http://h/", form(), &[("Accept", ""), ("User-Agent", "")]),
                "-H 'Accept:'",
            ),
            (
                planned("POST", "http://h/", form(), &[("Accept-Encoding", "gzip")]),
                "--compressed",
            ),
            (
                planned("POST", "http://h/", Payload::Json(vec![b'1'; 200_000]), &[]),
                "-H 'Expect:'",
            ),
        ] {
            let command = check(&plan);
            assert!(command.contains(part), "{part}\n{command}");
        }
        let mut plan = planned("POST", "http://h/", form(), &[]);
        plan.headers.push(("X-Empty".to_owned(), String::new()));
        assert!(check(&plan).contains("-H 'X-Empty;'"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn any_request_goes_through_a_shell(
            path in "[ -~é\u{1b}]{0,20}", value in "[ -~é\t\u{85}\u{200b}]{0,20}", body in prop::collection::vec(any::<u8>(), 0..40),
            text in "[ -~\n\t\u{1b}é]{0,40}", binary: bool,
        ) {
            let body = if binary { body } else { text.into_bytes() };
            let value = format!("v{}", value.trim());
            check(&planned("POST", &format!("http://h/{path}"), Payload::Json(body), &[("X-Any", &value)]));
        }
    }
}
