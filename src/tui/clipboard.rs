//! The clipboard: through the terminal (OSC 52), else the system's, else a file.
//!
//! A terminal does not say whether it took a text, so where a clipboard program of the system is at hand and this is no remote
//! session, that is used as well. Texts are made safe before they come here ([`crate::output::copy`]).

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crossterm::clipboard::CopyToClipboard;

/// Terminals drop longer sequences (xterm's limit is of this size).
const MOST: usize = 74_000;

/// Programs that take a text from standard input into the clipboard, and the variable that says their desktop is there.
const PROGRAMS: &[(&str, &[&str], Option<&str>)] = &[
    ("pbcopy", &[], None),
    ("wl-copy", &[], Some("WAYLAND_DISPLAY")),
    ("xclip", &["-selection", "clipboard"], Some("DISPLAY")),
    ("xsel", &["--clipboard", "--input"], Some("DISPLAY")),
    ("clip.exe", &[], Some("WSL_DISTRO_NAME")),
];

/// Copies a text; says how.
///
/// # Errors
///
/// Neither way worked.
pub(super) fn copy(out: &mut impl Write, text: &str) -> io::Result<String> {
    let remote = ["SSH_CONNECTION", "SSH_TTY"]
        .iter()
        .any(|v| std::env::var_os(v).is_some());
    let short = text.len() <= MOST;
    if short {
        crossterm::execute!(out, CopyToClipboard::to_clipboard_from(text))?;
    }
    if !remote && program(text) {
        return Ok("to the clipboard".to_owned());
    }
    if short {
        return Ok("to the terminal's clipboard".to_owned());
    }
    file(text).map(|path| format!("to {} (too long for the terminal's clipboard)", path.display()))
}

/// Hands the text to the first program that takes it.
fn program(text: &str) -> bool {
    PROGRAMS
        .iter()
        .filter(|(_, _, desktop)| desktop.is_none_or(|v| std::env::var_os(v).is_some()))
        .any(|(name, args, _)| {
            let child = Command::new(name)
                .args(*args)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            let Ok(mut child) = child else { return false };
            let written = child
                .stdin
                .take()
                .is_some_and(|mut pipe| pipe.write_all(text.as_bytes()).is_ok());
            // These programs go into the background by themselves once they have the text.
            written && child.wait().is_ok_and(|s| s.success())
        })
}

fn file(text: &str) -> io::Result<PathBuf> {
    let file = tempfile::Builder::new()
        .prefix("redial-copy-")
        .suffix(".txt")
        .tempfile()?;
    let (mut file, path) = file.keep().map_err(|e| e.error)?;
    file.write_all(text.as_bytes())?;
    Ok(path)
}
