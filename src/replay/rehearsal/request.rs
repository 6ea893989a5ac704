//! The request of a step: what a document asks for, with what belongs to the call.

use url::Url;

use super::course::Rehearsal;
use super::{Carries, Draft, params};
use crate::model::{Payload, Provider, Request};

impl Rehearsal<'_> {
    /// What a draft becomes at this URL.
    pub(super) fn request(&self, draft: &Draft, url: String) -> Request {
        let recorded = draft.recorded.map(|n| &self.recording.get(n).request);
        let as_recorded = recorded.filter(|_| matches!(draft.carries, Carries::Recorded));
        let mut headers = match as_recorded {
            Some(recorded) => recorded.headers.clone(),
            None => params::for_another(&self.first.request.headers),
        };
        if draft.method == Some("GET") {
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        }
        let payload = match (&draft.carries, as_recorded) {
            (Carries::Json(json), _) => Payload::Json(json.clone()),
            (_, Some(recorded)) if self.provider == Provider::Tropo => recorded.payload.clone(),
            (carries, recorded) => Payload::Form(self.form(carries, recorded)),
        };
        Request {
            method: Some(draft.method.unwrap_or("POST").to_owned()),
            url: Some(url),
            headers,
            payload,
        }
    }

    fn form(&self, carries: &Carries, recorded: Option<&Request>) -> params::Pairs {
        if let Carries::Alone(pairs) = carries {
            return pairs.clone();
        }
        let mut pairs = recorded.map(params::all).unwrap_or_default();
        let whole = pairs.iter().any(|(name, _)| name == "CallSid" || name == "MessageSid");
        for (name, value) in &self.carried {
            // A recorded request has all its own; one that lost them gets those of the call.
            if !whole && params::value(&pairs, name).is_none() {
                pairs.push((name.clone(), value.clone()));
            }
        }
        if recorded.is_none() && params::value(&pairs, "CallStatus").is_some() {
            params::set(&mut pairs, "CallStatus", "in-progress");
        }
        if let Carries::Params(more) = carries {
            for (name, value) in more {
                params::set(&mut pairs, name, value);
            }
        }
        pairs
    }
}

/// The same path and query on the host of `base`.
pub(super) fn moved(base: &Url, to: &Url) -> Url {
    let mut url = base.clone();
    url.set_path(to.path());
    url.set_query(to.query());
    url.set_fragment(None);
    url
}
