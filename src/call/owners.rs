//! Owners: which call a line or document belongs to, by its ids and by what stands in for one until the id is told.
//!
//! A call may be met under several ids before one line says that they are the same: then one is merged into the other, and
//! its number goes on to lead to it (`root`). What reads or changes a call goes through `touch` first: it takes back
//! what a look in between settled, and notes the call for the next look. Not here: how far a call reaches (`extent`).

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::fast::{FixedState, RandomState};

use super::clock::When;
use super::extent::widen;
use super::fold::Fold;
use super::{Call, Live};
use crate::format::tropo::Alias;
use crate::model::{Id, Provider};
use crate::scan::{Key, Who};

/// The place of lines that belong to no call.
pub(super) const NOBODY: u32 = 0;

impl Fold<'_> {
    /// The call behind an owner of this block.
    pub(super) fn owner(&mut self, who: &Who) -> u32 {
        match who {
            Who::Nobody => NOBODY,
            Who::Call(id) => {
                let provider = match id.sid_prefix() {
                    Some(_) => Provider::Twilio,
                    None => Provider::Tropo,
                };
                self.call_of(id, provider)
            }
            Who::Loose(id) => match self.ids.get(id) {
                Some(n) => self.root(n),
                None => {
                    // A SIP Call-ID alone is not yet a call; an application session is.
                    let real = id.to_string().starts_with("sas_");
                    let n = self.new_call(id.clone(), Provider::Tropo, real);
                    self.name(id, n);
                    n
                }
            },
            Who::Alias(Alias::Thread(t)) => {
                let known = self.input_mut().threads.get(t).copied();
                known.map_or(NOBODY, |n| self.root(n))
            }
            Who::Alias(Alias::Guid4(g)) => match self.input_mut().guid4.get(g).copied() {
                Some(n) => self.root(n),
                None => {
                    let n = self.new_call(Id::new(g), Provider::Tropo, true);
                    self.input_mut().guid4.insert(*g, n);
                    n
                }
            },
        }
    }

    /// The call of an id, made when it is new.
    pub(super) fn call_of(&mut self, id: &Id, provider: Provider) -> u32 {
        match self.ids.get(id) {
            Some(n) => {
                let n = self.root(n);
                self.touch(n);
                let c = &mut self.calls[n as usize];
                if c.id == *id || c.live.own {
                    c.live.own = true;
                    return n;
                }
                // Known only as a part of something that was no call of its own: this is the call.
                let fresh = self.new_call(id.clone(), provider, true);
                self.merge(n, fresh);
                self.name(id, fresh);
                fresh
            }
            None => {
                let n = self.new_call(id.clone(), provider, true);
                self.name(id, n);
                n
            }
        }
    }

    pub(super) fn new_call(&mut self, id: Id, provider: Provider, own: bool) -> u32 {
        let index = self.calls.len() as u32;
        self.touched.push(index);
        self.calls.push(Call {
            index,
            id,
            real: false,
            provider,
            also: Vec::new(),
            guid: None,
            parent: None,
            app: None,
            from: None,
            to: None,
            direction: None,
            started: When::Never,
            ended: When::Never,
            lines: 0,
            ranges: Vec::new(),
            state: None,
            state_at: None,
            app_at: None,
            echo: None,
            exchanges: Vec::new(),
            findings: Vec::new(),
            live: Live {
                own,
                touched: true,
                ..Live::default()
            },
        });
        index
    }

    /// A call is about to change.
    pub(super) fn touch(&mut self, call: u32) {
        self.keep(call);
        if !self.calls[call as usize].live.touched {
            self.unsettle(call);
            self.calls[call as usize].live.touched = true;
            self.touched.push(call);
        }
    }

    /// A call is known by this id from now on.
    fn name(&mut self, id: &Id, call: u32) {
        let (key, was) = self.ids.insert(id, call);
        if let Some(trial) = &mut self.trial {
            trial.ids.push((key, was));
        }
    }

    /// Another id of a call. An id that stood alone until now brings its lines along.
    pub(super) fn also(&mut self, call: u32, id: Id) {
        let call = self.root(call);
        if call == NOBODY || self.calls[call as usize].id == id {
            return;
        }
        match self.ids.get(&id) {
            None => {
                self.name(&id, call);
            }
            Some(other) => {
                let other = self.root(other);
                if other != call && self.calls[other as usize].id == id && stands_alone(&id) {
                    self.merge(other, call);
                }
            }
        }
        self.touch(call);
        add(&mut self.calls[call as usize].also, id);
    }

    /// The other ids that a block tells of a call.
    pub(super) fn ids_of(&mut self, call: u32, key: &Key) {
        if let Some(guid) = &key.guid
            && *guid != self.calls[call as usize].id
        {
            let c = &mut self.calls[call as usize];
            add(&mut c.also, guid.clone());
            c.guid = Some(guid.clone());
        }
        for id in &key.also {
            self.also(call, id.clone());
        }
    }

    /// The call that a call was merged into.
    pub(super) fn root(&self, mut call: u32) -> u32 {
        while let Some(into) = self.calls[call as usize].live.merged {
            call = into;
        }
        call
    }

    /// Everything of `from` becomes `into`'s.
    fn merge(&mut self, from: u32, into: u32) {
        if from == into || from == NOBODY {
            return;
        }
        self.touch(from);
        self.touch(into);
        let f = &mut self.calls[from as usize];
        f.live.own = false;
        f.live.merged = Some(into);
        let (also, ranges) = (std::mem::take(&mut f.also), std::mem::take(&mut f.ranges));
        let (exchanges, findings) = (std::mem::take(&mut f.exchanges), std::mem::take(&mut f.findings));
        let (started, ended, lines, id) = (f.started, f.ended, f.lines, f.id.clone());
        let (state, app, echo) = (f.state.take(), f.app.take(), f.echo.take());
        let (state_at, app_at) = (f.state_at, f.app_at);
        let (state_told, app_told) = (f.live.state_told, f.live.app_told);
        for &n in &exchanges {
            self.exchanges[n as usize].call = into;
        }
        for &n in &findings {
            self.findings[n as usize].call = into;
        }
        if self.calls[from as usize].live.listed {
            self.waits(into);
        }
        let c = &mut self.calls[into as usize];
        c.lines += lines;
        c.exchanges.splice(0..0, exchanges);
        c.findings.splice(0..0, findings);
        if started != When::Never {
            c.started = started;
        }
        if c.ended == When::Never {
            c.ended = ended;
        }
        if c.state.is_none() {
            (c.state, c.live.state_told) = (state, state_told);
        }
        if c.app.is_none() {
            (c.app, c.live.app_told) = (app, app_told);
        }
        c.echo = c.echo.take().or(echo);
        c.state_at = c.state_at.or(state_at);
        c.app_at = c.app_at.or(app_at);
        for range in ranges {
            widen(&mut c.ranges, range);
        }
        for id in also.into_iter().chain(std::iter::once(id)) {
            if c.id != id {
                add(&mut c.also, id);
            }
        }
    }

    /// What an alias stands for from now on.
    pub(super) fn now(&mut self, key: &Key) {
        let (Who::Alias(alias), Some(now)) = (&key.who, &key.now) else {
            return;
        };
        let target = self.owner(now);
        match alias {
            Alias::Thread(t) => {
                self.input_mut().threads.insert(t.clone(), target);
            }
            Alias::Guid4(g) => {
                // Rows before the session was named: they are its own.
                if let Some(n) = self.input_mut().guid4.get(g).copied() {
                    let n = self.root(n);
                    if self.calls[n as usize].id == Id::new(g) {
                        self.merge(n, target);
                    }
                }
                self.input_mut().guid4.insert(*g, target);
            }
        }
    }
}

