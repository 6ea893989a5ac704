//! `redial config`, and the one place where settings and credentials are read from the disk and the environment.
//!
//! Putting them together is `crate::config`'s matter. Commands ask [`settings`]; what is wrong in the file is said once
//! a run, where the rule packs are read.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::{ConfigArgs, ConfigCommand};
use super::{Exit, Stop, packs};
use crate::config::{Credentials, File, Given, Notice, Origin, Settings, Sign};
use crate::output::json;
use crate::output::safe::printable;
use crate::replay::{Options, SignMode};

/// Runs the command.
pub(super) fn run(args: &ConfigArgs, out: &mut impl Write) -> anyhow::Result<Exit> {
    match args.command {
        ConfigCommand::Path => {
            let path = path().ok_or_else(|| Stop::usage("there is no home folder to keep a configuration file in"))?;
            writeln!(out, "{}", printable(&path.display().to_string()))?;
            Ok(Exit::Done)
        }
        ConfigCommand::Show { json } => show(json, out),
    }
}

/// Where the configuration file lies, or would.
pub(super) fn path() -> Option<PathBuf> {
    packs::config_folder().map(|f| f.join("config.toml"))
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The settings of this run.
pub(super) fn settings(given: Given) -> Settings {
    let Some(path) = path() else {
        return Settings::read(None, env, given);
    };
    match text(&path) {
        Ok(text) => {
            let file = text.as_deref().map(|text| File { path: &path, text });
            Settings::read(file, env, given)
        }
        Err(notice) => {
            let mut settings = Settings::read(None, env, given);
            settings.notices.insert(0, notice);
            settings.broken = true;
            settings
        }
    }
}

/// A file's text; none where there is no such file.
fn text(path: &Path) -> Result<Option<String>, Notice> {
    match std::fs::read(path) {
        Ok(bytes) => String::from_utf8(bytes).map(Some).map_err(|e| {
            let before = &e.as_bytes()[..e.utf8_error().valid_up_to()];
            let line = memchr::memchr_iter(b'\n', before).count() + 1;
            Notice::in_file(path, Some(line), "is not UTF-8; the file is not used")
        }),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(Notice::in_file(
            path,
            None,
            format!("cannot be read: {e}; it is not used"),
        )),
    }
}

/// Folders with rule packs that the file names; one that is not there is told and left out. Tells everything else that is
/// wrong with the settings too.
pub(super) fn rule_folders(tell: &mut dyn FnMut(String)) -> Vec<PathBuf> {
    let mut settings = settings(Given::default());
    check_folders(&mut settings);
    for notice in &settings.notices {
        tell(notice.to_string());
    }
    settings.filters.value
}

/// Leaves out folders that are not there.
fn check_folders(settings: &mut Settings) {
    let (there, missing): (Vec<_>, Vec<_>) = settings.filters.value.drain(..).partition(|f| f.is_dir());
    settings.filters.value = there;
    for folder in missing {
        let why = format!("`filters`: no folder {}", folder.display());
        settings.notices.push(Notice::at(&settings.filters.origin, why));
    }
    settings.notices.sort_by_key(|n| (n.path.is_none(), n.line));
}

/// How requests are sent, as the settings and the auth token of the environment say.
pub(super) fn sending(settings: &Settings) -> Options {
    Options {
        sign: settings.sign.value.map(|s| match s {
            Sign::Resign => SignMode::Resign,
            Sign::Keep => SignMode::Keep,
            Sign::Strip => SignMode::Strip,
        }),
        auth_token: Credentials::from_lookup(|n| std::env::var(n).ok()).auth_token,
        public_url: settings.public_url.value.clone(),
        timeout: settings.timeout.value,
        ..Options::default()
    }
}

/// Twilio's credentials of this machine, and what is wrong with the profile file of Twilio's CLI.
pub(super) fn credentials() -> (Credentials, Vec<Notice>) {
    let Some(path) = profile_path() else {
        return Credentials::read(env, None);
    };
    match text(&path) {
        Ok(text) => Credentials::read(env, text.as_deref().map(|t| (path.as_path(), t))),
        Err(notice) => (Credentials::read(env, None).0, vec![notice]),
    }
}

/// `$TWILIO_CONFIG_DIR/config.json`, else in the home folder.
fn profile_path() -> Option<PathBuf> {
    let named = std::env::var_os("TWILIO_CONFIG_DIR").filter(|d| !d.is_empty());
    let folder = match named {
        Some(folder) => PathBuf::from(folder),
        None => etcetera::home_dir().ok()?.join(".twilio-cli"),
    };
    Some(folder.join("config.json"))
}

#[derive(Serialize)]
struct PathLine<'a> {
    r#type: &'static str,
    name: &'a str,
    path: String,
    exists: bool,
}

