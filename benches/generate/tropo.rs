//! A server's log: many calls at once, their lines mixed in the order of time.
//!
//! The number of calls does not depend on the number of bytes: what is left of a call's share after its story is
//! filled with noise, so two files can hold the same calls and differ only in what there is to skip.

use crate::{
    call::Call,
    line::{Clock, Form, Line, Printer},
    random::Random,
    story::{self, FAULTS, Fault},
};
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    io::{self, Write},
};

/// What to write.
pub struct Plan {
    /// About how many bytes.
    pub bytes: u64,
    /// How many calls.
    pub calls: u64,
    /// How many of them fail.
    pub failing: u64,
    /// How lines look.
    pub form: Form,
    /// Where the randomness starts.
    pub seed: u64,
}

/// 2013-02-19 08:00:00 UTC.
const START: u64 = 1_361_260_800_000;
/// Calls that a server has at the same time.
const CALLS_AT_ONCE: u64 = 200;

/// A call on its way.
struct Running {
    call: Call,
    story: Vec<Line>,
    told: usize,
    /// Bytes of noise that the call's share leaves room for.
    room: u64,
    /// Bytes of noise so far.
    noise: u64,
}

impl Running {
    fn begin(plan: &Plan, index: u64, at: u64, truth: &mut impl Write) -> io::Result<Self> {
        // A generator of its own, so that a call's ids and story do not depend on how long the calls before it were.
        let mut random = Random::new(plan.seed.wrapping_mul(0x1000_0001) ^ (index << 20));
        let fault = fault_of(plan, index);
        let call = Call::draw(&mut random, at, fault.map(|(fault, _)| fault.engine()));
        if let Some((_, name)) = fault {
            writeln!(truth, "{}\t{name}", call.session)?;
        }
        let story = story::tell(&call, &mut random, fault.map(|(fault, _)| fault));
        let (mut printer, mut text) = (Printer::new(plan.form), Vec::with_capacity(32 << 10));
        for line in &story {
            printer.print(&mut text, &Clock { ms: at }, &call, line)?;
        }
        let room = (plan.bytes / plan.calls).saturating_sub(text.len() as u64);
        Ok(Self {
            call,
            story,
            told: 0,
            room,
            noise: 0,
        })
    }

    /// Whether the noise due so far is still to be written.
    fn behind(&self) -> bool {
        self.noise < self.room * self.told as u64 / self.story.len() as u64
    }
}

/// Failing calls are spread evenly over the file and take the faults in turn.
fn fault_of(plan: &Plan, index: u64) -> Option<(Fault, &'static str)> {
    let before = index * plan.failing / plan.calls;
    let after = (index + 1) * plan.failing / plan.calls;
    (after > before).then(|| FAULTS[before as usize % FAULTS.len()])
}

/// Writes the log and, into `truth`, the sessions that fail. Returns the number of bytes of the log.
pub fn write(plan: &Plan, out: &mut impl Write, truth: &mut impl Write) -> io::Result<u64> {
    let mut random = Random::new(plan.seed);
    let mut printer = Printer::new(plan.form);
    let (mut running, mut turns) = (Vec::new(), BinaryHeap::new());
    let mut begun = plan.calls.min(CALLS_AT_ONCE);
    for index in 0..begun {
        let at = START + random.below(60_000);
        running.push(Running::begin(plan, index, at, truth)?);
        turns.push(Reverse((at, index as usize)));
    }
    let (mut text, mut bytes) = (Vec::with_capacity(8 << 10), 0);
    while let Some(Reverse((at, slot))) = turns.pop() {
        let here = &mut running[slot];
        let gap = if here.told == here.story.len() {
            if begun == plan.calls {
                continue;
            }
            *here = Running::begin(plan, begun, at, truth)?;
            begun += 1;
            random.below(4_000)
        } else {
            text.clear();
            let gap = if here.behind() {
                let noise = story::noise(&here.call, &mut random);
                printer.print(&mut text, &Clock { ms: at }, &here.call, &noise)?;
                here.noise += text.len() as u64;
                noise.gap
            } else {
                let line = &here.story[here.told];
                here.told += 1;
                printer.print(&mut text, &Clock { ms: at }, &here.call, line)?;
                line.gap
            };
            out.write_all(&text)?;
            bytes += text.len() as u64;
            gap
        };
        turns.push(Reverse((at + gap, slot)));
    }
    Ok(bytes)
}
