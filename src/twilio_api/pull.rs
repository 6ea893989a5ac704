//! `redial pull` as a library: one walk, or a follower in a thread of its own that can be asked for more and stopped.
//!
//! Whoever starts it hears what happens as [`Told`]; the events themselves are read from the store. [`run`] is all of it as a future, for
//! those who bring their own runtime; dropping it stops at the next wait, with nothing half done.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::base::Base;
use super::fault::{Fault, FaultKind};
use super::login::Login;
use super::wait::after_failure;
use super::walk::Walker;
use super::world::{Real, World};
use crate::model::Time;

/// A moment of the server's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// This one.
    At(Time),
    /// That long ago, by the server's clock.
    Ago(Duration),
}

/// What to fetch, from where, into which store.
#[derive(Clone)]
pub struct PullOptions {
    /// The store's file; made when it is missing.
    pub store: PathBuf,
    /// Where Twilio is.
    pub base: Base,
    /// Whose events.
    pub login: Login,
    /// Nothing before this. A follower that was here before goes on where it stopped.
    pub since: Moment,
    /// Nothing after this; open when none.
    pub until: Option<Moment>,
    /// Only alerts of this level, in Twilio's word: `error`, `warning`, `notice`, `debug`.
    pub level: Option<String>,
    /// Not the alerts, but the notifications and requests of this call (`CA…`).
    pub call: Option<String>,
    /// Every alert as an instance too, with its request and answer.
    pub details: bool,
    /// Go on, with this time between two walks.
    pub follow: Option<Duration>,
    /// Instances that are fetched at once.
    pub at_once: usize,
    /// Clock, sleep and chance.
    pub world: Arc<dyn World>,
}

impl PullOptions {
    /// The alerts of the last hour, once.
    pub fn new(store: PathBuf, base: Base, login: Login) -> Self {
        Self {
            store,
            base,
            login,
            since: Moment::Ago(Duration::from_secs(3600)),
            until: None,
            level: None,
            call: None,
            details: false,
            follow: None,
            at_once: 4,
            world: Arc::new(Real),
        }
    }
}

/// What happens. Texts may quote the server: make them printable before they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A page was committed.
    Page {
        /// Events that the store did not have.
        new: usize,
        /// Those that it had.
        known: usize,
    },
    /// Instances of a page, one by one.
    Details {
        /// Fetched so far.
        done: usize,
        /// Of how many.
        of: usize,
    },
    /// Everything that Twilio has published up to here is in the store; committed before it is told.
    CompleteUpTo(Time),
    /// Something went wrong.
    Trouble {
        /// What, and what to do.
        text: String,
        /// When it is tried again; none: not at all.
        retry_in: Option<Duration>,
    },
    /// After trouble: Twilio answers again.
    Well,
    /// A limit of Twilio's was met: something is not there to be had.
    Limit(String),
    /// Worth knowing.
    Note(String),
    /// A walk is over, and all of it is in the store.
    Done {
        /// Events of this walk that the store did not have.
        new: u64,
        /// Those that it had.
        known: u64,
    },
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Listed events that the store did not have.
    pub new: u64,
    /// Listed events that it had.
    pub known: u64,
    /// Instances that it did not have.
    pub details: u64,
    /// Limits of Twilio's that were met.
    pub limits: u64,
    /// Up to where everything is there.
    pub complete_up_to: Option<Time>,
}

impl Tally {
    /// What came in after `before`.
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            new: self.new - before.new,
            known: self.known - before.known,
            details: self.details - before.details,
            limits: self.limits - before.limits,
            complete_up_to: self.complete_up_to,
        }
    }
}

/// One walk, or with [`PullOptions::follow`] one after the other for ever. `asked`: alerts to fetch as instances meanwhile.
///
/// # Errors
/// Why a single walk ended too early; what it had fetched is kept. A follower gives up only where it never got anything and
/// nothing is to be hoped for (wrong credentials), or the store cannot be opened.
pub async fn run(
    options: &PullOptions,
    asked: mpsc::UnboundedReceiver<Vec<String>>,
    tell: &dyn Fn(Told),
) -> Result<Tally, Fault> {
    let walker = Walker::open(options, tell)?;
    let Some(interval) = options.follow else {
        let tally = walker.walk().await?;
        done(tell, tally);
        return Ok(tally);
    };
    tokio::select! {
        fault = follow(&walker, interval, tell) => Err(fault),
        fault = serve(&walker, asked) => Err(fault),
    }
}

