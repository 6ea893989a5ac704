//! Looking at everything that is followed: which files are there, which went away.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::generation::State;
use super::grown::{open_plain, siblings};
use super::mark::TELLING;
use super::meet::Thing;
use super::world::{Identity, Look, LookKind};
use super::{Ended, FileId, Follow, Happened};

/// A path where a followed file is or was.
#[derive(Debug, Default)]
pub(super) struct Spot {
    /// What is there now.
    pub(super) identity: Option<Identity>,
    /// The last generation that was there.
    pub(super) last: Option<FileId>,
    /// Whether it was found in a followed folder.
    pub(super) in_folder: bool,
}

/// A file that is there now.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) look: Look,
    pub(super) in_folder: bool,
}

impl Follow {
    /// Looks at the paths that changed; false when that is not enough, because names changed.
    pub(super) fn meet_noticed(&mut self, paths: &BTreeSet<PathBuf>, tell: &mut dyn FnMut(Happened<'_>)) -> bool {
        for path in paths {
            let Some(spot) = self.spots.get(path) else { return false };
            match Look::path(&*self.world, path) {
                Ok(look) if Some(look.identity) == spot.identity => {
                    let in_folder = spot.in_folder;
                    self.meet(
                        &Found {
                            path: path.clone(),
                            look,
                            in_folder,
                        },
                        tell,
                    );
                }
                _ => return false,
            }
        }
        true
    }

    /// Looks at everything.
    pub(super) fn round(&mut self, tell: &mut dyn FnMut(Happened<'_>)) {
        let began = self.world.now();
        let found = self.list(tell);
        let present: HashSet<Identity> = found.iter().map(|f| f.look.identity).collect();
        let paths: HashSet<&Path> = found.iter().map(|f| f.path.as_path()).collect();
        for (path, spot) in &mut self.spots {
            if !paths.contains(path.as_path()) {
                spot.identity = None;
            }
        }
        for f in &found {
            self.meet(f, tell);
        }
        let left: Vec<FileId> = self
            .generations
            .values()
            .filter(|g| g.state == State::Live)
            .filter(|g| !present.contains(&g.identity) || self.things.get(&g.identity).is_none_or(|t| !t.is(g.id)))
            .map(|g| g.id)
            .collect();
        for id in left {
            self.leave(id, tell);
        }
        self.things
            .retain(|identity, thing| present.contains(identity) || matches!(thing, Thing::Generation(_)));
        // A round over very many files takes no more than a hundredth of the time.
        let now = self.world.now();
        let cost = now.saturating_sub(began) * 100;
        self.round_due = now + self.options.poll.max(cost.min(Duration::from_secs(30)));
    }

    /// The files that are there, in order.
    fn list(&mut self, tell: &mut dyn FnMut(Happened<'_>)) -> Vec<Found> {
        let mut found = Vec::new();
        for root in self.roots.clone() {
            let look = Look::path(&*self.world, &root);
            let is_folder = look.as_ref().is_ok_and(|l| l.kind == LookKind::Folder);
            if let Some(Err(why)) = self.watch.as_mut().map(|w| w.see_to(&*self.world, &root, is_folder)) {
                let what = format!("is not watched, only looked at: {why}");
                tell(Happened::Trouble {
                    path: root.clone(),
                    what,
                });
            }
            // Once more, behind the beginning of the watch: what comes now is noticed.
            let look = look.and_then(|_| Look::path(&*self.world, &root));
            match look {
                Ok(l) if l.kind == LookKind::Folder => self.walk(&root, &mut found, tell),
                Ok(look) if look.kind == LookKind::File => found.push(Found {
                    path: root,
                    look,
                    in_folder: false,
                }),
                Ok(_) => self.waiting(&root, Some("is not a regular file".to_owned()), tell),
                Err(e) if e.kind() == io::ErrorKind::NotFound => self.waiting(&root, None, tell),
                Err(e) => self.waiting(&root, Some(e.to_string()), tell),
            }
        }
        let mut met = HashSet::new();
        found.retain(|f| met.insert(f.path.clone()));
        // A compressed file may be a copy of any plain one, so those come first.
        found.sort_by_key(|f| f.path.extension().is_some_and(|e| e == "gz" || e == "zst"));
        found
    }

    /// As [`crate::input::find`] walks: no hidden files, no links to folders.
    fn walk(&mut self, folder: &Path, found: &mut Vec<Found>, tell: &mut dyn FnMut(Happened<'_>)) {
        let entries = match fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(e) => e,
            // Gone since it was looked at.
            Err(e) if e.kind() == io::ErrorKind::NotFound => return,
            Err(e) => return self.trouble(folder, format!("cannot list the folder: {e}"), tell),
        };
        let mut paths: Vec<PathBuf> = entries.into_iter().map(|e| e.path()).collect();
        paths.sort();
        for path in paths {
            if path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b".")) {
                continue;
            }
            match fs::symlink_metadata(&path) {
                Ok(m) if m.is_dir() => self.walk(&path, found, tell),
                Ok(_) => {
                    if let Ok(look) = Look::path(&*self.world, &path)
                        && look.kind == LookKind::File
                    {
                        found.push(Found {
                            path,
                            look,
                            in_folder: true,
                        });
                    }
                }
                Err(_) => {}
            }
        }
    }

    /// No followed name stands for a generation any more.
    pub(super) fn leave(&mut self, id: FileId, tell: &mut dyn FnMut(Happened<'_>)) {
        self.pull(id, tell);
        let now = self.world.now();
        let Some(g) = self.generations.get_mut(&id).filter(|g| g.state == State::Live) else {
            return;
        };
        g.state = State::Draining;
        g.active = now;
        // By its new name it can be opened again later.
        if !g.is_deleted(&*self.world) {
            let world = &*self.world;
            let same = |p: &PathBuf| Look::path(world, p).is_ok_and(|l| l.identity == g.identity);
            if let Some(new) = siblings(&g.path).into_iter().find(same) {
                g.moved(&new);
            }
        }
    }

    /// The file of a generation holds another content: the generation ends with what a copy beside it still has of it.
    pub(super) fn changed(&mut self, id: FileId, tell: &mut dyn FnMut(Happened<'_>)) {
        let Some(g) = self.generations.get_mut(&id) else { return };
        if g.head.len() as u64 >= TELLING {
            for path in siblings(&g.path) {
                let Ok(file) = open_plain(&path) else { continue };
                let Ok(look) = Look::file(&*self.world, &file) else {
                    continue;
                };
                let followed = matches!(self.things.get(&look.identity), Some(Thing::Generation(_)));
                if !followed && g.fits(&file, look.len) {
                    g.rescue(&*self.world, file, self.options.piece.max(1), tell);
                    break;
                }
            }
        }
        if self.things.get(&g.identity).is_some_and(|t| t.is(id)) {
            self.things.remove(&g.identity);
        }
        g.end(Ended::Truncated, tell);
        self.hot.remove(&id);
    }
}
