//! Following files: scenarios by name, and a property against a toy model of files and their writers.
//!
//! Everything but the last few tests runs on real files, step by step, with a clock and file numbers of its own: [`Toy`]. Each
//! write stamps the file with that clock, so that no test depends on how fast the machine is.

mod model;
mod waiting;

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use redial::input::follow::{Checkpoint, Ended, FileId, Follow, FollowOptions, Happened, Identity, World};
use redial::input::{Source, each_line};
use tempfile::TempDir;

/// A clock that goes when it is told to, and file numbers that can be given out twice.
#[derive(Debug, Default)]
struct Toy {
    ms: AtomicU64,
    /// Real numbers to those that are shown.
    numbers: Mutex<HashMap<u64, u64>>,
    next: AtomicU64,
}

impl Toy {
    fn stamp(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000) + self.now()
    }

    fn advance(&self, ms: u64) {
        self.ms.fetch_add(ms, Ordering::Relaxed);
    }

    fn number(&self, path: &Path) -> u64 {
        self.numbers.lock().unwrap()[&fs::metadata(path).unwrap().ino()]
    }

    /// A file was made; it gets a number of its own, or that of a deleted one.
    fn made(&self, path: &Path, number: Option<u64>) {
        let number = number.unwrap_or_else(|| self.next.fetch_add(1, Ordering::Relaxed));
        let real = fs::metadata(path).unwrap().ino();
        self.numbers.lock().unwrap().insert(real, number);
    }
}

impl World for Toy {
    fn identity(&self, of: &fs::Metadata) -> Identity {
        let shown = self.numbers.lock().unwrap().get(&of.ino()).copied();
        Identity {
            device: of.dev(),
            inode: shown.unwrap_or(1 << 40 | of.ino()),
        }
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.ms.load(Ordering::Relaxed))
    }

    fn wall(&self) -> SystemTime {
        self.stamp()
    }
}

/// What was told of one generation.
#[derive(Debug)]
struct Generation {
    source: Source,
    after: Option<FileId>,
    from: u64,
    line: u64,
    bytes: Vec<u8>,
    ended: Option<Ended>,
}

impl Generation {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }

    /// Its bytes, read again.
    fn again(&self) -> Vec<u8> {
        self.source.again(&[(self.from, self.bytes.len() as u32)]).remove(0)
    }
}

#[derive(Debug, Default)]
struct Told {
    order: Vec<FileId>,
    generations: BTreeMap<FileId, Generation>,
    wholes: Vec<(FileId, Source)>,
    waiting: Vec<(PathBuf, Option<String>)>,
    trouble: Vec<String>,
    largest: usize,
}

impl Told {
    fn take(&mut self, happened: Happened<'_>) {
        match happened {
            Happened::Begin {
                file,
                source,
                after,
                at,
                line,
                ..
            } => {
                let new = Generation {
                    source,
                    after,
                    from: at,
                    line,
                    bytes: Vec::new(),
                    ended: None,
                };
                assert!(self.generations.insert(file, new).is_none());
                self.order.push(file);
            }
            Happened::Bytes { file, at, bytes } => {
                let g = self.generations.get_mut(&file).unwrap();
                assert_eq!(at, g.from + g.bytes.len() as u64, "{}", g.source.name);
                assert_eq!(g.ended, None);
                g.bytes.extend_from_slice(bytes);
                self.largest = self.largest.max(bytes.len());
            }
            Happened::End { file, why } => {
                let g = self.generations.get_mut(&file).unwrap();
                assert_eq!(g.ended.replace(why), None);
            }
            Happened::Whole { file, source } => self.wholes.push((file, source)),
            Happened::Waiting { path, why } => self.waiting.push((path, why)),
            Happened::Trouble { what, .. } => self.trouble.push(what),
        }
    }
}

/// A folder, a follower of something in it, and what it told.
struct Bench {
    folder: TempDir,
    world: Arc<Toy>,
    paths: Vec<PathBuf>,
    follow: Follow,
    told: Told,
}

