//! Every setting of the program, put together: option over environment over file over default.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;

use super::file::{self, Binding, names, not_one_of};
use super::{Notice, Origin, Setting};

/// The colours of the user interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Theme {
    /// The terminal's own 16 colours; none where `NO_COLOR` is set.
    #[default]
    Auto,
    /// True colours for a dark background.
    Dark,
    /// True colours for a light background.
    Light,
    /// The terminal's own 16 colours.
    #[value(name = "16")]
    Sixteen,
    /// No colours.
    Mono,
}

/// What becomes of `X-Twilio-Signature`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sign {
    /// Sign anew with the auth token
    Resign,
    /// Send the recorded signature
    Keep,
    /// Send none
    Strip,
}

/// The configuration file as it was read.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Where it lies; relative folders in it count from there.
    pub path: &'a Path,
    /// What it says.
    pub text: &'a str,
}

/// What the command line says; a part of these for each command.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// `--theme`.
    pub theme: Option<Theme>,
    /// `--ascii`.
    pub ascii: bool,
    /// `--to`.
    pub target: Option<String>,
    /// `--allow-host`.
    pub allow_hosts: Vec<String>,
    /// `--public-url`.
    pub public_url: Option<String>,
    /// `--sign`.
    pub sign: Option<Sign>,
    /// `--timeout`.
    pub timeout: Option<Duration>,
    /// `--watch`.
    pub watch: Vec<PathBuf>,
}

/// All settings, each with where it came from.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Colours. `NO_COLOR` decides where the theme is `auto`: who names a theme means it.
    pub theme: Setting<Theme>,
    /// Only ASCII on the screen. Where nobody says, the locale decides.
    pub ascii: Setting<bool>,
    /// Wheel and click.
    pub mouse: Setting<bool>,
    /// Ring when the replays on their way have ended.
    pub bell: Setting<bool>,
    /// Notify through the terminal (OSC 9) when something new failed while the screen is open.
    pub notify: Setting<bool>,
    /// Where replays go; judged by `replay::Target` when it is used.
    pub target: Setting<Option<String>>,
    /// Hosts besides this machine that may be a target.
    pub allow_hosts: Setting<Vec<String>>,
    /// The URL that the app believes to be called at.
    pub public_url: Setting<Option<String>>,
    /// What becomes of the signature; none: resign when the auth token is known.
    pub sign: Setting<Option<Sign>>,
    /// How long to wait for an answer.
    pub timeout: Setting<Duration>,
    /// Files and folders whose changes send again what is watched on the screen; none: the current folder.
    pub watch: Setting<Vec<PathBuf>>,
    /// Folders with more rule packs, absolute where the file's path is.
    pub filters: Setting<Vec<PathBuf>>,
    /// The table `[keys]`, in the order of the file.
    pub keys: Vec<Binding>,
    /// What could not be used, in the order of lines.
    pub notices: Vec<Notice>,
    /// True where the file is not whole TOML.
    pub broken: bool,
}

/// Twilio's own limit for a call request (spec/twilio.md section 3).
const TIMEOUT: Duration = Duration::from_secs(15);

