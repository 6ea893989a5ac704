//! A text in one stream: what is coded, what comes from a pipe, and a plain file from the first document over several
//! lines on, because only the text before it tells where it ends.

use std::io::{self, Read};
use std::ops::{ControlFlow, Range};

use super::feed::{Feed, Judge};
use super::read::Options;
use super::sink::Sink;
use crate::scan::Pass;

/// Scans a stream that begins at an offset of its input, up to another one and the block or document that holds it, or
/// until the sink wants no more.
pub(super) fn stream(
    from: &mut impl Read,
    range: Range<u64>,
    pass: Pass<'_>,
    sink: &mut dyn Sink,
    options: Options,
) -> io::Result<()> {
    let (mut feed, mut judge) = (Feed::new(range), Judge::new(pass));
    let mut shown = false;
    loop {
        let read = from.read(feed.room(options.block.max(1)));
        if matches!(&read, Err(e) if e.kind() == io::ErrorKind::TimedOut) {
            // Nothing came for a while, but more may.
            if !std::mem::replace(&mut shown, true) {
                sink.unfinished(feed.pending(&mut judge));
            }
            if sink.wait().is_break() {
                return Ok(());
            }
            continue;
        }
        shown = false;
        let (on, failed) = match read {
            Ok(0) => (feed.end(&mut judge, sink), Some(Ok(()))),
            Ok(n) => (feed.filled(n, &mut judge, sink), None),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            // What came before the fault is used.
            Err(e) => (feed.end(&mut judge, sink), Some(Err(e))),
        };
        match (on, failed) {
            (_, Some(result)) => return result,
            (ControlFlow::Break(()), None) => return Ok(()),
            (ControlFlow::Continue(()), None) => {}
        }
    }
}
