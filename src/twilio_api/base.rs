//! Where Twilio's API is asked, and the links of its pages brought back there.
//!
//! Two products are used, each on a host of its own. A page names the next one by an absolute address of Twilio's own
//! host or by a path: of either only path and query are taken, so that no link leads the credentials anywhere else.

use std::net::IpAddr;

use thiserror::Error;
use url::{Host, Url};

/// The parts of Twilio's API in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// `monitor.twilio.com`: Alerts.
    Monitor,
    /// `api.twilio.com`: the 2010 API, with Notifications and Call Events.
    Api,
}

/// Why there is no place to ask.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BaseError {
    /// `TWILIO_EDGE` or `TWILIO_REGION` is no label of a host's name.
    #[error("{name} is `{value}`: give one word of letters, digits and hyphens, such as {example}")]
    Label {
        /// The variable.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it might say.
        example: &'static str,
    },
    /// `REDIAL_API_BASE` is no URL.
    #[error("REDIAL_API_BASE is no URL of the form https://host or http://localhost:4010")]
    NoUrl,
    /// It holds what does not belong there.
    #[error("REDIAL_API_BASE holds a user name, a query or a fragment: credentials come from TWILIO_* or Twilio's CLI")]
    More,
    /// Credentials would travel in clear.
    #[error(
        "REDIAL_API_BASE is plain http to another machine, where anyone on the way reads the credentials: use https"
    )]
    Clear,
}

/// The hosts of all products.
#[derive(Clone, Debug)]
pub struct Base {
    monitor: Url,
    api: Url,
    name: String,
}

impl Base {
    /// Twilio's own hosts: `{product}.{edge}.{region}.twilio.com`, the region `us1` where only an edge is set.
    ///
    /// # Errors
    /// An edge or region that is no label of a host's name: it would choose another host.
    pub fn twilio(edge: Option<&str>, region: Option<&str>) -> Result<Self, BaseError> {
        let edge = edge.map(|e| label("TWILIO_EDGE", e, "dublin")).transpose()?;
        let region = region
            .map(|r| label("TWILIO_REGION", r, "ie1"))
            .transpose()?
            .or_else(|| edge.as_ref().map(|_| "us1".to_owned()));
        let middle: String = [edge, region].into_iter().flatten().map(|l| l + ".").collect();
        let host =
            |product: &str| Url::parse(&format!("https://{product}.{middle}twilio.com/")).map_err(|_| BaseError::NoUrl);
        Ok(Self {
            monitor: host("monitor")?,
            api: host("api")?,
            name: format!("{middle}twilio.com"),
        })
    }

