//! Changes of files below some paths: the system's notices where there are some, else a look each second.
//!
//! What is no source of an app is passed over: version control, dependencies, results of builds, editors' own files, and
//! what `.gitignore` says; neither are logs and databases, unless `.gitignore` takes them in, nor what this program reads and
//! writes itself. What is named on the command line is watched whatever says otherwise. One thread; it ends when
//! [`Files`] is dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, SystemTime};

use ignore::WalkBuilder;
use ignore::gitignore::Gitignore;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use thiserror::Error;

/// How often files are looked at where the system says nothing.
const LOOK: Duration = Duration::from_secs(1);

/// Where each folder has a watch of its own anyway, those of dependencies, which would be most of them, are left out.
const EACH_FOLDER: bool = cfg!(target_os = "linux");

/// Folders that hold nothing to wait for.
const FOLDERS: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    ".jj",
    "node_modules",
    "target",
    "__pycache__",
    ".venv",
    ".tox",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".idea",
    ".vs",
];

/// Ends of names of editors' own files.
const ENDS: &[&str] = &[
    "~",
    ".swp",
    ".swo",
    ".swx",
    ".swpx",
    ".bak",
    "___jb_tmp___",
    "___jb_old___",
];

/// Ends of names of what apps write while they run.
const WRITTEN: &[&str] = &[".log", ".db", ".pyc", ".tmp"];

/// What such names hold before something else.
const WRITTEN_BEFORE: &[&str] = &[".db-", ".sqlite"];

/// A path cannot be watched.
#[derive(Debug, Error)]
pub enum FilesError {
    /// It is not there, or cannot be read.
    #[error("cannot watch {path}: {why}; give a file or folder of your app that is there, such as --watch src")]
    Path {
        /// As given.
        path: String,
        /// What the system said.
        why: String,
    },
    /// There is no thread for it.
    #[error("cannot watch files: {0}")]
    Thread(std::io::Error),
}

/// Files that are being watched.
#[derive(Debug)]
pub struct Files {
    stop: Sender<Raw>,
    /// What the user should know, such as that the system gives no notices.
    pub notes: Vec<String>,
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = self.stop.send(Raw::Stop);
    }
}

#[derive(Debug)]
enum Raw {
    Event(notify::Result<notify::Event>),
    Stop,
}

/// Calls `changed` from a thread for each change below `paths`, until it says false or [`Files`] is dropped. What is of this
/// program, `own`, is passed over with what a database keeps beside it.
///
/// # Errors
/// A path is not there, or the system gives no thread.
pub fn watch(
    paths: &[PathBuf],
    own: &[PathBuf],
    changed: impl FnMut(PathBuf) -> bool + Send + 'static,
) -> Result<Files, FilesError> {
    let mut roots: Vec<Root> = paths.iter().map(|p| Root::new(p)).collect::<Result<_, _>>()?;
    let own = of_ours(own);
    for root in &mut roots {
        root.own.clone_from(&own);
    }
    let (stop, raw) = channel();
    let told = stop.clone();
    let watcher = notify::recommended_watcher(move |event| {
        let _ = told.send(Raw::Event(event));
    });
    let (watcher, mut notes) = match watcher {
        Ok(w) => (Some(w), Vec::new()),
        Err(e) => (None, vec![no_notices(&e)]),
    };
    let mut thread = Thread {
        roots,
        watcher,
        watched: BTreeSet::new(),
        seen: None,
        changed,
    };
    notes.extend(thread.watch_all());
    std::thread::Builder::new()
        .name("watching".to_owned())
        .spawn(move || thread.run(&raw))
        .map_err(FilesError::Thread)?;
    Ok(Files { stop, notes })
}

fn no_notices(e: &notify::Error) -> String {
    format!("the system does not tell of changes ({e}): files are looked at each second")
}

/// Files of this program, with a database's own ones.
fn of_ours(own: &[PathBuf]) -> BTreeSet<PathBuf> {
    let real = own.iter().filter_map(|p| p.canonicalize().ok()).filter(|p| p.is_file());
    real.flat_map(|path| {
        ["", "-wal", "-shm", "-journal"].map(|end| {
            let mut name = path.clone().into_os_string();
            name.push(end);
            PathBuf::from(name)
        })
    })
    .collect()
}

/// A path that was given, and what below it is passed over.
struct Root {
    path: PathBuf,
    is_folder: bool,
    /// The deepest first.
    ignored: Vec<Gitignore>,
    /// What this program reads and writes.
    own: BTreeSet<PathBuf>,
}

