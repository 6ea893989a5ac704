//! `redial man [COMMAND]...`: the manual, one page for the program and one for each command.

use std::io::Write;

use super::{Exit, Stop};

/// Writes the page of the command named by `names`, or the program's own.
pub(super) fn run(names: &[String], out: &mut impl Write) -> anyhow::Result<Exit> {
    let mut command = super::command();
    // Only a built command knows what it inherits and how its parents are called.
    command.build();
    for name in names {
        let within = command.get_name().to_owned();
        command = command
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| Stop::usage(format!("`{within}` has no command `{name}`; `redial help` lists them")))?;
    }
    let title = std::iter::once("redial").chain(names.iter().map(String::as_str));
    let title = title.collect::<Vec<_>>().join("-");
    let page = clap_mangen::Man::new(command)
        .title(title)
        .source(concat!("redial ", env!("CARGO_PKG_VERSION")));
    page.render(out)?;
    Ok(Exit::Done)
}
