//! One made-up Tropo call: its ids, its application, and the pieces of protocol text that its lines quote.

use crate::{
    line::{Clock, Context, Line, Tail},
    random::Random,
};
use std::io::{self, Write};

/// What kind of application serves a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// JSON documents over webhooks.
    Web,
    /// A hosted Ruby script, which the server echoes into the log.
    Ruby,
    /// The same in JavaScript.
    Javascript,
}

/// An application: where it lives and what its menu is called.
pub struct Application {
    /// The first webhook's URL, or the script's.
    pub url: &'static str,
    /// Scheme, host and path in front of the later webhooks.
    pub base: &'static str,
    /// What runs it.
    pub engine: Engine,
    /// What the caller hears first.
    pub greeting: &'static str,
}

const APPLICATIONS: [&Application; 6] = [
    &Application {
        url: "http://pizza.example.com/order.json",
        base: "http://pizza.example.com/order",
        engine: Engine::Web,
        greeting: "Welcome to the pizza line. For a small pizza press one, for a large one press two.",
    },
    &Application {
        url: "https://ivr.example.net/tropo/index.php?lang=en&line=main",
        base: "https://ivr.example.net/tropo/step.php?name=",
        engine: Engine::Web,
        greeting: "Thank you for calling. Please enter your four digit extension, or hold the line.",
    },
    &Application {
        url: "http://vote.example.org/webapi/start",
        base: "http://vote.example.org/webapi/vote",
        engine: Engine::Web,
        greeting: "<speak>The song contest is open. <break time='400ms'/> Say the name of your song.</speak>",
    },
    &Application {
        url: "http://clinic.example.com:8080/appointments/tropo.json",
        base: "http://clinic.example.com:8080/appointments",
        engine: Engine::Web,
        greeting: "This is a reminder of your appointment. Press one to confirm it.",
    },
    &Application {
        url: "http://hosting.example.net/58560/www/menu.rb",
        base: "http://hosting.example.net/58560/www",
        engine: Engine::Ruby,
        greeting: "Hello, this is the night desk.",
    },
    &Application {
        url: "http://hosting.example.net/60113/www/dispatch.js",
        base: "http://hosting.example.net/60113/www",
        engine: Engine::Javascript,
        greeting: "Dispatch. Please leave your message after the tone.",
    },
];

/// Everything that a call's lines have in common.
pub struct Call {
    /// What serves it.
    pub app: &'static Application,
    /// The node that wrote the log.
    pub host: String,
    /// `TROPO` or `PRISM`.
    pub product: &'static str,
    /// The application's owner.
    pub account: u64,
    /// Session GUID, the SBC's `x-sid`.
    pub guid: String,
    /// Tropo session.
    pub session: String,
    /// Tropo call.
    pub leg: String,
    /// SIP Call-ID.
    pub sip_id: String,
    /// SIP application session.
    pub sas: String,
    /// SIP session.
    pub ss: String,
    /// The caller's number, without `+`.
    pub from: String,
    /// The number called, without `+`.
    pub to: String,
    /// The SBC's address.
    pub peer: String,
    /// The node's address.
    pub node: String,
    /// MRCP session.
    media: String,
    /// Number of the SIP thread.
    udp: u64,
    /// When it came in.
    pub started: Clock,
}

impl Call {
    /// Draws a call that starts at `started`, served by `engine` where one is asked for.
    pub fn draw(random: &mut Random, started: u64, engine: Option<Engine>) -> Self {
        let app = loop {
            let app = random.pick(&APPLICATIONS);
            if engine.is_none_or(|engine| engine == app.engine) {
                break app;
            }
        };
        let peer = format!("10.62.13.{}", 180 + random.below(12));
        Self {
            app,
            host: format!("tropo{}.orl.voxeo.example", 101 + random.below(16)),
            product: random.pick(&["TROPO", "PRISM"]),
            account: 40_000 + random.below(60_000),
            guid: random.hex(32),
            session: random.hex(32),
            leg: random.hex(32),
            sip_id: format!(
                "{started}-{}-{}-{}@{peer}",
                random.hex(12),
                random.hex(8),
                random.hex(8)
            ),
            sas: format!("sas_2-15-sm{}tropo", random.hex(14)),
            ss: format!("ss_{}", random.hex(13)),
            from: random.number(),
            to: random.number(),
            node: format!("10.85.85.{}", 200 + random.below(16)),
            media: format!("{started}-{}-{}-{}", random.hex(8), random.hex(8), random.hex(8)),
            udp: random.below(16),
            peer,
            started: Clock { ms: started },
        }
    }

    /// Session GUID, session and call, as the logging context has them.
    pub fn ids(&self, context: Context) -> (&str, &str, &str) {
        match context {
            Context::None => ("0", "0", "0"),
            Context::Sip => (&self.guid, &self.session, &self.sip_id),
            Context::Thread => (&self.guid, &self.session, &self.leg),
        }
    }

    /// The name of the thread that writes a line.
    pub fn thread(&self, context: Context) -> String {
        match context {
            Context::Thread => format!("Tropo-Thread-{}", self.session),
            Context::None | Context::Sip => format!("udp/0.0.0.0/5060-t-{}", self.udp),
        }
    }

    /// Writes the bracket groups after a message.
    pub fn tail(&self, out: &mut Vec<u8>, line: &Line) -> io::Result<()> {
        let Self {
            sas,
            ss,
            sip_id,
            from,
            to,
            peer,
            node,
            media,
            ..
        } = self;
        match line.tail {
            Tail::None => Ok(()),
            Tail::Sip => write!(
                out,
                " #[tropo][{sas}][{sip_id}][{ss}][sip:{from}@{peer}:5060({peer}:5060)][sip:{to}@ppid410.orl.voxeo.example({node}:5061)]"
            ),
            Tail::Mrcp => {
                write!(
                    out,
                    " #[{media}][{node}:10074][{node}:59469][{}][{}][77104]",
                    self.leg, self.account
                )
            }
        }
    }

