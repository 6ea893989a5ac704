//! How a command that goes on is ended: by the user, a supervisor, a terminal that closed, or a reader that is gone.

use super::Stop;

/// The user's end of it: an interrupt, a supervisor's request, a terminal that closed.
pub(super) struct Signals {
    #[cfg(unix)]
    all: [tokio::signal::unix::Signal; 3],
}

impl Signals {
    pub(super) fn new() -> Result<Self, Stop> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let of = |kind| signal(kind).map_err(|e| Stop::usage(format!("cannot wait for signals: {e}")));
            Ok(Self {
                all: [
                    of(SignalKind::interrupt())?,
                    of(SignalKind::terminate())?,
                    of(SignalKind::hangup())?,
                ],
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    pub(super) async fn recv(&mut self) {
        #[cfg(unix)]
        {
            let [interrupt, terminate, hangup] = &mut self.all;
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
        }
        #[cfg(not(unix))]
        {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

/// Nobody reads standard output any more: without anything to print that would never be noticed.
pub(super) fn reader_is_gone() -> bool {
    #[cfg(unix)]
    {
        use rustix::event::{PollFd, PollFlags, poll};
        let stdout = std::io::stdout();
        let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        // A pipe without a reader is in error; some systems call it hung up.
        let gone = PollFlags::ERR | PollFlags::HUP;
        poll(&mut fds, Some(&now)).is_ok_and(|n| n > 0) && fds[0].revents().intersects(gone)
    }
    #[cfg(not(unix))]
    false
}
