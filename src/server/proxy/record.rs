//! Recording: a thread that makes entries of what went through and gives them to the store, some at a time.
//!
//! Passing on never waits for it. What waits is bounded in number and bytes; what finds no room, or what the store could not take, is
//! counted and told ([`Notice`]), and the request it belongs to is long answered.

use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::entry;
use super::signed::Checker;
use super::visit::Noted;
use crate::store::{Pending, Writer};

/// What may wait: exchanges, and bytes of them.
const WAITING: usize = 16_000;
const WAITING_BYTES: usize = 64 * 1024 * 1024;
/// Of lower priority than what passes requests on.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;
/// What is given to the store at once.
const BATCH: usize = 500;

/// What happened to the recording, for a status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Some exchanges were passed through and not recorded.
    Lost {
        /// How many since the start.
        total: u64,
        /// Why, in words with what to do.
        why: String,
    },
    /// The store takes exchanges again.
    Again,
}

/// What went through since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Exchanges that were passed through to their end.
    pub passed: u64,
    /// Those that are durable in the store.
    pub recorded: u64,
    /// Those that could not be recorded.
    pub lost: u64,
}

/// Where exchanges are handed in.
#[derive(Debug)]
pub(super) struct Queue {
    sender: Mutex<Option<SyncSender<Box<Noted>>>>,
    waiting: AtomicUsize,
    passed: AtomicU64,
    recorded: AtomicU64,
    lost: AtomicU64,
}

impl Queue {
    /// Takes an exchange over without waiting.
    pub(super) fn hand_in(&self, noted: Box<Noted>) {
        self.passed.fetch_add(1, Ordering::Relaxed);
        let weight = noted.weight();
        let before = self.waiting.fetch_add(weight, Ordering::Relaxed);
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = before < WAITING_BYTES && sender.as_ref().is_some_and(|s| s.try_send(noted).is_ok());
        if !taken {
            self.waiting.fetch_sub(weight, Ordering::Relaxed);
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            passed: self.passed.load(Ordering::Relaxed),
            recorded: self.recorded.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
        }
    }

    /// Nothing more comes.
    fn close(&self) {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// The thread; it ends when this is dropped, after everything that waits was given to the store.
#[derive(Debug)]
pub(super) struct Recorder {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    pub(super) fn start(writer: Writer, checker: Checker, tell: Box<dyn Fn(Notice) + Send>) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(WAITING);
        let queue = Arc::new(Queue {
            sender: Mutex::new(Some(sender)),
            waiting: AtomicUsize::new(0),
            passed: AtomicU64::new(0),
            recorded: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        });
        let thread = Thread {
            queue: queue.clone(),
            writer,
            checker,
            tell,
            told: 0,
        };
        let thread = std::thread::Builder::new()
            .name("proxy-recorder".to_owned())
            .spawn(move || thread.run(&receiver))?;
        Ok(Self {
            queue,
            thread: Some(thread),
        })
    }

    pub(super) fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Thread {
    queue: Arc<Queue>,
    writer: Writer,
    checker: Checker,
    tell: Box<dyn Fn(Notice) + Send>,
    /// The losses that were told.
    told: u64,
}

impl Thread {
    fn run(mut self, receiver: &Receiver<Box<Noted>>) {
        // Where all cores are busy, callers come first. Elsewhere than on Linux this would be said of the whole program.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::setpriority_process(None, NICE);
        let mut failing = false;
        while let Ok(first) = receiver.recv() {
            let batch: Vec<_> = std::iter::once(first).chain(receiver.try_iter()).take(BATCH).collect();
            let outcome = self.keep(&batch);
            let weight = batch.iter().map(|n| n.weight()).sum();
            self.queue.waiting.fetch_sub(weight, Ordering::Relaxed);
            let count = batch.len() as u64;
            match outcome {
                Ok(()) => {
                    self.queue.recorded.fetch_add(count, Ordering::Relaxed);
                    self.tell_lost("more went through than could be written; the store is slow");
                    if std::mem::take(&mut failing) {
                        (self.tell)(Notice::Again);
                    }
                }
                Err(why) => {
                    self.queue.lost.fetch_add(count, Ordering::Relaxed);
                    failing = true;
                    self.tell_lost(&why);
                }
            }
        }
    }

    /// Makes entries and waits until they are durable.
    fn keep(&self, batch: &[Box<Noted>]) -> Result<(), String> {
        let events = batch.iter().map(|n| entry::event(n, &self.checker)).collect();
        let pending = self.writer.handle().try_append(events);
        match pending.map(Pending::wait) {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(e)) => Err(e.to_string()),
            Err(_) => Err("the store has too much to write".to_owned()),
        }
    }

    fn tell_lost(&mut self, why: &str) {
        let total = self.queue.lost.load(Ordering::Relaxed);
        if total > self.told {
            self.told = total;
            let why = why.to_owned();
            (self.tell)(Notice::Lost { total, why });
        }
    }
}
