//! Being woken when a followed file changes: the system's notices where there are some, and a waker for other threads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf, absolute};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::world::{Identity, Look, World};

/// Notices that come closer together than this are looked at together.
const BURST: Duration = Duration::from_millis(3);

/// What was noticed since it was asked for last.
#[derive(Debug, Default)]
pub(super) struct Noticed {
    /// As they were named when following began.
    pub(super) paths: BTreeSet<PathBuf>,
    /// Notices were lost: anything may have changed.
    pub(super) all: bool,
}

#[derive(Debug, Default)]
struct State {
    noticed: Noticed,
    woken: bool,
    /// Followed files, and where links among them lead, to their names as given.
    names: BTreeMap<PathBuf, PathBuf>,
    /// Followed folders to their names as given.
    folders: BTreeMap<PathBuf, PathBuf>,
}

#[derive(Debug, Default)]
pub(super) struct Signal {
    state: Mutex<State>,
    changed: Condvar,
}

impl Signal {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&self) -> Noticed {
        std::mem::take(&mut self.lock().noticed)
    }

    /// Waits until something is noticed or somebody wakes it. A burst is waited for as long as the last one is near.
    pub(super) fn wait(&self, most: Duration, last: &mut Option<Instant>) {
        let something = |s: &mut State| s.woken || s.noticed.all || !s.noticed.paths.is_empty();
        let (mut state, _) = self
            .changed
            .wait_timeout_while(self.lock(), most, |s| !something(s))
            .unwrap_or_else(PoisonError::into_inner);
        let near = last.map_or(Duration::ZERO, |l| BURST.saturating_sub(l.elapsed()));
        if !state.woken && something(&mut state) && !near.is_zero() {
            let (waited, _) = self
                .changed
                .wait_timeout_while(state, near, |s| !s.woken)
                .unwrap_or_else(PoisonError::into_inner);
            state = waited;
        }
        state.woken = false;
        *last = Some(Instant::now());
    }

    fn notice(&self, event: &Event) {
        // Reading a file is noticed too.
        if matches!(event.kind, EventKind::Access(_)) && !event.need_rescan() {
            return;
        }
        let mut state = self.lock();
        let mut some = event.need_rescan();
        state.noticed.all |= some;
        for path in &event.paths {
            if let Some(name) = state.named(path)
                && !state.noticed.paths.contains(&name)
            {
                state.noticed.paths.insert(name);
                some = true;
            }
        }
        drop(state);
        if some {
            self.changed.notify_all();
        }
    }
}

impl State {
    /// A followed file's name as given; none when nobody wants to know.
    fn named(&self, path: &Path) -> Option<PathBuf> {
        if let Some(name) = self.names.get(path) {
            return Some(name.clone());
        }
        self.folders.iter().find_map(|(folder, name)| {
            let below = path.strip_prefix(folder).ok()?;
            let hidden = below.iter().any(|p| p.as_encoded_bytes().starts_with(b"."));
            (!hidden).then(|| {
                if below.as_os_str().is_empty() {
                    name.clone()
                } else {
                    name.join(below)
                }
            })
        })
    }
}

/// Ends a [`super::Follow::wait`] from another thread.
#[derive(Clone, Debug)]
pub struct Waker(pub(super) Arc<Signal>);

impl Waker {
    /// The wait under way, or the next one, ends at once.
    pub fn wake(&self) {
        self.0.lock().woken = true;
        self.0.changed.notify_all();
    }
}

/// The system's notices about the folders of what is followed.
#[derive(Debug)]
pub(super) struct Watch {
    watcher: RecommendedWatcher,
    signal: Arc<Signal>,
    /// Watched folders, and which they were then: another one of the same name is not watched.
    folders: BTreeMap<PathBuf, (Identity, RecursiveMode)>,
    /// Those that cannot be watched; said once.
    refused: BTreeSet<PathBuf>,
}

impl Watch {
    pub(super) fn new(signal: &Arc<Signal>) -> notify::Result<Self> {
        let told = Arc::clone(signal);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| match event {
            Ok(event) => told.notice(&event),
            Err(_) => {
                told.lock().noticed.all = true;
                told.changed.notify_all();
            }
        })?;
        Ok(Self {
            watcher,
            signal: Arc::clone(signal),
            folders: BTreeMap::new(),
            refused: BTreeSet::new(),
        })
    }

    /// Sees to it that a followed folder, or the folder of a followed file, is watched. Says why it cannot be, once; true
    /// when it was not watched before.
    pub(super) fn see_to(&mut self, world: &dyn World, path: &Path, is_folder: bool) -> Result<bool, String> {
        let Ok(own) = absolute(path) else { return Ok(false) };
        if is_folder {
            self.signal.lock().folders.insert(own.clone(), path.to_owned());
            return self.watch(world, &own, RecursiveMode::Recursive);
        }
        let mut new = Ok(false);
        // A link changes where it stands; what is added is noticed where it leads.
        for file in [Some(own.clone()), own.canonicalize().ok()].into_iter().flatten() {
            let Some(folder) = file.parent().map(Path::to_owned) else {
                continue;
            };
            self.signal.lock().names.insert(file, path.to_owned());
            match self.watch(world, &folder, RecursiveMode::NonRecursive) {
                Ok(now) => new = new.map(|n| n || now),
                Err(e) => new = Err(e),
            }
        }
        new
    }

    fn watch(&mut self, world: &dyn World, folder: &Path, mode: RecursiveMode) -> Result<bool, String> {
        let Ok(look) = Look::path(world, folder) else {
            self.folders.remove(folder);
            return Ok(false);
        };
        match self.folders.get(folder) {
            Some(&(known, was)) if known == look.identity && (was == mode || was == RecursiveMode::Recursive) => {
                return Ok(false);
            }
            Some(_) => {
                // Of a folder that is gone, the watch is gone too.
                let _ = self.watcher.unwatch(folder);
            }
            None => {}
        }
        match self.watcher.watch(folder, mode) {
            Ok(()) => {
                self.folders.insert(folder.to_owned(), (look.identity, mode));
                self.refused.remove(folder);
                Ok(true)
            }
            Err(e) if self.refused.insert(folder.to_owned()) => Err(e.to_string()),
            Err(_) => Ok(false),
        }
    }

    /// Whether something is not watched, so that only looking tells.
    pub(super) fn is_partial(&self) -> bool {
        !self.refused.is_empty()
    }
}
