//! Things with names: found by their names quickly, told in their order.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;

/// Things by their names.
pub(super) struct Named<T> {
    /// Sorted by name.
    all: Vec<(String, T)>,
    places: HashMap<String, usize, RandomState>,
}

impl<T> Named<T> {
    /// The thing of that name.
    pub(super) fn get(&self, name: &str) -> Option<&T> {
        self.places.get(name).map(|at| &self.all[*at].1)
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// All names, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.all.iter().map(|(name, _)| name.as_str())
    }

    /// All things, sorted by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.all.iter().map(|(name, thing)| (name.as_str(), thing))
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}

/// Of two things with one name, the last.
impl<T> FromIterator<(String, T)> for Named<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(things: I) -> Self {
        let all: Vec<(String, T)> = things.into_iter().collect::<BTreeMap<_, _>>().into_iter().collect();
        let places = all.iter().enumerate().map(|(at, (name, _))| (name.clone(), at));
        Self {
            places: places.collect(),
            all,
        }
    }
}
