//! `redial case run`: every case sent once, its answer judged and held against what its file expects.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

use super::super::replay::{refused, target};
use super::super::{Exit, Stop, columns, config, say};
use super::RunArgs;
use crate::output::case::Case;
use crate::output::export::junit::{self, Suite, Test};
use crate::output::fit::wrap;
use crate::output::json;
use crate::output::style::{Paint, Role, When};
use crate::output::text::count;
use crate::replay::{Followed, Options, Pinned, Target, plan, send_following};

/// Where what is told of a case begins.
const INDENT: usize = 6;

/// The `replay` of the contract with its case.
#[derive(Serialize)]
struct Line<'a> {
    r#type: &'static str,
    case: &'a str,
    expected: String,
    met: bool,
    missed: &'a [String],
    request: &'a str,
    call: &'a str,
    sent_to: &'a str,
    method: &'a str,
    signature: &'static str,
    status: Option<u16>,
    ms: u64,
    headers: &'a [(String, String)],
    body: Option<String>,
    error: Option<String>,
    verdict: serde_json::Value,
    was: &'a str,
    edited: bool,
    notes: &'a [String],
}

/// A case that could not be sent.
#[derive(Serialize)]
struct BrokenLine<'a> {
    r#type: &'static str,
    case: &'a str,
    line: Option<usize>,
    message: &'a str,
}

/// The last line.
#[derive(Serialize)]
struct SummaryLine {
    r#type: &'static str,
    inputs: usize,
    bytes: u64,
    lines: u64,
    unparsed: u64,
    hidden: u64,
    calls: usize,
    requests: usize,
    errors: usize,
    warnings: usize,
    met: usize,
    missed: usize,
    broken: usize,
    ms: u64,
}

/// A file, and what is in it.
struct File {
    name: String,
    bytes: u64,
    lines: u64,
    case: Result<Case, (Option<usize>, String)>,
}

/// What the runs share.
struct Run<'a> {
    args: &'a RunArgs,
    target: Target,
    options: Options,
    paint: Paint,
}

/// Runs the command.
pub(super) fn run(args: &RunArgs, out: &mut impl Write) -> anyhow::Result<Exit> {
    let begun = Instant::now();
    let settings = config::settings(args.sending.given()?);
    let run = Run {
        args,
        target: target(&settings)?,
        options: config::sending(&settings),
        paint: Paint::for_stdout(When::Auto, |n| std::env::var(n).ok()),
    };
    let files = files(&args.paths)?;
    if files.is_empty() {
        let names: Vec<String> = args.paths.iter().map(|p| p.display().to_string()).collect();
        let hint = "`redial case save` keeps failed requests as *.http files";
        return Err(Stop::new(Exit::Nothing, format!("no case in {}: {hint}", names.join(", "))).into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tests = runtime.block_on(run.all(&files, out))?;
    let number = |which: fn(&junit::Result) -> bool| tests.iter().filter(|t| which(&t.result)).count();
    let met = number(|r| matches!(r, junit::Result::Passed));
    let broken = number(|r| matches!(r, junit::Result::Broken(..)));
    let missed = tests.len() - met - broken;
    if args.json {
        let line = SummaryLine {
            r#type: "summary",
            inputs: files.len(),
            bytes: files.iter().map(|f| f.bytes).sum(),
            lines: files.iter().map(|f| f.lines).sum(),
            unparsed: 0,
            hidden: 0,
            calls: 0,
            requests: files.len() - broken,
            errors: missed + broken,
            warnings: 0,
            met,
            missed,
            broken,
            ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        json::line(out, &line)?;
    } else {
        let role = if met == tests.len() { Role::Good } else { Role::Error };
        let rest = match broken {
            0 => String::new(),
            n => format!(", {n} could not be run"),
        };
        let text = format!("{}: {met} as expected, {missed} not{rest}", count(tests.len(), "case"));
        writeln!(out, "{}", run.paint.role(role, text))?;
    }
    if let Some(path) = &args.junit {
        let suite = Suite {
            name: "redial case run".to_owned(),
            at: Some(super::super::read::now().to_string()),
            tests,
        };
        let text = junit::file("redial", &[suite]);
        std::fs::write(path, text).map_err(|e| Stop::usage(format!("{}: cannot write it: {e}", path.display())))?;
    }
    Ok(match (broken, missed) {
        (0, 0) => Exit::Done,
        (0, _) => Exit::No,
        // Whether a case that cannot be read is met, nobody knows.
        _ => Exit::Failed,
    })
}

/// The case files that the paths name, those of a folder sorted.
fn files(paths: &[PathBuf]) -> Result<Vec<File>, Stop> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            walk(path, &mut found)?;
        } else if path.exists() {
            found.push(path.clone());
        } else {
            return Err(Stop::usage(format!(
                "{}: there is no such file or folder",
                path.display()
            )));
        }
    }
    Ok(found.iter().map(|p| read(p)).collect())
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Stop> {
    let cannot = |e: std::io::Error| Stop::usage(format!("{}: cannot read the folder: {e}", folder.display()));
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        entries.push(entry.map_err(cannot)?.path());
    }
    entries.sort();
    for path in entries {
        let hidden = path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
        // A link to a folder may lead round in a circle.
        if path.is_dir() && !path.is_symlink() && !hidden {
            walk(&path, found)?;
        } else if path.is_file() && path.extension().is_some_and(|e| e == "http") && !hidden {
            found.push(path);
        }
    }
    Ok(())
}

