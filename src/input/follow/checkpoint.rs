//! What a later run needs to go on: which contents were read how far. Nothing of their text is kept, only hashes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::mark;
use super::world::Identity;

/// The form that is written now.
const VERSION: u32 = 1;

/// How far the files of a run were taken in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    version: u32,
    pub(super) files: Vec<Entry>,
}

/// One content.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Where it was last, for people and to find it again; the content decides.
    pub(super) path: String,
    #[serde(flatten)]
    pub(super) identity: Identity,
    pub(super) head: mark::Kept,
    /// What stands before `bytes`, when that could be known.
    pub(super) tail: Option<mark::Kept>,
    /// What stands at the end of copies of it.
    #[serde(default)]
    pub(super) copies: Vec<mark::Kept>,
    /// Taken in for good.
    pub(super) bytes: u64,
    pub(super) lines: u64,
    /// A coded file that was read as a whole; its marks are of the file as it lies there.
    #[serde(default)]
    pub(super) whole: bool,
    /// Nothing more was expected of it.
    #[serde(default)]
    pub(super) over: bool,
}

/// Why there is no checkpoint to go on from.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It cannot be read or written.
    #[error("{path}: cannot {what} the checkpoint: {why}", path = path.display())]
    Io {
        /// The checkpoint's path.
        path: PathBuf,
        /// Such as `read`.
        what: &'static str,
        /// The system's reason.
        #[source]
        why: io::Error,
    },
    /// It is not what was written: begin from the beginning.
    #[error("{path}: the checkpoint is damaged ({why}); delete it to begin from the beginning", path = path.display())]
    Damaged {
        /// The checkpoint's path.
        path: PathBuf,
        /// What does not fit.
        why: String,
    },
}

impl Checkpoint {
    pub(super) fn new(files: Vec<Entry>) -> Self {
        Self {
            version: VERSION,
            files,
        }
    }

    /// Writes it so that there is the old one or the new one at any moment, also after a crash. Only the user may read it.
    ///
    /// # Errors
    ///
    /// The folder cannot be made or written to.
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        self.write(path).map_err(|why| CheckpointError::Io {
            path: path.to_owned(),
            what: "write",
            why,
        })
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let folder = path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|e| e.error)?;
        // A folder cannot be opened everywhere; where it can, the new name is safe only then.
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        Ok(())
    }

    /// Reads one; none when there is none yet.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is damaged.
    pub fn load(path: &Path) -> Result<Option<Self>, CheckpointError> {
        let text = match fs::read(path) {
            Ok(t) => t,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(why) => {
                return Err(CheckpointError::Io {
                    path: path.to_owned(),
                    what: "read",
                    why,
                });
            }
        };
        let damaged = |why: String| CheckpointError::Damaged {
            path: path.to_owned(),
            why,
        };
        let read: Self = serde_json::from_slice(&text).map_err(|e| damaged(e.to_string()))?;
        if read.version != VERSION {
            return Err(damaged(format!("version {} is not known", read.version)));
        }
        for entry in &read.files {
            let marks = std::iter::once(&entry.head).chain(&entry.tail).chain(&entry.copies);
            if marks.map(mark::Mark::of).any(|m| m.is_none()) {
                return Err(damaged(format!("the marks of {} are none", entry.path)));
            }
        }
        Ok(Some(read))
    }
}
