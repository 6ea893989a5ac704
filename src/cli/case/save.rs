//! `redial case save`: requests become files, none is written over unasked.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::super::{Exit, Stop, export, say};
use super::Save;
use crate::output::case::{Case, stem};
use crate::output::export::Asked;
use crate::output::safe::printable;
use crate::output::text::count;

/// What became of one file.
enum Done {
    Written,
    /// It says the same already.
    Same,
    /// It says something else, and was left alone.
    Kept,
}

/// Writes the chosen requests.
pub(in crate::cli) fn save(args: &Save, out: &mut impl Write) -> anyhow::Result<Exit> {
    if args.read.look.follow {
        return Err(Stop::usage("cases are made of what is there: leave --follow out").into());
    }
    if args.read.look.json {
        return Err(
            Stop::usage("the files are the result: `redial replay --list --json` lists requests as lines").into(),
        );
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
    let all = export::taken(&view, chosen, args.redacts, false);
    std::fs::create_dir_all(&args.dir).map_err(|e| cannot(&args.dir, &e))?;
    let mut taken: Vec<PathBuf> = Vec::new();
    let (mut written, mut same, mut kept, mut left_out) = (0, 0, 0, 0);
    for asked in &all {
        let text = match text(asked) {
            Ok(text) => text,
            Err(why) => {
                say(&format!("{} of call {} is left out: {why}", asked.id, asked.call));
                left_out += 1;
                continue;
            }
        };
        let path = place(args, asked, &taken);
        let done = write(&path, &text, args.force)?;
        let shown = path.display().to_string();
        let shown = printable(&shown);
        match done {
            Done::Written => {
                written += 1;
                writeln!(out, "{shown}")?;
            }
            Done::Same => {
                same += 1;
                writeln!(out, "{shown} (is there already)")?;
            }
            Done::Kept => {
                kept += 1;
                say(&format!(
                    "{shown} is there and says something else: --force writes over it, --name gives another name"
                ));
            }
        }
        taken.push(path);
    }
    if left_out == all.len() {
        return Err(Stop::new(Exit::Nothing, "none of the chosen requests can be sent again").into());
    }
    let cases = count(written, "case");
    let rest = if same > 0 {
        format!(", {same} there already")
    } else {
        String::new()
    };
    say(&format!(
        "{cases} written to {}{rest}; `redial case run {} --to URL` sends them",
        args.dir.display(),
        args.dir.display()
    ));
    Ok(if kept > 0 { Exit::Failed } else { view.exit() })
}

/// The file of a request, or why there can be none.
fn text(asked: &Asked) -> Result<String, String> {
    if let Some(why) = asked.why_not {
        return Err(why.to_string());
    }
    let title = format!("{}: {} {}", asked.short(), asked.code(), asked.wrong());
    let notes = [
        "Kept by `redial case save`, sent by `redial case run`. Secrets are left out; it is signed anew when it is sent.".to_owned(),
        "Change what is expected by hand: `expect: fail 11200` for a known failure; `status: 200`, `content-type: text/xml`, `contains: <Gather` ask for more."
            .to_owned(),
    ];
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
