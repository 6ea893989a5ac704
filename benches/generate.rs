//! Writes large made-up inputs for the benchmark: Tropo logs and Twilio alerts.
//!
//! The same arguments give the same bytes. Nothing here is anybody's: hosts are `example` names, numbers are 555-01xx,
//! addresses are private or reserved for documentation, ids come from the seed. Beside OUT stands `OUT.truth.tsv`,
//! one line per failing call (`id`, tab, what is wrong with it), so that a measured run can also be checked.
//!
//! It is an example of the package only to be buildable by `cargo run --release --example generate`; it uses none of it.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    process::ExitCode,
};

#[path = "generate/alerts.rs"]
mod alerts;
#[path = "generate/call.rs"]
mod call;
#[path = "generate/line.rs"]
mod line;
#[path = "generate/random.rs"]
mod random;
#[path = "generate/story.rs"]
mod story;
#[path = "generate/tropo.rs"]
mod tropo;

const USAGE: &str = "\
usage: generate tropo  --bytes SIZE [--calls N] [--failing N] [--form archive|node|prism|debugger] [--seed N] OUT
       generate alerts --bytes SIZE [--seed N] OUT

SIZE is a number of bytes with an optional K, M or G (thousands). The default for --calls is one per 25 kB, for --failing 166
in 40,000 calls. More bytes with the same --calls give more noise in each call.";

/// The command line, read but not yet completed with defaults that depend on the size.
struct Arguments {
    kind: String,
    out: String,
    bytes: u64,
    calls: Option<u64>,
    failing: Option<u64>,
    form: line::Form,
    seed: u64,
}

fn main() -> ExitCode {
    let arguments = match read_arguments(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => return complain(&format!("{problem}\n\n{USAGE}")),
    };
    match generate(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&format!("cannot write {}: {error}", arguments.out)),
    }
}

fn complain(text: &str) -> ExitCode {
    // Nobody is left to tell when standard error is gone too.
    let _ = writeln!(io::stderr(), "generate: {text}");
    ExitCode::from(2)
}

fn read_arguments(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let kind = words.next().ok_or("what shall be written?")?;
    if kind != "tropo" && kind != "alerts" {
        return Err(format!("unknown kind {kind:?}"));
    }
    let mut arguments = Arguments {
        kind,
        out: String::new(),
        bytes: 0,
        calls: None,
        failing: None,
        form: line::Form::Archive,
        seed: 1,
    };
    while let Some(word) = words.next() {
        if !word.starts_with("--") {
            arguments.out = word;
            continue;
        }
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--bytes" => arguments.bytes = size(&value)?,
            "--calls" => arguments.calls = Some(size(&value)?.max(1)),
            "--failing" => arguments.failing = Some(size(&value)?),
            "--seed" => arguments.seed = size(&value)?,
            "--form" => {
                arguments.form = line::Form::named(&value).ok_or_else(|| format!("unknown form {value:?}"))?;
            }
            _ => return Err(format!("unknown option {word}")),
        }
    }
    match (arguments.bytes, arguments.out.is_empty()) {
        (0, _) => Err("--bytes is needed".into()),
        (_, true) => Err("OUT is needed".into()),
        _ => Ok(arguments),
    }
}

/// Reads `280M` as 280,000,000.
fn size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.as_bytes().last() {
        Some(b'K' | b'k') => (&text[..text.len() - 1], 1_000),
        Some(b'M' | b'm') => (&text[..text.len() - 1], 1_000_000),
        Some(b'G' | b'g') => (&text[..text.len() - 1], 1_000_000_000),
        _ => (text, 1),
    };
    let number: u64 = digits.parse().map_err(|_| format!("{text:?} is not a size"))?;
    number.checked_mul(unit).ok_or_else(|| format!("{text:?} is too large"))
}

fn generate(arguments: &Arguments) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&arguments.out)?);
    let mut truth = BufWriter::new(File::create(format!("{}.truth.tsv", arguments.out))?);
    let bytes = if arguments.kind == "tropo" {
        let calls = arguments.calls.unwrap_or(arguments.bytes / 25_000).max(1);
        let plan = tropo::Plan {
            bytes: arguments.bytes,
            calls,
            failing: arguments.failing.unwrap_or((calls * 166).div_ceil(40_000)).min(calls),
            form: arguments.form,
            seed: arguments.seed,
        };
        tropo::write(&plan, &mut out, &mut truth)?
    } else {
        alerts::write(arguments.bytes, arguments.seed, &mut out, &mut truth)?
    };
    out.flush()?;
    truth.flush()?;
    writeln!(io::stderr(), "{}: {bytes} bytes", arguments.out)
}
