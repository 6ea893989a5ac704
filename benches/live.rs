//! Follows a growing log in the real program, in a pseudo-terminal: how long from the append to the picture, at which cost, and what
//! the program costs while nothing happens.
//!
//! ```text
//! cargo run --release --example live -- target/release/redial [SECONDS [LINES_PER_SECOND]]
//! ```
//!
//! A writer appends lines every millisecond, and every 100 ms among them the failed webhook of a new call. Its time runs from before
//! the write until that call's id stands on the screen, the terminal's side (vt100) included. Nothing here knows the program's inside.

#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints, and ends where it cannot go on"
)]

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

const ROWS: u16 = 40;
const COLUMNS: u16 = 120;
/// Between two errors.
const ERRORS: Duration = Duration::from_millis(100);
/// Nothing takes longer than this, or something is broken.
const LIMIT: Duration = Duration::from_secs(60);
/// How long it is looked what idling costs.
const IDLE: Duration = Duration::from_secs(20);

/// An error that was written: the beginning of its call's id, and when.
type Written = (String, Instant);

struct Screen {
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    bytes: usize,
}

impl Screen {
    /// Takes what the program draws next; false when there was nothing for a while.
    fn takes(&mut self, patience: Duration) -> bool {
        match self.output.recv_timeout(patience) {
            Ok(bytes) => {
                self.bytes += bytes.len();
                self.parser.process(&bytes);
                true
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => panic!("the program ended\n{}", self.text()),
        }
    }

    fn text(&self) -> String {
        self.parser.screen().contents()
    }

    fn until(&mut self, what: &str) {
        let begun = Instant::now();
        while !self.text().contains(what) {
            self.takes(Duration::from_millis(50));
            assert!(begun.elapsed() < LIMIT, "never came: {what}\n{}", self.text());
        }
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let program = args
        .next()
        .unwrap_or_else(|| panic!("usage: live REDIAL [SECONDS [LINES_PER_SECOND]]"));
    let mut number = |default| args.next().map_or(default, |n| n.parse().expect("a number"));
    let (seconds, rate) = (number(30), number(10_000));
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("app.log");
    let mut file = File::create(&log).expect("a log");
    file.write_all(noise(0, 0).as_bytes()).expect("a first line");
    let pty = native_pty_system()
        .openpty(PtySize {
            rows: ROWS,
            cols: COLUMNS,
            ..PtySize::default()
        })
        .expect("a pseudo-terminal");
    let mut command = CommandBuilder::new(std::fs::canonicalize(&program).expect("the program"));
    command.arg("-f");
    command.arg(&log);
    command.env("TERM", "xterm-256color");
    command.env("XDG_CONFIG_HOME", folder.path());
    command.env("XDG_DATA_HOME", folder.path());
    let mut child = pty.slave.spawn_command(command).expect("the program starts");
    drop(pty.slave);
    let pid = child.process_id().expect("a process id");
    let mut keys = pty.master.take_writer().expect("the terminal's input");
    let mut screen = Screen {
        output: read(pty.master.try_clone_reader().expect("the terminal's output")),
        parser: vt100::Parser::new(nonzero(ROWS), nonzero(COLUMNS), 0),
        bytes: 0,
    };
    screen.until("live");
    let (said, written) = channel();
    let (cpu, begun) = (cpu_ticks(pid), Instant::now());
    let writer = std::thread::spawn(move || write(&mut file, seconds, rate, &said));
    let mut times = watch(&mut screen, &written);
    let lines = writer.join().expect("the writer");
    let (spent, took) = (cpu_ticks(pid) - cpu, begun.elapsed());
    println!("lines written       {lines:>8} in {:.1} s", took.as_secs_f64());
    report("append to picture", &mut times);
    println!(
        "processor           {:>8.1} % of a core",
        spent as f64 / took.as_secs_f64()
    );
    println!(
        "bytes drawn         {:>8} a second",
        screen.bytes as u64 / seconds.max(1)
    );
    println!(
        "memory              {:>8.1} MiB, peak {:.1} MiB",
        memory(pid, "VmRSS:"),
        memory(pid, "VmHWM:")
    );
    idle(&mut screen, pid);
    keys.write_all(b"q").expect("a key");
    keys.flush().expect("a key");
    let status = child.wait().expect("the program ends");
    println!("exit                {:>8}", status.exit_code());
}

fn read(mut reader: Box<dyn Read + Send>) -> Receiver<Vec<u8>> {
    let (out, output) = channel();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(n @ 1..) = reader.read(&mut buffer) {
            if out.send(buffer[..n].to_vec()).is_err() {
                return;
            }
        }
    });
    output
}

