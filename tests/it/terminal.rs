//! The real program in a pseudo-terminal: it takes the terminal, shows pictures, sends, and gives the terminal back on any way out.
//!
//! The far end is a screen of its own (vt100) that the program's bytes are written to; what is waited for is a text on it.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use redial::demo::App;
use tempfile::TempDir;

/// Nothing here takes so long; a program that hangs is a failure, not a test that never ends.
const LIMIT: Duration = Duration::from_secs(60);

/// The program in its terminal.
struct Pty {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    bytes: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    raw: Vec<u8>,
    /// Whoever reads leaves with the next bytes.
    leave: Arc<AtomicBool>,
    _config: TempDir,
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        ..PtySize::default()
    }
}

fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}

/// A program at work in a terminal of 120x40.
fn run(program: &str, args: &[&str]) -> Pty {
    let pair = native_pty_system().openpty(size(40, 120)).unwrap();
    let config = TempDir::new().unwrap();
    let mut command = CommandBuilder::new(program);
    command.args(args);
    command.env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("TERM", "xterm-256color");
    command.env("HOME", config.path());
    command.env("XDG_CONFIG_HOME", config.path());
    command.cwd(env!("CARGO_MANIFEST_DIR"));
    let child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    let writer = pair.master.take_writer().unwrap();
    let (out, bytes) = channel();
    let leave = Arc::new(AtomicBool::new(false));
    let left = Arc::clone(&leave);
    std::thread::spawn(move || {
        let mut room = vec![0; 65_536];
        // The end of the program is the end of its terminal, which some systems call an error.
        while let Ok(n @ 1..) = reader.read(&mut room) {
            if out.send(room[..n].to_vec()).is_err() || left.load(Ordering::SeqCst) {
                return;
            }
        }
    });
    Pty {
        master: Some(pair.master),
        writer: Some(writer),
        child,
        bytes,
        screen: vt100::Parser::new(cells(40), cells(120), 0),
        leave,
        raw: Vec::new(),
        _config: config,
    }
}

fn redial(args: &[&str]) -> Pty {
    run(env!("CARGO_BIN_EXE_redial"), args)
}

impl Pty {
    fn text(&self) -> String {
        self.screen.screen().contents()
    }

    fn take(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        self.raw.extend_from_slice(bytes);
    }

    /// Waits until the picture is as wished.
    #[track_caller]
    fn until(&mut self, what: &str, wish: impl Fn(&vt100::Screen) -> bool) -> &mut Self {
        let begun = Instant::now();
        while !wish(self.screen.screen()) {
            match self.bytes.recv_timeout(LIMIT.saturating_sub(begun.elapsed())) {
                Ok(bytes) => self.take(&bytes),
                Err(e) => panic!("{e} while waiting for {what}; the screen is\n{}", self.text()),
            }
        }
        self
    }

    /// Waits for a text on the screen.
    #[track_caller]
    fn sees(&mut self, text: &str) -> &mut Self {
        self.until(text, |s| s.contents().contains(text))
    }

    fn resize(&mut self, rows: u16, cols: u16) {
        self.screen.screen_mut().set_size(cells(rows), cells(cols));
        self.master.as_ref().unwrap().resize(size(rows, cols)).unwrap();
    }

    fn types(&mut self, keys: &str) -> &mut Self {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
        self
    }

