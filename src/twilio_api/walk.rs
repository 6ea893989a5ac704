//! The walk over all alerts of a stretch of time, into the store, and what it shares with the walk over one call (`call`).
//!
//! A page is committed before the next one is asked for. The watermark of a follower is committed together with the last rows of
//! the window that it covers, and only when every page of it (and, with details, every instance) is there. So a walk may end anywhere,
//! by a fault or a kill, and the next one begins no later than where this one did; what is fetched again is known by its SID.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use futures_util::stream::{self, StreamExt};

use super::base::Product;
use super::client::Client;
use super::fault::{Fault, FaultKind};
use super::list::{List, Pages};
use super::pull::{Moment, PullOptions, Tally, Told};
use super::window::{self, CAP, Covered, Window};
use super::{page, rows};
use crate::model::Time;
use crate::store::{Appended, Cursor, EventKind, NewEvent, Store, StoreError};

const ALERTS: List<'static> = List {
    product: Product::Monitor,
    path: "/v1/Alerts",
    name: "alerts",
    what: "alerts",
};
/// The most that Twilio puts on a page.
pub(super) const PAGE: &str = "1000";
const FULL: usize = 1000;
/// A follower that takes up more than this, in milliseconds, says so.
const LONG: i64 = 3_600_000;
/// After so many instances that could not be had, there is no sense in asking for the others.
const ENOUGH: usize = 3;
/// A walk over so many pages, and as many again, says how far it is.
const NOTED: u32 = 100;

/// Everything that walks share.
pub(super) struct Walker<'t> {
    pub(super) client: Client<'t>,
    pub(super) options: &'t PullOptions,
    store: RefCell<Store>,
    tally: Cell<Tally>,
    /// Entries that were listed, and not there when they were asked for.
    gone: RefCell<HashSet<String>>,
    /// Seconds with more alerts than can be had; a follower meets them again and again.
    full: RefCell<HashSet<Time>>,
    cut_was_said: Cell<bool>,
    resumed_was_said: Cell<bool>,
    /// Of the walk under way.
    pages: Cell<u32>,
}

/// How a window ended.
enum Ended {
    Whole,
    /// Twilio gave all that it gives of one walk; the server's clock at its beginning.
    Capped(Time),
    /// The window was computed with a clock that is off.
    Again,
}

impl<'t> Walker<'t> {
    pub(super) fn open(options: &'t PullOptions, tell: &'t dyn Fn(Told)) -> Result<Self, Fault> {
        let client = Client::new(options.base.clone(), options.login.clone(), options.world.clone(), tell)?;
        Ok(Self {
            client,
            options,
            store: RefCell::new(Store::open(&options.store).map_err(|e| of_store(&e))?),
            tally: Cell::default(),
            gone: RefCell::default(),
            full: RefCell::default(),
            cut_was_said: Cell::default(),
            resumed_was_said: Cell::default(),
            pages: Cell::default(),
        })
    }

    /// One walk over all that is asked for.
    pub(super) async fn walk(&self) -> Result<Tally, Fault> {
        let before = self.tally.get();
        self.pages.set(0);
        self.same_store()?;
        match &self.options.call {
            Some(call) => self.call(call).await?,
            None => while !self.alerts().await? {},
        }
        Ok(self.tally.get().since(before))
    }

    /// Fetches alerts as instances, a few at a time; those that the store has are passed over. Gives how many are new.
    pub(super) async fn alert_details(&self, sids: Vec<String>) -> Result<usize, Fault> {
        self.details(EventKind::Alert, Product::Monitor, "/v1/Alerts", "", sids)
            .await
    }

    /// The store may have been deleted while nobody wrote: what went to its ghost would be lost.
    fn same_store(&self) -> Result<(), Fault> {
        let mut store = self.store.borrow_mut();
        if !store.still_there() {
            *store = Store::open(&self.options.store).map_err(|e| of_store(&e))?;
        }
        Ok(())
    }