#[derive(Serialize)]
struct SettingLine<'a> {
    r#type: &'static str,
    name: &'a str,
    /// Null where nothing is set, and for secrets.
    value: Option<&'a str>,
    set: bool,
    secret: bool,
    origin: OriginLine<'a>,
}

#[derive(Serialize)]
struct OriginLine<'a> {
    from: &'static str,
    name: Option<&'a str>,
    path: Option<String>,
    line: Option<usize>,
}

#[derive(Serialize)]
struct NoticeLine<'a> {
    r#type: &'static str,
    path: Option<String>,
    line: Option<usize>,
    message: &'a str,
}

impl<'a> From<&'a Origin> for OriginLine<'a> {
    fn from(origin: &'a Origin) -> Self {
        let line = |from, name, path: Option<&PathBuf>, line| Self {
            from,
            name,
            path: path.map(|p| p.display().to_string()),
            line,
        };
        match origin {
            Origin::Default => line("default", None, None, None),
            Origin::File { path, line: n } => line("file", None, Some(path), Some(*n)),
            Origin::Profile { path, name } => line("profile", Some(name), Some(path), None),
            Origin::Env(name) => line("env", Some(name), None, None),
            Origin::Option(name) => line("option", Some(name), None, None),
        }
    }
}

/// One line of the listing; the value of a secret is its dots.
struct Row<'a> {
    name: String,
    value: Option<String>,
    secret: bool,
    origin: &'a Origin,
}

fn show(as_json: bool, out: &mut impl Write) -> anyhow::Result<Exit> {
    let mut settings = settings(Given::default());
    check_folders(&mut settings);
    let (credentials, notices) = credentials();
    settings.notices.extend(notices);
    let of_settings = settings.shown().into_iter().map(|(name, value, origin)| Row {
        name,
        value,
        secret: false,
        origin,
    });
    let shown = credentials.shown();
    let of_twilio = shown.iter().map(|s| Row {
        name: s.name.to_owned(),
        value: s.value.clone(),
        secret: s.secret,
        origin: s.origin,
    });
    let rows: Vec<Row<'_>> = of_settings.chain(of_twilio).collect();
    if as_json {
        show_json(&rows, &settings.notices, out)?;
    } else {
        show_text(&rows, &settings.notices, out)?;
    }
    Ok(if settings.broken { Exit::Failed } else { Exit::Done })
}

/// The places of the user's files.
fn places() -> Vec<(&'static str, PathBuf)> {
    let folder = packs::config_folder().map(|f| ("filters folder", f.join("filters")));
    let file = path().map(|p| ("configuration file", p));
    let profile = profile_path().map(|p| ("Twilio CLI file", p));
    let store = super::store_path::store_path().ok().map(|p| ("store", p));
    [file, folder, profile, store].into_iter().flatten().collect()
}

fn show_json(rows: &[Row<'_>], notices: &[Notice], out: &mut impl Write) -> anyhow::Result<()> {
    for (name, path) in places() {
        let exists = path.exists();
        let path = path.display().to_string();
        let r#type = "path";
        json::line(
            out,
            &PathLine {
                r#type,
                name,
                path,
                exists,
            },
        )?;
    }
    for row in rows {
        let line = SettingLine {
            r#type: "setting",
            name: &row.name,
            value: row.value.as_deref().filter(|_| !row.secret),
            set: row.value.is_some(),
            secret: row.secret,
            origin: row.origin.into(),
        };
        json::line(out, &line)?;
    }
    for notice in notices {
        let line = NoticeLine {
            r#type: "notice",
            path: notice.path.as_ref().map(|p| p.display().to_string()),
            line: notice.line,
            message: &notice.message,
        };
        json::line(out, &line)?;
    }
    Ok(())
}

fn show_text(rows: &[Row<'_>], notices: &[Notice], out: &mut impl Write) -> anyhow::Result<()> {
    for (name, path) in places() {
        let missing = if path.exists() { "" } else { " (not there)" };
        let line = format!("{name:<20} {}{missing}", path.display());
        writeln!(out, "{}", printable(&line))?;
    }
    writeln!(out)?;
    for row in rows {
        let value = match &row.value {
            None => "not set".to_owned(),
            Some(dots) if row.secret => format!("set {dots}"),
            Some(value) => value.clone(),
        };
        let origin = row.value.as_ref().map(|_| row.origin.to_string()).unwrap_or_default();
        let line = format!("{:<20} {value:<24} {origin}", row.name);
        writeln!(out, "{}", printable(line.trim_end()))?;
    }
    if !notices.is_empty() {
        writeln!(out)?;
    }
    for notice in notices {
        writeln!(out, "{}", printable(&notice.to_string()))?;
    }
    Ok(())
}