impl Root {
    fn new(given: &Path) -> Result<Self, FilesError> {
        let wrong = |e: std::io::Error| FilesError::Path {
            path: given.display().to_string(),
            why: if e.kind() == std::io::ErrorKind::NotFound {
                "it is not there".to_owned()
            } else {
                e.to_string()
            },
        };
        let path = given.canonicalize().map_err(wrong)?;
        let is_folder = path.metadata().map_err(wrong)?.is_dir();
        if is_folder {
            path.read_dir().map_err(wrong)?;
        }
        let mut root = Self {
            path,
            is_folder,
            ignored: Vec::new(),
            own: BTreeSet::new(),
        };
        root.read_ignored();
        Ok(root)
    }

    /// Reads each `.gitignore` below the folder, and above it up to the top of the repository.
    fn read_ignored(&mut self) {
        self.ignored.clear();
        if !self.is_folder {
            return;
        }
        let mut all = Vec::new();
        for folder in self.path.ancestors().skip(1) {
            let below = folder.join(".git").exists();
            all.push(Gitignore::new(folder.join(".gitignore")).0);
            if below {
                break;
            }
            if folder.parent().is_none() {
                all.clear();
            }
        }
        if self.path.join(".git").exists() {
            all.clear();
        }
        // The folder itself was asked for.
        if all
            .iter()
            .any(|g| g.matched_path_or_any_parents(&self.path, true).is_ignore())
        {
            all.clear();
        }
        let folders = self.walk().filter(|(_, is_folder)| *is_folder).map(|(p, _)| p);
        let mut own: Vec<Gitignore> = folders
            .map(|f| f.join(".gitignore"))
            .filter(|f| f.is_file())
            .map(|f| Gitignore::new(f).0)
            .collect();
        own.sort_by_key(|g| std::cmp::Reverse(g.path().components().count()));
        own.append(&mut all);
        self.ignored = own;
    }

    /// What is below and not passed over, folders too, the root first.
    fn walk(&self) -> impl Iterator<Item = (PathBuf, bool)> + use<> {
        walk(&self.path)
    }

    /// A change there is one of the app.
    fn takes(&self, path: &Path) -> bool {
        if !self.is_folder {
            return path == self.path;
        }
        let Ok(below) = path.strip_prefix(&self.path) else {
            return false;
        };
        let mut names = below.components().filter_map(|c| match c {
            Component::Normal(name) => Some(name),
            _ => None,
        });
        if self.own.contains(path) || names.any(|n| is_of_tools(Some(n))) {
            return false;
        }
        let is_folder = path.is_dir();
        for g in self.ignored.iter().filter(|g| path.starts_with(g.path())) {
            match g.matched_path_or_any_parents(path, is_folder) {
                ignore::Match::Ignore(_) => return false,
                ignore::Match::Whitelist(_) => return true,
                ignore::Match::None => {}
            }
        }
        is_folder || !is_written(path)
    }
}

/// A file or folder and what is below it and not passed over: path, and whether it is a folder.
fn walk(top: &Path) -> impl Iterator<Item = (PathBuf, bool)> + use<> {
    let named = top.to_owned();
    let entries = WalkBuilder::new(top)
        .hidden(false)
        .require_git(false)
        .ignore(false)
        .filter_entry(move |e| e.path() == named || !is_of_tools(e.path().file_name()))
        .build();
    entries
        .flatten()
        .map(|e| (e.path().to_owned(), e.file_type().is_some_and(|t| t.is_dir())))
}

/// A name of version control, dependencies, results of builds, or of an editor's own file.
fn is_of_tools(name: Option<&std::ffi::OsStr>) -> bool {
    let Some(name) = name.and_then(|n| n.to_str()) else {
        return false;
    };
    let hash = name.len() > 1 && name.starts_with('#') && name.ends_with('#');
    // Vim tries with this name whether it may write.
    let of_editor = hash || name.starts_with(".#") || name == "4913" || name == ".DS_Store";
    of_editor || FOLDERS.contains(&name) || ENDS.iter().any(|e| name.ends_with(e))
}

/// A name of what an app writes while it runs.
fn is_written(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|n| n.to_str()) else {
        return false;
    };
    WRITTEN.iter().any(|e| name.ends_with(e)) || WRITTEN_BEFORE.iter().any(|e| name.contains(e))
}

/// Time and length of each file.
type Seen = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

struct Thread<F> {
    roots: Vec<Root>,
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
    /// What there was at the last look; none where notices come.
    seen: Option<Seen>,
    changed: F,
}