    /// False when it has to be done once more, with the right clock.
    async fn alerts(&self) -> Result<bool, Fault> {
        let now = self.client.server_now();
        let covered = self.covered()?;
        let since = self.options.since.at(now);
        let until = self.options.until.map(|m| m.at(now));
        if let Some(until) = until.filter(|u| *u < since) {
            return Err(Fault::new(
                FaultKind::Own,
                format!(
                    "nothing lies between --since {since} and --until {until}: give an earlier --since or a later --until"
                ),
            ));
        }
        let wanted = window::start(covered, since);
        let (from, cut) = window::kept(wanted, now);
        if wanted < since && now.0 - from.0 > LONG && !self.resumed_was_said.replace(true) {
            (self.client.tell)(Told::Note(format!("goes on where it stopped: from {from}")));
        }
        let whole = Window { from, to: until };
        let mut todo = vec![whole];
        while let Some(window) = todo.pop() {
            match self.window(window).await? {
                Ended::Whole => {}
                Ended::Again => return Ok(false),
                Ended::Capped(now) => match window.halves(now) {
                    Some((older, newer)) => todo.extend([newer, older]),
                    // All that there is to have of it.
                    None => {
                        self.too_many(window);
                        self.keep(&[], self.cursor(window, now)?.as_ref())?;
                        self.complete(window, now);
                    }
                },
            }
        }
        if cut && !self.cut_was_said.replace(true) {
            self.limit(format!(
                "Twilio keeps alerts for 30 days: asked from {wanted} on, fetched from {from} on"
            ));
        }
        Ok(true)
    }

    /// All pages of one window.
    async fn window(&self, window: Window) -> Result<Ended, Fault> {
        let (start, end) = window.dates();
        let mut query = vec![("StartDate", start.as_str()), ("PageSize", PAGE)];
        query.extend(end.as_deref().map(|e| ("EndDate", e)));
        query.extend(self.options.level.as_deref().map(|l| ("LogLevel", l)));
        let mut pages = Pages::of(&self.client, ALERTS, &query);
        let (mut count, mut begun, mut sids) = (0, None, Vec::new());
        loop {
            let answer = match pages.next().await {
                Ok(Some(answer)) => answer,
                Ok(None) => return Ok(Ended::Whole),
                // Nobody says how Twilio refuses a page behind the cap.
                Err(f) => match begun.filter(|_| f.kind == FaultKind::Asked && count + FULL >= CAP) {
                    Some(begun) => return Ok(Ended::Capped(begun)),
                    None => return Err(f),
                },
            };
            if answer.clock_was_off {
                return Ok(Ended::Again);
            }
            let begun = *begun.get_or_insert(answer.at);
            let items = items(&answer.text, ALERTS.name)?;
            count += items.len();
            let events = self.events(EventKind::AlertListed, &items);
            if self.options.details {
                sids.extend(events.iter().map(|e| e.key.clone()));
            }
            if count < CAP && pages.at_end() {
                return self.last(window, begun, &events, sids).await;
            }
            self.keep_listed(&events, None)?;
            if count >= CAP {
                return Ok(Ended::Capped(begun));
            }
        }
    }

    /// The last page of a window, with the watermark; with details, the watermark waits for them.
    async fn last(&self, window: Window, begun: Time, events: &[NewEvent], sids: Vec<String>) -> Result<Ended, Fault> {
        let cursor = self.cursor(window, begun)?;
        if self.options.details {
            self.keep_listed(events, None)?;
            self.alert_details(sids).await?;
            self.keep(&[], cursor.as_ref())?;
        } else {
            self.keep_listed(events, cursor.as_ref())?;
        }
        self.complete(window, begun);
        Ok(Ended::Whole)
    }

    /// Says that a window is whole; the store knows it by now.
    fn complete(&self, window: Window, begun: Time) {
        let to = window.closed(begun);
        self.count(|t| t.complete_up_to = t.complete_up_to.max(Some(to)));
        (self.client.tell)(Told::CompleteUpTo(to));
    }

    /// Instances by SID, a few at a time; `path` and `end` stand around the SID. One that is gone is passed over.
    pub(super) async fn details(
        &self,
        kind: EventKind,
        product: Product,
        path: &str,
        end: &str,
        sids: Vec<String>,
    ) -> Result<usize, Fault> {
        let known = self.store.borrow().known(kind, &sids).map_err(|e| of_store(&e))?;
        let mut wanted = sids;
        wanted.retain(|sid| rows::is_sid(sid) && !known.contains(sid) && !self.gone.borrow().contains(sid));
        let all = wanted.len();
        let answers = wanted.into_iter().map(|sid| async move {
            let url = self.client.base.url(product, &format!("{path}/{sid}{end}"), &[]);
            let answer = self.client.get(&url, &format!("entry {sid}"), page::one).await;
            (sid, answer)
        });
        let mut answers = stream::iter(answers).buffer_unordered(self.options.at_once.max(1));
        let (mut done, mut new, mut failed) = (0, 0, Vec::new());
        while let Some((sid, answer)) = answers.next().await {
            match answer {
                Ok(answer) => {
                    let event = rows::event(kind, &answer.text, self.client.world.now());
                    // Whatever it calls itself, it is what was asked for.
                    let event = event.map(|e| NewEvent { key: sid, ..e });
                    new += self.keep(event.as_slice(), None)?;
                }
                Err(f) if f.kind == FaultKind::Missing => {
                    (self.client.tell)(Told::Note(f.text));
                    self.gone.borrow_mut().insert(sid);
                }
                // One that is broken at Twilio's must not keep the others away.
                Err(f) => failed.push(f),
            }
            if failed.len() >= ENOUGH {
                break;
            }
            done += 1;
            (self.client.tell)(Told::Details { done, of: all });
        }
        self.count(|t| t.details += new as u64);
        failed.into_iter().next().map_or(Ok(new), Err)
    }

