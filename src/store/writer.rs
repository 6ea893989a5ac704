//! A thread that owns one connection and commits together whatever waits: many senders, one sync of the disk.
//!
//! A sync takes milliseconds, whatever it holds. So where many send at once, the commit waits for those who were answered just
//! now to come again, as long as they keep coming; one who sends alone never waits.
//!
//! What it answered is durable. When the store cannot take a batch, everybody in it is told so and nothing of it was kept; the next batch is
//! tried anew. A store whose file was moved away is opened again, so that nothing is written to a file without a name.

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, ready};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{Appended, Cursor, NewEvent, Store, StoreError, append, now, set_cursor};

/// What may wait, in KiB: 64 MiB.
const ROOM: u32 = 64 * 1024;
/// What one transaction takes at most, so that nobody waits long for its end.
const BATCH_EVENTS: usize = 2_000;
const BATCH_KIB: usize = 16 * 1024;

/// How long nobody may come until a batch is closed, and how long it stays open at most: less than a sync takes.
const GAP: Duration = Duration::from_micros(500);
const OPEN: Duration = Duration::from_millis(3);

/// How long another program may hold the store: who sends events waits five seconds for the answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long while it did so the last time: those who came meanwhile have waited already.
const SHORT: Duration = Duration::from_millis(250);
/// After so long without anything to write, the log is moved into the file.
const QUIET: Duration = Duration::from_secs(2);

/// The cursor that a probe writes: no source's.
pub(super) const HEALTH: &str = "health";

type Outcome = Result<Vec<Appended>, Arc<StoreError>>;

/// The thread; it ends when this is dropped, after everything that waits was written.
#[derive(Debug)]
pub struct Writer {
    handle: WriterHandle,
    thread: Option<JoinHandle<()>>,
}

/// Where events are handed in, from any thread.
#[derive(Clone)]
pub struct WriterHandle {
    jobs: mpsc::Sender<Job>,
    room: Arc<Semaphore>,
}

impl fmt::Debug for WriterHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WriterHandle({} KiB free)", self.room.available_permits())
    }
}

enum Job {
    Append {
        events: Vec<NewEvent>,
        done: oneshot::Sender<Outcome>,
        /// Given back when it is written.
        room: OwnedSemaphorePermit,
    },
    /// Whether so many bytes can be written now.
    Probe(usize, oneshot::Sender<Outcome>),
    Stop,
}

/// Events that wait to be written; a future of what became of them. Dropping it changes nothing for the events.
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Outcome>);

impl Future for Pending {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let answer = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(answer.unwrap_or_else(|_| Err(Arc::new(StoreError::Closed))))
    }
}

impl Pending {
    /// Waits on this thread, which must not be one of a runtime.
    ///
    /// # Errors
    /// Nothing was kept; see [`StoreError`].
    pub fn wait(self) -> Outcome {
        self.0
            .blocking_recv()
            .unwrap_or_else(|_| Err(Arc::new(StoreError::Closed)))
    }
}

impl Writer {
    /// Opens the store as [`Store::open`] and starts the thread.
    ///
    /// # Errors
    /// The store cannot be opened; see [`StoreError`].
    pub fn start(path: &Path) -> Result<Self, StoreError> {
        let store = Store::open(path)?;
        let (jobs, queue) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn({
                let path = path.to_owned();
                move || {
                    let thread = Thread {
                        path,
                        store: Some(store),
                        crowd: 0,
                        locked: false,
                    };
                    thread.run(&queue);
                }
            })
            .map_err(|e| StoreError::io(path, "start the thread that writes", e))?;
        Ok(Self {
            handle: WriterHandle {
                jobs,
                room: Arc::new(Semaphore::new(ROOM as usize)),
            },
            thread: Some(thread),
        })
    }

