//! Watching until green: when a round of requests is sent again, and when it is given up.
//!
//! [`Watch`] is pure: it is told what happens and when ([`Event`]), and says what to do ([`Step`]) and when it wants to be asked
//! again ([`Watch::due`]). Both the command and the screen drive it; neither decides anything. [`files`] is the impure part that
//! notices changes. To react to something new: an [`Event`], and an arm in [`Watch::on`].
//!
//! A round begins when files have been quiet for [`QUIET`], at the latest [`MOST`] after the first change; what changes during a
//! round cancels it. An app that is being restarted refuses connections for a moment: within [`GRACE`] after a change that is waited
//! out instead of being judged. As long as something is red the port is looked at, for [`SETTLE`] after a change often: an app that
//! goes down and comes back is another one, whether or not a file changed. A path that changes
//! with every round is put aside ([`Heard`]); where each round makes other files, rounds become rarer, up to [`FAR`], and are not
//! cancelled.

pub mod files;
mod noise;

use std::path::Path;
use std::time::Duration;

use noise::Noise;
pub use noise::{Heard, LATER, SOON};

/// So long nothing may change before a round.
pub const QUIET: Duration = Duration::from_millis(150);
/// So long a round waits for quiet at most.
pub const MOST: Duration = Duration::from_secs(2);
/// From the beginning of one round to the next, at least.
pub const DISTANCE: Duration = Duration::from_millis(500);
/// The same where each round itself seems to change files, at most.
pub const FAR: Duration = Duration::from_secs(16);
/// So long after a change nobody needs to listen yet.
pub const GRACE: Duration = Duration::from_secs(10);
/// So long after the red round of a change the app is about to go down for its restart.
pub const SETTLE: Duration = Duration::from_secs(3);
/// Between two looks at a port that is about to come back or to go.
pub const NEAR: Duration = Duration::from_millis(100);
/// The same while somebody listens and something is red.
pub const CALM: Duration = Duration::from_millis(500);
/// The same while nobody listens: from this, doubled, to [`LONG`].
pub const SHORT: Duration = Duration::from_millis(250);
/// At most.
pub const LONG: Duration = Duration::from_secs(2);
/// Rounds in a row that changes cut short, after which none is cancelled any more.
const NOISE: u32 = 3;

/// Something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A file was changed, made, renamed or removed.
    Changed,
    /// One of the app's own did, as was found out now: a round follows, and none is given up.
    PutAside,
    /// In the round under way nobody took the connection.
    Refused,
    /// The round under way is over.
    Ended {
        /// Every verdict passes.
        green: bool,
        /// Nobody took a connection.
        unreachable: bool,
    },
    /// The port was looked at.
    Probed {
        /// Somebody listens.
        open: bool,
    },
    /// It is time.
    Tick,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send all requests: the round of this number, from 1.
    Start(u32),
    /// Give the round under way up; another one follows.
    Cancel,
    /// Look whether somebody listens, and tell with [`Event::Probed`].
    Probe,
    /// Every verdict passed: the end.
    Green,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Running,
    Green,
}

/// A round that is to come.
#[derive(Clone, Copy, Debug)]
struct Pending {
    first: Duration,
    last: Duration,
    /// Files changed: nobody listening may be the restart.
    changed: bool,
    /// Until when it may be one that was seen before.
    grace: Option<Duration>,
}

/// What a port is looked at for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    /// It comes back; with a time after which it is judged as it is.
    Open { until: Option<Duration> },
    /// It goes down, which until this time is likely.
    Closed { likely: Option<Duration> },
}

#[derive(Clone, Copy, Debug)]
struct Probe {
    want: Want,
    next: Duration,
    wait: Duration,
    /// The answer is on its way.
    asked: bool,
}

/// The state of watching. Times count from any beginning.
#[derive(Clone, Debug)]
pub struct Watch {
    phase: Phase,
    round: u32,
    /// When the last round began.
    began: Option<Duration>,
    pending: Option<Pending>,
    probe: Option<Probe>,
    /// Until then a refused connection of the round under way is waited out.
    grace: Option<Duration>,
    /// Rounds in a row with a change while they were under way.
    noise: u32,
    /// The app's own files.
    own: Noise,
    /// A change came while the round was under way.
    disturbed: bool,
}

impl Watch {
    /// Begins; the first round is due at once.
    pub fn new(now: Duration) -> Self {
        Self {
            phase: Phase::Idle,
            round: 0,
            began: None,
            pending: Some(Pending {
                first: now,
                last: now,
                changed: false,
                grace: None,
            }),
            probe: None,
            grace: None,
            noise: 0,
            own: Noise::default(),
            disturbed: false,
        }
    }

    /// Takes in what happened; gives what to do now. [`Event::Tick`] comes at [`Watch::due`], and may come at any time.
    pub fn on(&mut self, now: Duration, event: Event) -> Option<Step> {
        if self.phase == Phase::Green {
            return None;
        }
        match event {
            Event::Changed => self.changed(now),
            Event::PutAside => {
                self.noise = 0;
                self.follows(now);
                None
            }
            Event::Refused => self.refused(now),
            Event::Ended { green, unreachable } => self.ended(now, green, unreachable),
            Event::Probed { open } => {
                self.probed(now, open);
                None
            }
            Event::Tick => self.tick(now),
        }
    }

    /// When to come with a [`Event::Tick`]; none while only something else can go on.
    pub fn due(&self) -> Option<Duration> {
        if self.phase != Phase::Idle {
            return None;
        }
        match self.pending {
            Some(pending) => Some(self.start_of(pending)),
            None => self.probe.filter(|p| !p.asked).map(|p| p.next),
        }
    }

