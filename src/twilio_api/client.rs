//! One request to Twilio's API at a time, made again where another answer can be hoped for.
//!
//! Only GETs, so that any may be repeated. Redirects are not followed. What is waited for, and when all is well again, is told.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::redirect::Policy;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use url::Url;

use super::base::Base;
use super::fault::{self, Fault, FaultKind};
use super::login::Login;
use super::pull::Told;
use super::wait::{LONGEST, backoff, retry_after};
use super::world::World;
use crate::model::Time;

const CONNECT: Duration = Duration::from_secs(5);
const TOTAL: Duration = Duration::from_secs(30);
/// A page of 1,000 entries has about 1 MiB.
const LARGEST: usize = 64 << 20;
/// How far this machine's clock may be off before it is said.
const CLOCK: i64 = 60_000;

/// A client of one account.
pub(super) struct Client<'t> {
    http: reqwest::Client,
    pub(super) base: Base,
    login: Login,
    pub(super) world: Arc<dyn World>,
    pub(super) tell: &'t dyn Fn(Told),
    /// Milliseconds that the server's clock is ahead of this machine's; none before its first answer.
    ahead: Cell<Option<i64>>,
    /// No request before this, by this machine's clock: the server asked for quiet.
    quiet: Cell<Time>,
    troubled: Cell<bool>,
}

/// An answer that was read whole and has the shape that was asked for.
pub(super) struct Answer {
    pub(super) text: String,
    /// When it was given, by the server's clock.
    pub(super) at: Time,
    /// The clocks differ by more than a minute, and this is the first answer that tells so.
    pub(super) clock_was_off: bool,
}

impl<'t> Client<'t> {
    pub(super) fn new(base: Base, login: Login, world: Arc<dyn World>, tell: &'t dyn Fn(Told)) -> Result<Self, Fault> {
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(&base)?)
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .user_agent(concat!("redial/", env!("CARGO_PKG_VERSION")));
        if base.is_local() {
            builder = builder.no_proxy();
        }
        let http = builder
            .build()
            .map_err(|e| Fault::new(FaultKind::Own, format!("cannot set up an HTTP client: {e}")))?;
        Ok(Self {
            http,
            base,
            login,
            world,
            tell,
            ahead: Cell::new(None),
            quiet: Cell::new(Time(i64::MIN)),
            troubled: Cell::new(false),
        })
    }

    /// The account that is asked about.
    pub(super) fn account(&self) -> &str {
        self.login.account()
    }

    /// The server's clock, as far as it is known.
    pub(super) fn server_now(&self) -> Time {
        Time(self.world.now().0 + self.ahead.get().unwrap_or(0))
    }

    /// Asks until there is an answer that `check` takes, or no sense in asking again. `what` is what a person calls it.
    pub(super) async fn get(
        &self,
        url: &Url,
        what: &str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<Answer, Fault> {
        let mut made = 0;
        loop {
            self.be_quiet().await;
            made += 1;
            let mut fault = match self.once(url, what, &check).await {
                Ok(answer) => {
                    self.well();
                    return Ok(answer);
                }
                Err(fault) => fault,
            };
            let wait = fault.wait.unwrap_or_else(|| backoff(made, self.world.chance()));
            if made >= fault.attempts() || wait > LONGEST {
                if let Some(wait) = fault.wait {
                    fault.text = format!("{}; it is to be asked again in {} s", fault.text, wait.as_secs());
                }
                return Err(fault);
            }
            if fault.wait.is_some() {
                self.quiet.set(after(self.world.now(), wait));
            }
            self.trouble(&fault.text, Some(wait));
            self.world.sleep(wait).await;
        }
    }

    /// Tells of trouble; the next answer will say that all is well again.
    pub(super) fn trouble(&self, text: &str, retry_in: Option<Duration>) {
        self.troubled.set(true);
        (self.tell)(Told::Trouble {
            text: text.to_owned(),
            retry_in,
        });
    }

    fn well(&self) {
        if self.troubled.replace(false) {
            (self.tell)(Told::Well);
        }
    }

    /// Waits while the server wants no requests at all, whoever of us was told so.
    async fn be_quiet(&self) {
        let left = self.quiet.get().0.saturating_sub(self.world.now().0);
        if left > 0 {
            // A clock that was set back must not make it longer than it was.
            let left = Duration::from_millis(left.unsigned_abs()).min(LONGEST);
            self.world.sleep(left).await;
        }
    }

    async fn once(&self, url: &Url, what: &str, check: &impl Fn(&str) -> Result<(), String>) -> Result<Answer, Fault> {
        let host = host(url);
        let asked_at = self.server_now();
        let request = self
            .http
            .get(url.clone())
            .header(ACCEPT, "application/json")
            .basic_auth(self.login.user().expose(), Some(self.login.password().expose()));
        let whole = async {
            let mut answer = request.send().await.map_err(|e| fault::transport(e, &host))?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await.map_err(|e| fault::transport(e, &host))? {
                body.extend_from_slice(&chunk);
                if body.len() > LARGEST {
                    let text = format!("{host} answers with more than {} MiB", LARGEST >> 20);
                    return Err(Fault::new(FaultKind::Asked, text));
                }
            }
            Ok((status, headers, String::from_utf8_lossy(&body).into_owned()))
        };
        let (status, headers, text) = tokio::select! {
            whole = whole => whole?,
            () = self.world.limit(TOTAL) => return Err(fault::slow(&host, TOTAL)),
        };
        let date = header(&headers, &DATE).and_then(Time::parse);
        if status.as_u16() != 200 {
            let mut fault = fault::status(status, &text, self.login.named(), what, &host);
            let wait = header(&headers, &RETRY_AFTER);
            fault.wait = wait.and_then(|w| retry_after(w, date.unwrap_or(asked_at)));
            return Err(fault);
        }
        check(&text).map_err(|why| {
            let kind = header(&headers, &CONTENT_TYPE).unwrap_or("");
            fault::body(&host, kind, &text, &why)
        })?;
        let clock_was_off = date.is_some_and(|date| self.compare_clocks(date));
        Ok(Answer {
            text,
            // Without the server's word, a moment that is surely not later than its answer.
            at: date.unwrap_or(asked_at),
            clock_was_off,
        })
    }

    /// True when the first answer shows that this machine's clock is off.
    fn compare_clocks(&self, server: Time) -> bool {
        let ahead = server.0 - self.world.now().0;
        let first = self.ahead.replace(Some(ahead)).is_none();
        let off = first && ahead.abs() > CLOCK;
        if off {
            let side = if ahead > 0 { "behind" } else { "ahead of" };
            (self.tell)(Told::Note(format!(
                "this machine's clock is {} s {side} Twilio's; Twilio's is used",
                ahead.abs() / 1000
            )));
        }
        off
    }
}

/// The project's own TLS: rustls with ring, and the certificates that this system trusts.
fn tls(base: &Base) -> Result<ClientConfig, Fault> {
    let own = |e: rustls::Error| Fault::new(FaultKind::Own, format!("cannot set up TLS: {e}"));
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(own)?;
    if base.is_plain() {
        // Never used, so that a system without certificates can be tested on.
        return Ok(builder
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth());
    }
    let builder = builder.with_platform_verifier().map_err(own)?;
    Ok(builder.with_no_client_auth())
}

fn header<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}

/// Host, with the port where it is not the usual one.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn after(t: Time, d: Duration) -> Time {
    Time(t.0.saturating_add(i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
}
