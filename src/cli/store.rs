//! `redial store`: where it lies, what is in it, and making it smaller.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::args::{RetentionArgs, StoreArgs, StoreCommand};
use super::store_path::store_path;
use super::{Exit, Stop};
use crate::model::Time;
use crate::output::json;
use crate::output::safe::printable;
use crate::store::{Gone, Info, Retention, Store, StoreError};

/// Runs the command.
pub(super) fn run(args: &StoreArgs, out: &mut impl Write) -> anyhow::Result<Exit> {
    let path = store_path()?;
    match &args.command {
        StoreCommand::Path { json: as_json } => {
            let shown = path.display().to_string();
            if *as_json {
                let exists = path.exists();
                json::line(
                    out,
                    &serde_json::json!({"type": "store", "path": shown, "exists": exists}),
                )?;
            } else {
                writeln!(out, "{}", printable(&shown))?;
            }
            Ok(Exit::Done)
        }
        StoreCommand::Info { check, json } => info(&open(&path)?, *check, *json, out),
        StoreCommand::Prune { retention, json } => prune(&path, retention, *json, out),
        StoreCommand::Vacuum { full, json } => vacuum(&mut open(&path)?, *full, *json, out),
    }
}

/// A store that is there; making one only to say that it is empty helps nobody.
fn open(path: &Path) -> Result<Store, Stop> {
    match Store::open_existing(path) {
        Ok(Some(store)) => Ok(store),
        Ok(None) => Err(Stop::new(
            Exit::Nothing,
            format!("there is no store yet at {}", path.display()),
        )),
        Err(e) => Err(told(&e)),
    }
}

fn told(e: &StoreError) -> Stop {
    Stop::usage(e.to_string())
}

#[derive(Serialize)]
struct InfoLine<'a> {
    r#type: &'static str,
    path: String,
    version: i64,
    bytes: u64,
    log_bytes: u64,
    free_bytes: u64,
    read_only: bool,
    first: Option<String>,
    last: Option<String>,
    events: u64,
    kinds: serde_json::Map<String, Value>,
    replays: u64,
    cursors: Vec<CursorLine<'a>>,
    gone: Option<GoneLine>,
    gone_events: u64,
    /// Null where it was not asked for.
    problems: Option<Vec<String>>,
}

#[derive(Serialize)]
struct CursorLine<'a> {
    name: &'a str,
    value: Option<Box<RawValue>>,
    updated: &'a str,
}

#[derive(Serialize)]
struct GoneLine {
    at: Option<String>,
    events: u64,
    replays: u64,
    bytes: u64,
    why: String,
    first: Option<String>,
    last: Option<String>,
}

impl From<&Gone> for GoneLine {
    fn from(gone: &Gone) -> Self {
        let text = |t: Option<Time>| t.map(|t| t.to_string());
        Self {
            at: text(gone.at),
            events: gone.rows,
            replays: gone.replays,
            bytes: gone.bytes,
            why: gone.why.clone(),
            first: text(gone.first),
            last: text(gone.last),
        }
    }
}

fn info(store: &Store, check: bool, as_json: bool, out: &mut impl Write) -> anyhow::Result<Exit> {
    let info = store.info().map_err(|e| told(&e))?;
    let problems = check.then(|| store.check()).transpose().map_err(|e| told(&e))?;
    let sound = problems.as_ref().is_none_or(Vec::is_empty);
    if as_json {
        json::line(out, &info_line(&info, store.is_read_only(), problems))?;
    } else {
        info_text(&info, store.is_read_only(), problems.as_deref(), out)?;
    }
    Ok(if sound { Exit::Done } else { Exit::No })
}

fn info_line(info: &Info, read_only: bool, problems: Option<Vec<String>>) -> InfoLine<'_> {
    let kinds = info.kinds.iter().map(|k| {
        let counts = serde_json::json!({"events": k.rows, "bytes": k.bytes});
        (k.kind.as_str().to_owned(), counts)
    });
    InfoLine {
        r#type: "store",
        path: info.path.display().to_string(),
        version: info.version,
        bytes: info.bytes.0,
        log_bytes: info.bytes.1,
        free_bytes: info.free,
        read_only,
        first: info.span.map(|(first, _)| first.to_string()),
        last: info.span.map(|(_, last)| last.to_string()),
        events: info.kinds.iter().map(|k| k.rows).sum(),
        kinds: kinds.collect(),
        replays: info.replays,
        cursors: info
            .cursors
            .iter()
            .map(|(name, value, updated)| CursorLine {
                name,
                value: RawValue::from_string(value.clone()).ok(),
                updated,
            })
            .collect(),
        gone: info.gone.as_ref().map(|(last, ..)| last.into()),
        gone_events: info.gone.as_ref().map_or(0, |(_, rows, _)| *rows),
        problems,
    }
}

fn info_text(info: &Info, read_only: bool, problems: Option<&[String]>, out: &mut impl Write) -> std::io::Result<()> {
    let mut row = |name: &str, value: String| writeln!(out, "{name:<22} {}", printable(&value));
    let note = if read_only { " (read-only)" } else { "" };
    row("store", format!("{}{note}", info.path.display()))?;
    row("schema version", info.version.to_string())?;
    row("size", size(info.bytes.0 + info.bytes.1))?;
    if info.free > 0 {
        row("unused in it", size(info.free))?;
    }
    let events: u64 = info.kinds.iter().map(|k| k.rows).sum();
    row("events", events.to_string())?;
    for k in &info.kinds {
        row(
            &format!("  {}", k.kind.as_str()),
            format!("{:<10} {}", k.rows, size(k.bytes)),
        )?;
    }
    row("replays", info.replays.to_string())?;
    if let Some((first, last)) = info.span {
        row("received", format!("{first} to {last}"))?;
    }
    for (name, value, updated) in &info.cursors {
        row(&format!("cursor {name}"), format!("{value} noted {updated}"))?;
    }
    if let Some((last, rows, bytes)) = &info.gone {
        row("last removed", gone_text(last))?;
        row("removed in all", format!("{rows} events, {}", size(*bytes)))?;
    }
    match problems {
        Some([]) => row("integrity", "ok".to_owned())?,
        Some(problems) => {
            for problem in problems {
                row("integrity", problem.clone())?;
            }
        }
        None => {}
    }
    Ok(())
}