fn read(path: &Path) -> File {
    let name = path.display().to_string();
    let text = match std::fs::read(path) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned()),
        Err(e) => Err(format!("cannot read it: {e}")),
    };
    let size = text
        .as_ref()
        .map_or((0, 0), |t| (t.len() as u64, t.lines().count() as u64));
    let case = match text {
        Ok(text) => Case::read(&text).map_err(|e| (Some(e.line), e.message)),
        Err(why) => Err((None, why)),
    };
    File {
        name,
        bytes: size.0,
        lines: size.1,
        case,
    }
}

impl Run<'_> {
    /// Sends one after the other; each result is printed when it is there.
    async fn all(&self, files: &[File], out: &mut impl Write) -> anyhow::Result<Vec<Test>> {
        let pinned: Pinned = self.target.resolve().await.map_err(|e| refused(&e))?;
        let mut tests = Vec::new();
        for file in files {
            let test = match &file.case {
                Ok(case) => self.one(file, case, &pinned, out).await?,
                Err((line, why)) => self.broken(file, *line, why, out)?,
            };
            out.flush()?;
            tests.push(test);
        }
        Ok(tests)
    }

    async fn one(&self, file: &File, case: &Case, pinned: &Pinned, out: &mut impl Write) -> anyhow::Result<Test> {
        let first = match plan(case.provider, case.kind, &case.request, &self.target, &self.options) {
            Ok(plan) => plan,
            Err(e) => return self.broken(file, None, &e.to_string(), out),
        };
        let Followed { plan, sent, verdict } = send_following(
            case.provider,
            case.kind,
            &case.request,
            first,
            &self.target,
            &self.options,
            pinned,
        )
        .await;
        // An app that did not run has not shown the known fault.
        let unanswered = sent.error.as_ref().filter(|_| sent.status.is_none());
        if let Some(error) = unanswered.filter(|_| case.expect.needs_answer(&verdict)) {
            let code = verdict
                .code()
                .map(|c| format!("; `expect: fail {c}` expects just that"));
            let words = case.expect.words();
            let why = format!(
                "{error}; `expect: {words}` is about an answer, and there was none{}",
                code.unwrap_or_default()
            );
            return self.broken(file, None, &why, out);
        }
        let missed = case.expect.missed(&verdict, sent.status, &sent.headers, &sent.body);
        if self.args.json {
            let line = Line {
                r#type: "replay",
                case: &file.name,
                expected: case.expect.words(),
                met: missed.is_empty(),
                missed: &missed,
                request: &case.id,
                call: &case.call,
                sent_to: &sent.sent_to,
                method: &plan.method,
                signature: plan.signature.as_str(),
                status: sent.status,
                ms: sent.ms,
                headers: &sent.headers,
                body: sent.status.map(|_| String::from_utf8_lossy(&sent.body).into_owned()),
                error: sent.error.as_ref().map(ToString::to_string),
                verdict: json::verdict(&verdict),
                was: case.was.split(' ').next().unwrap_or_default(),
                edited: plan.edited,
                notes: &plan.notes,
            };
            json::line(out, &line)?;
        } else {
            let (word, role) = if missed.is_empty() {
                ("PASS", Role::Good)
            } else {
                ("FAIL", Role::Error)
            };
            let became = match (sent.status, &sent.error) {
                (Some(status), None) => format!("{status} in {} ms", sent.ms),
                (_, Some(e)) => e.to_string(),
                (None, None) => "no answer".to_owned(),
            };
            let expected = if case.expect.pass {
                String::new()
            } else {
                format!(", {} expected", case.expect.words())
            };
            self.result(out, word, role, file, &format!("{became}{expected}"))?;
            for text in &missed {
                below(out, text)?;
            }
            for p in verdict.problems.iter().filter(|_| !missed.is_empty()) {
                let place = p.line.map(|l| format!("line {l}: ")).unwrap_or_default();
                let code = p.code.as_deref().map(|c| format!("{c} ")).unwrap_or_default();
                below(out, &format!("{} {code}{place}{}", p.severity, p.message))?;
            }
        }
        let details: Vec<String> = missed
            .iter()
            .cloned()
            .chain(verdict.problems.iter().map(|p| p.message.clone()))
            .collect();
        let code = verdict.code().unwrap_or("unexpected").to_owned();
        let result = match missed.first() {
            None => junit::Result::Passed,
            Some(first) => junit::Result::Failed(code, first.clone(), details.join("\n")),
        };
        Ok(test(file, sent.ms, result))
    }

    /// A case that could not be sent: it is told, and the others still run.
    fn broken(&self, file: &File, line: Option<usize>, why: &str, out: &mut impl Write) -> anyhow::Result<Test> {
        let place = line.map_or_else(|| file.name.clone(), |l| format!("{}:{l}", file.name));
        let message = format!("{place}: {why}");
        if self.args.json {
            let line = BrokenLine {
                r#type: "broken",
                case: &file.name,
                line,
                message: why,
            };
            json::line(out, &line)?;
            say(&message);
        } else {
            self.result(out, "ERROR", Role::Error, file, &message)?;
        }
        Ok(test(
            file,
            0,
            junit::Result::Broken("broken".to_owned(), message.clone(), message),
        ))
    }

    fn result(&self, out: &mut impl Write, word: &str, role: Role, file: &File, text: &str) -> std::io::Result<()> {
        let word = self.paint.role(role, format!("{word:<5}"));
        let lines = wrap(&format!("{}  {text}", file.name), width());
        for (n, line) in lines.iter().enumerate() {
            match n {
                0 => writeln!(out, "{word} {line}")?,
                _ => writeln!(out, "{:INDENT$}{line}", "")?,
            }
        }
        Ok(())
    }
}

/// Columns beside the indent; what is no terminal gets whole lines, which are easier to search.
fn width() -> usize {
    if std::io::stdout().is_terminal() {
        columns() - INDENT
    } else {
        usize::MAX
    }
}

/// A line below a result, as wide as the terminal is.
fn below(out: &mut impl Write, text: &str) -> std::io::Result<()> {
    for line in wrap(text, width()) {
        writeln!(out, "{:INDENT$}{line}", "")?;
    }
    Ok(())
}

fn test(file: &File, ms: u64, result: junit::Result) -> Test {
    let path = Path::new(&file.name);
    let stem = path
        .file_stem()
        .map_or(file.name.clone(), |n| n.to_string_lossy().into_owned());
    let folder = path
        .parent()
        .map(|p| p.display().to_string().replace(['/', '\\'], "."))
        .filter(|p| !p.is_empty());
    Test {
        name: stem,
        class: folder.unwrap_or_else(|| "cases".to_owned()),
        file: Some(file.name.clone()),
        ms,
        result,
    }
}
