//! `redial [INPUT]...` on a terminal, and `redial demo`: the settings put into the screen's first state.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

use super::args::{DemoArgs, Look, Read, Ui};
use super::inputs::{self, Inputs};
use super::service::Services;
use super::store_path::store_path;
use super::{Exit, Stop, checkpoint, config, packs, read, say};
use crate::config::{Given, Settings, Theme as Named};
use crate::demo::App;
use crate::input;
use crate::live::{FromStore, Plan};
use crate::model::Severity;
use crate::replay::{Options, Target};
use crate::tui::desk::Start;
use crate::tui::keys::Keymap;
use crate::tui::model::{self, Demo, Model, TargetChoice};
use crate::tui::msg::Level;
use crate::tui::runtime::End;
use crate::tui::theme::Theme;
use crate::tui::{self, Begin};

/// True when there is a terminal to draw on, and nothing was asked for that is lines.
pub(super) fn has_terminal(look: &Look) -> bool {
    let dumb = std::env::var("TERM").is_ok_and(|t| t == "dumb");
    io::stdout().is_terminal() && !dumb && !look.json && !look.unparsed
}

/// Runs the screen on inputs, with the services that the options name.
pub(super) fn run(read: &Read, ui: &Ui) -> anyhow::Result<Exit> {
    let mut services = Services::default();
    services.named(ui)?;
    let mut inputs = if read.inputs.is_empty() && !services.running.is_empty() {
        Inputs::default()
    } else {
        inputs::of(read)?
    };
    if !services.running.is_empty() && inputs.store.is_none() {
        inputs.store = Some(store_path()?);
    }
    open(&read.look, ui, inputs, services)
}

/// Starts services and runs the screen on what they fill.
pub(super) fn arriving(
    look: &Look,
    ui: &Ui,
    start: impl FnOnce(&mut Services) -> Result<(), Stop>,
) -> anyhow::Result<Exit> {
    let mut services = Services::default();
    start(&mut services)?;
    let inputs = Inputs {
        names: Vec::new(),
        store: Some(store_path()?),
    };
    open(look, ui, inputs, services)
}

fn open(look: &Look, ui: &Ui, inputs: Inputs, services: Services) -> anyhow::Result<Exit> {
    let settings = config::settings(Given {
        theme: ui.screen.theme,
        ascii: ui.screen.ascii,
        target: ui.replays.to.clone(),
        allow_hosts: ui.replays.allow_host.clone(),
        watch: ui.watch.clone(),
        ..Given::default()
    });
    let target = match &settings.target.value {
        Some(text) => Some(Target::parse(text, &settings.allow_hosts.value).map_err(|e| {
            let exit = if e.refused() { Exit::Refused } else { Exit::Failed };
            Stop::new(exit, e.to_string())
        })?),
        None => None,
    };
    let query = read::query(look, Some(Severity::Warning))?;
    let reading = read::reading(look, &query, false);
    let start = Start {
        plan: Plan {
            store: inputs.store.map(|path| FromStore {
                path,
                after: 0,
                follow: true,
            }),
            checkpoint: checkpoint::of(&inputs.names, look.resume).map(|c| c.filter(|_| look.follow))?,
            names: inputs.names,
            follow: look.follow,
            reading,
            behind: true,
            kept: true,
            ..Plan::default()
        },
        query,
        call: look.call.clone(),
        options: Arc::new(config::sending(&settings)),
    };
    let mut model = model(&settings, target);
    model.narrowed = narrowed(look);
    if let Some(text) = &look.filter {
        model.filter.text.clone_from(text);
    }
    begin(model, start, &look.filters, None, services)
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
    let look = Look::default();
    let query = read::query(&look, Some(Severity::Warning))?;
    let reading = read::reading(&look, &query, false);
    let start = Start {
        plan: Plan {
            names: app.inputs().to_vec(),
            reading,
            behind: true,
            kept: true,
            ..Plan::default()
        },
        query,
        call: None,
        // Nobody's token signs for an app of ours.
        options: Arc::new(Options::default()),
    };
    let mut model = model(&settings, Some(target));
    model.demo = Some(Demo::default());
    begin(model, start, &[], Some(app), Services::default())
}

/// The options that narrow the view, as they are typed; what the screen shows and can take back is not among them.
fn narrowed(look: &Look) -> Option<String> {
    let level = look.level.map(|l| read::severity(l).as_str().to_owned());
    let all = [
        ("--call", look.call.clone()),
        ("--since", look.since.clone()),
        ("--until", look.until.clone()),
        ("--level", level),
    ];
    let said: Vec<String> = all
        .into_iter()
        .filter_map(|(o, v)| Some(format!("{o} {}", v?)))
        .collect();
    (!said.is_empty()).then(|| said.join(" "))
}

/// None of them can be opened: said where it stays, as the commands do, instead of an empty screen.
fn nothing_to_read(plan: &Plan) -> Result<(), Stop> {
    // What is followed may come yet; so may the store.
    if plan.follow || plan.store.is_some() {
        return Ok(());
    }
    let names = &plan.names;
    // Folders are not gone through twice, and a pipe is not opened twice: its writer would take that for the end.
    let readable = |n: &PathBuf| match std::fs::metadata(n) {
        _ if n.as_os_str() == "-" => true,
        Ok(m) if m.is_dir() => std::fs::read_dir(n).is_ok(),
        Ok(m) if m.is_file() => std::fs::File::open(n).is_ok(),
        Ok(_) => true,
        Err(_) => false,
    };
    if names.iter().any(readable) {
        return Ok(());
    }
    for f in &input::find(names).1 {
        say(&f.to_string());
    }
    Err(Stop::usage("no input could be read"))
}

fn begin(
    mut model: Model,
    start: Start,
    filters: &[PathBuf],
    app: Option<App>,
    services: Services,
) -> anyhow::Result<Exit> {
    nothing_to_read(&start.plan)?;
    // Folders of rules are looked at here, before the terminal is taken; what is wrong with them is a notice there.
    let packs = packs::packs_telling(filters, &mut |text| {
        if model.notices.all.iter().all(|n| n.text != text) {
            model.notices.say(model.now, Level::Error, text);
        }
    })?;
    let Services { words, running, .. } = services;
    if start.plan.follow || !running.is_empty() {
        // What comes is what one waits for.
        model.calls.follow = true;
        model.calls.worst_first = false;
    }
    model.sources.store = start.plan.store.as_ref().map(|s| s.path.display().to_string());
    let begin = Begin {
        model,
        start,
        app,
        words,
        beside: running,
    };
    let (end, failed) = tui::run(begin, move || crate::filter::builtin::engine(packs))?;
    io::stdout().flush()?;
    Ok(match end {
        End::Signal(number) => Exit::Signal(number),
        End::Left if failed => Exit::Failed,
        End::Left => Exit::Done,
    })
}

fn model(settings: &Settings, target: Option<Target>) -> Model {
    let look = model::Look {
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
    model.notify = settings.notify.value;
    if !settings.watch.value.is_empty() {
        model.watch_paths.clone_from(&settings.watch.value);
    }
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
