//! Twilio's REST API as far as `redial pull` knows it, with a memory and a clock of its own.
//!
//! Alerts are published later than they happened, pages are cut by offset (so that what is published meanwhile pushes entries over
//! their borders), links are absolute and name Twilio's own host, a walk ends at the cap, and any request may meet a fault. Time
//! stands still unless somebody moves it: [`Clock`] is the client's side of it, in which sleeping takes no time at all.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use redial::model::Time;
use redial::twilio_api::{Base, Login, Wait, World};
use serde_json::{Value, json};
use tokio::sync::Notify;

pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub const CALL: &str = "CA164c8170fbe7d5d5a484814506442b83";
pub const TOKEN: &str = "hush-hush-token";

/// An error that Twilio had.
#[derive(Clone, Debug)]
pub struct Alert {
    pub sid: String,
    /// When it happened.
    pub at: i64,
    /// When the API begins to tell of it.
    pub published: i64,
    pub level: &'static str,
    /// The call that it happened on.
    pub call: String,
}

/// What a request meets instead of its answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Status, further header lines, body.
    Answer(u16, String, String),
    /// The head says more than comes.
    Cut,
    /// Closed without a word.
    Closed,
    /// Never answered.
    Hang,
}

/// Something that happens while a client asks.
pub type Meanwhile = Box<dyn FnMut(&mut State) + Send>;

/// What the server knows and what it saw; tests look and change it at will.
pub struct State {
    /// Its clock, milliseconds since 1970.
    pub now: i64,
    /// How far the client's clock is ahead.
    pub client_ahead: i64,
    pub alerts: Vec<Alert>,
    pub notifications: Vec<Value>,
    pub events: Vec<Value>,
    /// Entries that are listed but not there.
    pub gone: Vec<String>,
    /// Entries that the server fails to give.
    pub broken: Vec<String>,
    /// The most entries of a page.
    pub page: usize,
    /// What stands in the links to next pages.
    pub link_host: String,
    /// For the next requests, in order; none: as usual.
    pub faults: VecDeque<Option<Fault>>,
    /// Happens before each request is answered.
    pub meanwhile: Option<Meanwhile>,
    /// Every request line's target, in order.
    pub asked: Vec<String>,
    /// What the client slept.
    pub slept: Vec<Duration>,
    /// Requests at once, now and at most.
    pub at_once: (usize, usize),
    /// The client is killed when this request came in, counted from 0; true: after its answer.
    pub kill_at: Option<(usize, bool)>,
    /// The client is killed when it would sleep beyond this.
    pub until: i64,
    random: u64,
}

impl State {
    /// Any number, the same in every run.
    pub fn random(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below.max(1)
    }

    pub fn publish(&mut self, at: i64, published: i64) -> String {
        let sid = format!("NO{:032x}", self.alerts.len() + 1);
        self.alerts.push(Alert {
            sid: sid.clone(),
            at,
            published,
            level: "error",
            call: CALL.to_owned(),
        });
        sid
    }
}

/// The server. It lives as long as its process: its threads wait for connections.
#[derive(Clone)]
pub struct Mock {
    state: Arc<Mutex<State>>,
    pub url: String,
    hung: Arc<Notify>,
    pub killed: Arc<Notify>,
}

/// 2026-03-02T12:00:00Z.
pub const NOON: i64 = 1_772_452_800_000;