/// Appends so many lines a second, with an error now and then; how many lines it were.
fn write(file: &mut File, seconds: u64, rate: u64, said: &Sender<Written>) -> u64 {
    let begun = Instant::now();
    let (mut lines, mut errors) = (0, 0);
    while begun.elapsed() < Duration::from_secs(seconds) {
        let due = begun.elapsed().as_millis() as u64 * rate / 1000;
        let mut text = String::new();
        for n in lines..due {
            text.push_str(&noise(n, begun.elapsed().as_millis() as u64));
        }
        lines = lines.max(due);
        let error = (begun.elapsed() >= ERRORS * errors).then(|| {
            let id = format!("{errors:012x}{:020x}", 0xabcd);
            errors += 1;
            text.push_str(&failed(&id, begun.elapsed().as_millis() as u64));
            lines += 2;
            id
        });
        let now = Instant::now();
        file.write_all(text.as_bytes()).expect("an append");
        if let Some(id) = error {
            let _ = said.send((id[..12].to_owned(), now));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    lines
}

/// A moment of the log: it begins today, whatever day that is there.
fn moment(ms: u64) -> String {
    let (s, ms) = (ms / 1000, ms % 1000);
    format!(
        "2026-03-06 {:02}:{:02}:{:02}.{ms:03}",
        12 + s / 3600,
        s / 60 % 60,
        s % 60
    )
}

/// A line that says nothing, of a call that has 500 of them.
fn noise(n: u64, ms: u64) -> String {
    let id = format!("f{:011x}{:020x}", n / 500, 1);
    format!(
        "{} DEBUG [Tropo-Thread-{id}] #MRCP#: (i)RTSP/1.0 200 OK Cseq: {n} Content-Type: application/mrcp 141652401 200 IN-PROGRESS\n",
        moment(ms)
    )
}

/// A webhook that is answered with an error.
fn failed(id: &str, ms: u64) -> String {
    let (at, thread) = (moment(ms), format!("Tropo-Thread-{id}"));
    format!(
        "{at} DEBUG [{thread}] #TROPO#: Sending TropoML Payload on {thread} [url=http://app.example/start]: \
         {{\"session\":{{\"id\":\"{id}\"}}}}\n\
         {at} ERROR [{thread}] #TROPO#: Received non-2XX status code on {thread} [url=http://app.example/start, code=500]\n"
    )
}

/// Looks for every error that was written until the writer is at its end; how long each took.
fn watch(screen: &mut Screen, written: &Receiver<Written>) -> Vec<Duration> {
    let (mut times, mut open): (Vec<Duration>, Vec<Written>) = (Vec::new(), Vec::new());
    let mut over = false;
    while !(over && open.is_empty()) {
        screen.takes(Duration::from_millis(1));
        let seen = Instant::now();
        loop {
            match written.try_recv() {
                Ok(error) => open.push(error),
                Err(std::sync::mpsc::TryRecvError::Empty) => break,
                Err(std::sync::mpsc::TryRecvError::Disconnected) => {
                    over = true;
                    break;
                }
            }
        }
        if open.is_empty() {
            continue;
        }
        let text = screen.text();
        open.retain(|(id, at)| {
            let there = text.contains(id.as_str());
            times.extend(there.then(|| seen - *at));
            assert!(at.elapsed() < LIMIT, "never came: {id}\n{text}");
            !there
        });
    }
    times
}

/// What it costs to wait.
fn idle(screen: &mut Screen, pid: u32) {
    // Ages go on for a minute by the second; the log's own times are long ago.
    while screen.takes(Duration::from_secs(7)) {}
    let (cpu, bytes, begun) = (cpu_ticks(pid), screen.bytes, Instant::now());
    while begun.elapsed() < IDLE {
        screen.takes(IDLE.saturating_sub(begun.elapsed()));
    }
    let spent = cpu_ticks(pid) - cpu;
    println!(
        "idle for {} s       {:>8} ms of CPU ({:.2} % of a core), {} bytes drawn",
        IDLE.as_secs(),
        spent * 10,
        spent as f64 / IDLE.as_secs_f64(),
        screen.bytes - bytes
    );
}

fn nonzero(n: u16) -> NonZero<u16> {
    NonZero::new(n).expect("not zero")
}

fn report(what: &str, times: &mut [Duration]) {
    if times.is_empty() {
        return println!("{what}: none");
    }
    times.sort();
    let at = |p: f64| times[((times.len() - 1) as f64 * p) as usize].as_secs_f64() * 1000.0;
    println!(
        "{what:<20}{:>8.1} ms p50, {:.1} ms p99, {:.1} ms most, of {}",
        at(0.5),
        at(0.99),
        at(1.0),
        times.len()
    );
}

/// A line of the process's state that is a size, MiB.
fn memory(pid: u32, what: &str) -> f64 {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with(what)).unwrap_or_default();
    let kib = line.split_whitespace().nth(1).and_then(|n| n.parse().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// Hundredths of a second of CPU so far.
fn cpu_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    let fields: Vec<u64> = fields.map(|n| n.parse().unwrap_or(0)).collect();
    // utime and stime stand 11 and 12 fields behind the state.
    fields.get(11).unwrap_or(&0) + fields.get(12).unwrap_or(&0)
}
