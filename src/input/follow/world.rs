//! What following needs of the outside: which file a name stands for, and what time it is.

use std::fmt::Debug;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

/// The number of a file in its file system. The system gives it to another file once this one is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// Number of the device.
    pub device: u64,
    /// Number on the device.
    pub inode: u64,
}

/// The clock and the numbers of files: tests give their own, so that they need neither sleep nor luck.
pub trait World: Debug + Send + Sync {
    /// Which file this is.
    fn identity(&self, of: &Metadata) -> Identity;
    /// Time since some beginning; never goes back.
    fn now(&self) -> Duration;
    /// The time that the file system stamps files with.
    fn wall(&self) -> SystemTime;
}

/// The system's own.
#[derive(Debug)]
pub struct System {
    start: Instant,
}

impl Default for System {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl World for System {
    #[cfg(unix)]
    fn identity(&self, of: &Metadata) -> Identity {
        use std::os::unix::fs::MetadataExt;
        Identity {
            device: of.dev(),
            inode: of.ino(),
        }
    }

    /// The moment of creation stands in for a number, which only nightly compilers give.
    #[cfg(not(unix))]
    fn identity(&self, of: &Metadata) -> Identity {
        let since = |t: SystemTime| t.duration_since(SystemTime::UNIX_EPOCH).ok();
        Identity {
            device: 0,
            inode: of.created().ok().and_then(since).map_or(0, |d| d.as_nanos() as u64),
        }
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// What one look at a file tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) identity: Identity,
    pub(super) len: u64,
    pub(super) modified: Option<SystemTime>,
    /// How many names it has; a file without one is deleted.
    pub(super) links: u64,
    pub(super) kind: LookKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LookKind {
    File,
    Folder,
    Other,
}

impl Look {
    /// At the file that a name stands for, links followed.
    pub(super) fn path(world: &dyn World, path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|m| Self::of(world, &m))
    }

    /// At an open file.
    pub(super) fn file(world: &dyn World, file: &File) -> io::Result<Self> {
        file.metadata().map(|m| Self::of(world, &m))
    }

    fn of(world: &dyn World, m: &Metadata) -> Self {
        #[cfg(unix)]
        let links = std::os::unix::fs::MetadataExt::nlink(m);
        #[cfg(not(unix))]
        let links = 1;
        Self {
            identity: world.identity(m),
            len: m.len(),
            modified: m.modified().ok(),
            links,
            kind: match () {
                () if m.is_file() => LookKind::File,
                () if m.is_dir() => LookKind::Folder,
                () => LookKind::Other,
            },
        }
    }
}

/// How a file looked when its content was judged. Stamps are coarse: a file that was written to a moment before may change
/// without looking different, so only a stamp of some age says that nothing changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    len: u64,
    modified: SystemTime,
}

impl Seen {
    pub(super) fn of(look: &Look, world: &dyn World) -> Option<Self> {
        const COARSE: Duration = Duration::from_millis(100);
        let modified = look.modified?;
        let old = world.wall().duration_since(modified).is_ok_and(|age| age > COARSE);
        old.then_some(Self {
            len: look.len,
            modified,
        })
    }

    pub(super) fn still(&self, look: &Look) -> bool {
        self.len == look.len && Some(self.modified) == look.modified
    }
}
