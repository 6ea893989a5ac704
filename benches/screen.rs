//! Drives the real program in a pseudo-terminal and takes its times: first picture, list filling, keys while it reads, memory, idle.
//!
//! ```text
//! cargo run --release --example screen -- target/release/redial big.log
//! ```
//!
//! A key's time runs from writing it to the terminal until the picture has changed as that key changes it, the terminal's side
//! (vt100) included. One key is sent every 20 ms or as soon as the one before it was answered, whatever is later, for as long as the
//! program reads, at least 200 of them. Nothing here knows the program's inside.

#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints, and ends where it cannot go on"
)]

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

const ROWS: u16 = 40;
const COLUMNS: u16 = 120;
/// Nothing takes longer than this, or something is broken.
const LIMIT: Duration = Duration::from_secs(120);

struct Screen {
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    bytes: usize,
}

impl Screen {
    /// Reads on until the picture fits; when that was.
    fn until(&mut self, what: &str, fits: impl Fn(&str) -> bool) -> Instant {
        let begun = Instant::now();
        loop {
            if fits(&self.parser.screen().contents()) {
                return Instant::now();
            }
            match self.output.recv_timeout(Duration::from_millis(50)) {
                Ok(bytes) => {
                    self.bytes += bytes.len();
                    self.parser.process(&bytes);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => panic!("the program ended while waiting for: {what}"),
            }
            assert!(
                begun.elapsed() < LIMIT,
                "never came: {what}\n{}",
                self.parser.screen().contents()
            );
        }
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(program), Some(file)) = (args.next(), args.next()) else {
        panic!("usage: screen REDIAL FILE");
    };
    let pty = native_pty_system()
        .openpty(PtySize {
            rows: ROWS,
            cols: COLUMNS,
            pixel_width: 0,
            pixel_height: 0,
        })
        .expect("a pseudo-terminal");
    let mut command = CommandBuilder::new(std::fs::canonicalize(&program).expect("the program"));
    command.cwd(std::env::current_dir().expect("a folder to be in"));
    command.arg(&file);
    command.env("TERM", "xterm-256color");
    command.env("XDG_CONFIG_HOME", "/nonexistent");
    let begun = Instant::now();
    let mut child = pty.slave.spawn_command(command).expect("the program starts");
    drop(pty.slave);
    let pid = child.process_id().expect("a process id");
    let mut reader = pty.master.try_clone_reader().expect("the terminal's output");
    let mut keys = pty.master.take_writer().expect("the terminal's input");
    let (out, output) = channel();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(n @ 1..) = reader.read(&mut buffer) {
            if out.send(buffer[..n].to_vec()).is_err() {
                return;
            }
        }
    });
    let mut screen = Screen {
        output,
        parser: vt100::Parser::new(nonzero(ROWS), nonzero(COLUMNS), 0),
        bytes: 0,
    };
    let first = screen.until("the first picture", |s| s.contains("1 Calls"));
    let row = screen.until("a row in the list", |s| {
        s.lines().skip(6).take(8).any(|l| l.contains("E "))
    });
    println!("first picture       {:>8.1} ms", ms(first - begun));
    println!("first row           {:>8.1} ms", ms(row - begun));
    let mut times = Vec::new();
    let mut while_reading = 0;
    let mut read = None;
    let mut zoomed = false;
    while read.is_none() || times.len() < 200 {
        let sent = Instant::now();
        keys.write_all(b"z").expect("a key");
        keys.flush().expect("a key");
        zoomed = !zoomed;
        let seen = screen.until("the answer to a key", |s| s.contains("2 Story") != zoomed);
        times.push(seen - sent);
        if read.is_none() {
            while_reading = times.len();
            if !screen.parser.screen().contents().contains("reading ") {
                read = Some(Instant::now());
            }
        }
        std::thread::sleep(Duration::from_millis(20).saturating_sub(sent.elapsed()));
    }
    if let Some(t) = read {
        println!("read to the end     {:>8.1} ms", ms(t - begun));
    }
    let mut during: Vec<Duration> = times[..while_reading].to_vec();
    report("keys while reading", &mut during);
    report("keys afterwards", &mut times[while_reading..].to_vec());
    println!("peak memory         {:>8.1} MiB", memory(pid));
    let (cpu, bytes) = (cpu_ticks(pid), screen.bytes);
    std::thread::sleep(Duration::from_secs(10));
    while let Ok(b) = screen.output.try_recv() {
        screen.bytes += b.len();
        screen.parser.process(&b);
    }
    println!(
        "idle for 10 s       {:>8} ms of CPU, {} bytes drawn",
        (cpu_ticks(pid) - cpu) * 10,
        screen.bytes - bytes
    );
    keys.write_all(b"\x03").expect("ctrl-c");
    keys.flush().expect("ctrl-c");
    let status = child.wait().expect("the program ends");
    println!("exit                {:>8}", status.exit_code());
}

fn nonzero(n: u16) -> NonZero<u16> {
    NonZero::new(n).expect("not zero")
}

fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1000.0
}

fn report(what: &str, times: &mut [Duration]) {
    if times.is_empty() {
        return println!("{what}: none");
    }
    times.sort();
    let at = |p: f64| ms(times[((times.len() - 1) as f64 * p) as usize]);
    println!(
        "{what:<20}{:>8.1} ms p50, {:.1} ms p99, {:.1} ms most, of {}",
        at(0.5),
        at(0.99),
        at(1.0),
        times.len()
    );
}

/// The most memory that the process had, MiB.
fn memory(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap_or_default();
    let kib: f64 = line
        .split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(0.0);
    kib / 1024.0
}

/// Hundredths of a second of CPU so far.
fn cpu_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<u64> = stat
        .rsplit(") ")
        .next()
        .unwrap_or_default()
        .split(' ')
        .map(|n| n.parse().unwrap_or(0))
        .collect();
    // utime and stime stand 11 and 12 fields behind the state.
    fields.get(11).unwrap_or(&0) + fields.get(12).unwrap_or(&0)
}