impl Mock {
    pub fn start(now: i64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mock = Self {
            state: Arc::new(Mutex::new(State {
                now,
                client_ahead: 0,
                alerts: Vec::new(),
                notifications: Vec::new(),
                events: Vec::new(),
                gone: Vec::new(),
                broken: Vec::new(),
                page: 1000,
                link_host: "https://monitor.twilio.com".to_owned(),
                faults: VecDeque::new(),
                meanwhile: None,
                asked: Vec::new(),
                slept: Vec::new(),
                at_once: (0, 0),
                kill_at: None,
                until: i64::MAX,
                random: 88_172_645_463_325_252,
            })),
            url: format!("http://{}", listener.local_addr().unwrap()),
            hung: Arc::default(),
            killed: Arc::default(),
        };
        let server = mock.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                std::thread::spawn(move || server.serve(stream));
            }
        });
        mock
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn seed(&self, seed: u64) {
        self.state().random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    }

    pub fn base(&self) -> Base {
        Base::fixed(&self.url).unwrap()
    }

    pub fn world(&self) -> Arc<dyn World> {
        Arc::new(Clock(self.clone()))
    }

    /// One connection, one request.
    fn serve(&self, mut stream: TcpStream) {
        let Some(head) = head(&mut stream) else { return };
        let (number, fault) = {
            let mut state = self.state();
            state.at_once.0 += 1;
            state.at_once.1 = state.at_once.1.max(state.at_once.0);
            if let Some(mut meanwhile) = state.meanwhile.take() {
                meanwhile(&mut state);
                state.meanwhile.get_or_insert(meanwhile);
            }
            state.asked.push(head.target.clone());
            (state.asked.len() - 1, state.faults.pop_front().flatten())
        };
        let kill_at = self.state().kill_at;
        if kill_at == Some((number, false)) {
            self.killed.notify_one();
            let _ = stream.read(&mut [0; 64]);
        } else {
            self.answer(&mut stream, &head, fault);
        }
        self.state().at_once.0 -= 1;
        if kill_at == Some((number, true)) {
            self.killed.notify_one();
        }
    }

    fn answer(&self, stream: &mut TcpStream, head: &Head, fault: Option<Fault>) {
        let date = http_date(self.state().now);
        let send = |stream: &mut TcpStream, status: u16, more: &str, length: usize, body: &str| {
            let head = format!(
                "HTTP/1.1 {status} x\r\nDate: {date}\r\nConnection: close\r\nContent-Length: {length}\r\n{more}\r\n"
            );
            let _ = stream
                .write_all(head.as_bytes())
                .and_then(|()| stream.write_all(body.as_bytes()));
        };
        match fault {
            None => {
                let (status, body) = self.usual(head);
                send(stream, status, "Content-Type: application/json\r\n", body.len(), &body);
            }
            Some(Fault::Answer(status, more, body)) => send(stream, status, &more, body.len(), &body),
            Some(Fault::Cut) => {
                let (status, body) = self.usual(head);
                send(stream, status, "", body.len() + 100, &body);
            }
            Some(Fault::Closed) => {}
            Some(Fault::Hang) => {
                // All of them: nobody knows whose request this is.
                self.hung.notify_waiters();
                // Until the client has enough.
                let _ = stream.read(&mut [0; 64]);
            }
        }
    }

    /// Status and body without a fault.
    fn usual(&self, head: &Head) -> (u16, String) {
        let login = base64::engine::general_purpose::STANDARD.encode(format!("{ACCOUNT}:{TOKEN}"));
        if head.authorization.as_deref() != Some(&format!("Basic {login}")) {
            return error(401, 20003, "Authenticate");
        }
        let (path, query) = head.target.split_once('?').unwrap_or((&head.target, ""));
        let query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let state = self.state();
        let calls = format!("/2010-04-01/Accounts/{ACCOUNT}/Calls/{CALL}");
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match parts[..] {
            ["v1", "Alerts"] => alerts(&state, &query),
            ["v1", "Alerts", sid] if state.broken.iter().any(|s| s == sid) => error(500, 20500, "Internal error"),
            ["v1", "Alerts", sid] => match state.alerts.iter().find(|a| a.sid == sid) {
                Some(a) if !state.gone.contains(&a.sid) => (200, alert(a, true).to_string()),
                _ => error(404, 20404, "not found"),
            },
            _ if path == format!("{calls}/Notifications.json") => {
                list(&state, path, &query, "notifications", &state.notifications)
            }
            _ if path == format!("{calls}/Events.json") => list(&state, path, &query, "events", &state.events),
            _ => {
                let sid = path.strip_prefix(&format!("{calls}/Notifications/"));
                let sid = sid.and_then(|s| s.strip_suffix(".json"));
                let found = state.notifications.iter().find(|n| n["sid"].as_str() == sid);
                match found.filter(|_| sid.is_some()) {
                    Some(n) => {
                        let mut whole = n.clone();
                        whole["request_variables"] = json!("CallSid=x");
                        whole["response_body"] = json!("");
                        (200, whole.to_string())
                    }
                    None => error(404, 20404, "The requested resource was not found"),
                }
            }
        }
    }
}

fn error(status: u16, code: u32, message: &str) -> (u16, String) {
    (
        status,
        json!({"code": code, "message": message, "more_info": "https://www.twilio.com/docs/errors", "status": status})
            .to_string(),
    )
}

fn alert(a: &Alert, whole: bool) -> Value {
    let mut v = json!({
        "sid": a.sid, "account_sid": ACCOUNT, "alert_text": "Msg=HTTP+500&ErrorCode=11200&LogLevel=ERROR",
        "api_version": "2010-04-01", "date_created": Time(a.at).to_string(), "date_generated": Time(a.at).to_string(),
        "date_updated": Time(a.at).to_string(), "error_code": "11200", "log_level": a.level,
        "more_info": "https://www.twilio.com/docs/errors/11200", "request_method": "POST",
        "request_url": "https://pizza.example.com/voice", "resource_sid": a.call, "service_sid": null,
        "url": format!("https://monitor.twilio.com/v1/Alerts/{}", a.sid),
    });
    if whole {
        v["request_variables"] = json!(format!("CallSid={}&Digits=1", a.call));
        v["response_headers"] = json!("Content-Type=text%2Fhtml&Set-Cookie=session%3Dsecret-cookie");
        v["response_body"] = json!("<h1>500</h1>");
    }
    v
}

fn parameter<'q>(query: &'q [(String, String)], name: &str) -> Option<&'q str> {
    query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

