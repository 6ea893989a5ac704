//! `redial case save`: requests become files, none is written over unasked.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::super::{Exit, Stop, export, say};
use super::Save;
use crate::output::case::{Case, differing, stem};
use crate::output::export::Asked;
use crate::output::json;
use crate::output::pseudonym::Pseudonyms;
use crate::output::safe::printable;
use crate::output::text::count;

/// What became of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Written,
    /// It says the same already.
    Same,
    /// It says something else, and was left alone.
    Kept,
}

impl Done {
    fn word(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Same => "same",
            Self::Kept => "kept",
        }
    }
}

/// A file of the result.
#[derive(Serialize)]
struct Line<'a> {
    r#type: &'static str,
    file: String,
    state: &'static str,
    request: &'a str,
    call: &'a str,
    /// Stand-ins for what is personal: the names of their parameters and headers.
    personal: &'a [String],
    /// The same for secrets.
    secrets: &'a [String],
}

/// Writes the chosen requests.
pub(in crate::cli) fn save(args: &Save, out: &mut impl Write) -> anyhow::Result<Exit> {
    if args.read.look.follow {
        return Err(Stop::usage("cases are made of what is there: leave --follow out").into());
    }
    if let Some(name) = args
        .name
        .as_deref()
        .filter(|n| n.is_empty() || n.contains(['/', '\\']) || n.starts_with('.'))
    {
        return Err(Stop::usage(format!(
            "--name {name}: give a name without folders; --dir names the folder"
        ))
        .into());
    }
    let view = export::open(&args.read)?;
    let chosen = export::chosen(&args.choice, &view)?;
    let recorded = export::taken(&view, chosen, false);
    let (all, replaced) = replaced(&recorded, args.redacts);
    std::fs::create_dir_all(&args.dir).map_err(|e| cannot(&args.dir, &e))?;
    let mut told = Replaced::default();
    let mut became = Vec::new();
    let mut taken: Vec<PathBuf> = Vec::new();
    for (asked, replaced) in all.iter().zip(&replaced) {
        let text = match text(asked, replaced) {
            Ok(text) => text,
            Err(why) => {
                say(&format!("{} of call {} is left out: {why}", asked.id, asked.call));
                continue;
            }
        };
        let path = place(args, asked, &taken);
        let done = write(&path, &text, args.force)?;
        let line = Line {
            r#type: "case",
            file: path.display().to_string(),
            state: done.word(),
            request: &asked.id,
            call: &asked.call,
            personal: &replaced.personal,
            secrets: &replaced.secrets,
        };
        tell(args, &line, done, out)?;
        told.add(replaced);
        became.push(done);
        taken.push(path);
    }
    if taken.is_empty() {
        return Err(Stop::new(Exit::Nothing, "none of the chosen requests can be sent again").into());
    }
    if args.read.look.json {
        json::line(out, &view.summary(&[]))?;
    }
    let count_of = |wanted: Done| became.iter().filter(|d| **d == wanted).count();
    let rest = match count_of(Done::Same) {
        0 => String::new(),
        same => format!(", {same} there already"),
    };
    say(&format!(
        "{} written to {}{rest}; `redial case run {} --to URL` sends them",
        count(count_of(Done::Written), "case"),
        args.dir.display(),
        args.dir.display()
    ));
    for note in told.notes() {
        say(&note);
    }
    Ok(if count_of(Done::Kept) > 0 {
        Exit::Failed
    } else {
        view.exit()
    })
}

/// What became of one file, on its line.
fn tell(args: &Save, line: &Line<'_>, done: Done, out: &mut impl Write) -> anyhow::Result<()> {
    let shown = printable(&line.file);
    if done == Done::Kept {
        say(&format!(
            "{shown} is there and says something else: --force writes over it, --name gives another name"
        ));
    }
    match done {
        _ if args.read.look.json => json::line(out, line)?,
        Done::Written => writeln!(out, "{shown}")?,
        Done::Same => writeln!(out, "{shown} (is there already)")?,
        Done::Kept => {}
    }
    Ok(())
}

/// What of a request is not in its file as it was recorded, by name.
#[derive(Default)]
struct Replaced {
    personal: Vec<String>,
    secrets: Vec<String>,
}

