//! What the user named, found and opened.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::follow::Grown;

/// One input of the run. A clone is the same input: both can be read, on any thread.
#[derive(Clone, Debug)]
pub struct Source {
    /// As shown to the user: the path as given, or `-`.
    pub name: String,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A regular file whose bytes are its text, and its size when opened.
    Plain(Arc<File>, u64),
    /// A regular file that decodes to text.
    Coded(Arc<File>, Code),
    /// A pipe or terminal.
    Pipe(Arc<Pipe>),
    /// A followed file: what it held of one content.
    Grown(Arc<Grown>),
}

/// What can be read only once, and the copy of it that is made on the way.
pub(super) struct Pipe {
    /// The named pipe, or whoever makes the text; none for standard input.
    from: Mutex<Option<Box<dyn Read + Send>>>,
    /// The copy of the decoded text, from the moment at which reading begins; none when there can be none.
    copy: OnceLock<Option<Arc<File>>>,
    /// What its maker calls its lines.
    ids: Option<Arc<LineIds>>,
}

/// What the maker of a text calls its lines, such as the ids of events: one for each line, in their order, noted before the line is
/// given.
#[derive(Debug, Default)]
pub struct LineIds(Mutex<Vec<i64>>);

impl LineIds {
    /// Notes the id of the next line.
    pub fn note(&self, id: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(id);
    }

    /// The id of a line, counted from 1.
    pub fn of(&self, line: u64) -> Option<i64> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(usize::try_from(line.checked_sub(1)?).ok()?).copied()
    }
}

impl std::fmt::Debug for Pipe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipe").field("copy", &self.copy).finish_non_exhaustive()
    }
}

impl Pipe {
    fn kind(from: Option<Box<dyn Read + Send>>) -> Kind {
        Self::with_ids(from, None)
    }

    fn with_ids(from: Option<Box<dyn Read + Send>>, ids: Option<Arc<LineIds>>) -> Kind {
        Kind::Pipe(Arc::new(Self {
            from: Mutex::new(from),
            copy: OnceLock::new(),
            ids,
        }))
    }

    /// The pipe itself.
    pub(super) fn open(&self) -> Box<dyn Read + Send> {
        match self.from.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(from) => from,
            None => Box::new(io::stdin()),
        }
    }

    /// The copy so far; none before the pipe is read.
    pub(super) fn copy(&self) -> Option<&Arc<File>> {
        self.copy.get().and_then(Option::as_ref)
    }

    /// Begins the copy; false when the pipe has been read before.
    pub(super) fn begin(&self) -> bool {
        let mut first = false;
        self.copy.get_or_init(|| {
            first = true;
            tempfile::tempfile().ok().map(Arc::new)
        });
        first
    }
}

/// How a file is coded, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Gzip,
    Zstd,
    Utf16,
}

/// Something that could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("{name}: cannot {what}: {why}")]
pub struct Failure {
    /// The path as given.
    pub name: String,
    /// Such as `open the file`.
    pub what: &'static str,
    /// The system's reason.
    #[source]
    pub why: io::Error,
}

impl Source {
    /// Whether a place can be read again without reading what stands before it: not so in a compressed file.
    pub fn again_is_cheap(&self) -> bool {
        !matches!(self.kind, Kind::Coded(..))
    }

    /// The same input, whose text is kept in a nameless temporary file when it has to be decoded: whoever looks at many places
    /// must not decode it again for each.
    #[must_use]
    pub fn kept(self) -> Self {
        let kind = match self.kind {
            Kind::Coded(file, code) => match (file.try_clone(), tempfile::tempfile()) {
                (Ok(f), Ok(_)) => Pipe::kind(Some(Box::new(f))),
                _ => Kind::Coded(file, code),
            },
            kind => kind,
        };
        Self { kind, ..self }
    }

    /// A text that somebody makes while it is read, such as the events of the store; a nameless copy is kept on the way. `ids` is what
    /// its maker calls its lines.
    pub fn made(name: impl Into<String>, text: impl Read + Send + 'static, ids: Arc<LineIds>) -> Self {
        Self {
            name: name.into(),
            kind: Pipe::with_ids(Some(Box::new(text)), Some(ids)),
        }
    }

    /// What its maker calls a line, counted from 1; none where nobody made it, or the line is not there yet.
    pub fn id_of(&self, line: u64) -> Option<i64> {
        match &self.kind {
            Kind::Pipe(pipe) => pipe.ids.as_ref()?.of(line),
            _ => None,
        }
    }

    /// The file whose bytes are its text; none where the text has to be decoded, or was never in a file.
    pub(super) fn plain_file(&self) -> Option<Arc<File>> {
        match &self.kind {
            Kind::Plain(file, _) => Some(Arc::clone(file)),
            Kind::Grown(grown) => grown.file(),
            Kind::Coded(..) | Kind::Pipe(_) => None,
        }
    }

