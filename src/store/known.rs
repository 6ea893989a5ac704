//! Which events are there already: what has to be fetched one by one is fetched once.

use std::collections::HashSet;

use rusqlite::params;

use super::{EventKind, Store, StoreError};

impl Store {
    /// Those of the keys under which an event of this kind is kept.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn known(&self, kind: EventKind, keys: &[String]) -> Result<HashSet<String>, StoreError> {
        let look = || -> rusqlite::Result<HashSet<String>> {
            let mut statement = self
                .db
                .prepare_cached("select 1 from event where kind = ?1 and key = ?2")?;
            let mut known = HashSet::new();
            for key in keys {
                if statement.exists(params![kind.as_str(), key])? {
                    known.insert(key.clone());
                }
            }
            Ok(known)
        };
        look().map_err(|e| self.error("look for events", e))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{NewEvent, Origin};
    use super::*;
    use crate::model::Time;

    #[test]
    fn a_key_is_known_within_its_kind() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut store = Store::open(&folder.path().join("store.db")).unwrap();
        let listed = NewEvent {
            key: "NO1".to_owned(),
            kind: EventKind::AlertListed,
            source: Origin::Pull,
            received: Time(0),
            at: None,
            call: None,
            level: None,
            code: None,
            note: None,
            document: "{}".to_owned(),
        };
        store.append(&[listed]).unwrap();
        let known = |kind| store.known(kind, &["NO1".to_owned(), "NO2".to_owned()]).unwrap();
        assert_eq!(known(EventKind::AlertListed), HashSet::from(["NO1".to_owned()]));
        assert!(known(EventKind::Alert).is_empty());
    }
}
