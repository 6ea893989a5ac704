//! The user's editor: $VISUAL, $EDITOR, else `vi`, on a temporary file that only she can read.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::process::Command;

/// Edits a text; the terminal must be the editor's while this runs.
///
/// # Errors
///
/// There is no such editor, or it did not end well: a sentence with what to do.
pub(crate) fn edit(text: &str) -> Result<String, String> {
    let named = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|v| std::env::var(v).ok().filter(|e| !e.trim().is_empty()));
    let editor = named.unwrap_or_else(|| "vi".to_owned());
    let failed = |what: &str, e: &io::Error| format!("cannot {what}: {e}");
    let mut file = tempfile::Builder::new()
        .prefix("redial-")
        .suffix(".http")
        .tempfile()
        .map_err(|e| failed("make a file for the editor", &e))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.flush())
        .map_err(|e| failed("write the file for the editor", &e))?;
    // As git does it: the variable may hold options, and the shell knows how to split them.
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{editor} \"$@\""), "sh"]).arg(file.path());
    on_terminal(&mut command);
    let status = command
        .status()
        .map_err(|e| failed(&format!("start the editor `{editor}`"), &e))?;
    if !status.success() {
        return Err(format!(
            "the editor `{editor}` ended with {status}; nothing was taken over. Set $EDITOR to another one"
        ));
    }
    let bytes = std::fs::read(file.path()).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => format!(
            "the editor `{editor}` took its file away; nothing was taken over. To leave a request out, save the file empty"
        ),
        _ => failed("read what the editor wrote", &e),
    })?;
    String::from_utf8(bytes)
        .map_err(|_| "the editor wrote something that is not UTF-8; nothing was taken over".to_owned())
}

/// Gives the editor the terminal where standard input or output is a file or a pipe, as with `redial replay - --edit`.
fn on_terminal(command: &mut Command) {
    let terminal = || File::options().read(true).write(true).open("/dev/tty");
    if !io::stdin().is_terminal()
        && let Ok(tty) = terminal()
    {
        command.stdin(tty);
    }
    if !io::stdout().is_terminal()
        && let Ok(tty) = terminal()
    {
        command.stdout(tty);
    }
}
