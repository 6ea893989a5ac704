//! The demo's app and samples, over loopback and through the library's own replay: red, fixed, green.
//!
//! The app's slow route takes no time here, or forever; nothing waits for a clock, except to fail.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

use redial::call::{Call, Exchange};
use redial::config::Secret;
use redial::demo::{App, SLOW, Served, Stage, write_samples};
use redial::judge::{FaultClass, judge};
use redial::model::{Outcome, Severity, Verdict};
use redial::query::Query;
use redial::replay::{DEFAULT_TIMEOUT, Edits, Options, Plan, Sent, Target, plan, send};
use redial::session::{Detail, Reading, Session};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::support::engine;

/// Long enough for any machine; only a test that fails waits so long.
const LIMIT: Duration = Duration::from_secs(60);
const FOREVER: Duration = Duration::from_secs(86_400);

fn app() -> App {
    App::with_delay(Duration::ZERO).unwrap()
}

fn open(app: &App) -> Session {
    let mut session = Session::open(app.inputs(), engine(), Reading::default(), &mut |_, _| {});
    session.look_into(engine(), |_| true);
    session
}

/// The requests of the samples that are so.
fn requests(session: &Session, which: impl Fn(&Exchange) -> bool) -> Vec<(&Call, &Exchange, Detail)> {
    let all = session.calls.iter();
    let found: Vec<_> = all
        .flat_map(|c| session.calls.exchanges_of(c).map(move |e| (c, e)))
        .filter(|(_, e)| which(e))
        .collect();
    let exchanges: Vec<&Exchange> = found.iter().map(|(_, e)| *e).collect();
    let details = session.details(&exchanges);
    found.into_iter().zip(details).map(|((c, e), d)| (c, e, d)).collect()
}

