//! A command on a pseudo-terminal, and what its screen shows.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long the command may take to open its screen; it may first be built.
const OPENS: Duration = Duration::from_secs(1200);
/// How long its screen may take to show what is waited for, afterwards.
const LIMIT: Duration = Duration::from_secs(20);

/// What a full redraw begins with.
const CLEARED: &[u8] = b"\x1b[2J";

/// A command with its terminal.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    /// The terminal ends with it.
    master: Box<dyn MasterPty + Send>,
    /// Rows and columns.
    size: (u16, u16),
    bytes: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    /// What came since the last keys or the last size.
    since: Vec<u8>,
    /// A folder without anybody's configuration.
    _config: tempfile::TempDir,
}

impl Terminal {
    /// Starts a command in a folder; it sees none of the caller's settings.
    pub fn start(command: &[String], folder: &Path, (columns, rows): (u16, u16)) -> anyhow::Result<Self> {
        let (program, arguments) = command.split_first().context("no command")?;
        let config = tempfile::TempDir::new()?;
        let mut builder = CommandBuilder::new(program);
        builder.args(arguments);
        builder.cwd(folder);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy().to_ascii_uppercase();
            let of_ours = ["REDIAL_", "TWILIO_", "LC_"].iter().any(|p| text.starts_with(p));
            // What cargo tells the program that it runs would make a cargo below build again what looks at it.
            let of_cargo = ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|p| text.starts_with(p));
            if of_ours || of_cargo || text == "NO_COLOR" {
                builder.env_remove(name);
            }
        }
        builder.env("XDG_CONFIG_HOME", config.path());
        builder.env("TERM", "xterm-256color");
        builder.env("LANG", "C.UTF-8");
        let pair = native_pty_system()
            .openpty(size(columns, rows))
            .context("no pseudo-terminal")?;
        let child = pair
            .slave
            .spawn_command(builder)
            .with_context(|| format!("cannot start {program}"))?;
        // The far end closes when the command does.
        drop(pair.slave);
        let parser = vt100::Parser::new(
            NonZeroU16::new(rows).context("no rows")?,
            NonZeroU16::new(columns).context("no columns")?,
            0,
        );
        Ok(Self {
            child,
            bytes: read(pair.master.try_clone_reader()?),
            writer: pair.master.take_writer()?,
            master: pair.master,
            size: (rows, columns),
            parser,
            since: Vec::new(),
            _config: config,
        })
    }

    /// Presses keys.
    pub fn keys(&mut self, keys: &str) -> anyhow::Result<()> {
        self.since.clear();
        self.writer.write_all(keys.as_bytes())?;
        self.writer.flush()?;
        Ok(())
    }

    /// Waits until the program's screen shows all of these texts.
    pub fn wait(&mut self, texts: &[&str]) -> anyhow::Result<()> {
        self.until(texts, |terminal| {
            let contents = terminal.screen().contents();
            terminal.screen().alternate_screen() && texts.iter().all(|t| contents.contains(t))
        })
    }

    /// Takes the last row away and waits until all is drawn anew above it, so that no half-drawn screen is looked at.
    pub fn settle(&mut self) -> anyhow::Result<()> {
        let (rows, columns) = self.size;
        let last = |s: &vt100::Screen, row: u16| s.contents_between(row, 0, row, columns).trim_end().to_owned();
        // What is drawn last stands in the last row, whichever that is.
        let whole = last(self.screen(), rows - 1);
        self.since.clear();
        let row = NonZeroU16::new(rows - 1).context("no row is left")?;
        let column = NonZeroU16::new(columns).context("no columns")?;
        self.parser.screen_mut().set_size(row, column);
        self.master.resize(size(columns, rows - 1))?;
        self.size = (rows - 1, columns);
        self.until(&[&whole], |terminal| {
            let cleared = terminal.since.windows(CLEARED.len()).any(|w| w == CLEARED);
            cleared && last(terminal.screen(), rows - 2) == whole
        })
    }

    /// What is on the screen now.
    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Waits for the end, which must be a good one with the terminal given back.
    pub fn ended(mut self) -> anyhow::Result<()> {
        while let Ok(bytes) = self.bytes.recv_timeout(LIMIT) {
            self.parser.process(&bytes);
        }
        let status = self.child.wait()?;
        ensure!(status.success(), "it ended with {}", status.exit_code());
        let screen = self.parser.screen();
        ensure!(!screen.alternate_screen(), "it left the alternate screen on");
        ensure!(!screen.hide_cursor(), "it left the cursor hidden");
        ensure!(!screen.bracketed_paste(), "it left bracketed paste on");
        Ok(())
    }

    fn until(&mut self, texts: &[&str], seen: impl Fn(&Self) -> bool) -> anyhow::Result<()> {
        let limit = if self.screen().alternate_screen() { LIMIT } else { OPENS };
        let end = Instant::now() + limit;
        while !seen(self) {
            match self.bytes.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => {
                    self.since.extend_from_slice(&bytes);
                    self.parser.process(&bytes);
                }
                Err(RecvTimeoutError::Timeout) => bail!("never showed {texts:?}:\n{}", self.screen().contents()),
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("ended before it showed {texts:?}:\n{}", self.screen().contents())
                }
            }
        }
        Ok(())
    }
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        ..PtySize::default()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Gone already after a good run.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the terminal's far end writes, block by block; ends with it.
fn read(mut reader: Box<dyn Read + Send>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut block = vec![0; 1 << 14];
        while let Ok(n @ 1..) = reader.read(&mut block) {
            if sender.send(block[..n].to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
}
