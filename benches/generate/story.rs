//! What happens in a call, line by line, in the order of a real session; and the lines that say nothing.

use crate::{
    call::{Call, Engine},
    line::{Context, Line, Tail},
    random::Random,
};
use std::fmt::Write;

/// What goes wrong in a failing call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A webhook is answered with this status.
    Status(u16),
    /// A webhook is never answered.
    NoReply,
    /// A webhook is answered with an HTML page.
    BadReply,
    /// The other party's telephone rings until the server gives up.
    Timeout,
    /// The other party's network refuses with this SIP status.
    Sip(u16),
    /// The hosted script throws.
    Script,
}

/// One of each, in the order in which failing calls get them.
pub const FAULTS: [(Fault, &str); 10] = [
    (Fault::Status(500), "webhook-500"),
    (Fault::Status(404), "webhook-404"),
    (Fault::Status(503), "webhook-503"),
    (Fault::NoReply, "webhook-no-reply"),
    (Fault::BadReply, "webhook-reply"),
    (Fault::Timeout, "call-timeout"),
    (Fault::Sip(486), "sip-486"),
    (Fault::Sip(404), "sip-404"),
    (Fault::Sip(503), "sip-503"),
    (Fault::Script, "script-error"),
];

impl Fault {
    /// The kind of application in which it can happen.
    pub const fn engine(self) -> Engine {
        match self {
            Self::Script => Engine::Ruby,
            _ => Engine::Web,
        }
    }
}

/// How a webhook goes on.
#[derive(PartialEq, Eq)]
enum Webhook {
    Answered,
    Failed,
}

/// Collects a call's lines.
struct Story<'a> {
    call: &'a Call,
    random: &'a mut Random,
    lines: Vec<Line>,
    speeches: u64,
}

/// All lines of a call that mean something, in order.
pub fn tell(call: &Call, random: &mut Random, fault: Option<Fault>) -> Vec<Line> {
    let mut story = Story {
        call,
        random,
        lines: Vec::with_capacity(64),
        speeches: 141_650_000,
    };
    story.arrives();
    match call.app.engine {
        Engine::Web => story.web(fault),
        Engine::Ruby | Engine::Javascript => story.script(fault),
    }
    story.ends();
    story.lines
}

/// A line that says nothing to an application's developer.
pub fn noise(call: &Call, random: &mut Random) -> Line {
    let mut story = Story {
        call,
        random,
        lines: Vec::with_capacity(1),
        speeches: 0,
    };
    story.idle();
    story.lines.swap_remove(0)
}

