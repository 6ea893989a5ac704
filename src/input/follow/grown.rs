//! The content of a followed file, to be read again: also when the file has another name by now, or none, or when only a
//! copy has what it held.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::mark::Mark;
use crate::input::positional::read_at_most;

/// One content of a followed file. It gives these bytes or none: before and after each reading the head, the bytes before
/// the offset that was told, and the length are compared.
#[derive(Debug)]
pub(crate) struct Grown {
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    file: Option<Arc<File>>,
    path: PathBuf,
    head: Mark,
    tail: Mark,
    /// How long it is known to be.
    len: u64,
}

impl Kept {
    fn fits(&self, file: &File) -> bool {
        file.metadata().is_ok_and(|m| m.is_file() && m.len() >= self.tail.end())
            && self.head.fits(file)
            && self.tail.fits(file)
    }
}

impl Grown {
    pub(super) fn new(file: Option<Arc<File>>, path: &Path, head: Mark, tail: Mark, len: u64) -> Self {
        Self {
            kept: Mutex::new(Kept {
                file,
                path: path.to_owned(),
                head,
                tail,
                len,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many bytes it is known to have.
    pub(crate) fn len(&self) -> u64 {
        self.lock().len
    }

    /// A file that has the content: the one that was followed, under whatever name, or a copy of it beside it.
    pub(crate) fn file(&self) -> Option<Arc<File>> {
        let mut kept = self.lock();
        if let Some(file) = &kept.file {
            if kept.fits(file) {
                return Some(Arc::clone(file));
            }
            kept.file = None;
        }
        // Without a byte that was told, every file would do.
        if kept.tail.end() == 0 && kept.head.len() == 0 {
            return None;
        }
        let beside = siblings(&kept.path);
        let file = std::iter::once(kept.path.clone())
            .chain(beside)
            .filter_map(|p| open_plain(&p).ok())
            .find(|f| kept.fits(f))
            .map(Arc::new);
        kept.file.clone_from(&file);
        file
    }

    /// Bytes at places, as [`crate::input::Source::again`] gives them.
    pub(crate) fn again(&self, places: &[(u64, u32)]) -> Vec<Vec<u8>> {
        // Emptied while it was read: a copy may have been made before.
        for _ in 0..2 {
            let Some(file) = self.file() else { break };
            let most = self.len();
            let read = |&(at, len): &(u64, u32)| {
                let len = u64::from(len).min(most.saturating_sub(at));
                read_at_most(&file, at, len as usize).unwrap_or_default()
            };
            let out = places.iter().map(read).collect();
            if self.lock().fits(&file) {
                return out;
            }
        }
        vec![Vec::new(); places.len()]
    }

    /// The file that is held open, while it has the content.
    pub(super) fn held(&self) -> Option<Arc<File>> {
        let kept = self.lock();
        kept.file.clone().filter(|f| kept.fits(f))
    }

    pub(super) fn holds_open(&self) -> bool {
        self.lock().file.is_some()
    }

    pub(super) fn close(&self) {
        self.lock().file = None;
    }

    pub(super) fn reopened(&self, file: &Arc<File>) {
        self.lock().file = Some(Arc::clone(file));
    }

    pub(super) fn moved(&self, path: &Path) {
        let mut kept = self.lock();
        if kept.path != path {
            path.clone_into(&mut kept.path);
        }
    }

    pub(super) fn grew(&self, head: &Mark, tail: &Mark, len: u64) {
        let mut kept = self.lock();
        if kept.head.len() != head.len() {
            kept.head = head.clone();
        }
        kept.tail = tail.clone();
        kept.len = kept.len.max(len);
    }

    /// Nothing more was read of it than this.
    pub(super) fn ends_at(&self, len: u64) {
        self.lock().len = len;
    }
}

/// Opens a regular file; a named pipe would wait for its writer.
pub(super) fn open_plain(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("is not a regular file"));
    }
    File::open(path)
}

/// The files that may be what became of one: in its folder, with a name that begins like its own up to the first dot.
pub(super) fn siblings(path: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Vec::new();
    };
    let name = name.as_encoded_bytes();
    let stem = &name[..memchr::memchr(b'.', name).filter(|&n| n > 0).unwrap_or(name.len())];
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|e| Some(e.ok()?.file_name()))
        .filter(|n| n.as_encoded_bytes().starts_with(stem) && n.as_encoded_bytes() != name)
        .map(|n| path.with_file_name(n))
        .collect();
    found.sort();
    found
}