impl<F: FnMut(PathBuf) -> bool> Thread<F> {
    fn run(mut self, raw: &Receiver<Raw>) {
        loop {
            let next = match self.seen {
                None => raw.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(_) => raw.recv_timeout(LOOK),
            };
            let go_on = match next {
                Ok(Raw::Event(event)) => self.noticed(event),
                Ok(Raw::Stop) | Err(RecvTimeoutError::Disconnected) => false,
                Err(RecvTimeoutError::Timeout) => self.look(),
            };
            if !go_on {
                return;
            }
        }
    }

    /// Watches every folder that is not passed over; says so where only looking helps.
    fn watch_all(&mut self) -> Option<String> {
        let mut folders: Vec<PathBuf> = Vec::new();
        for root in &self.roots {
            if !root.is_folder {
                folders.push(root.path.parent().unwrap_or(&root.path).to_owned());
            } else if EACH_FOLDER {
                folders.extend(root.walk().filter(|(_, is_folder)| *is_folder).map(|(p, _)| p));
            } else {
                folders.push(root.path.clone());
            }
        }
        self.watch(folders)
    }

    /// A folder came while others were watched.
    fn watch_new(&mut self, folder: &Path) {
        if EACH_FOLDER {
            let below = walk(folder).filter(|(_, is_folder)| *is_folder).map(|(p, _)| p);
            let _ = self.watch(below.collect());
        }
    }

    fn watch(&mut self, folders: Vec<PathBuf>) -> Option<String> {
        let failed = match &mut self.watcher {
            None => String::new(),
            Some(watcher) => folders.into_iter().find_map(|folder| {
                let of_file = self.roots.iter().all(|r| !r.is_folder || !folder.starts_with(&r.path));
                let mode = if EACH_FOLDER || of_file {
                    RecursiveMode::NonRecursive
                } else {
                    RecursiveMode::Recursive
                };
                if self.watched.contains(&folder) {
                    return None;
                }
                match watcher.watch(&folder, mode) {
                    Ok(()) => {
                        self.watched.insert(folder);
                        None
                    }
                    // It went away meanwhile.
                    Err(_) if !folder.exists() => None,
                    Err(e) => Some(no_notices(&e)),
                }
            })?,
        };
        self.watcher = None;
        if self.seen.is_none() {
            self.seen = Some(self.there());
        }
        Some(failed).filter(|f| !f.is_empty())
    }

    /// A notice; false to end.
    fn noticed(&mut self, event: notify::Result<notify::Event>) -> bool {
        let Ok(event) = event else {
            return self.looked_anew();
        };
        if event.need_rescan() {
            return self.looked_anew();
        }
        if matches!(event.kind, EventKind::Access(_)) {
            return true;
        }
        let mut go_on = true;
        for path in event.paths {
            if path.file_name().is_some_and(|n| n == ".gitignore") {
                self.roots.iter_mut().for_each(Root::read_ignored);
            }
            if !self.roots.iter().any(|r| r.takes(&path)) {
                continue;
            }
            if matches!(event.kind, EventKind::Remove(_)) {
                self.watched.remove(&path);
            } else if path.is_dir() {
                // What is written into it before it is watched belongs to this change.
                self.watched.remove(&path);
                self.watch_new(&path);
            }
            go_on = go_on && (self.changed)(path);
        }
        go_on
    }

    /// Notices were lost: anything may have changed.
    fn looked_anew(&mut self) -> bool {
        let _ = self.watch_all();
        let first = self.roots.first().map(|r| r.path.clone());
        first.is_none_or(|path| (self.changed)(path))
    }

    fn there(&self) -> Seen {
        let mut seen = Seen::new();
        let all = self.roots.iter().flat_map(|r| r.walk().map(move |found| (r, found)));
        for (root, (path, is_folder)) in all {
            // The walk knows the other rules.
            let told = !(is_written(&path) || root.own.contains(&path)) || root.takes(&path);
            if is_folder || !told {
                continue;
            }
            if let Ok(m) = path.metadata().map(|m| (m.modified().ok(), m.len())) {
                seen.insert(path, m);
            }
        }
        seen
    }

    /// Compares with the last look; false to end.
    fn look(&mut self) -> bool {
        let now = self.there();
        let was = self.seen.replace(now.clone()).unwrap_or_default();
        let new = now.iter().find(|(p, m)| was.get(*p) != Some(*m)).map(|(p, _)| p);
        let gone = was.keys().find(|p| !now.contains_key(*p));
        match new.or(gone) {
            Some(path) => (self.changed)(path.clone()),
            None => true,
        }
    }
}

#[cfg(test)]
mod tests;
