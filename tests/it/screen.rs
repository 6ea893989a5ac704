//! The real loop, its threads and its clock, on a screen made of cells: scripted keys, the shipped samples, the demo's app or a server made
//! by hand. What is waited for is a text in the picture; nothing sleeps.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use futures_util::Stream;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use redial::demo::App;
use redial::filter::{Engine, builtin};
use redial::input::Source;
use redial::live::{Beside, FromStore, Plan, Said, Word};
use redial::model::{Severity, Time};
use redial::query::Query;
use redial::replay::{Options, Target};
use redial::store::{EventKind, NewEvent, Origin, Store};
use redial::tui::desk::Start;
use redial::tui::keys::Keymap;
use redial::tui::model::{Demo, Look, Model};
use redial::tui::runtime::{self, Screen};
use tokio::sync::mpsc;

/// Nothing here takes so long.
const LIMIT: Duration = Duration::from_secs(60);

/// The far end of the loop.
struct Cells {
    events: Keys,
    pictures: Sender<String>,
    copied: Arc<Mutex<Vec<String>>>,
}

struct Keys(mpsc::UnboundedReceiver<Event>);

impl Stream for Keys {
    type Item = io::Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|e| e.map(Ok))
    }
}

impl Screen for Cells {
    type Events = Keys;

    fn events(&mut self) -> &mut Keys {
        &mut self.events
    }

    fn mouse(&mut self, _on: bool) {}

    fn copy(&mut self, text: &str) -> io::Result<String> {
        self.copied.lock().unwrap().push(text.to_owned());
        Ok("here".to_owned())
    }

    fn away(&mut self, work: &mut dyn FnMut()) {
        work();
    }

    fn bell(&mut self) {}

    fn drawn(&mut self, _model: &Model, buffer: &Buffer) {
        let _ = self.pictures.send(grid(buffer));
    }
}

/// The cells as text, one line a row.
fn grid(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width).max(1);
    let rows = buffer.content().chunks(width);
    rows.map(|row| {
        row.iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect::<String>()
            .trim_end()
            .to_owned()
            + "\n"
    })
    .collect()
}

/// The screen with one who looks at it and presses keys.
struct User {
    keys: Option<mpsc::UnboundedSender<Event>>,
    pictures: Receiver<String>,
    now: String,
    copied: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<Model>>,
}

/// What the screen begins with.
struct Begin {
    names: Vec<PathBuf>,
    pipes: Vec<Source>,
    store: Option<PathBuf>,
    service: Option<Box<dyn Beside>>,
    follow: bool,
    target: Option<String>,
    app: Option<App>,
}

impl Begin {
    fn with(names: &[&str]) -> Self {
        let top = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        Self {
            names: names.iter().map(|n| top.join(n)).collect(),
            pipes: Vec::new(),
            store: None,
            service: None,
            follow: false,
            target: None,
            app: None,
        }
    }

    fn of(names: &[PathBuf]) -> Self {
        Self {
            names: names.to_vec(),
            ..Self::with(&[])
        }
    }

    fn to(mut self, target: &str) -> Self {
        self.target = Some(target.to_owned());
        self
    }

    fn start(self) -> User {
        let (keys, events) = mpsc::unbounded_channel();
        let (pictures, seen) = channel();
        let copied = Arc::default();
        let mut screen = Cells {
            events: Keys(events),
            pictures,
            copied: Arc::clone(&copied),
        };
        let thread = std::thread::spawn(move || self.run(&mut screen));
        User {
            keys: Some(keys),
            pictures: seen,
            now: String::new(),
            copied,
            thread: Some(thread),
        }
    }

    fn run(self, screen: &mut Cells) -> Model {
        let mut model = Model::new((0, 0), Look::default(), Arc::new(Keymap::default()), Time(0));
        model.target.target = self.target.map(|t| Target::parse(&t, &[]).unwrap());
        model.demo = self.app.as_ref().map(|_| Demo::default());
        let query = Query {
            level: Some(Severity::Warning),
            ..Query::default()
        };
        let start = Start {
            plan: Plan {
                names: self.names,
                pipes: self.pipes,
                follow: self.follow,
                store: self.store.map(|path| FromStore {
                    path,
                    after: 0,
                    follow: true,
                }),
                kept: true,
                ..Plan::default()
            },
            query,
            call: None,
            options: Arc::new(Options::default()),
        };
        let engine = || Engine::new(builtin::packs());
        let mut outside = redial::tui::outside(start, engine, self.app).unwrap();
        if let Some(service) = self.service {
            let (say, words) = mpsc::unbounded_channel();
            let at = "Twilio's API".to_owned();
            let said = Said::Up { at, but: None };
            say.send(Word { service: "pull", said }).unwrap();
            outside = outside.with(vec![service], words);
        }
        let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime
            .block_on(runtime::run(&mut terminal, screen, &mut model, &mut outside))
            .unwrap();
        model
    }
}