    /// Where events are handed in.
    pub fn handle(&self) -> WriterHandle {
        self.handle.clone()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.handle.jobs.send(Job::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl WriterHandle {
    /// Keeps events, all or nothing, durable when this is ready; waits while too much waits already. Events of others may be in
    /// the same transaction.
    ///
    /// # Errors
    /// None of them was kept; see [`StoreError`].
    pub async fn append(&self, events: Vec<NewEvent>) -> Outcome {
        let Ok(room) = self.room.clone().acquire_many_owned(kib(&events)).await else {
            return Err(Arc::new(StoreError::Closed));
        };
        self.hand_in(events, room).await
    }

    /// As [`WriterHandle::append`], and never waits.
    ///
    /// # Errors
    /// Too much waits already: the events come back.
    pub fn try_append(&self, events: Vec<NewEvent>) -> Result<Pending, Vec<NewEvent>> {
        match self.room.clone().try_acquire_many_owned(kib(&events)) {
            Ok(room) => Ok(self.hand_in(events, room)),
            Err(_) => Err(events),
        }
    }

    /// Finds out whether the store can take an event of so many bytes now, by writing as much to it and removing it again.
    ///
    /// # Errors
    /// It cannot; see [`StoreError`].
    pub async fn probe(&self, bytes: usize) -> Result<(), Arc<StoreError>> {
        let (done, answer) = oneshot::channel();
        let _ = self.jobs.send(Job::Probe(bytes, done));
        Pending(answer).await.map(drop)
    }

    fn hand_in(&self, events: Vec<NewEvent>, room: OwnedSemaphorePermit) -> Pending {
        let (done, answer) = oneshot::channel();
        // A thread that has ended drops `done`, and the answer says so.
        let _ = self.jobs.send(Job::Append { events, done, room });
        Pending(answer)
    }
}

fn kib(events: &[NewEvent]) -> u32 {
    let bytes: usize = events.iter().map(NewEvent::size).sum();
    // One that is larger than all room takes all of it.
    u32::try_from(bytes / 1024 + 1).unwrap_or(ROOM).min(ROOM)
}

/// What one transaction is to hold.
#[derive(Default)]
struct Batch {
    events: Vec<NewEvent>,
    /// How many of the events are whose.
    parts: Vec<(usize, oneshot::Sender<Outcome>, OwnedSemaphorePermit)>,
    probes: Vec<(usize, oneshot::Sender<Outcome>)>,
    kib: usize,
    stop: bool,
}

impl Batch {
    fn take(&mut self, job: Job) {
        match job {
            Job::Append { events, done, room } => {
                self.kib += room.num_permits();
                self.parts.push((events.len(), done, room));
                self.events.extend(events);
            }
            Job::Probe(bytes, done) => self.probes.push((bytes, done)),
            Job::Stop => self.stop = true,
        }
    }

    /// Takes what waits, or else whoever comes soon, where others came before; false when the batch is closed.
    fn more(&mut self, queue: &mpsc::Receiver<Job>, crowd: usize, until: Instant) -> bool {
        if self.is_full() {
            return false;
        }
        let next = match queue.try_recv() {
            Ok(job) => Some(job),
            Err(_) if crowd.max(self.parts.len()) > 1 => {
                let left = until.saturating_duration_since(Instant::now());
                queue.recv_timeout(GAP.min(left)).ok()
            }
            Err(_) => None,
        };
        let Some(next) = next else { return false };
        self.take(next);
        while !self.is_full()
            && let Ok(next) = queue.try_recv()
        {
            self.take(next);
        }
        true
    }

    fn is_full(&self) -> bool {
        self.stop || self.events.len() >= BATCH_EVENTS || self.kib >= BATCH_KIB
    }

    /// Tells everybody what became of it; one who has left is passed over.
    fn tell(self, outcome: Outcome) {
        match outcome {
            Ok(all) => {
                let mut all = all.into_iter();
                for (count, done, _room) in self.parts {
                    let _ = done.send(Ok(all.by_ref().take(count).collect()));
                }
            }
            Err(e) => {
                for (_, done, _) in self.parts {
                    let _ = done.send(Err(e.clone()));
                }
            }
        }
    }
}

struct Thread {
    path: PathBuf,
    /// None after the file went away and could not be made anew.
    store: Option<Store>,
    /// How many were in the last batch.
    crowd: usize,
    /// Another program held the store for too long, the last time.
    locked: bool,
}

impl Thread {
    fn run(mut self, queue: &mpsc::Receiver<Job>) {
        while let Some(first) = self.next(queue) {
            let mut batch = Batch::default();
            batch.take(first);
            if batch.stop && batch.parts.is_empty() {
                return;
            }
            let outcome = self.write(&mut batch, queue).map_err(Arc::new);
            self.locked = matches!(outcome.as_ref().map_err(Arc::as_ref), Err(StoreError::Busy { .. }));
            let stop = batch.stop;
            self.crowd = batch.parts.len();
            let probes = std::mem::take(&mut batch.probes);
            batch.tell(outcome.clone());
            self.probe(probes, outcome);
            if stop {
                // What was handed in meanwhile is answered as closed, for nobody will write it.
                return;
            }
        }
    }

    /// Waits for the next who comes. When nobody does for some time, what was written is moved from the log into the file.
    fn next(&mut self, queue: &mpsc::Receiver<Job>) -> Option<Job> {
        while let Some(store) = self.store.as_mut().filter(|s| s.wrote) {
            match queue.recv_timeout(QUIET) {
                Ok(job) => return Some(job),
                Err(mpsc::RecvTimeoutError::Disconnected) => return None,
                Err(mpsc::RecvTimeoutError::Timeout) => store.settle(),
            }
        }
        queue.recv().ok()
    }

    /// Writes the batch, and whoever else comes until it is closed, in one transaction.
    fn write(&mut self, batch: &mut Batch, queue: &mpsc::Receiver<Job>) -> Result<Vec<Appended>, StoreError> {
        let store = match self.store.take().filter(Store::still_there) {
            Some(store) => self.store.insert(store),
            // One that was moved away was made whole when it was dropped.
            None => self.store.insert(Store::open(&self.path)?),
        };
        store.patient(if self.locked { SHORT } else { PATIENCE });
        let until = Instant::now() + OPEN;
        let crowd = self.crowd;
        store.transaction("keep events", |t| {
            let mut told = Vec::new();
            loop {
                let received = now();
                let new = batch.events.get_mut(told.len()..).unwrap_or_default();
                for e in &mut *new {
                    e.received = received;
                }
                told.extend(append(t, new)?);
                if !batch.more(queue, crowd, until) {
                    break;
                }
            }
            Ok(told)
        })
    }

    /// Answers those who ask whether something can be written: by a transaction of its own, for events are not to fail with it. What
    /// failed before need not be tried again.
    fn probe(&mut self, probes: Vec<(usize, oneshot::Sender<Outcome>)>, outcome: Outcome) {
        let Some(most) = probes.iter().map(|p| p.0).max() else {
            return;
        };
        let tried = match (outcome, &mut self.store) {
            (Err(e), _) => Err(e),
            (Ok(_), Some(store)) => store.probe(most).map(|()| Vec::new()).map_err(Arc::new),
            (Ok(_), None) => Err(Arc::new(StoreError::Closed)),
        };
        for (_, done) in probes {
            let _ = done.send(tried.clone());
        }
    }
}

impl Store {
    /// Writes so many bytes, and removes them again.
    pub(super) fn probe(&mut self, bytes: usize) -> Result<(), StoreError> {
        let mark = Cursor {
            name: HEALTH.to_owned(),
            value: serde_json::Value::String(".".repeat(bytes)),
        };
        self.transaction("try whether events can be kept", |t| set_cursor(t, &mark))?;
        // Only what was committed shows that there is room.
        self.transaction("try whether events can be kept", |t| {
            t.execute("delete from cursor where name = ?1", [HEALTH]).map(drop)
        })
    }
}