    fn signal(&mut self, signal: rustix::process::Signal) -> &mut Self {
        let pid = rustix::process::Pid::from_raw(self.child.process_id().unwrap().cast_signed()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
        self
    }

    /// Takes what comes until nothing more comes for a while.
    fn until_quiet(&mut self) {
        while let Ok(bytes) = self.bytes.recv_timeout(Duration::from_millis(200)) {
            self.take(&bytes);
        }
    }

    /// Waits until nobody reads any more.
    #[track_caller]
    fn left(&mut self) {
        while let Ok(bytes) = self.bytes.recv_timeout(LIMIT) {
            self.take(&bytes);
        }
    }

    /// Waits for the end of the program; the screen is what it left behind.
    #[track_caller]
    fn ends(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            match self.bytes.recv_timeout(LIMIT.saturating_sub(begun.elapsed())) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end; the screen is\n{}", self.text()),
            }
        }
        self.child.wait().unwrap()
    }

    /// The terminal is as it was before.
    #[track_caller]
    fn restored(&self) {
        let s = self.screen.screen();
        assert!(!s.alternate_screen(), "still on the other screen");
        assert!(!s.hide_cursor(), "the cursor is hidden");
        assert!(!s.bracketed_paste(), "pasted text is still bracketed");
        assert_eq!(s.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert_eq!(s.fgcolor(), vt100::Color::Default);
        assert!(!s.contents().contains("Calls"), "{}", s.contents());
        let raw = String::from_utf8_lossy(&self.raw);
        assert!(
            raw.contains("\x1b[?1049h") && raw.contains("\x1b[?2004h"),
            "it was taken before"
        );
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // Of a test that failed.
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

#[test]
fn samples_open_replay_quit() {
    let app = App::start().unwrap();
    let samples: Vec<&str> = app.inputs().iter().map(|p| p.to_str().unwrap()).collect();
    let url = app.url();
    let mut args = vec!["--to", url.as_str()];
    args.extend(samples);
    let mut pty = redial(&args);
    pty.sees("4 of 7 calls").sees("1 Calls").sees("Story");
    assert!(pty.screen.screen().alternate_screen() && pty.screen.screen().bracketed_paste());
    // The first call, its story, its request.
    pty.types("\r")
        .until("the keys in the story", |s| s.contents().contains("▌2 Story"));
    pty.types("r").sees("FAIL");
    assert!(!app.served().is_empty());
    app.fix().unwrap();
    pty.types("r").sees("PASS");
    assert_eq!(app.served().len(), 2);
    pty.types("q")
        .until("the keys in the calls", |s| s.contents().contains("▌1 Calls"));
    pty.types("q");
    assert_eq!(pty.ends().exit_code(), 0);
    pty.restored();
}

#[test]
fn the_shipped_samples_show_and_quit_at_once() {
    let mut pty = redial(&["samples"]);
    pty.sees("calls")
        .until("all of it read", |s| !s.contents().contains("reading"));
    pty.sees("no target yet").types("\x03");
    assert_eq!(pty.ends().exit_code(), 0);
    pty.restored();
}

/// Sends a debugger's webhook; the first line of the answer.
fn post(port: u16, body: &str) -> String {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn what_a_listener_takes_is_on_the_screen() {
    let mut pty = redial(&["listen", "--port", "0"]);
    let lead = "Give Twilio this URL: http://127.0.0.1:";
    pty.sees(lead).sees("What comes is kept in");
    let text = pty.text();
    let port = text.split_once(lead).unwrap().1;
    let port: u16 = port
        .split(|c: char| !c.is_ascii_digit())
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let form = String::from_utf8(super::support::sample("twilio/debugger-webhook.form")).unwrap();
    let answer = post(port, form.trim());
    assert!(answer.contains(" 204 "), "{answer}");
    pty.sees("CA4ff21db0c2").sees("1 of 1 call");
    // Where it is reached stays in sight, whatever came.
    pty.types("5G")
        .sees(&format!("listen http://127.0.0.1:{port}: 1 event"));
    pty.types("q")
        .until("the keys in the calls", |s| s.contents().contains("▌1 Calls"));
    pty.types("q");
    assert_eq!(pty.ends().exit_code(), 0);
    pty.restored();
    assert!(
        std::net::TcpStream::connect(("127.0.0.1", port)).is_err(),
        "nobody listens any more"
    );
}

/// A sender that is slow, or never comes to its end, does not keep the program from ending when it is told to.
#[test]
fn a_signal_ends_a_listener_in_order() {
    let mut pty = redial(&["listen", "--port", "0"]);
    let lead = "Give Twilio this URL: http://127.0.0.1:";
    pty.sees(lead);
    let text = pty.text();
    let port = text.split_once(lead).unwrap().1;
    let port: u16 = port
        .split(|c: char| !c.is_ascii_digit())
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let mut slow = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    slow.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nAccountSid")
        .unwrap();
    pty.signal(rustix::process::Signal::TERM);
    assert_eq!(pty.ends().exit_code(), 128 + 15);
    pty.restored();
}

/// What another program wrote on the screen goes away with the key for it, from a terminal that answers no questions.
#[test]
fn drawn_anew() {
    let mut pty = redial(&["samples"]);
    pty.sees("1 Calls").sees("no target yet");
    pty.screen.process(b"\x1b[5;5HSOMEBODY ELSE WROTE THIS");
    assert!(pty.text().contains("SOMEBODY ELSE"));
    pty.types("\x0c").until("it to go", |s| {
        !s.contents().contains("ELSE") && s.contents().contains("1 Calls")
    });
    pty.types("q");
    assert_eq!(pty.ends().exit_code(), 0);
}

#[test]
fn the_mouse_is_given_back_too() {
    let mut pty = redial(&["samples"]);
    pty.sees("1 Calls").types("\x1bOQ").sees("mouse on");
    assert_ne!(
        pty.screen.screen().mouse_protocol_mode(),
        vt100::MouseProtocolMode::None
    );
    // A wheel's turn in the story moves it without taking the keys.
    pty.types("\x1b[<65;10;30M").types("q");
    assert_eq!(pty.ends().exit_code(), 0);
    pty.restored();
}

#[test]
fn the_demo_walks_through() {
    let mut pty = redial(&["demo"]);
    pty.sees("1/6").sees("4 of 7 calls");
    pty.types("\r").sees("2/6");
    pty.types("\r").sees("3/6");
    pty.types("r").sees("FAIL").sees("4/6");
    pty.types("M").sees("mended");
    pty.types("r").sees("PASS").sees("6/6");
    pty.types("qqqq");
    assert_eq!(pty.ends().exit_code(), 0);
    pty.restored();
}

#[test]
fn without_a_terminal_the_demo_is_a_usage_error() {
    let ran = super::support::run("demo").exits(2);
    assert!(ran.err.contains("the demo needs a terminal"), "{}", ran.err);
    assert!(!ran.out.contains('\x1b'));
}

#[test]
fn another_size_is_another_picture() {
    let mut pty = redial(&["samples"]);
    pty.sees("1 Calls").sees("2 Story").sees("3 Detail");
    pty.resize(10, 40);
    pty.until("one pane", |s| {
        s.contents().lines().count() <= 10 && !s.contents().contains("2 Story")
    });
    pty.resize(3, 20);
    pty.sees("redial needs");
    pty.resize(40, 120);
    pty.sees("3 Detail");
    // crossterm 0.29 keeps a key that comes in the same moment as a new size until the next key.
    while pty.child.try_wait().unwrap().is_none() {
        pty.types("q").until_quiet();
    }
    assert_eq!(pty.ends().exit_code(), 0);
    pty.restored();
}

mod signals {
    use rustix::process::Signal;

    use std::sync::atomic::Ordering;

    use super::{LIMIT, redial, run};

    #[test]
    fn a_signal_ends_it_with_the_terminal_restored() {
        for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT] {
            let mut pty = redial(&["samples"]);
            pty.sees("1 Calls").types("\x1bOQ").sees("mouse on").signal(signal);
            assert_eq!(pty.ends().exit_code(), 128 + signal.as_raw().unsigned_abs());
            pty.restored();
        }
    }

    /// Nothing to be shown is no screen; a part of it is one, and the exit code of the commands.
    #[test]
    fn inputs_that_cannot_be_opened_are_a_failure() {
        let mut pty = redial(&["/nonexistent/a", "/nonexistent/b"]);
        assert_eq!(pty.ends().exit_code(), 2);
        let mut pty = redial(&["/nonexistent/a", "samples"]);
        pty.sees("1 Calls").sees("cannot open").types("q");
        assert_eq!(pty.ends().exit_code(), 2);
        pty.restored();
    }

    /// The end comes while an answer is waited for as well.
    #[test]
    fn a_signal_does_not_wait_for_an_answer() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let mut pty = redial(&["--to", &url, "samples/demo"]);
        pty.sees("4 of 7 calls")
            .types("2r")
            .sees("1 sending")
            .signal(Signal::TERM);
        pty.ends();
        pty.restored();
    }

    /// Stopped by its key under a shell with job control, and in the foreground again.
    #[test]
    fn to_the_shell_and_back() {
        let script = "set -m; \"$0\" samples; echo IN THE SHELL; read line; fg >/dev/null; echo ENDED WITH $?; exit 3";
        let mut pty = run("sh", &["-c", script, env!("CARGO_BIN_EXE_redial")]);
        pty.sees("1 Calls").types("2").sees("▌2 Story").types("\x1a");
        pty.sees("IN THE SHELL");
        let s = pty.screen.screen();
        assert!(!s.alternate_screen() && !s.hide_cursor() && !s.bracketed_paste());
        pty.types("\r")
            .sees("▌2 Story")
            .until("the other screen", vt100::Screen::alternate_screen);
        // Keys are read again, and the picture goes on where it was.
        pty.types("1").sees("▌1 Calls").types("q").sees("ENDED WITH 0");
        assert_eq!(pty.ends().exit_code(), 3);
        pty.restored();
    }

    /// The window is closed: the far end of the terminal is gone for good, and the system says so.
    #[test]
    fn a_terminal_that_is_gone_is_the_end() {
        let mut pty = redial(&["samples"]);
        pty.sees("1 Calls");
        // The last one to hold the far end is the one who reads.
        pty.leave.store(true, Ordering::SeqCst);
        pty.types("?").left();
        drop(pty.writer.take());
        drop(pty.master.take());
        let (told, ended) = std::sync::mpsc::channel();
        let mut killer = pty.child.clone_killer();
        let waits = std::thread::spawn(move || {
            let _ = told.send(pty.child.wait().map(|s| s.exit_code()));
        });
        let code = ended.recv_timeout(LIMIT).inspect_err(|_| drop(killer.kill()));
        waits.join().unwrap();
        assert!(code.is_ok(), "it goes on without a terminal");
    }
}
