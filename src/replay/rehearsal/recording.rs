//! The recorded call beside the rehearsed one: which of its requests a step is, and what the caller did there.
//!
//! Each recorded request serves once. What follows the last one served is looked at first, so that a menu that was asked twice
//! gets its two answers in order; a step that the recording has elsewhere is still found.

use url::Url;

use super::Recorded;
use super::place::{Alike, alike};
use crate::model::RequestKind;

/// The recorded requests and how far the rehearsal has come in them.
#[derive(Debug)]
pub(super) struct Recording<'a> {
    all: &'a [Recorded],
    used: Vec<bool>,
    /// Behind the request served last.
    next: usize,
}

impl<'a> Recording<'a> {
    pub(super) fn new(all: &'a [Recorded], start: usize) -> Self {
        let mut recording = Self {
            all,
            used: vec![false; all.len()],
            next: 0,
        };
        recording.take(start);
        recording
    }

    pub(super) fn get(&self, n: usize) -> &'a Recorded {
        &self.all[n]
    }

    /// Marks a request as served.
    pub(super) fn take(&mut self, n: usize) {
        if let Some(used) = self.used.get_mut(n) {
            *used = true;
            self.next = n + 1;
        }
    }

    /// The request that the platform sent next.
    pub(super) fn ahead(&self) -> Option<usize> {
        (self.next..self.all.len()).find(|&n| self.is_free(n))
    }

    /// A request to `url` that `wanted` takes and that has not been served: behind the last one, else before it; the very same
    /// query before another one.
    pub(super) fn find(&self, url: &Url, wanted: impl Fn(&Recorded) -> bool) -> Option<usize> {
        let order = || (self.next..self.all.len()).chain(0..self.next.min(self.all.len()));
        [Alike::Whole, Alike::Names].into_iter().find_map(|least| {
            order().find(|&n| self.is_free(n) && wanted(&self.all[n]) && self.is_at(n, url) == Some(least))
        })
    }

    /// The first request that `wanted` takes and that has not been served, wherever it went.
    pub(super) fn first_free(&self, wanted: impl Fn(&Recorded) -> bool) -> Option<usize> {
        let mut order = (self.next..self.all.len()).chain(0..self.next.min(self.all.len()));
        order.find(|&n| self.is_free(n) && wanted(&self.all[n]))
    }

    /// The one request that `wanted` takes and that has not been served, where the recording knows nothing of the path of `url`: that
    /// was renamed since.
    pub(super) fn only_free(&self, url: &Url, wanted: impl Fn(&Recorded) -> bool) -> Option<usize> {
        if self.all.iter().any(|r| path(r).as_deref() == Some(url.path())) {
            return None;
        }
        let mut free = (0..self.all.len()).filter(|&n| self.is_free(n) && wanted(&self.all[n]));
        let one = free.next()?;
        free.next().is_none().then_some(one)
    }

    /// The path of a recorded request, where it is not that of `url`.
    pub(super) fn renamed(&self, n: usize, url: &Url) -> Option<String> {
        path(&self.all[n]).filter(|path| path != url.path())
    }

    /// How much a recorded request's URL is this one.
    pub(super) fn is_at(&self, n: usize, url: &Url) -> Option<Alike> {
        let request = &self.all[n].request;
        alike(request.url.as_deref().unwrap_or_default(), url, request.is_get())
    }

    /// The recorded requests to the URL of a callback that have not been served, of the recording `sid` where there are such; that which
    /// told the end of the call apart.
    pub(super) fn callbacks(&self, url: &Url, sid: Option<&str>) -> Vec<usize> {
        let closing = self.closing().map(|(n, _)| n);
        let free = (0..self.all.len()).filter(|&n| !self.used[n] && Some(n) != closing);
        let tells = |r: &Recorded| {
            let pairs = super::params::all(&r.request);
            let has = |name: &&str| super::params::value(&pairs, name).is_some();
            r.kind.is_callback() || ["TranscriptionSid", "DequeingCallSid", "ParentCallSid"].iter().any(has)
        };
        let all: Vec<usize> = free
            .filter(|&n| tells(&self.all[n]) && self.is_at(n, url).is_some())
            .collect();
        let is_of = |n: &usize| {
            let pairs = super::params::all(&self.all[*n].request);
            sid.is_some() && super::params::value(&pairs, "RecordingSid") == sid
        };
        let (of_it, rest): (Vec<usize>, Vec<usize>) = all.into_iter().partition(is_of);
        if of_it.is_empty() { rest } else { of_it }
    }

    /// Marks a request as served without going on behind it.
    pub(super) fn set_aside(&mut self, n: usize) {
        if let Some(used) = self.used.get_mut(n) {
            *used = true;
        }
    }

    /// The callback that told the end of the call, with its status.
    pub(super) fn closing(&self) -> Option<(usize, String)> {
        let last = (0..self.all.len()).rev();
        last.filter(|&n| self.all[n].kind == RequestKind::StatusCallback && !self.used[n])
            .find_map(|n| {
                let pairs = super::params::all(&self.all[n].request);
                // A report about a transcription says how the call is, too.
                if super::params::value(&pairs, "TranscriptionSid").is_some() {
                    return None;
                }
                let status = super::params::value(&pairs, "CallStatus")?.to_owned();
                is_final(&status).then_some((n, status))
            })
    }

    /// True where the recorded call went no further than the step `n`, and ended well there: the caller said nothing more.
    pub(super) fn ended_after(&self, n: Option<usize>) -> bool {
        let Some(n) = n else { return false };
        n + 1 == self.next && !self.all[n].failed && self.ahead().is_none() && self.closing().is_some()
    }

    /// A recorded request to the fallback URL.
    pub(super) fn find_fallback(&self, url: &Url) -> Option<usize> {
        let fallback = |n: &usize| self.all[*n].kind == RequestKind::Fallback && !self.used[*n];
        (0..self.all.len())
            .filter(fallback)
            .find(|&n| self.is_at(n, url).is_some())
    }

    /// The recorded requests behind the first that nothing asked for in this call, of those to a path that no step went to: a platform
    /// sends some twice.
    pub(super) fn unreached(&self) -> Vec<usize> {
        let start = self.used.iter().position(|used| *used).unwrap_or(0);
        let reached = |p: &Option<String>| (start..self.all.len()).any(|n| self.used[n] && path(&self.all[n]) == *p);
        let free = (start..self.all.len()).filter(|&n| self.is_free(n));
        free.filter(|&n| !reached(&path(&self.all[n]))).collect()
    }

    fn is_free(&self, n: usize) -> bool {
        !self.used[n] && is_document(self.all[n].kind)
    }
}

/// True for requests whose answer is run and may ask for the next one; the fallback URL's apart.
pub fn is_document(kind: RequestKind) -> bool {
    !kind.is_callback()
        && !matches!(
            kind,
            RequestKind::Api | RequestKind::Media | RequestKind::Sip | RequestKind::Fallback
        )
}

fn path(recorded: &Recorded) -> Option<String> {
    let url = Url::parse(recorded.request.url.as_deref()?.trim()).ok()?;
    Some(url.path().to_owned())
}

fn is_final(status: &str) -> bool {
    matches!(status, "completed" | "busy" | "failed" | "no-answer" | "canceled")
}