    /// One base for all products, such as a mock's; a path in it leads all paths.
    ///
    /// # Errors
    /// No `http` or `https` URL, one with credentials or a query in it, or plain `http` to another machine.
    pub fn fixed(text: &str) -> Result<Self, BaseError> {
        let mut url = Url::parse(text.trim()).map_err(|_| BaseError::NoUrl)?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(BaseError::NoUrl);
        }
        let more = url.query().is_some() || url.fragment().is_some();
        if more || !url.username().is_empty() || url.password().is_some() {
            return Err(BaseError::More);
        }
        if url.scheme() == "http" && !is_this_machine(&url) {
            return Err(BaseError::Clear);
        }
        let path = url.path().trim_end_matches('/').to_owned() + "/";
        url.set_path(&path);
        Ok(Self {
            monitor: url.clone(),
            name: url.as_str().trim_end_matches('/').to_owned(),
            api: url,
        })
    }

    /// What a walk of these hosts is remembered by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// True where the base is on this machine: proxies of the environment do not lead there.
    pub fn is_local(&self) -> bool {
        is_this_machine(&self.monitor)
    }

    /// True where no TLS is spoken.
    pub fn is_plain(&self) -> bool {
        self.monitor.scheme() == "http"
    }

    /// The address of a path (`/v1/Alerts`) with its parameters.
    pub fn url(&self, product: Product, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.root(product).clone();
        let path = format!("{}{}", url.path().trim_end_matches('/'), path);
        url.set_path(&path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// The address that a page's link stands for: its path and query, on the base in use. None for no address at all.
    pub fn rebased(&self, product: Product, link: &str) -> Option<Url> {
        let root = self.root(product);
        let found = root.join(link).ok()?;
        let prefix = root.path().trim_end_matches('/');
        let ours = found.origin() == root.origin() && found.path().starts_with(root.path());
        let mut url = root.clone();
        let prefix = if ours { "" } else { prefix };
        url.set_path(&format!("{prefix}{}", found.path()));
        url.set_query(found.query());
        Some(url)
    }

    fn root(&self, product: Product) -> &Url {
        match product {
            Product::Monitor => &self.monitor,
            Product::Api => &self.api,
        }
    }
}

fn label(name: &'static str, value: &str, example: &'static str) -> Result<String, BaseError> {
    let fits = !value.is_empty() && value.len() <= 63 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if fits {
        return Ok(value.to_ascii_lowercase());
    }
    Err(BaseError::Label {
        name,
        value: value.to_owned(),
        example,
    })
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twilios_hosts() {
        let host = |edge, region| {
            let base = Base::twilio(edge, region).unwrap();
            base.url(Product::Monitor, "/v1/Alerts", &[]).to_string()
        };
        assert_eq!(host(None, None), "https://monitor.twilio.com/v1/Alerts");
        assert_eq!(host(None, Some("ie1")), "https://monitor.ie1.twilio.com/v1/Alerts");
        assert_eq!(
            host(Some("Dublin"), None),
            "https://monitor.dublin.us1.twilio.com/v1/Alerts"
        );
        assert_eq!(
            host(Some("sydney"), Some("au1")),
            "https://monitor.sydney.au1.twilio.com/v1/Alerts"
        );
        for bad in ["evil.example/", "a.b", "", "x@y", "ü"] {
            assert!(Base::twilio(Some(bad), None).is_err(), "{bad}");
            assert!(Base::twilio(None, Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_base_of_ones_own() {
        let base = Base::fixed("http://127.0.0.1:4010/mock/").unwrap();
        let url = base.url(Product::Api, "/2010-04-01/x.json", &[("PageSize", "50"), ("a", "b&c")]);
        assert_eq!(
            url.as_str(),
            "http://127.0.0.1:4010/mock/2010-04-01/x.json?PageSize=50&a=b%26c"
        );
        assert!(base.is_local());
        assert_eq!(Base::fixed("http://10.0.0.1").unwrap_err(), BaseError::Clear);
        assert_eq!(
            Base::fixed("https://AC1:hush@example.com").unwrap_err(),
            BaseError::More
        );
        assert_eq!(Base::fixed("localhost:4010").unwrap_err(), BaseError::NoUrl);
        assert!(!Base::fixed("https://10.0.0.1").unwrap().is_local());
    }

    #[test]
    fn links_stay_on_the_base() {
        let twilio = Base::twilio(None, None).unwrap();
        let mock = Base::fixed("http://[::1]:4010/mock").unwrap();
        let next = "https://monitor.twilio.com/v1/Alerts?PageToken=PANO1%2B2&Page=1";
        for (base, link, want) in [
            (&twilio, next, next),
            (
                &mock,
                next,
                "http://[::1]:4010/mock/v1/Alerts?PageToken=PANO1%2B2&Page=1",
            ),
            (
                &mock,
                "http://[::1]:4010/mock/v1/Alerts?Page=2",
                "http://[::1]:4010/mock/v1/Alerts?Page=2",
            ),
            (
                &mock,
                "/2010-04-01/E.json?Page=1",
                "http://[::1]:4010/mock/2010-04-01/E.json?Page=1",
            ),
            (
                &twilio,
                "https://evil.example/v1/Alerts?x",
                "https://monitor.twilio.com/v1/Alerts?x",
            ),
            (
                &twilio,
                "//evil.example/v1/Alerts",
                "https://monitor.twilio.com/v1/Alerts",
            ),
            (
                &twilio,
                "https://u:p@monitor.twilio.com:8443/v1",
                "https://monitor.twilio.com/v1",
            ),
        ] {
            let found = base.rebased(Product::Monitor, link);
            assert_eq!(found.as_ref().map(Url::as_str), Some(want), "{link}");
        }
        assert_eq!(twilio.rebased(Product::Monitor, "https://:::"), None);
    }
}
