//! The thread that sends: attempts in order, one at a time, given up at once when told to.
//!
//! It has a runtime of its own, so that neither a slow answer nor judging a huge one holds the keys up. What became of a request that
//! came from the store is kept there before it is told.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::answer::answered;
use super::data::{Attempt, AttemptState};
use super::msg::{Level, Msg};
use super::runtime::{self, Out};
use crate::model::{Request, Time};
use crate::output::changes;
use crate::output::har::Hidden;
use crate::output::kept::Attempted;
use crate::output::rich::Line;
use crate::output::style::Role;
use crate::replay::{Edits, Followed, Options, send_following};
use crate::store::Replays;

/// What is to be sent.
#[derive(Debug)]
pub(super) struct Job {
    /// The attempt.
    pub(super) attempt: Attempt,
}

/// The near end of the thread.
#[derive(Debug)]
pub(super) struct Sender {
    jobs: mpsc::UnboundedSender<(u64, Job)>,
    /// Jobs of rounds before this one are given up.
    round: watch::Sender<u64>,
}

impl Sender {
    /// Starts the thread; `store` is the store's file, when its events are shown.
    pub(super) fn start(options: Arc<Options>, store: Option<PathBuf>, out: Out) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::unbounded_channel();
        let (round, rounds) = watch::channel(0);
        let mut replays = store.map(Replays::new);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new()
            .name("replays".to_owned())
            .spawn(move || runtime.block_on(work(queue, rounds, &options, replays.as_mut(), &out)))?;
        Ok(Self { jobs, round })
    }

    /// Sends behind what is already queued.
    pub(super) fn send(&self, job: Job) {
        // A thread that is gone has nothing to send any more.
        let _ = self.jobs.send((*self.round.borrow(), job));
    }

    /// Gives up what is queued and what is on its way.
    pub(super) fn cancel(&self) {
        self.round.send_modify(|n| *n += 1);
    }
}

async fn work(
    mut queue: mpsc::UnboundedReceiver<(u64, Job)>,
    mut rounds: watch::Receiver<u64>,
    options: &Options,
    mut replays: Option<&mut Replays>,
    out: &Out,
) {
    while let Some((round, job)) = queue.recv().await {
        let number = job.attempt.number;
        let state = if *rounds.borrow_and_update() > round {
            AttemptState::Cancelled
        } else {
            out.say(Msg::Attempt(number, AttemptState::InFlight));
            tokio::select! {
                biased;
                changed = rounds.wait_for(|now| *now > round) => {
                    if changed.is_err() {
                        return;
                    }
                    AttemptState::Cancelled
                }
                ended = attempt(&job, options) => match ended {
                    Ok(done) => {
                        if let Some(replays) = replays.as_deref_mut() {
                            keep(&job, &done, options, replays, out);
                        }
                        let mut answered = answered(done.followed);
                        if let Some(line) = edited(&job, options) {
                            let at = answered.lines.len().min(1);
                            answered.lines.insert(at, Line::of(Role::Faint, &line));
                        }
                        AttemptState::Done(Arc::new(answered))
                    }
                    Err(why) => AttemptState::Refused(why),
                },
            }
        };
        out.say(Msg::Attempt(number, state));
    }
}

/// An attempt that came to its end.
struct Ended {
    at: Time,
    followed: Followed,
}

async fn attempt(job: &Job, options: &Options) -> Result<Ended, String> {
    let a = &job.attempt;
    let pinned = a.target.resolve().await.map_err(|e| e.to_string())?;
    let at = runtime::now();
    let (recorded, options) = match &a.draft {
        None => (&*a.recorded, options.clone()),
        Some(d) => (
            &d.recorded,
            Options {
                edits: d.edits.clone(),
                edited: true,
                ..options.clone()
            },
        ),
    };
    let request: &Request = &recorded.request;
    let plan = (*a.plan).clone();
    let followed = send_following(
        recorded.provider,
        recorded.kind,
        request,
        plan,
        &a.target,
        &options,
        &pinned,
    )
    .await;
    Ok(Ended { at, followed })
}

/// What of the recorded request was sent otherwise, in one line.
fn edited(job: &Job, options: &Options) -> Option<String> {
    let (a, hidden) = (&job.attempt, Hidden::new(options.auth_token.as_ref()));
    let draft = a.draft.as_deref()?;
    changes::line(&changes::changes(
        &a.recorded.request,
        &draft.recorded.request,
        &draft.edits,
        hidden,
    ))
}