impl User {
    /// Looks on until the picture is as wished.
    #[track_caller]
    fn until(&mut self, what: &str, wish: impl Fn(&str) -> bool) -> &mut Self {
        let begun = Instant::now();
        while !wish(&self.now) {
            match self.pictures.recv_timeout(LIMIT.saturating_sub(begun.elapsed())) {
                Ok(picture) => self.now = picture,
                Err(e) => panic!("{e} while waiting for {what}; the picture is\n{}", self.now),
            }
        }
        self
    }

    #[track_caller]
    fn sees(&mut self, text: &str) -> &mut Self {
        self.until(text, |p| p.contains(text))
    }

    #[track_caller]
    fn misses(&mut self, text: &str) -> &mut Self {
        self.until(&format!("`{text}` to go"), |p| !p.contains(text))
    }

    /// Presses keys, separated by blanks; `'text` types a text (`_` for a blank).
    fn press(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            match key.strip_prefix('\'') {
                Some(text) => text
                    .chars()
                    .for_each(|c| self.key(KeyCode::Char(if c == '_' { ' ' } else { c }))),
                None => self.key(match key {
                    "enter" => KeyCode::Enter,
                    "esc" => KeyCode::Esc,
                    "tab" => KeyCode::Tab,
                    "space" => KeyCode::Char(' '),
                    one => KeyCode::Char(one.chars().next().unwrap()),
                }),
            }
        }
        self
    }

    fn key(&mut self, code: KeyCode) {
        let event = Event::Key(KeyEvent::new(code, KeyModifiers::NONE));
        self.keys.as_ref().unwrap().send(event).unwrap();
    }

    fn paste(&mut self, text: &str) -> &mut Self {
        self.keys.as_ref().unwrap().send(Event::Paste(text.to_owned())).unwrap();
        self
    }

    /// Quits; the model at the end.
    #[track_caller]
    fn quits(&mut self) -> Model {
        // The end of the keys is the end of the terminal.
        drop(self.keys.take());
        self.thread.take().unwrap().join().unwrap()
    }
}

/// A server made by hand: the first request is given to the test, which decides what is answered when.
struct Server {
    listener: TcpListener,
    url: String,
}

impl Server {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self { listener, url }
    }

    /// The next request, head and body as far as it says how long it is.
    fn takes(&self) -> (TcpStream, String) {
        let (mut stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let mut got = Vec::new();
        let mut room = [0; 4096];
        loop {
            let n = stream.read(&mut room).unwrap();
            got.extend_from_slice(&room[..n]);
            let text = String::from_utf8_lossy(&got).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let long = head
                    .lines()
                    .find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
                if body.len() >= long.unwrap_or(0) {
                    return (stream, text);
                }
            }
        }
    }
}

fn twiml(stream: &mut TcpStream) {
    let body = "<?xml version=\"1.0\"?><Response><Say>Hello.</Say></Response>";
    let long = body.len();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {long}\r\nConnection: close\r\n\r\n");
    stream.write_all((head + body).as_bytes()).unwrap();
}

const ERRORS: &str = "samples/demo/twilio-debugger.jsonl";

#[test]
fn red_mended_green_compared() {
    let app = App::start().unwrap();
    let mut begin = Begin::of(app.inputs()).to(&app.url());
    begin.app = Some(app);
    let mut user = begin.start();
    user.sees("4 of 7 calls").sees("1/6").sees("▌1 Calls");
    user.press("enter").sees("▌2 Story").sees("2/6");
    user.press("enter").sees("▌3 Detail").sees("[Why]").sees("3/6");
    user.press("l").sees("[Request]").press("h").sees("[Why]");
    user.press("r").sees("FAIL").sees("4/6");
    user.press("M").sees("is mended").sees("5/6");
    user.press("r").sees("PASS").sees("6/6");
    user.press("D")
        .sees("against replay")
        .press("D")
        .sees("replay 1 against replay 2");
    user.press("esc").misses("against");
    user.press("2 y")
        .sees("curl command")
        .press("c")
        .sees("curl command copied here");
    assert!(user.copied.lock().unwrap()[0].starts_with("curl "));
    let model = user.quits();
    assert_eq!(model.replays.attempts.len(), 2);
}