impl Bench {
    /// Follows these names in a new folder; the folder itself is `.`.
    fn new(names: &[&str]) -> Self {
        Self::with(names, |_| {})
    }

    fn with(names: &[&str], set: impl FnOnce(&mut FollowOptions)) -> Self {
        let folder = TempDir::new().unwrap();
        let world = Arc::new(Toy::default());
        let paths: Vec<PathBuf> = names.iter().map(|n| folder.path().join(n)).collect();
        let mut options = Self::options(&world);
        set(&mut options);
        Self {
            follow: Follow::new(&paths, options),
            folder,
            world,
            paths,
            told: Told::default(),
        }
    }

    fn options(world: &Arc<Toy>) -> FollowOptions {
        FollowOptions {
            watch: false,
            world: Arc::<Toy>::clone(world),
            ..FollowOptions::default()
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn stamp(&self, file: &File) {
        self.world.advance(1);
        file.set_modified(self.world.stamp()).unwrap();
    }

    /// Appends to a file, which is made when it is not there.
    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        let new = !path.exists();
        let mut file = OpenOptions::new().append(true).create(true).open(&path).unwrap();
        if new {
            self.world.made(&path, None);
        }
        file.write_all(text.as_bytes()).unwrap();
        self.stamp(&file);
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    fn copy(&self, from: &str, to: &str) {
        fs::copy(self.path(from), self.path(to)).unwrap();
        self.world.made(&self.path(to), None);
        self.stamp(&File::open(self.path(to)).unwrap());
    }

    fn truncate(&self, name: &str) {
        let file = OpenOptions::new().write(true).open(self.path(name)).unwrap();
        file.set_len(0).unwrap();
        self.stamp(&file);
    }

    /// As gzip does it: a new file, and the old one is deleted.
    fn gzip(&self, name: &str) {
        let text = fs::read(self.path(name)).unwrap();
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(&text).unwrap();
        let coded = self.path(&format!("{name}.gz"));
        fs::write(&coded, out.finish().unwrap()).unwrap();
        self.world.made(&coded, None);
        self.stamp(&File::open(&coded).unwrap());
        self.remove(name);
    }

    /// Steps until nothing is left to tell.
    fn step(&mut self) {
        for _ in 0..1000 {
            if !self.follow.step(&mut |h| self.told.take(h)) {
                return;
            }
        }
        panic!("a step tells for ever: {:?}", self.told);
    }

    fn later(&mut self, ms: u64) {
        self.world.advance(ms);
        self.step();
    }

    /// The program ends and is started again. What was told was taken.
    fn restart(&mut self) {
        let told = std::mem::take(&mut self.told);
        for (&id, g) in &told.generations {
            let lines = g.line + g.text().matches('\n').count() as u64;
            self.follow.taken(id, g.from + g.bytes.len() as u64, lines);
        }
        for (id, _) in &told.wholes {
            self.follow.taken(*id, u64::MAX, 0);
        }
        let kept = self.path(".state/checkpoint.json");
        self.follow.checkpoint().save(&kept).unwrap();
        let mut options = Self::options(&self.world);
        options.resume = Checkpoint::load(&kept).unwrap();
        self.follow = Follow::new(&self.paths, options);
    }

    fn nth(&self, n: usize) -> &Generation {
        &self.told.generations[&self.told.order[n]]
    }

    /// Text and end of every generation, in the order in which they began.
    fn texts(&self) -> Vec<(&str, Option<Ended>)> {
        let of = |id| &self.told.generations[id];
        self.told.order.iter().map(|id| (of(id).text(), of(id).ended)).collect()
    }
}

/// Long enough to say which content it is of.
fn line(of: &str, n: usize) -> String {
    format!("{of} line {n:04} 2013-02-19 15:07:40.{n:03} DEBUG [x] #TROPO#: something\n")
}

fn lines(of: &str, range: std::ops::Range<usize>) -> String {
    range.map(|n| line(of, n)).collect()
}

#[test]
fn a_file_that_is_not_there_yet_is_waited_for() {
    let mut b = Bench::new(&["app.log"]);
    b.step();
    b.step();
    assert_eq!(b.told.waiting, [(b.path("app.log"), None)]);
    b.write("app.log", "");
    b.step();
    assert_eq!(b.told.waiting.len(), 2, "{:?}", b.told.waiting);
    b.write("app.log", "one\npart");
    b.step();
    b.write("app.log", "ial\n");
    b.step();
    assert_eq!(b.texts(), [("one\npartial\n", None)]);
    assert_eq!(b.nth(0).source.size(), Some(12));
}

#[test]
fn rename_rotation_and_a_writer_that_lags_behind() {
    let mut b = Bench::new(&["app.log"]);
    b.write("app.log", &line("a", 0));
    b.step();
    b.write("app.log", &line("a", 1));
    b.rename("app.log", "app.log.1");
    b.write("app.log", &line("b", 0));
    b.step();
    b.write("app.log.1", &line("a", 2));
    b.later(9000);
    b.write("app.log.1", &line("a", 3));
    b.write("app.log", &line("b", 1));
    b.later(9000);
    assert_eq!(
        b.texts(),
        [(&*lines("a", 0..4), None), (&*lines("b", 0..2), None)],
        "both are read"
    );
    assert_eq!(b.nth(1).after, Some(b.told.order[0]));
    b.later(10_000);
    assert_eq!(b.nth(0).ended, Some(Ended::Rotated));
    assert_eq!(b.nth(1).ended, None);
    assert_eq!(b.nth(0).again(), lines("a", 0..4).as_bytes());
}

#[test]
fn delete_and_recreate() {
    let mut b = Bench::new(&["app.log"]);
    b.write("app.log", &line("a", 0));
    b.step();
    b.write("app.log", &line("a", 1));
    b.remove("app.log");
    b.step();
    assert_eq!(b.told.waiting, [(b.path("app.log"), None)]);
    b.later(11_000);
    b.write("app.log", &line("b", 0));
    b.step();
    assert_eq!(
        b.texts(),
        [(&*lines("a", 0..2), Some(Ended::Deleted)), (&*line("b", 0), None)]
    );
    assert_eq!(b.nth(0).again(), lines("a", 0..2).as_bytes(), "the handle is kept");
}

#[test]
fn a_reused_number_is_another_file() {
    for handles in [256, 1] {
        let mut b = Bench::with(&["app.log", "other.log"], |o| o.handles = handles);
        b.write("app.log", &line("a", 0));
        b.step();
        b.world.advance(1000);
        b.write("other.log", &line("o", 0));
        b.step();
        let number = b.world.number(&b.path("app.log"));
        b.remove("app.log");
        b.write("app.log", &lines("b", 0..3));
        b.world.made(&b.path("app.log"), Some(number));
        b.step();
        b.write("app.log", &line("b", 3));
        b.step();
        assert_eq!(b.nth(2).text(), lines("b", 0..4), "{handles}");
        assert_eq!(b.nth(0).text(), line("a", 0), "{handles}");
    }
}

#[test]
fn truncated_and_outgrown_between_two_looks() {
    let mut b = Bench::new(&["app.log"]);
    b.write("app.log", &lines("a", 0..3));
    b.step();
    b.truncate("app.log");
    b.write("app.log", &lines("b", 0..9));
    b.step();
    assert_eq!(
        b.texts(),
        [(&*lines("a", 0..3), Some(Ended::Truncated)), (&*lines("b", 0..9), None)]
    );
    assert_eq!(b.nth(0).again(), b"", "another content is never given");
    // The same length and the same head: the bytes before the offset tell.
    b.truncate("app.log");
    let same_head = lines("b", 0..8) + &line("c", 8);
    b.write("app.log", &same_head);
    b.step();
    assert_eq!(b.nth(2).text(), same_head);
    assert_eq!(b.nth(1).again(), b"");
}

#[test]
fn the_hole_of_a_writer_that_does_not_append_is_passed_over() {
    let mut b = Bench::new(&["."]);
    b.write("app.log", &lines("a", 0..30));
    b.step();
    let at = lines("a", 0..30).len() as u64;
    b.truncate("app.log");
    let writer = OpenOptions::new().write(true).open(b.path("app.log")).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&writer, line("b", 0).as_bytes(), at).unwrap();
    b.stamp(&writer);
    b.step();
    assert_eq!((b.nth(1).text(), b.nth(1).from), (&*line("b", 0), at));
    assert_eq!(b.nth(1).again(), line("b", 0).as_bytes());
}

#[test]
fn copytruncate_reads_the_rest_from_the_copy() {
    let mut b = Bench::new(&["app.log"]);
    b.write("app.log", &lines("a", 0..3));
    b.step();
    b.write("app.log", &line("a", 3));
    b.copy("app.log", "app.log.1");
    b.write("app.log", &line("lost", 0));
    b.truncate("app.log");
    b.write("app.log", &line("b", 0));
    b.step();
    assert_eq!(
        b.texts(),
        [(&*lines("a", 0..4), Some(Ended::Truncated)), (&*line("b", 0), None)]
    );
    assert_eq!(b.nth(0).again(), lines("a", 0..4).as_bytes(), "from the copy");
    b.rename("app.log.1", "app.log.2");
    assert_eq!(b.nth(0).again(), lines("a", 0..4).as_bytes());
}

#[test]
fn a_copy_in_a_followed_folder_is_not_read_again() {
    let mut b = Bench::new(&["."]);
    b.write("app.log", &lines("a", 0..40));
    b.step();
    b.copy("app.log", "app.log.1");
    b.step();
    // Far more than the marks is written before the file is emptied.
    b.write("app.log", &lines("a", 40..80));
    b.later(5000);
    b.truncate("app.log");
    b.step();
    b.write("app.log", &line("b", 0));
    b.later(5000);
    b.gzip("app.log.1");
    b.step();
    b.later(5000);
    b.later(5000);
    assert_eq!(
        b.texts(),
        [(&*lines("a", 0..80), Some(Ended::Truncated)), (&*line("b", 0), None)]
    );
    assert!(b.told.wholes.is_empty(), "{:?}", b.told.wholes);
}

#[test]
fn a_folder_takes_up_new_files_and_passes_over_others() {
    let mut b = Bench::new(&["."]);
    fs::create_dir_all(b.path("deep/er")).unwrap();
    b.write(".hidden", &line("h", 0));
    b.write("core", "\0\0binary\0");
    b.write("deep/a.log", &line("a", 0));
    b.step();
    b.write("deep/er/b.log", &line("b", 0));
    b.write("deep/a.log", &line("a", 1));
    b.step();
    assert_eq!(b.texts(), [(&*lines("a", 0..2), None), (&*line("b", 0), None)]);
    assert_eq!(b.nth(1).source.name, b.path("./deep/er/b.log").display().to_string());
    assert_eq!(b.told.trouble, [""; 0]);
}

#[test]
fn two_logs_with_the_same_first_line_are_two() {
    let mut b = Bench::new(&["."]);
    let first = line("both", 0);
    b.write("a.log", &(first.clone() + &line("a", 1)));
    b.step();
    b.write("b.log", &first);
    b.step();
    b.write("b.log", &line("b", 1));
    b.step();
    assert_eq!(
        b.texts(),
        [
            (&*(first.clone() + &line("a", 1)), None),
            (&*(first + &line("b", 1)), None)
        ]
    );
}

#[test]
fn a_rename_inside_a_followed_folder_goes_on() {
    let mut b = Bench::new(&["."]);
    b.write("app.log", &line("a", 0));
    b.step();
    b.rename("app.log", "app.log.1");
    b.write("app.log.1", &line("a", 1));
    b.write("app.log", &line("b", 0));
    b.step();
    b.rename("app.log.1", "app.log.2");
    b.rename("app.log", "app.log.1");
    b.write("app.log", &line("c", 0));
    b.write("app.log.2", &line("a", 2));
    b.later(20_000);
    assert_eq!(
        b.texts(),
        [
            (&*lines("a", 0..3), None),
            (&*line("b", 0), None),
            (&*line("c", 0), None)
        ]
    );
    let after: Vec<_> = (0..3).map(|n| b.nth(n).after).collect();
    assert_eq!(after, [None, Some(b.told.order[0]), Some(b.told.order[1])]);
}

#[test]
fn what_was_read_is_not_read_again_compressed() {
    let mut b = Bench::new(&["."]);
    b.write("app.log", &lines("a", 0..100));
    b.step();
    b.rename("app.log", "app.log.1");
    b.write("app.log", &line("b", 0));
    b.step();
    b.gzip("app.log.1");
    b.step();
    b.later(3000);
    b.rename("app.log.1.gz", "app.log.2.gz");
    b.later(30_000);
    assert_eq!(
        b.texts(),
        [(&*lines("a", 0..100), Some(Ended::Deleted)), (&*line("b", 0), None)]
    );
    assert!(b.told.wholes.is_empty());
}

#[test]
fn an_unknown_compressed_file_is_given_once_and_whole() {
    let mut b = Bench::new(&["."]);
    b.write("app.log", &line("a", 0));
    b.write("old", &lines("z", 0..20));
    b.gzip("old");
    b.step();
    assert!(b.told.wholes.is_empty(), "it may be incomplete");
    b.later(3000);
    b.rename("old.gz", "older.gz");
    b.later(3000);
    assert_eq!(b.told.wholes.len(), 1);
    assert_eq!(all_of(&b.told.wholes[0].1), lines("z", 0..20).as_bytes());
    b.restart();
    b.later(10_000);
    assert!(b.told.wholes.is_empty(), "nor by a later run");
}

fn all_of(source: &Source) -> Vec<u8> {
    let mut text = Vec::new();
    each_line(source, &mut |l| {
        text.extend_from_slice(l);
        text.push(b'\n');
        Ok(())
    })
    .unwrap();
    text
}

#[test]
fn pieces_are_bounded_and_lines_are_not() {
    let mut b = Bench::with(&["app.log"], |o| o.piece = 1000);
    let long = "x".repeat(100_000);
    b.write("app.log", &long);
    b.step();
    b.write("app.log", "y\n");
    b.step();
    assert_eq!(b.nth(0).text(), long + "y\n");
    assert_eq!(b.told.largest, 1000);
}

#[test]
fn the_consumer_reads_the_beginning_itself() {
    let mut b = Bench::new(&["app.log"]);
    b.write("app.log", &lines("a", 0..50));
    let size = lines("a", 0..50).len() as u64;
    let mut begun = None;
    b.follow.step(&mut |h| {
        if let Happened::Begin { file, source, size, .. } = h {
            begun = Some((file, source, size));
        }
    });
    let (file, source, told) = begun.unwrap();
    assert_eq!((told, source.size()), (size, Some(size)));
    assert_eq!(source.again(&[(0, 5)]), [b"a lin"]);
    b.follow.skip_to(file, size);
    b.write("app.log", &line("a", 50));
    let mut rest = Vec::new();
    while b.follow.step(&mut |h| {
        if let Happened::Bytes { at, bytes, .. } = h {
            assert_eq!(at, size);
            rest.extend_from_slice(bytes);
        }
    }) {}
    assert_eq!(rest, line("a", 50).as_bytes());
}

#[test]
fn many_files_are_followed_with_few_handles() {
    let mut b = Bench::with(&["."], |o| o.handles = 3);
    let names: Vec<String> = (0..12).map(|n| format!("{n:02}.log")).collect();
    for round in 0..3 {
        for name in &names {
            b.write(name, &line(name, round));
        }
        b.later(1000);
    }
    for (n, name) in names.iter().enumerate() {
        assert_eq!(b.nth(n).text(), lines(name, 0..3));
        assert_eq!(b.nth(n).again(), lines(name, 0..3).as_bytes());
    }
    // A closed one that is renamed is found again by its number.
    b.rename("00.log", "00.log.1");
    b.later(1000);
    assert_eq!(b.nth(0).again(), lines("00.log", 0..3).as_bytes());
    assert_eq!(b.told.order.len(), 12);
}

#[test]
fn a_checkpoint_goes_on() {
    for names in [["app.log"], ["."]] {
        let mut b = Bench::new(&names);
        b.write("app.log", &lines("a", 0..30));
        b.step();
        b.restart();
        b.write("app.log", &line("a", 30));
        b.step();
        assert_eq!(b.texts(), [(&*line("a", 30), None)]);
        assert_eq!((b.nth(0).from, b.nth(0).line), (lines("a", 0..30).len() as u64, 30));
        assert_eq!(b.nth(0).again(), line("a", 30).as_bytes());
    }
}

#[test]
fn a_checkpoint_after_a_rotation_reads_the_rest_first() {
    for (names, gzip) in [(["app.log"], false), (["."], false), (["app.log"], true), (["."], true)] {
        let mut b = Bench::new(&names);
        b.write("app.log", &lines("a", 0..30));
        b.step();
        b.restart();
        b.write("app.log", &line("a", 30));
        b.rename("app.log", "app.log.1");
        if gzip {
            b.gzip("app.log.1");
        }
        b.write("app.log", &line("b", 0));
        b.step();
        b.later(3000);
        b.later(3000);
        // In a followed folder the compressed file comes when it is complete; a named file waits for what was before it.
        let (rest, new) = if gzip && names == ["."] { (1, 0) } else { (0, 1) };
        assert_eq!(b.told.order.len(), 2, "{names:?} {gzip}");
        assert_eq!(b.nth(rest).text(), line("a", 30), "{names:?} {gzip}");
        assert_eq!(b.nth(new).text(), line("b", 0), "{names:?} {gzip}");
        assert_eq!(b.nth(rest).line, 30);
        assert_eq!(b.nth(1).after, (rest == 0).then_some(b.told.order[0]));
        assert_eq!(b.nth(rest).again(), line("a", 30).as_bytes());
        assert!(b.told.wholes.is_empty() && b.told.trouble.is_empty());
        b.restart();
        b.later(3000);
        b.later(3000);
        let silent = b.told.generations.values().all(|g| g.bytes.is_empty());
        assert!(silent && b.told.wholes.is_empty(), "{names:?} {gzip}: {:?}", b.texts());
    }
}

#[test]
fn a_checkpoint_that_does_not_fit_is_said() {
    let mut b = Bench::new(&["app.log"]);
    b.write("app.log", &lines("a", 0..30));
    b.step();
    b.restart();
    let number = b.world.number(&b.path("app.log"));
    b.remove("app.log");
    b.write("app.log", &lines("b", 0..40));
    b.world.made(&b.path("app.log"), Some(number));
    b.step();
    assert_eq!(b.texts(), [(&*lines("b", 0..40), None)]);
    assert!(b.told.trouble[0].contains("from the beginning"), "{:?}", b.told.trouble);
}

#[test]
fn a_damaged_checkpoint_is_said() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("checkpoint.json");
    assert!(Checkpoint::load(&path).unwrap().is_none());
    for text in ["", "{\"version\":1,\"files\":[", "{\"version\":99,\"files\":[]}", "[]"] {
        fs::write(&path, text).unwrap();
        let e = Checkpoint::load(&path).unwrap_err().to_string();
        assert!(e.contains("damaged") && e.contains("checkpoint.json"), "{e}");
    }
}