impl Settings {
    /// Seconds as a time to wait: more than nothing, at most a day.
    pub fn timeout_of(seconds: f64) -> Option<Duration> {
        Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|t| !t.is_zero() && *t <= Duration::from_secs(86_400))
    }

    /// Puts the settings together. `env` is `|name| std::env::var(name).ok()` at the edge; an empty variable counts as
    /// absent.
    pub fn read(file: Option<File<'_>>, env: impl Fn(&str) -> Option<String>, given: Given) -> Self {
        let env = |name: &str| env(name).filter(|v| !v.trim().is_empty());
        let values = file.map(file::read).unwrap_or_default();
        let folder = file.and_then(|f| f.path.parent());
        let mut said = Environment {
            env: &env,
            notices: Vec::new(),
        };
        let mut settings = Self {
            theme: said.theme(given.theme, values.theme),
            ascii: said.ascii(given.ascii, values.ascii),
            mouse: values.mouse.unwrap_or_default(),
            bell: values.bell.unwrap_or_default(),
            notify: values.notify.unwrap_or_default(),
            target: maybe(first("--to", given.target).or_else(|| said.target()).or(values.target)),
            allow_hosts: first("--allow-host", Some(given.allow_hosts).filter(|h| !h.is_empty()))
                .or(values.allow_hosts)
                .unwrap_or_default(),
            public_url: maybe(first("--public-url", given.public_url).or(values.public_url)),
            sign: maybe(first("--sign", given.sign).or(values.sign)),
            timeout: first("--timeout", given.timeout)
                .or(values.timeout)
                .unwrap_or(Setting::new(TIMEOUT, Origin::Default)),
            watch: first("--watch", Some(given.watch).filter(|w| !w.is_empty()))
                .or(values.watch.map(paths))
                .unwrap_or_default(),
            filters: folders(values.filters, folder, env("HOME").as_deref()),
            keys: values.keys,
            notices: values.notices,
            broken: values.broken,
        };
        settings.notices.append(&mut said.notices);
        settings
    }

    /// Every setting as text with its origin, in the order of the documentation; a binding as `keys.COMMAND`. None where
    /// nothing is set.
    pub fn shown(&self) -> Vec<(String, Option<String>, &Origin)> {
        let list = |l: Vec<String>| (!l.is_empty()).then(|| l.join(", "));
        let paths = self.filters.value.iter().map(|p| p.display().to_string());
        let watched = self.watch.value.iter().map(|p| p.display().to_string());
        let mut all = vec![
            (
                "theme".to_owned(),
                Some(self.theme.value.to_string()),
                &self.theme.origin,
            ),
            (
                "ascii".to_owned(),
                Some(self.ascii.value.to_string()),
                &self.ascii.origin,
            ),
            (
                "mouse".to_owned(),
                Some(self.mouse.value.to_string()),
                &self.mouse.origin,
            ),
            ("bell".to_owned(), Some(self.bell.value.to_string()), &self.bell.origin),
            (
                "notify".to_owned(),
                Some(self.notify.value.to_string()),
                &self.notify.origin,
            ),
            (
                "target".to_owned(),
                self.target.value.as_deref().map(without_password),
                &self.target.origin,
            ),
            (
                "allow_hosts".to_owned(),
                list(self.allow_hosts.value.clone()),
                &self.allow_hosts.origin,
            ),
            (
                "public_url".to_owned(),
                self.public_url.value.as_deref().map(without_password),
                &self.public_url.origin,
            ),
            (
                "sign".to_owned(),
                self.sign.value.map(|s| s.to_string()),
                &self.sign.origin,
            ),
            (
                "timeout".to_owned(),
                Some(self.timeout.value.as_secs_f64().to_string()),
                &self.timeout.origin,
            ),
            ("watch".to_owned(), list(watched.collect()), &self.watch.origin),
            ("filters".to_owned(), list(paths.collect()), &self.filters.origin),
        ];
        for b in &self.keys {
            let keys = list(b.keys.iter().map(ToString::to_string).collect());
            all.push((
                format!("keys.{}", b.command),
                keys.or(Some("none".to_owned())),
                &b.origin,
            ));
        }
        all
    }
}

/// The target of the environment or an option may hold anything.
fn without_password(text: &str) -> String {
    match text.rsplit_once('@') {
        None => text.to_owned(),
        Some((before, host)) => {
            let scheme = before
                .split_once("://")
                .map(|(s, _)| format!("{s}://"))
                .unwrap_or_default();
            format!("{scheme}••••••@{host}")
        }
    }
}

fn first<T>(option: &'static str, value: Option<T>) -> Option<Setting<T>> {
    value.map(|v| Setting::new(v, Origin::Option(option)))
}