    /// The number of the last round that began.
    pub fn round(&self) -> u32 {
        self.round
    }

    /// A round is under way.
    pub fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    /// Files seem to change because requests are sent: rounds were made rarer. True once, when that begins.
    pub fn is_noisy(&mut self) -> bool {
        let noisy = self.noise == NOISE;
        self.noise += u32::from(noisy);
        noisy
    }

    /// A path changed: what that is. [`Heard::event`] is for [`Watch::on`].
    pub fn heard(&mut self, now: Duration, path: &Path) -> Heard {
        self.own.heard(now, path, self.round, self.is_running())
    }

    /// A request of the round under way was answered.
    pub fn answered(&mut self, now: Duration) {
        self.own.sent(now);
    }

    /// A round is to come.
    fn follows(&mut self, now: Duration) {
        let first = self.pending.map_or(now, |p| p.first);
        self.pending = Some(Pending {
            first,
            last: now,
            changed: true,
            grace: None,
        });
        self.probe = None;
    }

    fn changed(&mut self, now: Duration) -> Option<Step> {
        self.follows(now);
        if self.phase != Phase::Running {
            return None;
        }
        if !std::mem::replace(&mut self.disturbed, true) {
            self.noise += 1;
        }
        if self.noise >= NOISE {
            return None;
        }
        self.phase = Phase::Idle;
        Some(Step::Cancel)
    }

    fn refused(&mut self, now: Duration) -> Option<Step> {
        let until = self.grace.filter(|g| self.phase == Phase::Running && now < *g)?;
        self.phase = Phase::Idle;
        self.probe = Some(Probe {
            want: Want::Open { until: Some(until) },
            next: now + NEAR,
            wait: NEAR,
            asked: false,
        });
        Some(Step::Cancel)
    }

    fn ended(&mut self, now: Duration, green: bool, unreachable: bool) -> Option<Step> {
        if self.phase != Phase::Running {
            return None;
        }
        if green {
            self.phase = Phase::Green;
            return Some(Step::Green);
        }
        self.phase = Phase::Idle;
        let probe = |want, wait| Probe {
            want,
            next: now + wait,
            wait,
            asked: false,
        };
        self.probe = if unreachable {
            Some(probe(Want::Open { until: None }, SHORT))
        } else {
            let likely = self.grace.map(|_| now + SETTLE);
            Some(probe(Want::Closed { likely }, closed_wait(now, likely)))
        };
        None
    }

    fn probed(&mut self, now: Duration, open: bool) {
        let Some(mut probe) = self.probe.filter(|p| p.asked && self.phase == Phase::Idle) else {
            return;
        };
        probe.asked = false;
        // The app had its time; the next restart is another change's.
        let again = |grace| Pending {
            first: now,
            last: now,
            changed: false,
            grace,
        };
        let over = |until: Option<Duration>| until.is_some_and(|u| now >= u);
        match probe.want {
            // It is back, or was waited for long enough.
            Want::Open { until } if open || over(until) => {
                self.pending = Some(again(until.filter(|_| open)));
                self.probe = None;
                return;
            }
            Want::Open { until: None } => probe.wait = (probe.wait * 2).min(LONG),
            Want::Closed { .. } if !open => {
                probe.wait = NEAR;
                probe.want = Want::Open {
                    until: Some(now + GRACE),
                };
            }
            Want::Closed { likely } => probe.wait = closed_wait(now, likely),
            Want::Open { until: Some(_) } => {}
        }
        probe.next = now + probe.wait;
        self.probe = Some(probe);
    }

    fn tick(&mut self, now: Duration) -> Option<Step> {
        if self.due().is_none_or(|due| now < due) {
            return None;
        }
        let Some(pending) = self.pending.take() else {
            if let Some(probe) = &mut self.probe {
                probe.asked = true;
            }
            return Some(Step::Probe);
        };
        if !self.disturbed {
            self.noise = 0;
        }
        self.phase = Phase::Running;
        self.disturbed = false;
        self.probe = None;
        self.began = Some(now);
        self.grace = if pending.changed {
            Some(now + GRACE)
        } else {
            pending.grace
        };
        self.round += 1;
        self.own.begins(now, self.round);
        Some(Step::Start(self.round))
    }

    /// When a pending round begins: in the quiet, not too late, not too soon after the last one.
    fn start_of(&self, pending: Pending) -> Duration {
        if self.round == 0 && !pending.changed {
            return pending.first;
        }
        let wish = (pending.last + QUIET).min(pending.first + MOST);
        let noise = self.noise.saturating_sub(NOISE - 1).min(8);
        let distance = (DISTANCE * 2u32.saturating_pow(noise)).min(FAR);
        self.began.map_or(wish, |began| wish.max(began + distance))
    }
}

/// Until the next look whether a port goes down.
fn closed_wait(now: Duration, likely: Option<Duration>) -> Duration {
    if likely.is_some_and(|until| now < until) {
        NEAR
    } else {
        CALM
    }
}

/// The order of a round: calls with something red first, the requests of each in their own order.
pub fn order(calls: &[u32], red: impl Fn(usize) -> bool) -> Vec<usize> {
    let has_red = |n: &usize| (0..calls.len()).any(|m| calls[m] == calls[*n] && red(m));
    let (mut first, rest): (Vec<usize>, Vec<usize>) = (0..calls.len()).partition(has_red);
    first.extend(rest);
    first
}

#[cfg(test)]
mod tests;
