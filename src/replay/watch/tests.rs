//! The machine in virtual time: tables of what happens when, and random ones.

use proptest::prelude::*;

use super::*;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

const RED: Event = Event::Ended {
    green: false,
    unreachable: false,
};
const GREEN: Event = Event::Ended {
    green: true,
    unreachable: false,
};
const NOBODY: Event = Event::Ended {
    green: false,
    unreachable: true,
};

/// Plays events at their times, with a tick whenever one is due; what was to be done, and when, until `end`.
fn play(events: &[(u64, Event)], end: u64) -> Vec<(u64, Step)> {
    let mut watch = Watch::new(ms(0));
    let mut steps = Vec::new();
    let mut events = events.iter().copied().peekable();
    let mut now = 0;
    while now <= end {
        let due = watch.due().map(|d| d.as_millis() as u64);
        let next = events.peek().map(|e| e.0);
        let Some(at) = due.into_iter().chain(next).min().filter(|at| *at <= end) else {
            break;
        };
        now = at.max(now);
        let event = match events.next_if(|e| e.0 <= now) {
            Some((_, e)) => e,
            None => Event::Tick,
        };
        steps.extend(watch.on(ms(now), event).map(|s| (now, s)));
    }
    steps
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn what_is_done_when() {
    use Event::{Changed, Probed, Refused};
    use Step::{Cancel, Green, Probe, Start};
    let open = Probed { open: true };
    let shut = Probed { open: false };
    for (about, events, expected) in [
        ("green at once", vec![(50, GREEN)], vec![(0, Start(1)), (50, Green)]),
        (
            "what is red waits for another app, quietly",
            vec![(50, RED), (551, open), (1052, open)],
            vec![(0, Start(1)), (550, Probe), (1051, Probe), (1552, Probe)],
        ),
        (
            "the app goes down and comes back, and no file changes",
            vec![
                (50, RED),
                (551, open),
                (1052, shut),
                (1153, shut),
                (1254, open),
                (1500, GREEN),
            ],
            vec![
                (0, Start(1)),
                (550, Probe),
                (1051, Probe),
                (1152, Probe),
                (1253, Probe),
                (1404, Start(2)),
                (1500, Green),
            ],
        ),
        (
            "a change, then the quiet",
            vec![(50, RED), (1000, Changed), (1100, Changed), (1300, GREEN)],
            vec![(0, Start(1)), (550, Probe), (1250, Start(2)), (1300, Green)],
        ),
        (
            "a change while requests are sent",
            vec![(600, Changed)],
            vec![(0, Start(1)), (600, Cancel), (750, Start(2))],
        ),
        (
            "nobody listens: looks become rarer, then the port is back",
            vec![(10, NOBODY), (261, shut), (762, shut), (1763, open), (2000, GREEN)],
            vec![
                (0, Start(1)),
                (260, Probe),
                (761, Probe),
                (1762, Probe),
                (1913, Start(2)),
                (2000, Green),
            ],
        ),
        (
            "refused after a change is the restart",
            vec![
                (10, RED),
                (1000, Changed),
                (1160, Refused),
                (1261, shut),
                (1362, open),
                (1700, GREEN),
            ],
            vec![
                (0, Start(1)),
                (510, Probe),
                (1150, Start(2)),
                (1160, Cancel),
                (1260, Probe),
                (1361, Probe),
                (1650, Start(3)),
                (1700, Green),
            ],
        ),
        (
            "refused without a change is an answer",
            vec![(10, Refused)],
            vec![(0, Start(1))],
        ),
        (
            "the old app answered, then restarts",
            vec![
                (10, RED),
                (1000, Changed),
                (1200, RED),
                (1301, shut),
                (1402, open),
                (1700, GREEN),
            ],
            vec![
                (0, Start(1)),
                (510, Probe),
                (1150, Start(2)),
                (1300, Probe),
                (1401, Probe),
                (1650, Start(3)),
                (1700, Green),
            ],
        ),
    ] {
        assert_eq!(play(&events, 5000), expected, "{about}");
    }
}

#[test]
fn the_port_is_looked_at_as_long_as_something_is_red() {
    // Without and with a change before it, the app is down for 1.5 s at some later time.
    for events in [vec![(10, RED)], vec![(10, RED), (400, Event::Changed), (600, RED)]] {
        for down in [1_000, 6_000, 3_600_000] {
            let mut watch = Watch::new(ms(0));
            let mut events = events.iter().copied().peekable();
            let (mut now, mut starts, mut looks, mut last) = (0, Vec::new(), Vec::new(), None);
            while now < down + 5_000 {
                let due = watch.due().map(|d| d.as_millis() as u64);
                now = due
                    .into_iter()
                    .chain(events.peek().map(|e| e.0))
                    .min()
                    .unwrap_or(u64::MAX)
                    .max(now);
                let event = events.next_if(|e| e.0 <= now).map_or(Event::Tick, |e| e.1);
                last = watch.on(ms(now), event);
                match last {
                    Some(Step::Start(_)) => starts.push(now),
                    Some(Step::Probe) => {
                        looks.push(now);
                        let open = !(down..down + 1_500).contains(&now);
                        watch.on(ms(now + 1), Event::Probed { open });
                    }
                    _ => {}
                }
                if starts.last().is_some_and(|s| *s > down) {
                    break;
                }
            }
            let began = starts.last().copied().unwrap_or_default();
            assert!(
                (down + 1_500..down + 1_900).contains(&began),
                "{down}: {starts:?} {last:?}"
            );
            // Seldom while somebody listens.
            assert!(looks.len() as u64 <= down / 500 + 50, "{down}: {} looks", looks.len());
        }
    }
}

#[test]
fn what_is_red_comes_first_and_calls_stay_in_order() {
    let calls = [1, 2, 1, 3, 2];
    assert_eq!(order(&calls, |_| false), [0, 1, 2, 3, 4]);
    assert_eq!(order(&calls, |n| n == 4), [1, 4, 0, 2, 3]);
    assert_eq!(order(&calls, |n| n == 2 || n == 3), [0, 2, 3, 1, 4]);
}

#[test]
fn an_app_that_stays_away_is_red_in_the_end() {
    let mut events = vec![(10, RED), (1000, Event::Changed), (1160, Event::Refused)];
    events.extend((12..=120).map(|n| (n * 100 + 60, Event::Probed { open: false })));
    let steps = play(&events, 20_000);
    let starts: Vec<u64> = steps
        .iter()
        .filter(|s| matches!(s.1, Step::Start(_)))
        .map(|s| s.0)
        .collect();
    assert_eq!(starts.len(), 3, "{steps:?}");
    assert!(starts[2] >= 11_150 && starts[2] < 11_500, "{steps:?}");
}

#[test]
fn ten_thousand_files_are_one_round() {
    let mut events = vec![(10, RED)];
    events.extend((0..10_000).map(|n| (1000 + n / 10, Event::Changed)));
    let steps = play(&events, 10_000);
    let expected = [(0, Step::Start(1)), (510, Step::Probe), (1999 + 150, Step::Start(2))];
    assert_eq!(steps, expected);
}

#[test]
fn a_log_that_each_round_writes_makes_no_storm() {
    let mut watch = Watch::new(ms(0));
    let (mut now, mut starts, mut noisy, mut ended) = (ms(0), 0, 0, 0);
    while now < ms(60_000) {
        match watch.due() {
            Some(due) => now = now.max(due),
            None => break,
        }
        match watch.on(now, Event::Tick) {
            Some(Step::Start(_)) => {
                starts += 1;
                now += ms(5);
                if watch.on(now, Event::Changed) != Some(Step::Cancel) {
                    now += ms(5);
                    watch.on(now, RED);
                    ended += 1;
                }
                noisy += u32::from(watch.is_noisy());
            }
            Some(Step::Probe) => {
                watch.on(now, Event::Probed { open: true });
            }
            other => assert_eq!(other, None),
        }
    }
    assert!(
        starts < 12 && ended > 2 && noisy == 1,
        "{starts} rounds, {ended} ended, {noisy} times said"
    );
}

#[test]
fn a_path_that_changes_with_every_round_is_put_aside_alone() {
    let (log, app) = (Path::new("data/calls"), Path::new("app.js"));
    let mut watch = Watch::new(ms(0));
    let (mut now, mut ended, mut aside) = (ms(0), Vec::new(), 0);
    let mut started = Vec::new();
    while now < ms(10_000) {
        now = now.max(watch.due().unwrap());
        match watch.on(now, Event::Tick) {
            Some(Step::Start(_)) => {
                started.push(now);
                now += ms(5);
                let heard = watch.heard(now, log);
                aside += u32::from(heard == Heard::PutAside);
                if heard.event().and_then(|e| watch.on(now, e)) != Some(Step::Cancel) {
                    now += ms(5);
                    watch.answered(now);
                    watch.on(now, RED);
                    ended.push(now);
                }
            }
            Some(Step::Probe) => {
                watch.on(now, Event::Probed { open: true });
            }
            other => assert_eq!(other, None),
        }
    }
    // The third is not cut short, one follows, and then it is quiet.
    assert_eq!((started.len(), ended.len(), aside), (4, 2, 1), "{started:?}");
    assert!(ended[0] < ms(1_500), "{ended:?}");
    // Another file counts at once, and this one too where nothing was sent lately.
    assert_eq!(watch.heard(now, app), Heard::Change);
    assert_eq!(watch.heard(now, log), Heard::Change);
    watch.on(now, Event::Changed);
    assert_eq!(watch.due(), Some(now + QUIET));
}

#[test]
fn who_saves_while_a_slow_app_works_is_heard() {
    let app = Path::new("app.js");
    let mut watch = Watch::new(ms(0));
    let mut now = ms(0);
    for _ in 0..6 {
        now = now.max(watch.due().unwrap());
        assert!(matches!(watch.on(now, Event::Tick), Some(Step::Start(_))));
        now += ms(900);
        assert_eq!(watch.heard(now, app), Heard::Change);
        watch.on(now, Event::Changed);
        if watch.is_running() {
            watch.on(now, RED);
        }
    }
}

proptest! {
    /// After the last change there is a round, and it is not cut short; rounds have their distance; one is under way at most.
    #[test]
    fn never_a_storm_and_never_forgotten(
        changes in proptest::collection::vec(0u64..20_000, 1..60),
        takes in 1u64..900,
        green_after in 0u64..40_000,
    ) {
        let mut changes = changes;
        changes.sort_unstable();
        let last = *changes.last().unwrap();
        let mut changes = changes.into_iter().peekable();
        let mut watch = Watch::new(ms(0));
        let (mut now, mut running, mut begun) = (0, None, Vec::new());
        let mut finished = Vec::new();
        let mut over = None;
        while over.is_none() && now < 120_000 {
            let due = watch.due().map(|d| d.as_millis() as u64);
            let ends = running.map(|r| r + takes);
            let Some(at) = due.into_iter().chain(changes.peek().copied()).chain(ends).min() else { break };
            now = at.max(now);
            let event = if changes.next_if(|c| *c <= now).is_some() {
                Event::Changed
            } else if ends.is_some_and(|e| e <= now) {
                finished.extend(running.take());
                Event::Ended { green: begun.last().is_some_and(|b| *b >= green_after), unreachable: false }
            } else {
                Event::Tick
            };
            match watch.on(ms(now), event) {
                Some(Step::Start(_)) => {
                    prop_assert!(running.is_none());
                    running = Some(now);
                    begun.push(now);
                }
                Some(Step::Cancel) => running = None,
                Some(Step::Green) => over = Some(now),
                Some(Step::Probe) => { watch.on(ms(now), Event::Probed { open: true }); }
                None => {}
            }
            prop_assert_eq!(running.is_some(), watch.is_running());
        }
        prop_assert!(begun.windows(2).all(|w| w[1] - w[0] >= 500));
        // The round after the last change comes soon and ends, unless all was green before; where changes seem to be the
        // app's own, a green round is the end although one came while it was under way.
        let after = finished.iter().find(|b| **b >= last);
        let early = over.is_some_and(|o| o <= last || watch.noise >= NOISE);
        prop_assert!(early || after.is_some_and(|b| *b <= last + 17_000), "{:?} {:?}", begun, last);
    }
}
