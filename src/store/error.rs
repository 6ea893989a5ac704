//! What can be wrong with the store, and what to do then. Nothing here ever leads to deleting a file.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the store could not be opened, read or written. What was committed before is still there in every case.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No room on the disk, or none within a quota.
    #[error("{}: the disk is full; nothing that was kept before is lost. Make room there (move other files away), or remove old events, which needs some room itself: redial store prune --keep 7d", path.display())]
    Full {
        /// The store.
        path: PathBuf,
    },
    /// Not even room to remove anything.
    #[error("{0}: the disk is so full that not even events can be removed, for that needs some MiB itself; nothing is lost. Move other files away from this disk, or copy the store to another one ({0} and {0}-wal, while nothing runs) and name it with REDIAL_STORE", path.display())]
    Cramped {
        /// The store.
        path: PathBuf,
    },
    /// File or folder cannot be written.
    #[error("{}: the store cannot be written: {why}. Make file and folder writable, or choose another place with REDIAL_STORE", path.display())]
    ReadOnly {
        /// The store.
        path: PathBuf,
        /// How that was found out.
        why: String,
    },
    /// The file is damaged, or no database at all.
    #[error(
        "{0}: the store is damaged ({why}). Nothing was changed or deleted. Move it away (mv '{0}' '{0}.damaged', and {0}-wal and {0}-shm the same way), then save what can be read: sqlite3 '{0}.damaged' \".recover\" | sqlite3 '{0}'",
        path.display()
    )]
    Corrupt {
        /// The store.
        path: PathBuf,
        /// What SQLite says.
        why: String,
    },
    /// Written by a later version of this program.
    #[error("{}: the store is of version {found}, this program knows versions up to {known}. Use a newer redial, or choose another place with REDIAL_STORE", path.display())]
    Newer {
        /// The store.
        path: PathBuf,
        /// Its version.
        found: usize,
        /// The newest that we know.
        known: usize,
    },
    /// A database, but not ours.
    #[error("{}: this is the database of another program. Choose another place with REDIAL_STORE", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Another program has held it for longer than we wait.
    #[error("{}: another program holds the store locked for too long. End it (lsof '{}' names it) and try again", path.display(), path.display())]
    Busy {
        /// The store.
        path: PathBuf,
    },
    /// A place where others could put a file of theirs under our name.
    #[error("{}: not a safe place for the store: {why}", path.display())]
    Unsafe {
        /// The place.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The file system said no.
    #[error("{}: cannot {doing}: {source}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Anything else that SQLite says.
    #[error("{}: cannot {doing}: {source}", path.display())]
    Sql {
        /// The store.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The thread that writes has ended.
    #[error("the store was closed")]
    Closed,
}

impl StoreError {
    /// Puts SQLite's answer into our words.
    pub(super) fn of(path: &Path, doing: &'static str, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        let rusqlite::Error::SqliteFailure(e, text) = &source else {
            return Self::Sql { path, doing, source };
        };
        let why = || text.clone().unwrap_or_else(|| e.to_string());
        match e.code {
            ErrorCode::DiskFull => Self::Full { path },
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Self::ReadOnly { path, why: why() },
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Corrupt { path, why: why() },
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy { path },
            _ => Self::Sql { path, doing, source },
        }
    }

    /// As the file system said it.
    pub(super) fn io(path: &Path, doing: &'static str, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly {
                path,
                why: format!("cannot {doing}: {source}"),
            },
            _ => Self::Io { path, doing, source },
        }
    }

    /// What is wrong, in words for somebody who may not know where the store lies.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Full { .. } | Self::Cramped { .. } => "the disk is full",
            Self::ReadOnly { .. } => "the store cannot be written",
            Self::Corrupt { .. } => "the store is damaged",
            Self::Newer { .. } | Self::Foreign { .. } => "the store is not one of this version",
            Self::Busy { .. } => "another program holds the store locked",
            Self::Unsafe { .. } => "the store lies in no safe place",
            Self::Io { .. } | Self::Sql { .. } => "the store cannot be used",
            Self::Closed => "the listener is stopping",
        }
    }

    /// True when trying again later can help without anybody doing anything to the file.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Cramped { .. } | Self::Busy { .. })
    }
}