impl Story<'_> {
    fn add(&mut self, context: Context, category: &'static str, body: String) {
        let tail = match category {
            "SIP" => Tail::Sip,
            "MRCP" => Tail::Mrcp,
            _ => Tail::None,
        };
        // A tenth of a second between two lines of a call, now and then the seconds in which somebody speaks.
        let gap = if self.random.once_in(12) { 2_000 } else { 90 } + self.random.below(120);
        self.lines.push(Line {
            gap,
            context,
            level: "DEBUG",
            category,
            body,
            tail,
        });
    }

    fn tropo(&mut self, body: String) {
        self.add(Context::Thread, "TROPO", body);
    }

    fn sip(&mut self, way: char, first: &str, method: &str, described: bool) {
        let body = self.call.sip(way, first, method, described);
        self.add(Context::Sip, "SIP", body);
    }

    fn instance(&self) -> String {
        format!("ApplicationInstance[{} , {}]", self.call.app.url, self.call.sas)
    }

    fn arrives(&mut self) {
        let call = self.call;
        let application = format!(
            "Application[{}:cusd] ver(origin/11.0 - {})",
            call.app.url,
            &call.guid[..24]
        );
        self.add(Context::None, "TROPO", call.context_line(Context::None));
        self.sip(
            'i',
            &format!("INVITE sip:{}@ppid410.orl.voxeo.example:5061 SIP/2.0", call.to),
            "INVITE",
            true,
        );
        self.add(
            Context::Sip,
            "SIP",
            format!("The transaction was created: z9hG4bK{}", &call.leg[..16]),
        );
        self.sip('o', "SIP/2.0 100 Trying", "INVITE", false);
        self.add(
            Context::None,
            "TROPO",
            "Tropo app dir is /opt/voxeo/prism/apps/tropo".into(),
        );
        let state = self.random.pick(&["created", "found"]);
        self.add(Context::None, "TROPO", format!("{application} has been {state}."));
        let found = if self.random.once_in(2) {
            format!("Found hosted {application} [endpoint={}]", call.to)
        } else {
            format!(
                "Found hostedCloudDnsApplicationInfo [_url={}, _type=tropo-web, _account={}, _userName=someone, _appId=411661, \
                 _odf=cusd, _serviceId=100200, _platform=410][endpoint={}]",
                call.app.url, call.account, call.to
            )
        };
        self.add(Context::None, "TROPO", found);
        self.add(Context::Sip, "TROPO", call.context_line(Context::Sip));
        self.add(
            Context::Sip,
            "TROPO",
            format!(
                "SipApplicationSession SipApplicationSessionImpl[_state=VALID, _id={}, ] associated with Tropo session {}",
                call.sas, call.session
            ),
        );
        self.add(
            Context::Sip,
            "",
            format!(
                "SipSession {} - {} associated with Tropo call {}",
                call.ss, call.sip_id, call.leg
            ),
        );
        self.tropo(format!("{} has been created.", self.instance()));
        self.tropo(format!(
            "{} starts execution on Thread Tropo-Thread-{}",
            self.instance(),
            call.session
        ));
        self.engine_line("acquired", 12);
        self.tropo(call.context_line(Context::Thread));
    }

    fn engine_line(&mut self, done: &str, active: u64) {
        let (class, kind) = match self.call.app.engine {
            Engine::Web => ("com.tropo.rest.engine.TropoScriptEngine", "tropo-web"),
            Engine::Ruby => ("org.jruby.embed.jsr223.JRubyEngine", "jruby"),
            Engine::Javascript => ("com.sun.script.javascript.RhinoScriptEngine", "js"),
        };
        self.tropo(format!(
            "Thread Tropo-Thread-{} {done} engine {class}@{} of type {kind}, activeEngines = {active}",
            self.call.session,
            &self.call.leg[..8]
        ));
    }

    fn answers(&mut self) {
        let name = self.call.name();
        self.tropo(format!("{name}->answer(30000)"));
        self.sip('o', "SIP/2.0 180 Ringing", "INVITE", false);
        self.sip('o', "SIP/2.0 200 OK", "INVITE", true);
        self.sip('i', &format!("ACK sip:{}:5061 SIP/2.0", self.call.node), "ACK", false);
        self.tropo(format!("{name} : state is changed: ANSWERING->ANSWERED"));
        self.tropo(format!("{name}<-answer(), _state=ANSWERED"));
    }

    fn says(&mut self, text: &str) {
        let (call, name) = (self.call, self.call.name());
        self.speeches += 1;
        let number = self.speeches;
        self.tropo(format!(
            "{name}->prompt({text}) [grammar:[4 DIGITS],timeout:8000,repeat:3,bargein:true,interdigitTimeout:2000,allowSignals:*]"
        ));
        self.add(Context::Thread, "MRCP", call.speak(number, text));
        self.add(Context::Thread, "MRCP", call.media(number, "200 IN-PROGRESS"));
        self.add(
            Context::Thread,
            "MRCP",
            call.media(number, "200 COMPLETE\r\nCompletion-Cause: 000 success"),
        );
        self.tropo(format!("{name}<-prompt(), _state=ANSWERED"));
    }

    /// One webhook: the request, and its answer unless the fault takes it away.
    fn webhook(&mut self, url: &str, body: &str, reply: &str, fault: Option<Fault>) -> Webhook {
        let session = &self.call.session;
        let sending = format!("Sending TropoML Payload on Tropo-Thread-{session} [url={url}]: {body}");
        let answer = match fault {
            Some(Fault::NoReply) => None,
            Some(Fault::Status(status)) => Some(format!(
                "Received non-2XX status code on Tropo-Thread-{session} [url={url}, code={status}]"
            )),
            Some(Fault::BadReply) => Some(format!(
                "Received new TropoML document on Tropo-Thread-{session}: <!DOCTYPE html><html><head><title>Error</title></head>\
                 <body><h1>Application error</h1><p>undefined method `price' for nil</p></body></html>"
            )),
            _ => Some(format!(
                "Received new TropoML document on Tropo-Thread-{session}: {reply}"
            )),
        };
        let processing = format!("Processing document {url} for instance {session} callFactory for instance {session}");
        self.tropo(sending);
        if let Some(answer) = answer {
            self.tropo(answer);
        }
        if matches!(fault, Some(Fault::NoReply | Fault::Status(_) | Fault::BadReply)) {
            return Webhook::Failed;
        }
        self.tropo(processing);
        Webhook::Answered
    }

    fn web(&mut self, fault: Option<Fault>) {
        // A webhook's fault strikes the first, second or third of them.
        let strikes = self.random.below(3);
        let of = |step: u64| fault.filter(|_| step == strikes);
        let app = self.call.app;
        let ask = format!(
            "{{\"tropo\":[{{\"ask\":{{\"name\":\"choice\",\"attempts\":3,\"timeout\":8,\"bargein\":true,\
             \"say\":[{{\"value\":\"Sorry, I did not hear anything.\",\"event\":\"timeout\"}},{{\"value\":\"{}\"}}],\
             \"choices\":{{\"value\":\"[4 DIGITS]\",\"mode\":\"dtmf\"}}}}}},\
             {{\"on\":{{\"event\":\"continue\",\"next\":\"{}/size.json\"}}}}]}}",
            app.greeting, app.base
        );
        let session = self.call.session_json();
        if self.webhook(app.url, &session, &ask, of(0)) == Webhook::Failed {
            return;
        }
        self.answers();
        self.says(app.greeting);
        self.tropo("Processing events: continue".into());
        let picked = ",\"actions\":{\"name\":\"choice\",\"attempts\":1,\"disposition\":\"SUCCESS\",\"confidence\":100,\
                      \"interpretation\":\"1234\",\"utterance\":\"1 2 3 4\",\"value\":\"1234\"}";
        let other = self.random.number();
        let transfers = matches!(fault, Some(Fault::Timeout | Fault::Sip(_))) || self.random.once_in(8);
        let reply = if transfers {
            format!(
                "{{\"tropo\":[{{\"transfer\":{{\"to\":\"+{other}\",\"timeout\":30}}}},{{\"on\":{{\"event\":\"continue\",\"next\":\"{}/bye.json\"}}}}]}}",
                app.base
            )
        } else {
            format!(
                "{{\"tropo\":[{{\"say\":{{\"value\":\"Thank you, that is noted.\"}}}},{{\"on\":{{\"event\":\"continue\",\"next\":\"{}/bye.json\"}}}}]}}",
                app.base
            )
        };
        let result = self.call.result_json(1, picked);
        if self.webhook(&format!("{}/size.json", app.base), &result, &reply, of(1)) == Webhook::Failed {
            return;
        }
        if transfers {
            self.transfers(&other, fault);
        } else {
            self.says("Thank you, that is noted.");
        }
        self.tropo("Processing events: continue".into());
        let result = self.call.result_json(2, "");
        let reply = "{\"tropo\":[{\"hangup\":{}}]}";
        self.webhook(&format!("{}/bye.json", app.base), &result, reply, of(2));
    }

    /// A second leg: answered, after a challenge in every other case, or refused, or ringing in vain.
    fn transfers(&mut self, other: &str, fault: Option<Fault>) {
        let (name, from) = (self.call.name(), &self.call.from);
        let invite = format!("INVITE sip:+{other}@sbc-internal.voxeo.example SIP/2.0");
        self.tropo(format!("{name}->transfer([+{other}]) [from:null,timeout:30000,ttsOrUrl:null,grammar:null,termChar:null,repeat:1,answerOnMedia:false,interdigitTimeout:0,allowSignals:*]"));
        self.tropo(format!(
            ">>call([+{other}], {from}, VOICE, PSTN, null, false, 30000, null, null, null, {{}}, [])"
        ));
        self.sip('o', &invite, "INVITE", true);
        self.sip('i', "SIP/2.0 100 Trying", "INVITE", false);
        match fault {
            Some(Fault::Sip(status)) => {
                let reason = match status {
                    486 => "Busy Here",
                    404 => "Not Found",
                    _ => "Service Unavailable",
                };
                self.sip('i', &format!("SIP/2.0 {status} {reason}"), "INVITE", false);
                self.sip(
                    'o',
                    &format!("ACK sip:+{other}@sbc-internal.voxeo.example SIP/2.0"),
                    "ACK",
                    false,
                );
                self.tropo(format!(
                    "SimpleOutgoingCall[{from}/null->+{other}/null] : state is changed: RINGING->FAILED"
                ));
            }
            Some(Fault::Timeout) => {
                self.sip('i', "SIP/2.0 180 Ringing", "INVITE", false);
                self.tropo(format!(
                    "Call from {from} to +{other} failed. com.voxeo.tropo.ErrorException: Outbound call has timed out.{}",
                    trace(6)
                ));
                self.tropo(format!("Unregistering call {from} -> +{other}"));
            }
            _ => {
                if self.random.once_in(2) {
                    self.sip('i', "SIP/2.0 407 Proxy Authentication Required", "INVITE", false);
                    self.sip(
                        'o',
                        &format!("ACK sip:+{other}@sbc-internal.voxeo.example SIP/2.0"),
                        "ACK",
                        false,
                    );
                    self.sip('o', &invite, "INVITE", true);
                }
                self.sip('i', "SIP/2.0 180 Ringing", "INVITE", false);
                self.sip('i', "SIP/2.0 200 OK", "INVITE", true);
                self.sip(
                    'o',
                    &format!("ACK sip:+{other}@sbc-internal.voxeo.example SIP/2.0"),
                    "ACK",
                    false,
                );
                self.tropo(format!("{name}<-transfer(), _state=ANSWERED"));
            }
        }
    }

    fn script(&mut self, fault: Option<Fault>) {
        let mark = if self.call.app.engine == Engine::Ruby {
            "#"
        } else {
            "//"
        };
        for (number, source) in SCRIPT.iter().enumerate() {
            self.tropo(format!("{source}    {mark} line {}", 922 + number));
        }
        self.answers();
        self.says(self.call.app.greeting);
        self.tropo(format!("{} : ordering now", self.call.name()));
        if fault == Some(Fault::Script) {
            self.tropo(format!(
                "{} has runtime errors: undefined method `total' for nil:NilClass at line #925 with cause: org.jruby.exceptions.RaiseException: \
                 (NoMethodError) undefined method `total' for nil:NilClass",
                self.instance()
            ));
            return;
        }
        self.says("Your order is on its way.");
    }

    fn ends(&mut self) {
        let name = self.call.name();
        self.tropo(format!("{name}->hangup()"));
        self.sip(
            'o',
            &format!("BYE sip:{}@{}:5060 SIP/2.0", self.call.from, self.call.peer),
            "BYE",
            false,
        );
        self.sip('i', "SIP/2.0 200 OK", "BYE", false);
        self.tropo(format!("{name} : state is changed: ANSWERED->DISCONNECTED"));
        self.tropo(format!("{name}<-hangup(), _state=DISCONNECTED"));
        if self.random.once_in(25) {
            self.hangup_trace();
        }
        self.engine_line("returned", 11);
    }

    fn hangup_trace(&mut self) {
        self.add(
            Context::Thread,
            "CONTAINER@T",
            format!(
                "com.voxeo.tropo.FatalException: java.lang.IllegalStateException: Send error reponse for the canceled request.{}",
                trace(18)
            ),
        );
    }

    fn idle(&mut self) {
        let call = self.call;
        match self.random.below(16) {
            0 => self.tropo(call.context_line(Context::Thread)),
            1 | 2 => self.sip('i', &format!("INFO sip:{}:5061 SIP/2.0", call.node), "INFO", false),
            3 | 4 => self.sip('o', "SIP/2.0 200 OK", "INFO", false),
            5 => self.sip(
                'i',
                &format!("OPTIONS sip:{}:5061 SIP/2.0", call.node),
                "OPTIONS",
                false,
            ),
            6 | 7 => self.add(
                Context::Thread,
                "MRCP",
                call.speak(141_651_000, "Please hold the line, somebody will be with you."),
            ),
            8 | 9 => self.add(Context::Thread, "MRCP", call.media(141_651_000, "200 IN-PROGRESS")),
            10 => self.add(
                Context::Sip,
                "SIP",
                format!("SetRoutingDirective: CONTINUE session {}", call.ss),
            ),
            11 => self.add(
                Context::Sip,
                "SIP",
                "SessionManagementLayer send message by the transaction".into(),
            ),
            12 => self.tropo(format!(
                "Starting listener thread Tropo-Thread-{}-MrcpHotWordListener@{}",
                call.session,
                &call.leg[..8]
            )),
            13 => self.tropo(format!(
                "{} : termChar with no grammar. Setting grammar to equal termChar: dtmf-a",
                call.name()
            )),
            14 => self.tropo(format!(
                "Mgr Cached app=Application[{}:cusd] for endpoint={},_cache.size=41",
                call.app.url, call.to
            )),
            _ if self.random.once_in(12) => self.hangup_trace(),
            _ => self.sip(
                'o',
                &format!("UPDATE sip:{}@{}:5060 SIP/2.0", call.from, call.peer),
                "UPDATE",
                true,
            ),
        }
    }
}

const SCRIPT: [&str; 12] = [
    "answer",
    "say 'Hello, this is the night desk.'",
    "order = find_order($currentCall.callerID)",
    "say \"Your total is #{order.total} dollars\"",
    "result = ask 'How many?', { :choices => '[1 DIGIT]', :timeout => 10 }",
    "if result.name == 'choice'",
    "  log 'ordering now'",
    "  say 'Your order is on its way.'",
    "else",
    "  say 'Good bye.'",
    "end",
    "hangup",
];

/// Frames of a Java stack trace, each on a line of its own.
fn trace(frames: u64) -> String {
    let mut text = String::new();
    for number in 0..frames {
        // Writing into a String cannot fail.
        let _ = write!(
            text,
            "\n at com.voxeo.tropo.core.SimpleCall$Step{number}.invoke(SimpleCall.java:{})",
            145 + number * 37
        );
    }
    text
}