#[test]
fn an_edited_parameter_reaches_the_server() {
    let server = Server::new();
    let mut user = Begin::with(&[ERRORS]).to(&server.url).start();
    user.sees("calls").misses("reading");
    user.press("enter")
        .sees("▌2 Story")
        .sees("POST /")
        .press("e")
        .sees("Edit r");
    // The first parameter gets another value, one is added.
    user.press("j j enter").press("'+changed enter").sees("~ ");
    user.press("a 'Extra=one_more enter").sees("one more").press("r");
    let (mut stream, got) = server.takes();
    assert!(got.contains("%2Bchanged&") && got.contains("Extra=one+more"), "{got}");
    twiml(&mut stream);
    user.sees("PASS").press("4 z").sees("(edited)");
    assert!(user.quits().replays.attempts[0].draft.is_some());
}

#[test]
fn a_slow_answer_is_cancelled_while_keys_work() {
    let server = Server::new();
    let mut user = Begin::with(&[ERRORS]).to(&server.url).start();
    user.sees("calls")
        .misses("reading")
        .press("enter")
        .sees("▌2 Story")
        .sees("POST /");
    user.press("r").sees("1 sending");
    let (mut stream, _) = server.takes();
    user.press("1")
        .sees("▌1 Calls")
        .press("2")
        .sees("▌2 Story")
        .press("?")
        .sees("Keys")
        .press("esc");
    user.misses("Keys")
        .sees("1 sending")
        .press("esc")
        .sees("cancelled: POST");
    // The server sees that nobody waits any more.
    assert_eq!(stream.read(&mut [0; 16]).unwrap_or(0), 0);
    // And the next one is sent as ever.
    user.press("r");
    twiml(&mut server.takes().0);
    user.sees("PASS");
    user.quits();
}

#[test]
fn a_huge_answer_does_not_hold_the_keys_up() {
    let server = Server::new();
    let mut user = Begin::with(&[ERRORS]).to(&server.url).start();
    user.sees("calls")
        .misses("reading")
        .press("enter")
        .sees("▌2 Story")
        .sees("POST /")
        .press("r")
        .sees("1 sending");
    let (mut stream, _) = server.takes();
    let (half, piece) = (25 << 20, vec![b'x'; 1 << 20]);
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n",
        2 * half
    );
    stream.write_all(head.as_bytes()).unwrap();
    for _ in 0..25 {
        stream.write_all(&piece).unwrap();
    }
    // In the middle of it.
    user.press("1")
        .sees("▌1 Calls")
        .sees("1 sending")
        .press("2")
        .sees("▌2 Story");
    for _ in 0..25 {
        stream.write_all(&piece).unwrap();
    }
    user.sees("FAIL").press("4 z").sees("of 52,428,800 bytes were kept");
    user.press("G").misses("bytes were kept");
    user.quits();
}

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    let mut user = Begin::with(&[ERRORS, "samples/nothing-here.log"]).start();
    user.sees("cannot").sees("nothing-here.log");
    user.press("esc")
        .sees("1 input not read: 5")
        .press("5")
        .sees("▌5 Sources")
        .press("z j")
        .sees("failed")
        .sees("cannot");
    user.press("z 1").sees("▌1 Calls");
    // A wrong filter stays in its bar, with a sign under its column.
    user.press("f")
        .sees("filter:")
        .press("'status_>=")
        .sees("v a value is missing");
    user.press("enter")
        .sees("v a value is missing")
        .press("esc")
        .misses("filter:");
    // A target that is none of this machine's.
    user.press("t").sees("replay to:");
    for _ in 0..40 {
        user.key(KeyCode::Backspace);
    }
    user.paste("http://93.184.216.34").press("enter").sees("--allow-host");
    user.press("esc").misses("replay to:");
    let model = user.quits();
    assert!(model.replays.attempts.is_empty() && model.filter.active().is_none());
}

#[test]
fn a_filter_narrows_and_a_place_is_come_back_to() {
    let mut user = Begin::with(&["samples/demo"]).start();
    user.sees("4 of 7 calls").misses("reading").press("f").sees("filter:");
    user.press("'status_>=_500 enter").until("fewer calls", |p| {
        p.contains("filter: status >= 500") && !p.contains("4 of 7")
    });
    user.press("f").sees("filter: status >= 500").press("esc");
    user.press("j enter enter l")
        .sees("[Request]")
        .sees("sessionId")
        .sees("lines hidden");
    user.press("j j").misses("POST http://chippy");
    let was = user.now.clone();
    user.press("1 5")
        .sees("▌5 Sources")
        .press("1 2 4")
        .sees("▌4 Replays")
        .press("3");
    user.until("the same picture", |p| p == was);
    user.quits();
}

