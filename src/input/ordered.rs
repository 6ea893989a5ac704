//! Work on several threads, results in order, and never more than a few of them waiting.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError, mpsc};

/// How many results may wait for an earlier one, for each thread.
const AHEAD: u64 = 4;

/// Runs `work` for 0, 1, 2, … up to `count` on `threads` threads, each with scratch memory of its own, and gives the
/// results to `take` in order on the calling thread. `take` can end it early.
pub(super) fn ordered<T: Send, S: Default>(
    threads: usize,
    count: u64,
    work: impl Fn(u64, &mut S) -> T + Sync,
    mut take: impl FnMut(T) -> ControlFlow<()>,
) {
    let next = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let gate = (Mutex::new(0u64), Condvar::new());
    let window = AHEAD * threads as u64;
    let (send, receive) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (send, next, stop, gate, work) = (send.clone(), &next, &stop, &gate, &work);
            scope.spawn(move || {
                let mut scratch = S::default();
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count || !wait(gate, stop, n, window) {
                        return;
                    }
                    if send.send((n, work(n, &mut scratch))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut early = BTreeMap::new();
        let mut due = 0u64;
        for (n, result) in receive {
            early.insert(n, result);
            while let Some(result) = early.remove(&due) {
                due += 1;
                if take(result).is_break() {
                    stop.store(true, Ordering::Relaxed);
                    *gate.0.lock().unwrap_or_else(PoisonError::into_inner) = u64::MAX - window;
                    gate.1.notify_all();
                    return;
                }
                *gate.0.lock().unwrap_or_else(PoisonError::into_inner) = due;
                gate.1.notify_all();
            }
        }
    });
}

/// Waits until a number is within the window; false when the work is to stop.
fn wait(gate: &(Mutex<u64>, Condvar), stop: &AtomicBool, n: u64, window: u64) -> bool {
    let mut due = gate.0.lock().unwrap_or_else(PoisonError::into_inner);
    while n >= due.saturating_add(window) && !stop.load(Ordering::Relaxed) {
        due = gate.1.wait(due).unwrap_or_else(PoisonError::into_inner);
    }
    !stop.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_can_end_early() {
        for threads in [1, 2, 5] {
            let mut got = Vec::new();
            ordered(
                threads,
                100,
                |n, (): &mut ()| n * 2,
                |x| {
                    got.push(x);
                    ControlFlow::Continue(())
                },
            );
            assert_eq!(got, (0..100).map(|n| n * 2).collect::<Vec<_>>());
            let mut few = Vec::new();
            ordered(
                threads,
                100,
                |n, (): &mut ()| n,
                |x| {
                    few.push(x);
                    if x == 7 {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                },
            );
            assert_eq!(few, (0..8).collect::<Vec<_>>());
        }
    }
}
