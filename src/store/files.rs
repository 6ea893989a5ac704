//! The store's place on the disk: made with the right permissions, and never where others could have prepared a trap.
//!
//! SQLite gives `-wal` and `-shm` the mode of the file they belong to, so that one mode is enough.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::StoreError;

/// SQLite's locks on a file end when this process closes it anywhere, so nobody may open the store in the moment in which another
/// thread makes its file.
static OPENING: Mutex<()> = Mutex::new(());

pub(super) fn opening() -> MutexGuard<'static, ()> {
    OPENING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which file it is, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity(u64, u64);

impl Identity {
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        fs::metadata(path).ok().map(|m| Self(m.dev(), m.ino()))
    }

    /// There an open file can be neither moved nor deleted.
    #[cfg(not(unix))]
    pub(super) fn of(_: &Path) -> Option<Self> {
        None
    }
}

/// Makes folder and file where they are missing.
pub(super) fn prepare(path: &Path) -> Result<(), StoreError> {
    let folder = folder_of(path);
    make_folder(folder).map_err(|e| StoreError::io(folder, "make the store's folder", e))?;
    check_place(path, folder)?;
    let mut new = OpenOptions::new();
    new.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
    match new.open(path) {
        Ok(_) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => tighten(path),
        Err(e) => Err(StoreError::io(path, "make the store", e)),
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut new = fs::DirBuilder::new();
    new.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut new, 0o700);
    new.create(folder)
}

/// Where everybody may write, somebody else's link or file could stand under our name.
#[cfg(unix)]
fn check_place(path: &Path, folder: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::MetadataExt as _;
    let of_folder = fs::metadata(folder).map_err(|e| StoreError::io(folder, "look at the store's folder", e))?;
    let open_to_all = of_folder.mode() & 0o002 != 0;
    let sticky = of_folder.mode() & 0o1000 != 0;
    let not_safe = |why: &str| {
        Err(StoreError::Unsafe {
            path: path.to_owned(),
            why: why.to_owned(),
        })
    };
    if open_to_all && !sticky {
        return not_safe("everybody may write to its folder (chmod o-w helps); choose another place with REDIAL_STORE");
    }
    let Ok(of_file) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if of_file.is_dir() {
        return not_safe("it is a folder; name a file in it");
    }
    let ours = of_file.uid() == rustix::process::geteuid().as_raw();
    if open_to_all && (of_file.is_symlink() || !ours) {
        return not_safe(
            "everybody may write to its folder, and the file there is a link or another user's; choose another place with REDIAL_STORE",
        );
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_place(_: &Path, _: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// Takes from others what they may do with a file of ours: one that `sqlite3` or `cp` made is open to all.
#[cfg(unix)]
fn tighten(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    for file in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        let Ok(found) = fs::metadata(&file) else { continue };
        if found.mode() & 0o077 != 0 && found.uid() == rustix::process::geteuid().as_raw() {
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600))
                .map_err(|e| StoreError::io(&file, "take the store's permissions from others", e))?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn tighten(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// What stands where a store may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Writable,
    ReadOnly,
}

impl Found {
    pub(super) fn look(path: &Path) -> Result<Self, StoreError> {
        match fs::metadata(path) {
            Ok(m) if m.is_dir() => Err(StoreError::Unsafe {
                path: path.to_owned(),
                why: "it is a folder; name a file in it".to_owned(),
            }),
            Ok(_) => Ok(if writable(path) && writable(folder_of(path)) {
                Self::Writable
            } else {
                Self::ReadOnly
            }),
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Self::Nothing),
            Err(e) => Err(StoreError::io(path, "look at the store", e)),
        }
    }
}

/// Asked of the system, not tried: a file that is opened here and closed again would end SQLite's locks.
#[cfg(unix)]
fn writable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

#[cfg(not(unix))]
fn writable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|m| !m.permissions().readonly())
}

/// True when nothing waits in the write-ahead log.
pub(super) fn log_is_empty(path: &Path) -> bool {
    fs::metadata(beside(path, "-wal")).is_ok_and(|m| m.len() == 0) || !beside(path, "-wal").exists()
}

pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The store's name for SQLite, as a file that does not change.
pub(super) fn immutable_uri(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let bytes = absolute.as_os_str().as_encoded_bytes();
    let name = percent_encoding::percent_encode(bytes, &URI).to_string();
    format!("file:{name}?immutable=1")
}

const URI: percent_encoding::AsciiSet = percent_encoding::CONTROLS.add(b'?').add(b'#').add(b'%').add(b' ');
