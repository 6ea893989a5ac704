//! A thread that owns one connection and commits together whatever waits: many senders, one sync of the disk.
//!
//! What it answered is durable. When the store cannot take a batch, everybody in it is told so and nothing of it was kept; the next batch is
//! tried anew. A store whose file was moved away is opened again, so that nothing is written to a file without a name.

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::thread::JoinHandle;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::{Appended, NewEvent, Store, StoreError, now};

/// What may wait, in KiB: 64 MiB.
const ROOM: u32 = 64 * 1024;
/// What one transaction takes at most, so that nobody waits long for its end.
const BATCH_EVENTS: usize = 2_000;
const BATCH_KIB: usize = 16 * 1024;

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
    jobs: mpsc::UnboundedSender<Job>,
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
    /// Whether something can be written now.
    Probe(oneshot::Sender<Outcome>),
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
        let (jobs, queue) = mpsc::unbounded_channel();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn({
                let path = path.to_owned();
                move || {
                    let thread = Thread {
                        path,
                        store: Some(store),
                    };
                    thread.run(queue);
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

    /// Finds out whether the store can be written now, by writing to it.
    ///
    /// # Errors
    /// It cannot; see [`StoreError`].
    pub async fn probe(&self) -> Result<(), Arc<StoreError>> {
        let (done, answer) = oneshot::channel();
        let _ = self.jobs.send(Job::Probe(done));
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
    probes: Vec<oneshot::Sender<Outcome>>,
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
            Job::Probe(done) => self.probes.push(done),
            Job::Stop => self.stop = true,
        }
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
                for done in self.probes {
                    let _ = done.send(Ok(Vec::new()));
                }
            }
            Err(e) => {
                for done in self.parts.into_iter().map(|(_, done, _)| done).chain(self.probes) {
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
}

impl Thread {
    fn run(mut self, mut queue: mpsc::UnboundedReceiver<Job>) {
        while let Some(first) = queue.blocking_recv() {
            let mut batch = Batch::default();
            batch.take(first);
            while !batch.is_full()
                && let Ok(next) = queue.try_recv()
            {
                batch.take(next);
            }
            let stop = batch.stop;
            if !batch.parts.is_empty() || !batch.probes.is_empty() {
                let outcome = self.write(&mut batch).map_err(Arc::new);
                batch.tell(outcome);
            }
            if stop {
                // What was handed in meanwhile is answered as closed, for nobody will write it.
                return;
            }
        }
    }

    fn write(&mut self, batch: &mut Batch) -> Result<Vec<Appended>, StoreError> {
        let store = match self.store.take().filter(Store::still_there) {
            Some(store) => self.store.insert(store),
            None => self.store.insert(Store::open(&self.path)?),
        };
        let received = now();
        for e in &mut batch.events {
            e.received = received;
        }
        if batch.probes.is_empty() {
            store.append(&batch.events)
        } else {
            let mark = super::Cursor {
                name: HEALTH.to_owned(),
                value: serde_json::json!("written"),
            };
            store.append_with(&batch.events, &mark)
        }
    }
}
