//! `redial [INPUT]...` on a terminal, and `redial demo`: the settings put into the screen's first state.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use super::args::{DemoArgs, Read, Ui};
use super::{Exit, Stop, config, read};
use crate::config::{Credentials, Given, Settings, Sign, Theme as Named};
use crate::demo::App;
use crate::model::Severity;
use crate::replay::{Options, SignMode, Target};
use crate::tui::desk::Start;
use crate::tui::keys::Keymap;
use crate::tui::model::{Demo, Look, Model, TargetChoice};
use crate::tui::msg::Level;
use crate::tui::theme::Theme;
use crate::tui::{self, Begin};

/// True when there is a terminal to draw on.
pub(super) fn wanted(read: &Read) -> bool {
    let dumb = std::env::var("TERM").is_ok_and(|t| t == "dumb");
    io::stdout().is_terminal() && !dumb && !read.look.json && !read.look.unparsed
}

/// Runs the screen on inputs.
pub(super) fn run(read: &Read, ui: &Ui) -> anyhow::Result<Exit> {
    let settings = config::settings(Given {
        theme: ui.screen.theme,
        ascii: ui.screen.ascii,
        target: ui.to.clone(),
        allow_hosts: ui.allow_host.clone(),
        ..Given::default()
    });
    let target = match &settings.target.value {
        Some(text) => Some(Target::parse(text, &settings.allow_hosts.value).map_err(|e| {
            let exit = if e.refused() { Exit::Refused } else { Exit::Failed };
            Stop::new(exit, e.to_string())
        })?),
        None => None,
    };
    let look = &read.look;
    let query = read::query(look, Some(Severity::Warning))?;
    let reading = read::reading(look, &query, false);
    let start = Start {
        names: read::inputs(read)?,
        reading,
        query,
        call: look.call.clone(),
        options: Arc::new(options(&settings)),
    };
    let mut model = model(&settings, target);
    if let Some(text) = &look.filter {
        model.filter.text.clone_from(text);
    }
    begin(model, start, &look.filters, None)
}

/// Runs the demo.
pub(super) fn demo(args: &DemoArgs) -> anyhow::Result<Exit> {
    if !io::stdout().is_terminal() {
        return Err(
            Stop::usage("the demo needs a terminal; `redial errors INPUT` prints what went wrong without one").into(),
        );
    }
    let settings = config::settings(Given {
        theme: args.screen.theme,
        ascii: args.screen.ascii,
        ..Given::default()
    });
    let app = App::start().map_err(|e| Stop::usage(format!("cannot start the demo's app: {e}")))?;
    let target = Target::parse(&app.url(), &[]).map_err(|e| Stop::usage(e.to_string()))?;
    let look = super::args::Look::default();
    let query = read::query(&look, Some(Severity::Warning))?;
    let reading = read::reading(&look, &query, false);
    let start = Start {
        names: app.inputs().to_vec(),
        reading,
        query,
        call: None,
        // Nobody's token signs for an app of ours.
        options: Arc::new(Options::default()),
    };
    let mut model = model(&settings, Some(target));
    model.demo = Some(Demo::default());
    begin(model, start, &[], Some(app))
}

fn begin(model: Model, start: Start, filters: &[std::path::PathBuf], app: Option<App>) -> anyhow::Result<Exit> {
    // Folders of rules are looked at here, where a message can still be read.
    let packs = read::packs(filters)?;
    tui::run(Begin { model, start, app }, move || {
        crate::filter::builtin::engine(packs)
    })?;
    io::stdout().flush()?;
    Ok(Exit::Done)
}

fn options(settings: &Settings) -> Options {
    Options {
        sign: settings.sign.value.map(|s| match s {
            Sign::Resign => SignMode::Resign,
            Sign::Keep => SignMode::Keep,
            Sign::Strip => SignMode::Strip,
        }),
        auth_token: Credentials::from_lookup(|n| std::env::var(n).ok()).auth_token,
        public_url: settings.public_url.value.clone(),
        timeout: settings.timeout.value,
        ..Options::default()
    }
}

fn model(settings: &Settings, target: Option<Target>) -> Model {
    let look = Look {
        theme: match settings.theme.value {
            Named::Auto | Named::Sixteen => Theme::Sixteen,
            Named::Dark => Theme::Dark,
            Named::Light => Theme::Light,
            Named::Mono => Theme::Mono,
        },
        ascii: settings.ascii.value,
        mouse: settings.mouse.value,
    };
    let (keys, wrong) = Keymap::new(&settings.keys);
    let now = read::now();
    let mut model = Model::new((0, 0), look, Arc::new(keys), now);
    model.bell = settings.bell.value;
    model.target = TargetChoice {
        text: target.as_ref().map(ToString::to_string).unwrap_or_default(),
        target,
        allow_hosts: settings.allow_hosts.value.clone(),
    };
    for text in settings.notices.iter().map(ToString::to_string).chain(wrong) {
        model.notices.say(now, Level::Error, text);
    }
    model
}