    pub(super) fn events(&self, kind: EventKind, items: &[&str]) -> Vec<NewEvent> {
        let received = self.client.world.now();
        items.iter().filter_map(|i| rows::event(kind, i, received)).collect()
    }

    /// Keeps what was listed, and tells of it.
    pub(super) fn keep_listed(&self, events: &[NewEvent], cursor: Option<&Cursor>) -> Result<(), Fault> {
        let new = self.keep(events, cursor)?;
        let known = events.len() - new;
        self.count(|t| {
            t.new += new as u64;
            t.known += known as u64;
        });
        (self.client.tell)(Told::Page { new, known });
        self.pages.set(self.pages.get() + 1);
        if self.pages.get().is_multiple_of(NOTED) {
            let Tally { new, known, .. } = self.tally.get();
            let so_far = format!(
                "{} pages fetched, {} events so far; it goes on",
                self.pages.get(),
                new + known
            );
            (self.client.tell)(Told::Note(so_far));
        }
        Ok(())
    }

    /// How many of them are new.
    fn keep(&self, events: &[NewEvent], cursor: Option<&Cursor>) -> Result<usize, Fault> {
        let mut store = self.store.borrow_mut();
        let kept = match cursor {
            Some(cursor) => store.append_with(events, cursor),
            None if events.is_empty() => return Ok(0),
            None => store.append(events),
        };
        let kept = kept.map_err(|e| of_store(&e))?;
        Ok(kept.iter().filter(|a| matches!(a, Appended::New(_))).count())
    }

    /// What a follower's cursor says; a single walk has none.
    fn covered(&self) -> Result<Option<Covered>, Fault> {
        if self.options.follow.is_none() {
            return Ok(None);
        }
        let cursor = self.store.borrow().cursor(&self.cursor_name());
        Ok(cursor.map_err(|e| of_store(&e))?.and_then(|c| Covered::read(&c.value)))
    }

    /// What it will say once this window is whole.
    fn cursor(&self, window: Window, begun: Time) -> Result<Option<Cursor>, Fault> {
        if self.options.follow.is_none() {
            return Ok(None);
        }
        let covered = Covered::with(self.covered()?, window.from, window.closed(begun));
        Ok(Some(Cursor {
            name: self.cursor_name(),
            value: covered.value(),
        }))
    }

    /// Where a follower asks, for whom, and for what.
    fn cursor_name(&self) -> String {
        let level = self.options.level.as_deref().unwrap_or("all");
        let what = if self.options.details {
            "alerts with details"
        } else {
            "alerts"
        };
        format!(
            "pull {what} {} {} {level}",
            self.options.base.name(),
            self.client.account()
        )
    }

    fn too_many(&self, window: Window) {
        let (start, _) = window.dates();
        if !self.full.borrow_mut().insert(window.from) {
            return;
        }
        self.limit(format!(
            "more than {CAP} alerts within the second of {start}: Twilio gives no more of them, some may be missing"
        ));
    }

    fn limit(&self, text: String) {
        self.count(|t| t.limits += 1);
        (self.client.tell)(Told::Limit(text));
    }

    fn count(&self, add: impl FnOnce(&mut Tally)) {
        let mut tally = self.tally.get();
        add(&mut tally);
        self.tally.set(tally);
    }
}

impl Moment {
    fn at(self, now: Time) -> Time {
        match self {
            Self::At(t) => t,
            Self::Ago(d) => window::before(now, d),
        }
    }
}

pub(super) fn items<'a>(text: &'a str, list: &str) -> Result<Vec<&'a str>, Fault> {
    let page = page::read(text, list).map_err(|why| Fault::new(FaultKind::Broken, why))?;
    Ok(page.items)
}

fn of_store(e: &StoreError) -> Fault {
    Fault::new(FaultKind::Store, e.to_string())
}