/// A pipe that grows: what came is shown though nothing follows it, the list is held and goes on, and follows the newest.
#[cfg(unix)]
#[test]
fn a_pipe_that_grows() {
    let folder = tempfile::TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let text = String::from_utf8(super::support::sample("demo/twilio-debugger.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() >= 2, "one for each step");
    let mut user = Begin::of(std::slice::from_ref(&pipe)).start();
    let mut writer = std::fs::File::options().write(true).open(&pipe).unwrap();
    let mut say = |line: &str| writer.write_all(format!("{line}\n").as_bytes()).unwrap();
    user.sees("0 of 0 calls");
    say(lines[0]);
    user.sees("1 of 1 call").press("p").sees("held still");
    say(lines[1]);
    user.press("5").until("more lines, the same calls", |p| {
        p.contains("held still") && p.contains("1 of 1 call")
    });
    user.press("1 p").sees("2 of 2 calls").misses("held still");
    user.press("F").sees("following");
    for line in &lines[2..] {
        say(line);
    }
    drop(writer);
    user.misses("reading");
    let model = user.quits();
    assert_eq!(model.calls.cursor.at, model.calls.list.rows.len() - 1);
}

/// The failed webhook of the n-th call, as the log has it.
fn failed(n: u32) -> String {
    let id = format!("{n:04}{:028x}", 0xca11);
    let thread = format!("Tropo-Thread-{id}");
    format!(
        "2013-02-19 15:07:{n:02}.100 DEBUG [{thread}] #TROPO#: Sending TropoML Payload on {thread} \
         [url=http://a.example/start]: {{\"session\":{{\"id\":\"{id}\"}}}}\n\
         2013-02-19 15:07:{n:02}.200 ERROR [{thread}] #TROPO#: Received non-2XX status code on {thread} \
         [url=http://a.example/start, code=500]\n"
    )
}

/// How that call is named in the list.
fn named(n: u32) -> String {
    format!("{n:04}00000000")
}

/// Writes behind what is there.
fn append(path: &Path, text: &str) {
    let mut file = std::fs::File::options().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[test]
fn a_file_that_is_followed_grows_and_is_rotated() {
    let folder = tempfile::TempDir::new().unwrap();
    let log = folder.path().join("app.log");
    let mut begin = Begin::of(std::slice::from_ref(&log));
    begin.follow = true;
    let mut user = begin.start();
    // It is not there yet.
    user.sees("Nothing yet").sees("waiting for it").sees("live");
    append(&log, &failed(1));
    user.sees(&named(1))
        .sees("Your server answered 500")
        .sees("1 of 1 call")
        .misses("waited for");
    append(&log, &failed(2));
    user.sees(&named(2)).sees("2 of 2 calls");
    // The cursor was not moved, and stays.
    user.press("5").sees("live").press("1");
    let half = failed(3);
    let (one, other) = half.split_at(half.len() - 20);
    append(&log, one);
    std::fs::rename(&log, folder.path().join("app.log.1")).unwrap();
    append(&folder.path().join("app.log.1"), other);
    append(&log, &failed(4));
    user.sees(&named(4)).sees("4 of 4 calls").sees(&named(3));
    std::fs::remove_file(&log).unwrap();
    append(&log, &failed(5));
    user.sees("5 of 5 calls");
    let model = user.quits();
    assert_eq!(model.calls.cursor.at, 0);
    assert!(model.sources.caught_up && !model.sources.done);
}

/// Files that were read to their ends go on there: nothing that was selected, marked, filtered or sent is lost, no picture is empty.
#[test]
fn read_files_are_followed_from_a_key_on() {
    let folder = tempfile::TempDir::new().unwrap();
    let (a, b) = (folder.path().join("a.log"), folder.path().join("b.log"));
    append(&a, &(failed(1) + &failed(3)));
    append(&b, &(failed(2) + &failed(4)));
    let mut begin = Begin::of(&[b.clone(), PathBuf::from("-"), a.clone()]);
    // Standard input is at its end already.
    begin.names.remove(1);
    begin.pipes = vec![Source::made("-", io::Cursor::new(failed(5)), Arc::default())];
    let mut user = begin.start();
    user.sees("5 of 5 calls").misses("reading");
    // The second call by time, marked; then the story of the third.
    user.press("s").sees("by time").press("g j space").sees("1 marked");
    user.press("f 'status_=_500 enter")
        .sees("filter: status = 500")
        .sees("5 of 5 calls");
    let marked = |p: &str| p.lines().any(|l| l.contains('●') && l.contains(&named(2)));
    assert!(marked(&user.now), "{}", user.now);
    user.press("F");
    append(&a, &failed(6));
    user.until("the new call", |p| {
        assert!(
            p.contains(&named(1)) && marked(p),
            "the list was gone for a moment:\n{p}"
        );
        p.contains("6 of 6 calls") && p.contains("filter: status = 500")
    });
    append(&b, &failed(7));
    user.until("another one", |p| {
        let newest = p.lines().any(|l| l.starts_with('▌') && l.contains(&named(7)));
        newest && marked(p) && p.contains("7 of 7 calls")
    });
    let model = user.quits();
    assert!(model.calls.follow && !model.sources.done);
    let marks: Vec<u32> = model.calls.marks.keys().copied().collect();
    let rows = &model.calls.list.rows;
    let second = rows
        .iter()
        .find(|r| r.id.as_ref().is_some_and(|i| i.to_string().starts_with(&named(2))));
    let second = second.unwrap();
    assert_eq!(marks, [second.call]);
    assert_eq!(model.calls.marks[&second.call], second.failed);
}

/// The demo's own inputs too, while one of its stories is read and a replay is there.
#[test]
fn the_demo_is_followed_as_well() {
    let app = App::start().unwrap();
    let url = app.url();
    let mut begin = Begin::of(app.inputs()).to(&url);
    begin.app = Some(app);
    let mut user = begin.start();
    user.sees("4 of 7 calls")
        .misses("reading")
        .press("enter r")
        .sees("FAIL");
    let story = |p: &str| {
        p.lines()
            .find(|l| l.contains("twilio CA") || l.contains("tropo "))
            .map(str::to_owned)
    };
    let was = story(&user.now).unwrap();
    user.press("F").until("all to be followed", |p| {
        assert!(p.contains("CAdebf8ebe95"), "the list was gone for a moment:\n{p}");
        assert_eq!(story(p).as_ref(), Some(&was), "{p}");
        p.contains("following")
    });
    user.press("1 5")
        .until("the inputs to be live", |p| p.matches(" live").count() >= 3);
    let model = user.quits();
    let attempt = &model.replays.attempts[0];
    assert!(model.last_answer(attempt.recorded.exchange).is_some());
}

fn shape(name: &str) -> String {
    String::from_utf8(super::support::sample(&format!("tests/data/shapes/twilio/{name}"))).unwrap()
}

/// Puts the instance of an alert into the store when it is asked for, as often as that is.
#[derive(Debug)]
struct Fetcher(PathBuf, Arc<Mutex<Vec<String>>>);

impl Beside for Fetcher {
    fn fetch(&self, sids: Vec<String>) {
        let instance = shape("alert-instance-11200-http405-voice.json");
        for sid in &sids {
            if instance.contains(sid) {
                keep(&self.0, EventKind::Alert, sid, instance.clone());
            }
        }
        self.1.lock().unwrap().extend(sids);
    }

    fn stop(self: Box<Self>) -> Option<String> {
        None
    }
}

fn keep(store: &Path, kind: EventKind, key: &str, document: String) {
    let event = NewEvent {
        key: key.to_owned(),
        kind,
        source: Origin::Pull,
        received: Time(1_700_000_000_000),
        at: None,
        call: None,
        level: None,
        code: None,
        note: None,
        document,
    };
    Store::open(store).unwrap().append(&[event]).unwrap();
}

/// An alert of which only the list's entry is known: its story is told, its request is fetched, once, and is in the story then.
#[test]
fn what_is_only_listed_is_fetched_when_its_story_is_in_sight() {
    let folder = tempfile::TempDir::new().unwrap();
    let store = folder.path().join("store.db");
    let page: serde_json::Value = serde_json::from_str(&shape("alert-list-page.json")).unwrap();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let mut begin = Begin::with(&[]);
    begin.store = Some(store.clone());
    begin.service = Some(Box::new(Fetcher(store.clone(), Arc::clone(&asked))));
    let mut user = begin.start();
    user.sees("Nothing yet").sees("Twilio's API is asked again and again");
    let entry = &page["alerts"][0];
    let sid = entry["sid"].as_str().unwrap();
    keep(&store, EventKind::AlertListed, sid, entry.to_string());
    user.sees("1 of 1 call").sees("CA6d27370cbb");
    user.press("enter").sees("POST /music/musiccom.mp3");
    user.press("g enter l").sees("[Request]").sees("outbound-api");
    user.press("1 5").sees("live");
    let model = user.quits();
    assert_eq!(*asked.lock().unwrap(), [sid], "asked for once");
    assert_eq!(model.calls.list.total, 1);
}