    /// How verb traces name the call.
    pub fn name(&self) -> String {
        format!("SimpleIncomingCall[{0}/{0}->{1}/{1}]", self.from, self.to)
    }

    /// `Set logging context for …`
    pub fn context_line(&self, context: Context) -> String {
        let (guid, session, leg) = self.ids(context);
        format!(
            "Set logging context for {} to accountID={} host=null sessionGUID={guid} sessionNumber={session} callID={leg}",
            self.thread(context),
            self.account
        )
    }

    /// A SIP message: direction, first line, method of its `CSeq`, with a session description or without.
    pub fn sip(&self, way: char, first: &str, method: &str, described: bool) -> String {
        let Self {
            sip_id,
            from,
            to,
            peer,
            node,
            ..
        } = self;
        let body = if described {
            format!(
                "v=0\r\no=- {0} {0} IN IP4 {peer}\r\ns=-\r\nc=IN IP4 {peer}\r\nt=0 0\r\nm=audio 21018 RTP/AVP 0 101\r\n\
                 a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n",
                self.started.ms / 1000
            )
        } else {
            String::new()
        };
        let kind = if described {
            "Content-Type: application/sdp\r\n"
        } else {
            ""
        };
        format!(
            "({way})[{first}\r\nVia: SIP/2.0/UDP {peer}:5060;rport=5060;branch=z9hG4bK{branch}\r\n\
             To: <sip:{to}@ppid410.orl.voxeo.example>\r\nFrom: <sip:{from}@{peer}:5060>;tag={branch}\r\nCall-ID: {sip_id}\r\n\
             CSeq: 1 {method}\r\nx-sid: {guid}\r\nContact: <sip:{node}:5061>\r\n{kind}Content-Length: {length}\r\n\r\n{body}]",
            branch = &self.leg[..16],
            guid = self.guid,
            length = body.len()
        )
    }

    /// The server asks the media engine to speak.
    pub fn speak(&self, number: u64, text: &str) -> String {
        let text = if text.starts_with('<') {
            text.to_owned()
        } else {
            format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><speak>{text}</speak>")
        };
        let inner = format!(
            "SPEAK {number} MRCP/1.0\r\nKill-On-Barge-In: true\r\nSpeech-Language: en-us\r\nVoice-Name: allison\r\n\
             Content-Type: application/synthesis+ssml\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        );
        format!(
            "(o)ANNOUNCE rtsp://{}:10074/synthesizer/ RTSP/1.0\r\nCseq: {}\r\nSession: {}\r\n\
             Content-Type: application/mrcp\r\nContent-Length: {}\r\n\r\n{inner}",
            self.node,
            number % 100,
            self.media,
            inner.len()
        )
    }

    /// The media engine's answer or event, for example `200 IN-PROGRESS`.
    pub fn media(&self, number: u64, status: &str) -> String {
        let inner = format!("MRCP/1.0 {number} {status}\r\n\r\n");
        format!(
            "(i)RTSP/1.0 200 OK\r\nSession: {}\r\nCseq: {}\r\nContent-Type: application/mrcp\r\nContent-Length: {}\r\n\r\n{inner}",
            self.media,
            number % 100,
            inner.len()
        )
    }

    /// The first webhook's body.
    pub fn session_json(&self) -> String {
        let Self {
            session,
            account,
            leg,
            from,
            to,
            peer,
            guid,
            sip_id,
            ..
        } = self;
        let (stamp, ms) = (self.started.iso('T'), self.started.ms % 1000);
        format!(
            "{{\"session\":{{\"id\":\"{session}\",\"accountId\":\"{account}\",\"timestamp\":\"{stamp}.{ms:03}Z\",\
             \"userType\":\"HUMAN\",\"initialText\":null,\"callId\":\"{leg}\",\
             \"to\":{{\"id\":\"{to}\",\"name\":\"default.externalppid.voxeo.example\",\"channel\":\"VOICE\",\"network\":\"SIP\"}},\
             \"from\":{{\"id\":\"{from}\",\"name\":\"{peer}\",\"channel\":\"VOICE\",\"network\":\"SIP\"}},\
             \"headers\":{{\"Call-ID\":\"{sip_id}\",\"CSeq\":\"2 INVITE\",\"Max-Forwards\":\"69\",\"x-sid\":\"{guid}\",\
             \"x-sbc-allow\":\"REFER\",\"x-sbc-expires\":\"180\",\"x-sbc-supported\":\"histinfo\",\"x-voxeo-sbc-name\":\"{peer}\",\
             \"Via\":\"SIP/2.0/UDP 198.51.100.32:5060;received={peer}\",\"Contact\":\"<sip:{from}@{peer}>\",\
             \"To\":\"<sip:{to}@ppid410.orl.voxeo.example>\",\"Content-Length\":\"247\",\"Content-Type\":\"application/sdp\"}}}}}}"
        )
    }

    /// A later webhook's body; `actions` is empty or a JSON member that begins with a comma.
    pub fn result_json(&self, sequence: u64, actions: &str) -> String {
        format!(
            "{{\"result\":{{\"sessionId\":\"{}\",\"callId\":\"{}\",\"state\":\"ANSWERED\",\"sessionDuration\":{},\
             \"sequence\":{sequence},\"complete\":true,\"error\":null,\"calledid\":\"{}\"{actions}}}}}",
            self.session,
            self.leg,
            sequence * 11,
            self.to
        )
    }
}
