//! Calls played against an app that is a table: path and query to answer. Nothing is sent.

mod any;
mod tropo;
mod twilio;

use super::*;
use crate::judge::Answer;
use crate::model::{Payload, Problem, Provider, Verdict};

/// A call and how it is rehearsed.
struct Play {
    provider: Provider,
    recorded: Vec<Recorded>,
    start: usize,
    answers: Vec<String>,
    noinput: Vec<String>,
    hangup: Vec<String>,
    fallback: Option<Fallback>,
    max_steps: usize,
}

/// What became of it.
struct Played {
    /// `POST /menu Digits=2`, then what asked for it.
    asked: Vec<(String, String)>,
    steps: Vec<Step>,
    end: End,
    unmet: Vec<String>,
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

impl Play {
    fn of(provider: Provider, recorded: Vec<Recorded>) -> Self {
        Self {
            provider,
            recorded,
            start: 0,
            answers: vec![],
            noinput: vec![],
            hangup: vec![],
            fallback: None,
            max_steps: 20,
        }
    }

    fn answer(mut self, text: &str) -> Self {
        self.answers.push(text.to_owned());
        self
    }

    fn noinput(mut self, step: &str) -> Self {
        self.noinput.push(step.to_owned());
        self
    }

    fn hangup(mut self, step: &str) -> Self {
        self.hangup.push(step.to_owned());
        self
    }

    fn fallback(mut self, to: &str) -> Self {
        self.fallback = Some(Fallback::At(to.to_owned()));
        self
    }

    /// Answers from a table: the whole path with its query first, then the path; what is missing is a 404.
    fn with(self, app: &[(&str, &str)]) -> Played {
        self.against(|step| {
            let url = url::Url::parse(step.request.url.as_deref().unwrap()).unwrap();
            let whole = &url[url::Position::BeforePath..];
            let found = |path: &str| app.iter().find(|(p, _)| *p == path).map(|(_, body)| (*body).to_owned());
            found(whole).or_else(|| found(url.path()))
        })
    }

    fn against(self, mut app: impl FnMut(&Step) -> Option<String>) -> Played {
        let setting = Setting {
            wishes: Wishes::parse(&self.answers, &self.noinput, &self.hangup).unwrap(),
            also_own: vec!["http://localhost:3000".to_owned()],
            fallback: self.fallback.clone(),
            max_steps: self.max_steps,
            whole: true,
            began: chrono::DateTime::UNIX_EPOCH,
        };
        let mut rehearsal = Rehearsal::new(self.provider, &self.recorded, self.start, setting).unwrap();
        let mut steps = vec![rehearsal.first()];
        loop {
            let step = steps.last().unwrap().clone();
            assert_eq!(step.number, steps.len());
            let at = step.request.url.clone().unwrap();
            let (status, body) = match app(&step) {
                Some(body) => (200, body),
                None => (404, String::new()),
            };
            let kind = match self.provider {
                Provider::Twilio => "text/xml",
                Provider::Tropo => "application/json",
            };
            let headers = pairs(&[("content-type", kind)]);
            let answer = Answer {
                url: &at,
                status: Some(status),
                headers: &headers,
                body: body.as_bytes(),
                total_len: body.len() as u64,
                ..Answer::default()
            };
            // What is wrong with a document is the judge's matter, not the rehearsal's.
            let problem = (status != 200).then(|| Problem::error("11200", "the answer has status 404"));
            let verdict = Verdict {
                problems: problem.into_iter().collect(),
            };
            match rehearsal.then(&step, &at, &answer, &verdict) {
                Next::Step(next) => steps.push(*next),
                Next::End(end) => {
                    return Played {
                        asked: steps.iter().map(|s| (told(s), s.asked_by.clone())).collect(),
                        unmet: rehearsal.unmet(),
                        steps,
                        end,
                    };
                }
            }
        }
    }
}

impl Played {
    /// The requests, one a line.
    fn lines(&self) -> Vec<&str> {
        self.asked.iter().map(|(line, _)| line.as_str()).collect()
    }
}

/// A request in a line: method, path and query, what the caller or the verb added.
fn told(step: &Step) -> String {
    let url = url::Url::parse(step.request.url.as_deref().unwrap()).unwrap();
    let mut line = format!(
        "{} {}",
        step.request.method.as_deref().unwrap_or("POST"),
        &url[url::Position::BeforePath..]
    );
    let shown = [
        "Digits",
        "SpeechResult",
        "DialCallStatus",
        "CallStatus",
        "ErrorCode",
        "QueueResult",
        "Result",
        "ReferCallStatus",
        "SessionStatus",
        "HandoffData",
        "VirtualAgentStatus",
    ];
    for (name, value) in step
        .request
        .params()
        .iter()
        .filter(|(n, _)| shown.contains(&n.as_str()))
    {
        line.extend([" ", name, "=", value]);
    }
    if let Payload::Json(body) = &step.request.payload {
        line.push(' ');
        line += &String::from_utf8_lossy(body);
    }
    line
}
