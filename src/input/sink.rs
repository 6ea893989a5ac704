//! Where scanned blocks go: into a fold, or to another thread that has one.

use std::ops::ControlFlow;

use crate::call::Fold;
use crate::scan::Scanned;

/// Takes what [`super::read`] gives, in the order of the input. Blocks can be sent, so a sink may be the near end of a
/// channel to the thread that folds; one whose far end is gone says so, and reading ends with the block under way.
pub trait Sink {
    /// The next input begins.
    fn begin(&mut self);

    /// The next block of the current input; says whether to go on.
    fn take(&mut self, block: Scanned) -> ControlFlow<()>;

    /// The input's unfinished end, when nothing came behind it for a while: what it would be if nothing more came. It is told
    /// again, whole, in a later block. None: it is not there any more.
    fn unfinished(&mut self, _end: Option<Scanned>) {}

    /// Says whether to go on where there is no block to take yet: on the way to a place in a coded text.
    fn wait(&mut self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl Sink for Fold<'_> {
    fn begin(&mut self) {
        Fold::begin(self);
    }

    fn take(&mut self, block: Scanned) -> ControlFlow<()> {
        Fold::take(self, block);
        ControlFlow::Continue(())
    }
}