/// Ids of calls, and ids that belong to one: by a hash of 64 bits, because a log may have a great many. Two ids of one run
/// with the same hash are not to be expected (one in 10^8 for a million ids).
#[derive(Debug, Default)]
pub(super) struct Ids {
    calls: HashMap<u64, u32, RandomState>,
    state: FixedState,
}

impl Ids {
    pub(super) fn get(&self, id: &Id) -> Option<u32> {
        self.calls.get(&self.state.hash_one(id)).copied()
    }

    /// Gives an id to a call; tells its hash, and whose it was.
    fn insert(&mut self, id: &Id, call: u32) -> (u64, Option<u32>) {
        let key = self.state.hash_one(id);
        (key, self.calls.insert(key, call))
    }

    pub(super) fn put_back(&mut self, key: u64, was: Option<u32>) {
        match was {
            Some(call) => self.calls.insert(key, call),
            None => self.calls.remove(&key),
        };
    }
}

/// Ids that may have stood alone before their session was named; a session is never swallowed by another.
pub(super) fn stands_alone(id: &Id) -> bool {
    let text = id.to_string();
    text.starts_with("sas_") || text.len() != 32
}

/// Adds an id to the few that a call has.
fn add(also: &mut Vec<Id>, id: Id) {
    if !also.contains(&id) {
        also.push(id);
    }
}