/// Keeps what became of a request of the store's.
fn keep(job: &Job, done: &Ended, options: &Options, replays: &mut Replays, out: &Out) {
    let a = &job.attempt;
    let Some(event) = a.recorded.event else { return };
    let (draft, unedited) = (a.draft.as_deref(), Edits::default());
    let attempted = Attempted {
        event,
        request: &a.recorded.name,
        call: None,
        at: done.at,
        plan: &done.followed.plan,
        sent: &done.followed.sent,
        verdict: &done.followed.verdict,
        recorded: &a.recorded.request,
        changed: draft.map(|d| (&a.recorded.request, &d.recorded.request)),
        edits: draft.map_or(&unedited, |d| &d.edits),
        token: options.auth_token.as_ref(),
    };
    replays.keep_or_tell(&attempted.to_keep(), |text| out.say(Msg::Notice(Level::Error, text)));
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use tokio::sync::mpsc::UnboundedReceiver;

    use super::super::data::{Draft, Recorded};
    use super::*;
    use crate::config::Secret;
    use crate::model::{Outcome, Payload, Provider, RequestKind};
    use crate::replay::{Target, plan};
    use crate::store::{EventKind, NewEvent, NewReplay, Origin, Store};

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    /// A server that answers every request with TwiML.
    fn target() -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut piece = [0; 4096];
                let _ = stream.read(&mut piece);
                let body = format!("<Response><Say>{TOKEN}</Say></Response>");
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\nContent-Length:";
                let _ = stream.write_all(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes());
            }
        });
        Target::parse(&format!("http://127.0.0.1:{port}"), &[]).unwrap()
    }

    fn recorded(event: Option<i64>, digits: &str) -> Recorded {
        let params = [("AccountSid", "AC1"), ("CallSid", "CA1"), ("Digits", digits)];
        Recorded {
            exchange: 0,
            name: "r0123456789".to_owned(),
            call: 1,
            provider: Provider::Twilio,
            kind: RequestKind::Gather,
            outcome: Outcome::HttpError,
            request: Request {
                method: Some("POST".to_owned()),
                url: Some("https://app.example.com/menu".to_owned()),
                headers: Vec::new(),
                payload: Payload::Form(params.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec()),
            },
            response: None,
            event,
        }
    }

    fn options() -> Options {
        Options {
            auth_token: Some(Secret::new(TOKEN)),
            ..Options::default()
        }
    }

    fn job(number: u32, target: &Target, event: Option<i64>, draft: Option<Draft>) -> Job {
        let recorded = recorded(event, "1");
        let request = draft.as_ref().map_or(&recorded.request, |d| &d.recorded.request);
        let plan = plan(recorded.provider, recorded.kind, request, target, &options()).unwrap();
        Job {
            attempt: Attempt {
                number,
                recorded: Arc::new(recorded),
                at: Time(0),
                draft: draft.map(Arc::new),
                target: target.clone(),
                plan: Arc::new(plan),
                state: AttemptState::Queued,
            },
        }
    }

    /// Waits for an attempt to end; what was kept by then, and what was said.
    fn ends(number: u32, messages: &mut UnboundedReceiver<Msg>) -> Vec<String> {
        let mut said = Vec::new();
        loop {
            match messages.blocking_recv().unwrap() {
                Msg::Attempt(n, AttemptState::Done(answered)) if n == number => {
                    assert!(answered.pass, "{answered:?}");
                    return said;
                }
                Msg::Notice(Level::Error, text) => said.push(text),
                Msg::Attempt(_, AttemptState::InFlight) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_became_of_a_request_of_the_store_is_kept_before_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let event = NewEvent {
            key: "NO1".to_owned(),
            kind: EventKind::Debugger,
            source: Origin::Listen,
            received: Time(0),
            at: None,
            call: Some("CA1".to_owned()),
            level: None,
            code: None,
            note: None,
            document: "Sid=NO1".to_owned(),
        };
        let mut store = Store::open(&path).unwrap();
        store.append(&[event]).unwrap();
        let kept = |store: &Store| -> Vec<NewReplay> {
            let all = store.replays_after(0, 100).unwrap();
            all.into_iter().map(|r| r.replay).collect()
        };
        let (out, mut messages) = Out::new();
        let sender = Sender::start(Arc::new(options()), Some(path.clone()), out).unwrap();
        let target = target();

        sender.send(job(1, &target, Some(1), None));
        assert!(ends(1, &mut messages).is_empty());
        let one = kept(&store).remove(0);
        assert_eq!(
            (one.event, one.call.as_deref(), one.pass),
            (Some(1), Some("CA1"), Some(true))
        );
        assert_eq!((one.request.as_str(), &one.sent), ("r0123456789", &None));
        assert!(
            one.entry.contains("Digits=1") && !one.entry.contains(TOKEN),
            "{}",
            one.entry
        );

        // One that the user changed says what was changed.
        let draft = Draft {
            recorded: recorded(Some(1), "2"),
            edits: Edits::default(),
        };
        sender.send(job(2, &target, Some(1), Some(draft)));
        ends(2, &mut messages);
        let two = kept(&store).remove(1);
        assert_eq!(
            two.sent.unwrap_or_default()["set"],
            serde_json::json!([["Digits", "2"]])
        );

        // One of a log is not kept.
        sender.send(job(3, &target, None, None));
        ends(3, &mut messages);
        assert_eq!(kept(&store).len(), 2);

        // A store that is gone is told once, and stops nobody.
        drop(store);
        std::fs::rename(&path, folder.path().join("elsewhere")).unwrap();
        sender.send(job(4, &target, Some(1), None));
        let said = ends(4, &mut messages);
        assert!(said.len() == 1 && said[0].contains("not kept"), "{said:?}");
        sender.send(job(5, &target, Some(1), None));
        assert!(ends(5, &mut messages).is_empty());
    }
}