fn maybe<T>(setting: Option<Setting<T>>) -> Setting<Option<T>> {
    match setting {
        Some(s) => Setting::new(Some(s.value), s.origin),
        None => Setting::new(None, Origin::Default),
    }
}

/// As they are written: they count from the folder that one is in, as the option's do.
fn paths(list: Setting<Vec<String>>) -> Setting<Vec<PathBuf>> {
    Setting::new(list.value.into_iter().map(PathBuf::from).collect(), list.origin)
}

/// Folders of the file: `~/` is the home folder, anything relative counts from the file.
fn folders(list: Option<Setting<Vec<String>>>, from: Option<&Path>, home: Option<&str>) -> Setting<Vec<PathBuf>> {
    let Some(list) = list else { return Setting::default() };
    let place = |text: &String| match (text.strip_prefix("~/"), home, from) {
        (Some(rest), Some(home), _) => Path::new(home).join(rest),
        (_, _, Some(from)) => from.join(text),
        _ => PathBuf::from(text),
    };
    Setting::new(list.value.iter().map(place).collect(), list.origin)
}

/// What the environment says.
struct Environment<'a> {
    env: &'a dyn Fn(&str) -> Option<String>,
    notices: Vec<Notice>,
}

impl Environment<'_> {
    fn theme(&mut self, given: Option<Theme>, file: Option<Setting<Theme>>) -> Setting<Theme> {
        // Read in any case, so that what is wrong with it is told.
        let of_env = self.theme_of_env();
        let theme = first("--theme", given).or(of_env).or(file).unwrap_or_default();
        if theme.value == Theme::Auto && (self.env)("NO_COLOR").is_some() {
            return Setting::new(Theme::Mono, Origin::Env("NO_COLOR"));
        }
        theme
    }

    fn theme_of_env(&mut self) -> Option<Setting<Theme>> {
        let text = (self.env)("REDIAL_THEME")?;
        let origin = Origin::Env("REDIAL_THEME");
        if let Ok(theme) = Theme::from_str(text.trim(), true) {
            return Some(Setting::new(theme, origin));
        }
        let why = not_one_of(text.trim(), &names::<Theme>());
        self.notices.push(Notice::at(&origin, why));
        None
    }

    fn ascii(&mut self, given: bool, file: Option<Setting<bool>>) -> Setting<bool> {
        let of_env = (self.env)("REDIAL_ASCII").and_then(|text| {
            let origin = Origin::Env("REDIAL_ASCII");
            match text.trim().to_ascii_lowercase().as_str() {
                "1" | "true" | "yes" | "on" => Some(Setting::new(true, origin)),
                "0" | "false" | "no" | "off" => Some(Setting::new(false, origin)),
                _ => {
                    self.notices.push(Notice::at(&origin, "must be true or false"));
                    None
                }
            }
        });
        first("--ascii", given.then_some(true))
            .or(of_env)
            .or(file)
            .or_else(|| self.locale())
            .unwrap_or_default()
    }

    /// ASCII where the locale names another encoding than UTF-8; a missing locale says nothing.
    fn locale(&self) -> Option<Setting<bool>> {
        let (name, locale) = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(|name| Some((name, (self.env)(name)?)))?;
        let locale = locale.to_ascii_lowercase();
        let utf8 = locale.contains("utf-8") || locale.contains("utf8");
        (!utf8).then(|| Setting::new(true, Origin::Env(name)))
    }

    fn target(&self) -> Option<Setting<String>> {
        let text = (self.env)("REDIAL_TARGET")?;
        Some(Setting::new(text.trim().to_owned(), Origin::Env("REDIAL_TARGET")))
    }
}

/// The word of a list, as it is written in the file.
fn as_word<T: ValueEnum>(value: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value.to_possible_value() {
        Some(v) => f.pad(v.get_name()),
        None => Ok(()),
    }
}

impl fmt::Display for Theme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        as_word(self, f)
    }
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        as_word(self, f)
    }
}