fn done(tell: &dyn Fn(Told), Tally { new, known, .. }: Tally) {
    tell(Told::Done { new, known });
}

async fn follow(walker: &Walker<'_>, interval: Duration, tell: &dyn Fn(Told)) -> Fault {
    let world = &walker.options.world;
    let (mut failures, mut ever) = (0, false);
    loop {
        let wait = match walker.walk().await {
            Ok(tally) => {
                (failures, ever) = (0, true);
                done(tell, tally);
                interval
            }
            Err(fault) if !ever && fault.is_final() => return fault,
            Err(fault) => {
                failures += 1;
                let wait = fault
                    .wait
                    .unwrap_or_else(|| after_failure(interval, failures, world.chance()));
                walker.client.trouble(&fault.text, Some(wait));
                wait
            }
        };
        world.sleep(wait).await;
    }
}

/// Fetches what is asked for; never ends.
async fn serve(walker: &Walker<'_>, mut asked: mpsc::UnboundedReceiver<Vec<String>>) -> Fault {
    while let Some(sids) = asked.recv().await {
        if let Err(fault) = walker.alert_details(sids).await {
            walker.client.trouble(&fault.text, None);
        }
    }
    // Nobody can ask any more; following goes on.
    std::future::pending().await
}

/// A follower at work in its thread. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    ask: mpsc::UnboundedSender<Vec<String>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), Fault>>>,
}

impl Running {
    /// Fetches these alerts (`NO…`) as instances, into the store; those that are there already are passed over.
    pub fn fetch_details(&self, sids: Vec<String>) {
        // Somebody who has ended has nothing to fetch.
        let _ = self.ask.send(sids);
    }

    /// True when it has ended by itself: [`Running::stop`] tells why.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Stops it at its next wait.
    ///
    /// # Errors
    /// Why it had ended by itself.
    pub fn stop(mut self) -> Result<(), Fault> {
        self.stop = None;
        self.join()
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// As [`run`].
    pub fn join(mut self) -> Result<(), Fault> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(_)) => Err(Fault::new(
                FaultKind::Own,
                "the thread that fetches has ended by a fault of its own",
            )),
            None => Ok(()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Starts [`run`] in a thread of its own.
///
/// # Errors
/// No thread.
pub fn start(options: PullOptions, tell: impl Fn(Told) + Send + 'static) -> Result<Running, Fault> {
    let (ask, asked) = mpsc::unbounded_channel();
    let (stop, stopped) = oneshot::channel();
    let work = move || {
        let ended = block_on(async {
            tokio::select! {
                biased;
                // Dropped, never sent.
                _ = stopped => Ok(()),
                ended = run(&options, asked, &tell) => ended.map(|_| ()),
            }
        });
        if let Err(fault) = &ended {
            tell(Told::Trouble {
                text: fault.text.clone(),
                retry_in: None,
            });
        }
        ended
    };
    let thread = std::thread::Builder::new()
        .name("pull".to_owned())
        .spawn(work)
        .map_err(|e| Fault::new(FaultKind::Own, format!("cannot start a thread: {e}")))?;
    Ok(Running {
        ask,
        stop: Some(stop),
        thread: Some(thread),
    })
}

/// One walk, whatever [`PullOptions::follow`] says; waits for its end.
///
/// # Errors
/// As [`run`].
pub fn once(options: &PullOptions, tell: impl Fn(Told)) -> Result<Tally, Fault> {
    let options = PullOptions {
        follow: None,
        ..options.clone()
    };
    let (_, asked) = mpsc::unbounded_channel();
    block_on(run(&options, asked, &tell))
}

/// Fetches these alerts (`NO…`) as instances, into the store, and waits for them. Gives how many are new.
///
/// # Errors
/// As [`run`].
pub fn details(options: &PullOptions, sids: Vec<String>, tell: impl Fn(Told)) -> Result<usize, Fault> {
    let walker = Walker::open(options, &tell)?;
    block_on(walker.alert_details(sids))
}

fn block_on<T>(work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let own = |e| Fault::new(FaultKind::Own, format!("cannot wait for the network: {e}"));
    runtime.map_err(own)?.block_on(work)
}
