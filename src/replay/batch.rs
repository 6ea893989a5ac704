//! Many requests: which of them may start now, and what is said before the first.
//!
//! [`Queue`] is pure. It is asked with a time and says which request starts next, or what is waited for; whoever asks sends it and
//! tells when it ended. The order within a call is kept whatever runs beside it: a call's second request starts when its first was
//! answered. A limit is a field of [`Limits`] and a line in [`Queue::next`].

use std::num::NonZeroUsize;
use std::str::FromStr;
use std::time::Duration;

/// `--rate`: requests started in a stretch of time, evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// From one start to the next.
    pub apart: Duration,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = match text.split_once('/') {
            None | Some((_, "s")) => (text.trim_end_matches("/s"), 1.0),
            Some((number, "m")) => (number, 60.0),
            Some(_) => return Err("write a number, such as 5, 5/s or 30/m".to_owned()),
        };
        let rate: f64 = number
            .trim()
            .parse()
            .map_err(|_| "write a number, such as 5, 5/s or 30/m".to_owned())?;
        let apart = Duration::try_from_secs_f64(unit / rate).ok();
        apart
            .filter(|a| rate.is_finite() && rate > 0.0 && *a <= Duration::from_secs(3600))
            .map(|apart| Self { apart })
            .ok_or_else(|| "must be more than none, and at least one an hour".to_owned())
    }
}

/// How fast, how many at once, how far.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `--rate`.
    pub rate: Option<Rate>,
    /// `--jobs`: calls at the same time.
    pub jobs: NonZeroUsize,
    /// `--stop-on-fail`: nothing new is started after an answer that does not pass.
    pub stop_on_fail: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rate: None,
            jobs: NonZeroUsize::MIN,
            stop_on_fail: false,
        }
    }
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send this request.
    Start(usize),
    /// The rate allows the next one at this time.
    At(Duration),
    /// An answer must come first.
    Answer,
    /// All is answered that will be.
    End,
}

/// Requests in their order, each of a call.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Request and its call.
    waiting: Vec<(usize, u32)>,
    /// On their way.
    sent: Vec<(usize, u32)>,
    limits: Limits,
    /// No start before this.
    free: Duration,
    started: usize,
    stopped: bool,
}

impl Queue {
    /// All of these, by their numbers and their calls, are to be sent.
    pub fn new(requests: impl IntoIterator<Item = (usize, u32)>, limits: Limits) -> Self {
        Self {
            waiting: requests.into_iter().collect(),
            sent: Vec::new(),
            limits,
            free: Duration::ZERO,
            started: 0,
            stopped: false,
        }
    }

    /// What to do at this time, counted from any beginning.
    pub fn next(&mut self, now: Duration) -> Next {
        let busy = |call: u32| self.sent.iter().any(|(_, c)| *c == call);
        let room = !self.stopped && self.sent.len() < self.limits.jobs.get();
        let Some(at) = self.waiting.iter().position(|(_, call)| !busy(*call)).filter(|_| room) else {
            let end = self.sent.is_empty() && (self.stopped || self.waiting.is_empty());
            return if end { Next::End } else { Next::Answer };
        };
        if now < self.free {
            return Next::At(self.free);
        }
        if let Some(rate) = self.limits.rate {
            self.free = now + rate.apart;
        }
        let request = self.waiting.remove(at);
        self.sent.push(request);
        self.started += 1;
        Next::Start(request.0)
    }

    /// A request was answered, or will not be.
    pub fn ended(&mut self, request: usize, pass: bool) {
        self.sent.retain(|(r, _)| *r != request);
        self.stopped |= !pass && self.limits.stop_on_fail;
    }

    /// How many were started.
    pub fn started(&self) -> usize {
        self.started
    }
}

