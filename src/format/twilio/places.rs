//! From a place in rewritten text back to the place in the text that was given.

/// Pairs of places, both growing; between two pairs, places move together.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(Vec<(usize, usize)>);

impl Places {
    /// The byte `new` of the rewritten text is the byte `old` of the given one.
    pub(super) fn note(&mut self, new: usize, old: usize) {
        self.0.push((new, old));
    }

    /// The place in the given text.
    pub(super) fn old(&self, new: usize) -> usize {
        let n = self.0.partition_point(|p| p.0 <= new);
        match n.checked_sub(1).and_then(|i| self.0.get(i)) {
            Some((from, to)) => to + (new - from),
            None => new,
        }
    }
}

/// Text with U+FFFD for bytes that are not UTF-8, and the places of the rest.
pub(super) fn lossy(bytes: &[u8]) -> (String, Places) {
    let (mut text, mut places, mut old) = (String::with_capacity(bytes.len()), Places::default(), 0);
    for chunk in bytes.utf8_chunks() {
        places.note(text.len(), old);
        text.push_str(chunk.valid());
        old += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            places.note(text.len(), old);
            text.push(char::REPLACEMENT_CHARACTER);
            old += chunk.invalid().len();
        }
    }
    (text, places)
}
