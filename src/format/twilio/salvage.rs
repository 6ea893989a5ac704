//! The items of a document that is cut or broken: objects that close, in the places where items stand.

use std::ops::Range;

use super::scan::{Scan, Step};

/// The objects that are items of the outermost list, or of a list in the outermost object or right inside that (`log.entries`
/// of a HAR file), in order.
pub(super) fn items(text: &[u8]) -> Vec<Range<usize>> {
    let (mut found, mut open) = (Vec::new(), None);
    let step = Scan::default().walk(text, |state, i| match text[i] {
        b'{' if open.is_none() && state.in_list() && state.depth() <= 3 => open = Some((i, state.depth())),
        b'}' => {
            if let Some((start, depth)) = open
                && state.depth() == depth + 1
            {
                found.push(start..i + 1);
                open = None;
            }
        }
        _ => {}
    });
    debug_assert!(!matches!(step, Step::Closed(n) if n > text.len()));
    found
}
