//! The walk over one call: its notifications, each as an instance too, and every request that Twilio made for it.

use super::base::Product;
use super::fault::Fault;
use super::list::{List, Pages};
use super::pull::Told;
use super::rows;
use super::walk::{PAGE, Walker, items};
use crate::store::EventKind;

impl Walker<'_> {
    /// All that Twilio tells of one call.
    pub(super) async fn call(&self, call: &str) -> Result<(), Fault> {
        let folder = format!("/2010-04-01/Accounts/{}/Calls/{call}", self.client.account());
        self.notifications(&format!("{folder}/Notifications"), call).await?;
        self.requests(&format!("{folder}/Events.json"), call).await
    }

    async fn notifications(&self, path: &str, call: &str) -> Result<(), Fault> {
        let (list_path, what) = (format!("{path}.json"), format!("notifications of call {call}"));
        let list = List {
            product: Product::Api,
            path: &list_path,
            name: "notifications",
            what: &what,
        };
        let mut query = vec![("PageSize", PAGE)];
        query.extend(match self.options.level.as_deref() {
            Some("error") => Some(("Log", "0")),
            Some("warning") => Some(("Log", "1")),
            _ => None,
        });
        let mut pages = Pages::of(&self.client, list, &query);
        while let Some(answer) = pages.next().await? {
            let events = self.events(EventKind::NotificationListed, &items(&answer.text, list.name)?);
            let sids: Vec<String> = events.iter().map(|e| e.key.clone()).collect();
            self.keep_listed(&events, None)?;
            // They are few, and without them there is no request to look at.
            self.details(EventKind::Notification, Product::Api, path, ".json", sids)
                .await?;
        }
        Ok(())
    }

    async fn requests(&self, path: &str, call: &str) -> Result<(), Fault> {
        let what = format!("requests of call {call}");
        let list = List {
            product: Product::Api,
            path,
            name: "events",
            what: &what,
        };
        let mut pages = Pages::of(&self.client, list, &[("PageSize", PAGE)]);
        let mut any = false;
        while let Some(answer) = pages.next().await? {
            let items = items(&answer.text, list.name)?;
            any |= !items.is_empty();
            let received = self.client.world.now();
            self.keep_listed(&rows::call_events(self.client.account(), call, &items, received), None)?;
        }
        if !any && self.options.follow.is_none() {
            (self.client.tell)(Told::Note(format!(
                "no requests of call {call} yet: Twilio lists them 15 minutes after the call has ended, for 30 days"
            )));
        }
        Ok(())
    }
}
