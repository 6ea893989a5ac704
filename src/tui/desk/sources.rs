//! The inputs for the screen: how far each is read, and how lively it is.

use super::super::data::{SourceRow, SourceState};
use crate::live::{Intake, Pulse};
use crate::model::Time;
use crate::session::{Input, Session};

/// Inputs that are still read, and what is said about paths that are followed.
pub(super) fn live(intake: &mut Intake<'_>, follow: bool, now: Time) -> Vec<SourceRow> {
    let pulses = intake.pulses().to_vec();
    let goes_on = GoesOn {
        files: follow,
        // Where an end is not known, nothing tells but that nothing was there to be read.
        pipes: intake.caught_up(),
    };
    let mut rows = intake.look(|s| rows(s, &pulses, Some(goes_on), now));
    rows.extend(intake.said().map(|(path, text)| SourceRow {
        name: path.display().to_string(),
        state: SourceState::Waits(text.to_owned()),
        ..SourceRow::default()
    }));
    rows
}

/// Inputs that are at their ends.
pub(super) fn read(session: &Session) -> Vec<SourceRow> {
    rows(session, &[], None, Time(0))
}

/// What is at its end for now, of inputs that are not settled.
#[derive(Clone, Copy, Debug)]
struct GoesOn {
    /// Files go on at their ends.
    files: bool,
    /// Pipes and the store are read as far as they came at the start.
    pipes: bool,
}

/// `live`: some are still read.
fn rows(session: &Session, pulses: &[Pulse], live: Option<GoesOn>, now: Time) -> Vec<SourceRow> {
    let mut unparsed = vec![0; session.inputs.len()];
    for u in &session.calls.unparsed {
        if let Some(n) = unparsed.get_mut(u.place.input as usize) {
            *n += u.lines;
        }
    }
    let blank = Pulse::default();
    let mut rows: Vec<SourceRow> = Vec::with_capacity(session.inputs.len() + session.failures.len());
    for (n, (input, unparsed)) in session.inputs.iter().zip(unparsed).enumerate() {
        let pulse = pulses.get(n).unwrap_or(&blank);
        rows.push(SourceRow {
            name: input.source.name.clone(),
            lines: input.lines,
            bytes: input.bytes,
            size: input.source.size(),
            state: state(input, pulse, live),
            unparsed,
            last: pulse.last,
            rate: pulse.rate(now).round() as u32,
        });
    }
    rows.extend(session.failures.iter().map(|f| SourceRow {
        name: f.name.clone(),
        size: Some(0),
        state: SourceState::Failed(format!("cannot {}: {}", f.what, f.why)),
        ..SourceRow::default()
    }));
    rows
}

fn state(input: &Input, pulse: &Pulse, live: Option<GoesOn>) -> SourceState {
    let Some(live) = live else {
        return match &input.fault {
            Some(e) => SourceState::Failed(e.to_string()),
            None => SourceState::Done,
        };
    };
    // A file that goes on is at its end again and again.
    let at_its_end = match input.source.size() {
        Some(size) => live.files && input.bytes >= size,
        None => live.pipes,
    };
    match &input.fault {
        Some(e) => SourceState::Failed(e.to_string()),
        None if input.done => SourceState::Done,
        None if !pulse.open => SourceState::Waiting,
        None if at_its_end => SourceState::Live,
        None => SourceState::Reading,
    }
}
