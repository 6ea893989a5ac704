//! Signals that end the program or bring it back to the foreground, as something the loop can wait for.

/// What a signal says.
pub(super) enum Said {
    /// End: the signal's number.
    End(u8),
    /// In the foreground again.
    Resumed,
}

/// Signals that end the program, or say that it is in the foreground again.
pub(super) struct Signals {
    #[cfg(unix)]
    ends: Vec<(u8, tokio::signal::unix::Signal)>,
    #[cfg(unix)]
    cont: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    pub(super) fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        // SIGQUIT would leave the terminal as it is, without a line to type in.
        let kinds = [
            SignalKind::terminate(),
            SignalKind::hangup(),
            SignalKind::interrupt(),
            SignalKind::quit(),
        ];
        let heard = |k: SignalKind| Some((k.as_raw_value() as u8, signal(k).ok()?));
        Self {
            ends: kinds.into_iter().filter_map(heard).collect(),
            cont: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw())).ok(),
        }
    }

    pub(super) async fn next(&mut self) -> Said {
        std::future::poll_fn(|cx| {
            let heard = self
                .ends
                .iter_mut()
                .find_map(|(n, s)| s.poll_recv(cx).is_ready().then_some(*n));
            if let Some(number) = heard {
                return std::task::Poll::Ready(Said::End(number));
            }
            match self.cont.as_mut().map(|s| s.poll_recv(cx).is_ready()) {
                Some(true) => std::task::Poll::Ready(Said::Resumed),
                _ => std::task::Poll::Pending,
            }
        })
        .await
    }
}

#[cfg(not(unix))]
impl Signals {
    pub(super) fn new() -> Self {
        Self {}
    }

    pub(super) async fn next(&mut self) -> Said {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Said::End(2)
    }
}
