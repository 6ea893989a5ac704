//! Texts that many calls share are kept once.

use std::collections::HashSet;
use std::sync::Arc;

use foldhash::fast::RandomState;

/// The texts kept so far.
#[derive(Debug, Default)]
pub(super) struct Interner(HashSet<Arc<str>, RandomState>);

impl Interner {
    /// The shared copy of a text.
    pub(super) fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(t) = self.0.get(text) {
            return Arc::clone(t);
        }
        let t: Arc<str> = text.into();
        self.0.insert(Arc::clone(&t));
        t
    }
}
