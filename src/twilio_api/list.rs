//! A list of Twilio's, walked from its first page to its last.
//!
//! A link leads to another page of the same list or nowhere: its path must be the list's own, and no page comes twice.

use std::collections::HashSet;

use url::Url;

use super::base::Product;
use super::client::{Answer, Client};
use super::fault::{Fault, FaultKind};
use super::page;

/// Which list, and what a person calls what is in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct List<'l> {
    pub(super) product: Product,
    /// `/v1/Alerts`.
    pub(super) path: &'l str,
    /// The member that holds the items: `alerts`.
    pub(super) name: &'static str,
    /// For messages.
    pub(super) what: &'l str,
}

/// A walk over a list.
pub(super) struct Pages<'c, 't> {
    client: &'c Client<'t>,
    list: List<'c>,
    next: Option<Url>,
    seen: HashSet<String>,
}

impl<'c, 't> Pages<'c, 't> {
    pub(super) fn of(client: &'c Client<'t>, list: List<'c>, query: &[(&str, &str)]) -> Self {
        Self {
            client,
            list,
            next: Some(client.base.url(list.product, list.path, query)),
            seen: HashSet::new(),
        }
    }

    /// The next page; none behind the last one.
    pub(super) async fn next(&mut self) -> Result<Option<Answer>, Fault> {
        let Some(url) = self.next.take() else { return Ok(None) };
        let list = self.list;
        let check = |text: &str| page::read(text, list.name).map(|_| ());
        let answer = self.client.get(&url, list.what, check).await?;
        let own_path = url.path().to_owned();
        self.seen.insert(url.into());
        if let Some(link) = page::read(&answer.text, list.name).ok().and_then(|p| p.next) {
            self.next = Some(self.follow(&link, &own_path)?);
        }
        Ok(Some(answer))
    }

    /// True when the page given last was the last one.
    pub(super) fn at_end(&self) -> bool {
        self.next.is_none()
    }

    fn follow(&self, link: &str, own_path: &str) -> Result<Url, Fault> {
        let broken = |why: &str| {
            let text = format!(
                "the list of {} cannot be walked to its end: the link to its next page {why}",
                self.list.what
            );
            Fault::new(FaultKind::Broken, text)
        };
        let url = self.client.base.rebased(self.list.product, link);
        let url = url.ok_or_else(|| broken("is no address"))?;
        if url.path() != own_path {
            return Err(broken("leads out of the list"));
        }
        if self.seen.contains(url.as_str()) {
            return Err(broken("leads back to a page that was read"));
        }
        Ok(url)
    }
}