impl Replaced {
    fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.personal, &other.personal),
            (&mut self.secrets, &other.secrets),
        ];
        for (all, more) in pairs {
            for name in more {
                if !all.contains(name) {
                    all.push(name.clone());
                }
            }
        }
    }

    /// In sentences, with what to do where a case needs the recorded value to fail.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.personal.is_empty() {
            notes.push(format!(
                "Stand-ins for what is personal: {}; --no-redact keeps it as it was recorded.",
                self.personal.join(", ")
            ));
        }
        if !self.secrets.is_empty() {
            notes.push(format!(
                "Stand-ins for secrets, which are never written: {}; where the app needs one, edit the case to name a value of a test account.",
                self.secrets.join(", ")
            ));
        }
        notes
    }
}

/// The requests as they are written, and of each what was replaced. What was entered and said stays: it may be what the app fails on.
fn replaced(recorded: &[Asked], redacts: bool) -> (Vec<Asked>, Vec<Replaced>) {
    let (mut all, mut safe) = (recorded.to_vec(), recorded.to_vec());
    export::redact(&mut safe, &mut Pseudonyms::of_secrets());
    if redacts {
        export::redact(&mut all, &mut Pseudonyms::keeping_input());
    } else {
        all.clone_from(&safe);
    }
    let names = recorded.iter().zip(&safe).zip(&all).map(|((recorded, safe), written)| {
        let secrets = differing(&recorded.request, &safe.request);
        let mut personal = differing(&recorded.request, &written.request);
        personal.retain(|name| !secrets.contains(name));
        Replaced { personal, secrets }
    });
    let names = names.collect();
    (all, names)
}

/// The file of a request, or why there can be none.
fn text(asked: &Asked, replaced: &Replaced) -> Result<String, String> {
    if let Some(why) = asked.why_not {
        return Err(why.to_string());
    }
    let title = format!("{}: {} {}", asked.short(), asked.code(), asked.wrong());
    let mut notes = vec![
        "Kept by `redial case save`, sent by `redial case run`. Secrets are left out; it is signed anew when it is sent.".to_owned(),
        "Change what is expected by hand: `expect: fail 11200` for a known failure; `status: 200`, `content-type: text/xml`, `contains: <Gather` ask for more."
            .to_owned(),
    ];
    notes.extend(replaced.notes());
    Case::of(asked).exact_text(&title, &notes)
}

/// The name of a request's file: that of its path and code, unless another request has it.
fn place(args: &Save, asked: &Asked, taken: &[PathBuf]) -> PathBuf {
    if let Some(name) = &args.name {
        let stem = name.strip_suffix(".http").unwrap_or(name);
        let numbered = (1..).map(|n| {
            if n == 1 {
                format!("{stem}.http")
            } else {
                format!("{stem}-{n}.http")
            }
        });
        let mut paths = numbered.map(|n| args.dir.join(n));
        return paths.find(|p| !taken.contains(p)).unwrap_or_default();
    }
    let stem = stem(asked);
    let plain = args.dir.join(format!("{stem}.http"));
    let is_others = taken.contains(&plain) || id_of(&plain).is_some_and(|id| id != asked.id);
    if is_others {
        return args.dir.join(format!("{stem}-{}.http", asked.id));
    }
    plain
}

/// The request that a case file was made of.
fn id_of(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(Case::read(&text).map_or_else(|_| String::new(), |c| c.id))
}

fn write(path: &Path, text: &str, force: bool) -> anyhow::Result<Done> {
    use std::fs::OpenOptions;
    if force {
        std::fs::write(path, text).map_err(|e| cannot(path, &e))?;
        return Ok(Done::Written);
    }
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes()).map_err(|e| cannot(path, &e))?;
            Ok(Done::Written)
        }
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            let there = std::fs::read(path).map_err(|e| cannot(path, &e))?;
            Ok(if there == text.as_bytes() {
                Done::Same
            } else {
                Done::Kept
            })
        }
        Err(e) => Err(cannot(path, &e).into()),
    }
}

fn cannot(path: &Path, e: &std::io::Error) -> Stop {
    Stop::usage(format!("{}: cannot write it: {e}", path.display()))
}