/// What will be sent, in one line: `12 requests of 4 calls to http://localhost:3000: 10 POST, 2 GET`.
pub fn preview<'a>(target: &str, requests: impl Iterator<Item = (u32, &'a str)>) -> String {
    let mut calls: Vec<u32> = Vec::new();
    let mut methods: Vec<(&str, usize)> = Vec::new();
    let mut all = 0;
    for (call, method) in requests {
        all += 1;
        calls.push(call);
        match methods.iter_mut().find(|(m, _)| *m == method) {
            Some((_, n)) => *n += 1,
            None => methods.push((method, 1)),
        }
    }
    calls.sort_unstable();
    calls.dedup();
    methods.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let methods: Vec<String> = methods.iter().map(|(m, n)| format!("{n} {m}")).collect();
    let many = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    format!(
        "{} of {} to {target}: {}",
        many(all, "request"),
        many(calls.len(), "call"),
        methods.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rates() {
        for (text, apart) in [
            ("5", Some(200)),
            ("5/s", Some(200)),
            ("30/m", Some(2000)),
            ("0.5", Some(2000)),
            ("0", None),
            ("-1", None),
            ("5/h", None),
            ("five", None),
            ("", None),
            ("NaN", None),
            ("inf", None),
            ("1e-9", None),
        ] {
            let read = text.parse::<Rate>().ok().map(|r| r.apart);
            assert_eq!(read, apart.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn said_before() {
        let requests = [(1, "GET"), (1, "POST"), (2, "POST")];
        assert_eq!(
            preview("http://localhost:3000", requests.into_iter()),
            "3 requests of 2 calls to http://localhost:3000: 2 POST, 1 GET"
        );
        assert_eq!(
            preview("http://a", [(1, "GET")].into_iter()),
            "1 request of 1 call to http://a: 1 GET"
        );
    }

    #[test]
    fn after_a_failure_nothing_new_is_started() {
        let limits = Limits {
            jobs: NonZeroUsize::new(2).unwrap(),
            stop_on_fail: true,
            ..Limits::default()
        };
        let mut queue = Queue::new([(0, 1), (1, 2), (2, 3)], limits);
        let now = Duration::ZERO;
        assert_eq!((queue.next(now), queue.next(now)), (Next::Start(0), Next::Start(1)));
        queue.ended(0, false);
        assert_eq!(queue.next(now), Next::Answer);
        queue.ended(1, true);
        assert_eq!((queue.next(now), queue.started()), (Next::End, 2));
    }

    proptest! {
        /// Every request is sent once; a call has one on its way, in its order; never more than allowed; never faster.
        #[test]
        fn in_order(
            calls in proptest::collection::vec(0u32..4, 0..20),
            jobs in 1usize..5,
            apart in proptest::option::of(1u64..50),
            takes in proptest::collection::vec(0u64..100, 20),
        ) {
            let limits = Limits {
                rate: apart.map(|ms| Rate { apart: Duration::from_millis(ms) }),
                jobs: NonZeroUsize::new(jobs).unwrap(),
                stop_on_fail: false,
            };
            let mut queue = Queue::new(calls.iter().copied().enumerate(), limits);
            let mut now = Duration::ZERO;
            let mut going: Vec<(Duration, usize)> = Vec::new();
            let mut starts: Vec<(Duration, usize)> = Vec::new();
            loop {
                match queue.next(now) {
                    Next::Start(n) => {
                        prop_assert!(going.iter().all(|(_, g)| calls[*g] != calls[n]));
                        going.push((now + Duration::from_millis(takes[n]), n));
                        starts.push((now, n));
                        prop_assert!(going.len() <= jobs);
                    }
                    Next::End => break,
                    wait => {
                        going.sort();
                        let first = going.first().map(|g| g.0);
                        let rate = match wait { Next::At(at) => Some(at), _ => None };
                        now = first.into_iter().chain(rate).min().unwrap().max(now);
                        if first.is_some_and(|f| f <= now) {
                            queue.ended(going.remove(0).1, true);
                        }
                    }
                }
            }
            let mut sent: Vec<usize> = starts.iter().map(|s| s.1).collect();
            for call in 0..4 {
                let of: Vec<usize> = sent.iter().copied().filter(|n| calls[*n] == call).collect();
                prop_assert!(of.is_sorted());
            }
            if let Some(ms) = apart {
                prop_assert!(starts.windows(2).all(|w| w[1].0 >= w[0].0 + Duration::from_millis(ms)));
            }
            sent.sort_unstable();
            prop_assert_eq!(sent, (0..calls.len()).collect::<Vec<_>>());
        }
    }
}
