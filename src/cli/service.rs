//! `listen`, `proxy` and `pull` as services that fill the store, whoever looks at it: a screen, or lines.

use std::path::PathBuf;

use tokio::sync::mpsc;

use super::args::{ListenArgs, ProxyArgs, PullArgs, RetentionArgs, Ui};
use super::store_path::store_path;
use super::{Exit, Stop, config, store};
use crate::config::{Credentials, Given};
use crate::live::{Beside, Said, Word};
use crate::output::text::count;
use crate::server::listen::{self, Limits, ListenOptions};
use crate::server::proxy::{self, Notice, ProxyError, ProxyOptions};
use crate::store::{Keeper, Retention};
use crate::twilio_api::pull::{self, PullOptions};

/// Services that are under way, and what they say.
#[derive(Debug)]
pub(super) struct Services {
    /// Where they say it.
    say: mpsc::UnboundedSender<Word>,
    /// Where it is heard.
    pub(super) words: mpsc::UnboundedReceiver<Word>,
    /// In the order of their start.
    pub(super) running: Vec<Box<dyn Beside>>,
    /// Where those that listen are reached.
    pub(super) urls: Vec<String>,
}

impl Default for Services {
    fn default() -> Self {
        let (say, words) = mpsc::unbounded_channel();
        Self {
            say,
            words,
            running: Vec::new(),
            urls: Vec::new(),
        }
    }
}

/// What one service says its words with.
#[derive(Clone)]
struct Voice {
    service: &'static str,
    say: mpsc::UnboundedSender<Word>,
}

impl Voice {
    fn say(&self, said: Said) {
        // Whoever does not listen any more has ended.
        let _ = self.say.send(Word {
            service: self.service,
            said,
        });
    }
}

impl Services {
    fn voice(&self, service: &'static str) -> Voice {
        Voice {
            service,
            say: self.say.clone(),
        }
    }

    /// Starts those that the options of the screen name.
    pub(super) fn named(&mut self, ui: &Ui) -> Result<(), Stop> {
        if let Some(port) = ui.listen {
            self.listen(&ListenArgs::on(port))?;
        }
        if let Some(to) = &ui.proxy {
            self.proxy(&ProxyArgs::to(to, &ui.replays.allow_host))?;
        }
        if ui.pull {
            self.pull(super::pull::options(&PullArgs::following())?)?;
        }
        Ok(())
    }

    /// Starts the listener.
    pub(super) fn listen(&mut self, args: &ListenArgs) -> Result<(), Stop> {
        let settings = config::settings(Given {
            public_url: args.public_url.clone(),
            ..Given::default()
        });
        let options = ListenOptions {
            bind: args.bind,
            port: args.port,
            public_url: settings.public_url.value.clone(),
            auth_token: token(),
            insecure: args.insecure,
            limits: Limits::default(),
            store: store_path()?,
        };
        let voice = self.voice("listen");
        let own = voice.clone();
        let running =
            listen::start(options, move |told| own.say(listened(told))).map_err(|e| Stop::usage(e.to_string()))?;
        let url = running.url().to_owned();
        let unchecked = "no auth token (TWILIO_AUTH_TOKEN): signatures are not checked, whatever is sent here is kept";
        voice.say(Said::Up {
            at: url.clone(),
            but: (!running.checks_signatures()).then(|| unchecked.to_owned()),
        });
        self.urls.push(url);
        self.running.push(Box::new(Listener(running)));
        Ok(())
    }

    /// Starts the proxy.
    pub(super) fn proxy(&mut self, args: &ProxyArgs) -> Result<(), Stop> {
        let options = proxy_options(args)?;
        let checked = options.auth_token.is_some();
        let to = options.to.clone();
        let voice = self.voice("proxy");
        let own = voice.clone();
        let running = proxy::start(options, move |notice| own.say(proxied(notice))).map_err(|e| refused(&e))?;
        let mut note = Vec::new();
        if !args.bind.is_loopback() {
            note.push("bound beyond this machine: whoever reaches this port reaches your app");
        }
        if !checked {
            note.push("no auth token (TWILIO_AUTH_TOKEN): signatures are not checked");
        }
        voice.say(Said::Up {
            at: format!("{} to {to}", running.url()),
            but: (!note.is_empty()).then(|| note.join("; ")),
        });
        self.urls.push(running.url());
        self.running.push(Box::new(Proxy(running)));
        Ok(())
    }

    /// Removes what is old from the store, now and again; nothing without limits.
    pub(super) fn keep(&mut self, given: &RetentionArgs) -> Result<(), Stop> {
        let retention = store::retention(given)?;
        if retention == Retention::default() {
            return Ok(());
        }
        let voice = self.voice("store");
        let keeper = Keeper::start(&store_path()?, retention, Keeper::EVERY, move |told| {
            voice.say(match told {
                Ok(gone) => Said::Note(format!("removed from the store: {}", store::gone_text(&gone))),
                Err(e) => Said::Bad(format!("old events could not be removed: {e}")),
            });
        });
        let keeper =
            keeper.map_err(|e| Stop::usage(format!("cannot start the thread that removes old events: {e}")))?;
        self.running.push(Box::new(Pruner(keeper)));
        Ok(())
    }