pub(super) fn gone_text(gone: &Gone) -> String {
    let when = gone.at.map(|t| format!("{t}: ")).unwrap_or_default();
    let span = gone.first.zip(gone.last);
    let span = span.map(|(a, b)| format!(", received {a} to {b}")).unwrap_or_default();
    let (rows, replays, bytes) = (gone.rows, gone.replays, size(gone.bytes));
    format!(
        "{when}{rows} events and {replays} replays, {bytes}, by {}{span}",
        gone.why
    )
}

fn prune(path: &Path, given: &RetentionArgs, as_json: bool, out: &mut impl Write) -> anyhow::Result<Exit> {
    let retention = retention(given)?;
    if retention == Retention::default() {
        return Err(Stop::usage("say what to keep: --keep 30d, --max-size 500MB, or both").into());
    }
    let gone = open(path)?.prune(retention).map_err(|e| told(&e))?;
    if as_json {
        let mut line = serde_json::to_value(GoneLine::from(&gone))?;
        line["type"] = "pruned".into();
        json::line(out, &line)?;
    } else if gone.rows + gone.replays == 0 {
        writeln!(out, "nothing to remove")?;
    } else {
        let removed = Gone { at: None, ..gone };
        writeln!(out, "removed {}", gone_text(&removed))?;
    }
    Ok(Exit::Done)
}

fn vacuum(store: &mut Store, full: bool, as_json: bool, out: &mut impl Write) -> anyhow::Result<Exit> {
    let freed = store.vacuum(full).map_err(|e| told(&e))?;
    if as_json {
        let line = serde_json::json!({"type": "vacuumed", "before": freed.before, "after": freed.after});
        json::line(out, &line)?;
    } else {
        writeln!(out, "{} before, {} now", size(freed.before), size(freed.after))?;
    }
    Ok(Exit::Done)
}

/// What `--keep` and `--max-size` say.
pub(super) fn retention(given: &RetentionArgs) -> Result<Retention, Stop> {
    let wrong = |option: &str, text: &str, example: &str| {
        Stop::usage(format!("{option} takes something like {example}, not `{text}`"))
    };
    Ok(Retention {
        keep: given
            .keep
            .as_deref()
            .map(|text| age(text).ok_or_else(|| wrong("--keep", text, "30d, 12h or 90m")))
            .transpose()?,
        max_size: given
            .max_size
            .as_deref()
            .map(|text| bytes(text).ok_or_else(|| wrong("--max-size", text, "500MB, 2GiB or 1000000")))
            .transpose()?,
    })
}

/// A whole number and what follows it.
fn number(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, text[end..].trim()))
}

fn age(text: &str) -> Option<Duration> {
    let (n, unit) = number(text)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return None,
    };
    n.checked_mul(seconds).map(Duration::from_secs)
}

pub(super) fn bytes(text: &str) -> Option<u64> {
    let (n, unit) = number(text)?;
    let unit = unit.to_ascii_lowercase();
    let (prefix, base): (&str, u64) = match unit.strip_suffix("ib") {
        Some(prefix) => (prefix, 1024),
        None => (unit.strip_suffix('b').unwrap_or(&unit), 1000),
    };
    let power = match prefix {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return None,
    };
    n.checked_mul(base.checked_pow(power)?)
}

/// Bytes for people, and exactly: `1.2 MB (1234567 bytes)`.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = "";
    for next in UNITS {
        if value < 999.95 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    if unit.is_empty() {
        format!("{bytes} bytes")
    } else {
        format!("{value:.1} {unit} ({bytes} bytes)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_sizes() {
        let seconds = |t| age(t).map(|d| d.as_secs());
        assert_eq!(seconds("30d"), Some(30 * 86_400));
        assert_eq!(seconds(" 2 w "), Some(14 * 86_400));
        assert_eq!(seconds("0s"), Some(0));
        for wrong in [
            "",
            "d",
            "30",
            "3.5d",
            "-1d",
            "30y",
            "99999999999999999999d",
            "9999999999999999999d",
        ] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
        assert_eq!(bytes("500MB"), Some(500_000_000));
        assert_eq!(bytes("2GiB"), Some(2 << 30));
        assert_eq!(bytes("2g"), Some(2_000_000_000));
        assert_eq!(bytes("17"), Some(17));
        for wrong in ["", "MB", "5 XB", "1.5GB", "-1", "99999999999TiB"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
        assert_eq!(size(0), "0 bytes");
        assert_eq!(size(999), "999 bytes");
        assert_eq!(size(1_234_567), "1.2 MB (1234567 bytes)");
        assert_eq!(size(999_999), "1.0 MB (999999 bytes)");
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let why = |keep: Option<&str>, max_size: Option<&str>| {
            let given = RetentionArgs {
                keep: keep.map(str::to_owned),
                max_size: max_size.map(str::to_owned),
            };
            retention(&given).unwrap_err().to_string()
        };
        assert!(why(Some("soon"), None).contains("30d"));
        assert!(why(Some("1d"), Some("big")).contains("500MB"));
    }
}