fn failed(session: &Session) -> Vec<(&Call, &Exchange, Detail)> {
    requests(session, |e| e.outcome.failed())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn planned(app: &App, (call, exchange, detail): &(&Call, &Exchange, Detail), options: &Options) -> Plan {
    let target = Target::parse(&app.url(), &[]).unwrap();
    plan(call.provider, exchange.kind, &detail.request, &target, options).unwrap()
}

/// Sends a request of the samples to the app and judges the answer.
fn replay(app: &App, request: &(&Call, &Exchange, Detail), options: &Options) -> (Plan, Sent, Verdict) {
    let plan = planned(app, request, options);
    let sent = runtime().block_on(async {
        let pinned = Target::parse(&app.url(), &[]).unwrap().resolve().await.unwrap();
        send(&plan, &pinned).await
    });
    let verdict = judge(request.0.provider, request.1.kind, &sent.answer());
    (plan, sent, verdict)
}

/// Path and first error of every failed request, sent to the app as it is.
fn verdicts(app: &App, options: &Options) -> BTreeMap<String, Option<String>> {
    let session = open(app);
    failed(&session)
        .iter()
        .map(|r| {
            let (plan, _, verdict) = replay(app, r, options);
            assert_eq!(verdict.pass(), verdict.code().is_none(), "{verdict:?}");
            (plan.path, verdict.code().map(str::to_owned))
        })
        .collect()
}

fn red() -> BTreeMap<String, Option<String>> {
    [
        ("/menu", "12100"),
        ("/order", "11200"),
        ("/tropo/order.json", "webhook-http"),
        ("/voice", "11200"),
    ]
    .map(|(path, code)| (path.to_owned(), Some(code.to_owned())))
    .into()
}

fn green() -> BTreeMap<String, Option<String>> {
    red().into_keys().map(|path| (path, None)).collect()
}

#[test]
fn red_then_fixed_then_green() {
    let app = app();
    let unsigned = Options::default();
    let signed = Options {
        auth_token: Some(Secret::new("0123456789abcdef0123456789abcdef")),
        ..Options::default()
    };
    assert!(!app.fixed());
    for options in [&unsigned, &signed] {
        assert_eq!(verdicts(&app, options), red());
    }
    app.fix().unwrap();
    app.fix().unwrap();
    assert!(app.fixed());
    for options in [&unsigned, &signed] {
        assert_eq!(verdicts(&app, options), green());
    }
    app.unfix().unwrap();
    app.unfix().unwrap();
    assert_eq!(verdicts(&app, &unsigned), red());
}

#[test]
fn a_file_fixes_it_too() {
    let app = app();
    std::fs::write(app.fix_file(), "").unwrap();
    assert!(app.fixed());
    assert_eq!(verdicts(&app, &Options::default()), green());
    std::fs::remove_file(app.fix_file()).unwrap();
    assert!(!app.fixed());
    assert_eq!(verdicts(&app, &Options::default()), red());
}

#[test]
fn a_caller_with_a_number_passes_without_the_fix() {
    let app = app();
    let session = open(&app);
    let failed = failed(&session);
    let voice = failed
        .iter()
        .find(|(_, _, d)| d.request.url.as_deref().is_some_and(|u| u.ends_with("/voice")))
        .unwrap();
    let options = Options {
        edits: Edits {
            set: vec![("From".to_owned(), "+12025550144".to_owned())],
            ..Edits::default()
        },
        ..Options::default()
    };
    assert!(!replay(&app, voice, &Options::default()).2.pass());
    let (_, _, verdict) = replay(&app, voice, &options);
    assert_eq!(verdict, Verdict::default());
}

/// The samples are what this app would have answered that evening, fixed for the good ones and broken for the failed ones.
#[test]
fn the_app_answers_what_was_recorded() {
    let app = app();
    let session = open(&app);
    let mut compared = 0;
    for fixed in [false, true] {
        if fixed {
            app.fix().unwrap();
        }
        for request in requests(&session, |e| e.replayable() && (e.outcome == Outcome::Ok) == fixed) {
            let (plan, sent, _) = replay(&app, &request, &Options::default());
            let recorded = request.2.response.clone().unwrap();
            // Twilio gave up on the slow one, so nothing of the app was recorded; Tropo's log has no body of a 500.
            if plan.path == "/order" && !fixed {
                assert_eq!(request.1.outcome, Outcome::Timeout);
                continue;
            }
            if let Some(status) = recorded.status {
                assert_eq!(sent.status, Some(status), "{}", plan.path);
            }
            if let Some(body) = &recorded.body {
                assert_eq!(&String::from_utf8_lossy(&sent.body), body, "{}", plan.path);
            }
            if let (Some(was), Some(is)) = (
                recorded.header("Content-Type"),
                sent.answer().headers.iter().find(|h| h.0 == "content-type"),
            ) {
                assert_eq!(is.1, was, "{}", plan.path);
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 3 + 11);
}

#[test]
fn the_samples_tell_of_four_failures_and_of_nothing_else() {
    let app = app();
    let session = open(&app);
    assert!(session.failures.is_empty() && session.calls.unparsed.is_empty());
    let query = Query::default();
    let mut calls = Vec::new();
    for call in session.calls.iter() {
        let findings: Vec<_> = query.findings(&session, call).collect();
        assert!(findings.iter().all(|f| f.severity == Severity::Error), "{findings:?}");
        assert_eq!(
            findings.len(),
            session.calls.exchanges_of(call).filter(|e| e.outcome.failed()).count()
        );
        assert!(call.from.is_some() && call.to.is_some(), "{}", call.id);
        calls.push(findings.len());
    }
    calls.sort_unstable();
    assert_eq!(calls, [0, 0, 0, 1, 1, 1, 1]);
    assert!(failed(&session).iter().all(|(_, e, _)| e.replayable()));
    let lines: u64 = session.inputs.iter().map(|i| i.lines).sum();
    assert!((60..=130).contains(&lines), "{lines}");
}

#[test]
fn a_slow_answer_comes_before_the_replay_gives_up() {
    assert!(SLOW > Duration::from_secs(3) && SLOW * 2 < DEFAULT_TIMEOUT);
}

#[test]
fn a_slow_answer_can_be_cancelled() {
    let app = App::with_delay(FOREVER).unwrap();
    let session = open(&app);
    let failed = failed(&session);
    let order = failed
        .iter()
        .map(|r| Plan {
            timeout: FOREVER,
            ..planned(&app, r, &Options::default())
        })
        .find(|p| p.path == "/order")
        .unwrap();
    let at = |stage| {
        vec![Served {
            method: "POST".to_owned(),
            path: "/order".to_owned(),
            stage,
        }]
    };
    std::thread::scope(|scope| {
        let (cancel, cancelled) = oneshot::channel::<()>();
        let client = scope.spawn(|| {
            runtime().block_on(async {
                let pinned = Target::parse(&app.url(), &[]).unwrap().resolve().await.unwrap();
                tokio::select! {
                    sent = send(&order, &pinned) => Some(sent),
                    _ = cancelled => None,
                }
            })
        });
        let served = app.wait_until(LIMIT, |s| !s.is_empty());
        drop(cancel);
        assert_eq!(served, Ok(at(Stage::Working)));
        assert!(client.join().unwrap().is_none());
    });
    let left = at(Stage::Left);
    assert_eq!(app.wait_until(LIMIT, |s| s == left), Ok(left.clone()));
    // A cancelled request does not hold up the next one.
    app.fix().unwrap();
    assert_eq!(verdicts(&app, &Options::default()), green());
}

#[test]
fn the_end_does_not_wait_for_a_slow_answer() {
    let app = App::with_delay(FOREVER).unwrap();
    let session = open(&app);
    let failed = failed(&session);
    let order = failed
        .iter()
        .find(|(_, _, d)| d.request.url.as_deref().is_some_and(|u| u.ends_with("/order")))
        .unwrap();
    let options = Options {
        timeout: FOREVER,
        ..Options::default()
    };
    let order = planned(&app, order, &options);
    let url = app.url();
    let client = std::thread::spawn(move || {
        runtime().block_on(async {
            let pinned = Target::parse(&url, &[]).unwrap().resolve().await.unwrap();
            send(&order, &pinned).await
        })
    });
    app.wait_until(LIMIT, |s| s.iter().any(|s| s.stage == Stage::Working))
        .unwrap();
    drop(app);
    let sent = client.join().unwrap();
    let fault = sent.answer().error.map(|f| f.class);
    assert_eq!((sent.status, fault), (None, Some(FaultClass::Closed)));
}

#[test]
fn dropping_frees_the_port_and_the_folder() {
    // Somebody else may take the port in between, though not every time.
    let free = (0..8).any(|_| {
        let app = app();
        let (address, folder) = (app.url(), app.fix_file().parent().unwrap().to_owned());
        assert!(app.inputs().iter().all(|i| i.starts_with(&folder)));
        assert!(TcpListener::bind(address.trim_start_matches("http://")).is_err());
        drop(app);
        assert!(!folder.exists());
        TcpListener::bind(address.trim_start_matches("http://")).is_ok()
    });
    assert!(free);
}

#[test]
fn the_app_says_what_it_got() {
    let app = app();
    let session = open(&app);
    let failed = failed(&session);
    for request in &failed {
        replay(&app, request, &Options::default());
    }
    let mut want: Vec<_> = red()
        .into_keys()
        .zip([200, 503, 500, 500])
        .map(|(path, status)| Served {
            method: "POST".to_owned(),
            path,
            stage: Stage::Answered(status),
        })
        .collect();
    let mut got = app.served();
    got.sort_by(|a, b| a.path.cmp(&b.path));
    want.sort_by(|a, b| a.path.cmp(&b.path));
    assert_eq!(got, want);
}

#[test]
fn samples_that_cannot_be_written_are_named() {
    let folder = TempDir::new().unwrap();
    let e = write_samples(&folder.path().join("gone")).unwrap_err();
    assert!(e.to_string().contains("tropo-archive.log"), "{e}");
    let written = write_samples(folder.path()).unwrap();
    assert_eq!(written.len(), 3);
    assert!(written.iter().all(|p| p.is_file()));
}