    /// Starts to ask Twilio's API again and again.
    pub(super) fn pull(&mut self, options: PullOptions) -> Result<(), Stop> {
        let voice = self.voice("pull");
        voice.say(Said::Up {
            at: "Twilio's API".to_owned(),
            but: None,
        });
        let running = pull::start(options, move |told| {
            if let Some(said) = pulled(told) {
                voice.say(said);
            }
        })
        .map_err(|f| Stop::usage(f.to_string()))?;
        self.running.push(Box::new(Puller(running)));
        Ok(())
    }

    /// What is heard from now on is heard by the caller.
    pub(super) fn hear(&mut self) -> mpsc::UnboundedReceiver<Word> {
        let (_, none) = mpsc::unbounded_channel();
        std::mem::replace(&mut self.words, none)
    }

    /// Ends them all in order; what is to be said of it.
    pub(super) fn stop(&mut self) -> Vec<String> {
        let running = std::mem::take(&mut self.running);
        running.into_iter().filter_map(Beside::stop).collect()
    }
}

/// The key of signatures, which only the environment can hold.
fn token() -> Option<crate::config::Secret> {
    Credentials::from_lookup(|n| std::env::var(n).ok()).auth_token
}

fn proxy_options(args: &ProxyArgs) -> Result<ProxyOptions, Stop> {
    let settings = config::settings(Given {
        target: args.to.clone(),
        allow_hosts: args.allow_host.clone(),
        public_url: args.public_url.clone(),
        ..Given::default()
    });
    let Some(to) = settings.target.value.clone() else {
        let message = "where is your app? --to http://localhost:3000, or set REDIAL_TARGET";
        return Err(Stop::usage(message));
    };
    let keep_body = store::bytes(&args.keep_body).and_then(|n| usize::try_from(n).ok());
    let place: PathBuf = store_path()?;
    Ok(ProxyOptions {
        bind: args.bind,
        port: args.port,
        to,
        allow_hosts: settings.allow_hosts.value.clone(),
        public_url: settings.public_url.value.clone(),
        auth_token: token(),
        keep_body: keep_body.ok_or_else(|| {
            let given = &args.keep_body;
            Stop::usage(format!(
                "--keep-body {given}: write a size such as 64KB, 1MiB or 100000"
            ))
        })?,
        store: place,
    })
}

fn refused(e: &ProxyError) -> Stop {
    let exit = match e {
        ProxyError::Target(e) if e.refused() => Exit::Refused,
        _ => Exit::Failed,
    };
    Stop::new(exit, e.to_string())
}

fn listened(told: listen::Told) -> Said {
    match told {
        listen::Told::Accepted { new, .. } => Said::Came(new as u64),
        listen::Told::Refused { status, why } => Said::Note(format!("refused ({status}): {why}")),
        listen::Told::StoreTrouble(why) => {
            Said::Bad(format!("nothing can be kept, senders are told to try again: {why}"))
        }
        listen::Told::StoreWell => Said::Well("the store takes events again".to_owned()),
    }
}

fn proxied(notice: Notice) -> Said {
    match notice {
        Notice::Lost { total, why } => Said::Bad(format!("{total} passed through and not recorded: {why}")),
        Notice::Again => Said::Well("the store takes requests again".to_owned()),
    }
}

fn pulled(told: pull::Told) -> Option<Said> {
    use pull::Told;
    Some(match told {
        Told::Page { new, .. } => Said::Came(new as u64),
        Told::CompleteUpTo(at) => Said::UpTo(at),
        Told::Trouble {
            text,
            retry_in: Some(wait),
        } => Said::Bad(format!("{text}; trying again in {} s", wait.as_secs().max(1))),
        Told::Trouble { text, retry_in: None } => Said::Ended(Some(text)),
        Told::Well => Said::Well("Twilio answers again".to_owned()),
        Told::Limit(text) | Told::Note(text) => Said::Note(text),
        Told::Details { .. } | Told::Done { .. } => return None,
    })
}

#[derive(Debug)]
struct Listener(listen::Running);

impl Beside for Listener {
    fn stop(self: Box<Self>) -> Option<String> {
        self.0.shutdown();
        let counts = self.0.join();
        let kept = count(counts.new as usize, "event");
        let lost = (counts.failed > 0).then(|| format!(", {} could not be kept", counts.failed));
        Some(format!(
            "{kept} kept, {} known before, {} refused{}",
            counts.known,
            counts.refused,
            lost.unwrap_or_default()
        ))
    }
}

#[derive(Debug)]
struct Proxy(proxy::Running);

impl Beside for Proxy {
    fn stop(self: Box<Self>) -> Option<String> {
        let proxy::Counts { passed, recorded, lost } = self.0.stop();
        Some(format!(
            "{passed} passed through, {recorded} recorded, {lost} not recorded"
        ))
    }
}

#[derive(Debug)]
struct Pruner(Keeper);

impl Beside for Pruner {
    fn stop(self: Box<Self>) -> Option<String> {
        drop(self.0);
        None
    }
}

#[derive(Debug)]
struct Puller(pull::Running);

impl Beside for Puller {
    fn fetch(&self, sids: Vec<String>) {
        self.0.fetch_details(sids);
    }

    fn stop(self: Box<Self>) -> Option<String> {
        // Why it had ended by itself was told when it did.
        let _ = self.0.stop();
        None
    }
}