/// A page of alerts, newest first, and the walk's end at the cap.
fn alerts(state: &State, query: &[(String, String)]) -> (u16, String) {
    let date = |name| parameter(query, name).map(|t| Time::parse(t).unwrap_or_else(|| panic!("{name}={t}")).0);
    let (start, end) = (date("StartDate"), date("EndDate"));
    let month = state.now - 30 * 86_400_000;
    if start.is_some_and(|s| s < month) {
        return error(400, 20001, "StartDate is more than 30 days ago");
    }
    let level = parameter(query, "LogLevel");
    let mut found: Vec<&Alert> = state
        .alerts
        .iter()
        .filter(|a| a.published <= state.now && start.is_none_or(|s| a.at >= s) && end.is_none_or(|e| a.at <= e))
        .filter(|a| level.is_none_or(|l| a.level == l))
        .collect();
    found.sort_by(|a, b| (b.at, &b.sid).cmp(&(a.at, &a.sid)));
    let size: usize = parameter(query, "PageSize")
        .map_or(50, |s| s.parse().unwrap())
        .min(state.page);
    let offset = offset(query);
    let cap = redial::twilio_api::CAP;
    if offset >= cap {
        return error(400, 20006, "Page out of range");
    }
    let to = (offset + size).min(cap).min(found.len());
    let items: Vec<Value> = found[offset.min(to)..to].iter().map(|a| alert(a, false)).collect();
    let next = (to < found.len() && to < cap).then(|| next_link(&state.link_host, "/v1/Alerts", query, to));
    let meta = json!({"key": "alerts", "next_page_url": next, "page": 0, "page_size": size, "previous_page_url": null,
        "first_page_url": "https://monitor.twilio.com/v1/Alerts", "url": "https://monitor.twilio.com/v1/Alerts"});
    (200, json!({"alerts": items, "meta": meta}).to_string())
}

/// A page of the 2010 API.
fn list(state: &State, path: &str, query: &[(String, String)], name: &str, all: &[Value]) -> (u16, String) {
    let offset = offset(query);
    let to = (offset + state.page).min(all.len());
    let next = (to < all.len()).then(|| next_link("", path, query, to));
    let page = json!({name: all[offset.min(to)..to], "next_page_uri": next, "uri": path, "first_page_uri": path,
        "previous_page_uri": null, "page": 0, "page_size": state.page, "start": offset, "end": to});
    (200, page.to_string())
}

fn offset(query: &[(String, String)]) -> usize {
    let token = parameter(query, "PageToken").and_then(|t| t.strip_prefix("PANO"));
    token.map_or(0, |t| t.parse().unwrap())
}

fn next_link(host: &str, path: &str, query: &[(String, String)], offset: usize) -> String {
    let mut link = form_urlencoded::Serializer::new(String::new());
    link.extend_pairs(query.iter().filter(|(n, _)| n != "PageToken" && n != "Page"));
    link.append_pair("Page", "1")
        .append_pair("PageToken", &format!("PANO{offset}"));
    format!("{host}{path}?{}", link.finish())
}

struct Head {
    target: String,
    authorization: Option<String>,
}

fn head(stream: &mut TcpStream) -> Option<Head> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let mut one = [0; 1];
        if stream.read(&mut one).ok()? == 0 {
            return None;
        }
        bytes.push(one[0]);
        if bytes == [0x16] {
            // TLS: this port speaks plain HTTP, and says so as such servers do.
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            return None;
        }
    }
    let text = String::from_utf8(bytes).unwrap();
    let authorization = text
        .lines()
        .filter_map(|l| l.split_once(": "))
        .find(|(n, _)| n.eq_ignore_ascii_case("authorization"));
    Some(Head {
        target: text.split_whitespace().nth(1)?.to_owned(),
        authorization: authorization.map(|(_, v)| v.to_owned()),
    })
}

fn http_date(ms: i64) -> String {
    let t = chrono::DateTime::from_timestamp_millis(ms).unwrap();
    t.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The client's world: sleeping moves the server's clock and takes no time; a request has taken too long when the server says that
/// it hangs.
struct Clock(Mock);

impl World for Clock {
    fn now(&self) -> Time {
        let state = self.0.state();
        Time(state.now + state.client_ahead)
    }

    fn sleep(&self, time: Duration) -> Wait {
        let mock = self.0.clone();
        Box::pin(async move {
            let over = {
                let mut state = mock.state();
                state.now += i64::try_from(time.as_millis()).unwrap();
                state.slept.push(time);
                state.now > state.until
            };
            if over {
                mock.killed.notify_one();
                std::future::pending::<()>().await;
            }
            tokio::task::yield_now().await;
        })
    }

    fn limit(&self, time: Duration) -> Wait {
        let mock = self.0.clone();
        Box::pin(async move {
            mock.hung.notified().await;
            mock.state().now += i64::try_from(time.as_millis()).unwrap();
        })
    }

    fn chance(&self) -> u64 {
        self.0.state().random(u64::MAX)
    }
}

/// The credentials that the mock takes, and whatever else is given.
pub fn login(pairs: &[(&str, &str)]) -> Login {
    let all = [("TWILIO_ACCOUNT_SID", ACCOUNT), ("TWILIO_AUTH_TOKEN", TOKEN)];
    let lookup = |n: &str| {
        let found = pairs.iter().chain(&all).find(|(k, _)| *k == n);
        found.map(|(_, v)| (*v).to_owned())
    };
    Login::choose(&redial::config::Credentials::from_lookup(lookup)).unwrap()
}