    /// Whether it may go on for ever: a pipe, or what somebody makes. It must not keep other inputs waiting.
    pub fn is_pipe(&self) -> bool {
        matches!(self.kind, Kind::Pipe(_))
    }

    /// How many bytes there are to read, when that is known.
    pub fn size(&self) -> Option<u64> {
        match &self.kind {
            Kind::Plain(_, len) => Some(*len),
            Kind::Coded(f, _) => f.metadata().ok().map(|m| m.len()),
            Kind::Pipe(_) => None,
            Kind::Grown(grown) => Some(grown.len()),
        }
    }
}

/// Finds the inputs that the user named, folders read recursively and sorted. What cannot be opened is told and left out.
pub fn find(names: &[PathBuf]) -> (Vec<Source>, Vec<Failure>) {
    let (mut sources, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        if name.as_os_str() == "-" {
            sources.push(standard_input());
        } else {
            match fs::metadata(name) {
                Ok(m) if m.is_dir() => folder(name, &mut sources, &mut failures),
                Ok(_) => file(name, false, &mut sources, &mut failures),
                Err(why) => failures.push(failure(name, "open", why)),
            }
        }
    }
    (sources, failures)
}

fn failure(name: &Path, what: &'static str, why: io::Error) -> Failure {
    Failure {
        name: name.display().to_string(),
        what,
        why,
    }
}

/// Hidden files, and files that are no text, are passed over in folders.
fn folder(path: &Path, sources: &mut Vec<Source>, failures: &mut Vec<Failure>) {
    let entries = match fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
        Ok(e) => e,
        Err(why) => return failures.push(failure(path, "list the folder", why)),
    };
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        if path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b".")) {
            continue;
        }
        // A link to a folder is not followed: it could lead back here.
        match fs::symlink_metadata(&path) {
            Ok(m) if m.is_dir() => folder(&path, sources, failures),
            Ok(_) if fs::metadata(&path).is_ok_and(|m| m.is_file()) => file(&path, true, sources, failures),
            Ok(_) => {}
            Err(why) => failures.push(failure(&path, "open", why)),
        }
    }
}

fn file(path: &Path, in_folder: bool, sources: &mut Vec<Source>, failures: &mut Vec<Failure>) {
    match open(path) {
        Ok((kind, binary)) => {
            if !(in_folder && binary) {
                sources.push(Source {
                    name: path.display().to_string(),
                    kind,
                });
            }
        }
        Err(why) => failures.push(failure(path, "open", why)),
    }
}

/// Opens a file by its path; says too whether it is no text.
pub(super) fn open(path: &Path) -> io::Result<(Kind, bool)> {
    let mut f = File::open(path)?;
    let meta = f.metadata()?;
    if !meta.is_file() {
        return Ok((Pipe::kind(Some(Box::new(f))), false));
    }
    let mut head = [0; 8192];
    let n = read_some(&mut f, &mut head)?;
    f.seek(SeekFrom::Start(0))?;
    let head = &head[..n];
    Ok(match code(head) {
        Some(code) => (Kind::Coded(Arc::new(f), code), false),
        None => (Kind::Plain(Arc::new(f), meta.len()), head.contains(&0)),
    })
}

pub(super) fn code(head: &[u8]) -> Option<Code> {
    match head {
        [0x1f, 0x8b, ..] => Some(Code::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Code::Zstd),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some(Code::Utf16),
        _ => None,
    }
}

/// Fills a buffer as far as the reader goes.
pub(super) fn read_some(r: &mut impl Read, buf: &mut [u8]) -> io::Result<usize> {
    let mut n = 0;
    while n < buf.len() {
        match r.read(&mut buf[n..]) {
            Ok(0) => break,
            Ok(k) => n += k,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(n)
}

/// Standard input: a file when it was redirected from one at its beginning, else a pipe.
fn standard_input() -> Source {
    let name = "-".to_owned();
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        if let Ok(fd) = io::stdin().as_fd().try_clone_to_owned() {
            let mut f = File::from(fd);
            if f.metadata().is_ok_and(|m| m.is_file())
                && f.stream_position().is_ok_and(|p| p == 0)
                && let Ok(kind) = redirected(&mut f)
            {
                return Source { name, kind };
            }
        }
    }
    Source {
        name,
        kind: Pipe::kind(None),
    }
}

#[cfg(unix)]
fn redirected(f: &mut File) -> io::Result<Kind> {
    let mut head = [0; 4];
    let n = read_some(f, &mut head)?;
    f.seek(SeekFrom::Start(0))?;
    let (len, own) = (f.metadata()?.len(), Arc::new(f.try_clone()?));
    Ok(match code(&head[..n]) {
        Some(c) => Kind::Coded(own, c),
        None => Kind::Plain(own, len),
    })
}

#[cfg(all(test, unix))]
impl Source {
    /// A pipe by its reading end.
    pub(super) fn pipe(from: io::PipeReader) -> Self {
        Self {
            name: "-".to_owned(),
            kind: Pipe::kind(Some(Box::new(from))),
        }
    }
}
