//! Where a replay may go: this machine, unless the user names another.
//!
//! A target is judged after parsing, so every spelling of an address is the address (decimal, hex, octal, short,
//! IPv4-mapped). A name is resolved once, all its addresses are judged, and the connection goes to exactly those
//! ([`Pinned`]): nothing resolves a second time. `--allow-host` is the user's word and is compared with the host as
//! parsed, never with an address that a name happens to have.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use thiserror::Error;
use url::{Host, Url};

/// A resolver that says nothing for this long is given up.
const LOOKUP_LIMIT: Duration = Duration::from_secs(10);

/// Plain HTTP, or HTTP over TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `http`.
    Http,
    /// `https`.
    Https,
}

impl Scheme {
    /// The scheme as written in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// The server that requests are sent to: scheme, host and port of `--to`; [`fmt::Display`] gives `http://localhost:3000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    scheme: Scheme,
    host: Host<String>,
    port: u16,
    allowed: bool,
}

/// A target with the addresses that were judged; the only thing that can be connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    target: Target,
    addrs: Vec<SocketAddr>,
}

/// Why a target cannot be used; says what to do next. No message holds credentials.
#[derive(Debug, Error)]
pub enum TargetError {
    /// Not a URL, host or port.
    #[error("cannot read target `{text}`: {why}; give a URL such as http://localhost:3000")]
    Unreadable {
        /// As given, without credentials.
        text: String,
        /// What the parser said.
        why: String,
    },
    /// Neither http nor https.
    #[error("target scheme `{0}` is not http or https")]
    Scheme(String),
    /// A path, query or fragment was given.
    #[error("target `{0}` has more than a host: path and query are the recorded ones; give only scheme, host and port")]
    MoreThanHost(String),
    /// An `--allow-host` that is no host.
    #[error("`--allow-host {0}` is not a host: give a name or an address, without scheme and port")]
    AllowHost(String),
    /// The resolver failed.
    #[error("cannot find the address of `{host}`: {why}")]
    Lookup {
        /// The name.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// The resolver failed for a name that was not allowed: it cannot be shown to be this machine.
    #[error(
        "`{host}` cannot be shown to be this machine ({why}); if it is yours, say --allow-host {host}, or allow_hosts in the configuration file"
    )]
    Unproven {
        /// The name.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// `user:pass@` in the target.
    #[error(
        "credentials in the target URL are refused: they would end up in logs; use --header 'Authorization: …' instead"
    )]
    Credentials,
    /// The unspecified address.
    #[error("{0} is no destination: use http://localhost:PORT, or --allow-host {0} if you mean it")]
    Unspecified(IpAddr),
    /// An address literal outside this machine.
    #[error(
        "{0} is not this machine: replays go to this machine only; to send there anyway add --allow-host {0}, or allow_hosts in the \
         configuration file"
    )]
    AddressElsewhere(IpAddr),
    /// A name with an address outside this machine.
    #[error(
        "`{host}` is {addr}, not this machine: replays go to this machine only; to send there anyway add --allow-host {host}, \
         or allow_hosts in the configuration file"
    )]
    NameElsewhere {
        /// The name.
        host: String,
        /// The first address of it that is elsewhere.
        addr: IpAddr,
    },
}

impl TargetError {
    /// True where the target is understood but not permitted (exit code 3); else it could not be used (2).
    pub fn refused(&self) -> bool {
        matches!(
            self,
            Self::Credentials
                | Self::Unproven { .. }
                | Self::Unspecified(_)
                | Self::AddressElsewhere(_)
                | Self::NameElsewhere { .. }
        )
    }
}

impl Target {
    /// Reads `--to`: `http(s)://host[:port][/]`, `host[:port]`, `:port` or `port`; the last three are http, the last two
    /// on localhost. An address outside this machine is refused here already, a name in [`Target::resolve`].
    ///
    /// # Errors
    /// [`TargetError`], with what to do next.
    pub fn parse(text: &str, allow_hosts: &[String]) -> Result<Self, TargetError> {
        let text = text.trim();
        let unreadable = |why: &str| TargetError::Unreadable {
            text: without_credentials(text),
            why: why.to_owned(),
        };
        // The URL parser drops tabs and line ends silently; what was typed must be what is used.
        if text.is_empty() {
            return Err(unreadable("it is empty"));
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(unreadable("it has blanks or control characters"));
        }
        let url = Url::parse(&with_scheme(text)).map_err(|e| unreadable(&e.to_string()))?;
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => return Err(TargetError::Scheme(other.to_owned())),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::Credentials);
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(TargetError::MoreThanHost(without_credentials(text)));
        }
        let port = url.port().unwrap_or(scheme.default_port());
        if port == 0 {
            return Err(unreadable("port 0 cannot be connected to"));
        }
        let host = url.host().ok_or_else(|| unreadable("it has no host"))?.to_owned();
        Self::permit(scheme, host, port, allow_hosts)
    }

    fn permit(scheme: Scheme, host: Host<String>, port: u16, allow_hosts: &[String]) -> Result<Self, TargetError> {
        let mut allowed = false;
        for text in allow_hosts {
            let other = parse_host(text).ok_or_else(|| TargetError::AllowHost(without_credentials(text)))?;
            allowed |= plain(&other) == plain(&host);
        }
        let target = Self {
            scheme,
            host,
            port,
            allowed,
        };
        if let (false, Some(ip)) = (allowed, target.ip()) {
            judge_literal(ip)?;
        }
        Ok(target)
    }

    /// http or https.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host as it stands in a `Host` header: lower case, IPv6 in brackets.
    pub fn host(&self) -> String {
        self.host.to_string()
    }

    /// The port, also where it is the scheme's own.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `host[:port]`, the port left out where it is the scheme's own: the value of `Host`.
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    fn ip(&self) -> Option<IpAddr> {
        match self.host {
            Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
            Host::Ipv6(ip) => Some(IpAddr::V6(ip)),
            Host::Domain(_) => None,
        }
    }

    /// True where no resolver has a say: this machine's own names and addresses, and what the user has allowed.
    pub fn sure(&self) -> bool {
        self.allowed || self.ip().is_some() || self.is_local_name() || self.is_localhost()
    }

    /// Resolves the host with the system's resolver, once, and judges every address.
    ///
    /// # Errors
    /// [`TargetError::Lookup`], or [`TargetError::NameElsewhere`] where one address is not this machine's.
    pub async fn resolve(&self) -> Result<Pinned, TargetError> {
        self.resolve_with(async |host: String, port: u16| {
            let lookup = tokio::net::lookup_host((host, port));
            match tokio::time::timeout(LOOKUP_LIMIT, lookup).await {
                Ok(found) => found.map(Iterator::collect),
                Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut)),
            }
        })
        .await
    }

    /// As [`Target::resolve`], asking `lookup(host, port)`; it is called at most once, and not at all for an address.
    ///
    /// # Errors
    /// As [`Target::resolve`].
    pub async fn resolve_with<F, R>(&self, lookup: F) -> Result<Pinned, TargetError>
    where
        F: FnOnce(String, u16) -> R,
        R: Future<Output = io::Result<Vec<SocketAddr>>>,
    {
        let addrs = if let Some(ip) = self.ip() {
            vec![SocketAddr::new(ip, self.port)]
        } else if self.is_local_name() {
            // RFC 6761: such a name is this machine, whatever a resolver says.
            let here = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
            here.map(|ip| SocketAddr::new(ip, self.port)).to_vec()
        } else {
            self.judge_found(lookup(self.host(), self.port).await)?
        };
        Ok(Pinned {
            target: self.clone(),
            addrs,
        })
    }

    fn is_localhost(&self) -> bool {
        self.host().eq_ignore_ascii_case("localhost")
    }

    /// `localhost.` and names below `localhost`.
    fn is_local_name(&self) -> bool {
        let host = self.host().to_ascii_lowercase();
        host == "localhost." || host.trim_end_matches('.').ends_with(".localhost")
    }

    fn judge_found(&self, found: io::Result<Vec<SocketAddr>>) -> Result<Vec<SocketAddr>, TargetError> {
        let sure = self.allowed || self.is_localhost();
        let failed = |why: String| {
            let host = self.host();
            if sure {
                TargetError::Lookup { host, why }
            } else {
                TargetError::Unproven { host, why }
            }
        };
        let mut addrs: Vec<SocketAddr> = Vec::new();
        for mut addr in found.map_err(|e| failed(e.to_string()))? {
            // One bad address refuses the name: which one is used must not be a matter of order.
            if !self.allowed && !is_this_machine(addr.ip()) {
                return Err(TargetError::NameElsewhere {
                    host: self.host(),
                    addr: addr.ip(),
                });
            }
            addr.set_port(self.port);
            if !addrs.contains(&addr) {
                addrs.push(addr);
            }
        }
        if addrs.is_empty() {
            return Err(failed("it has none".to_owned()));
        }
        Ok(addrs)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority())
    }
}

impl Pinned {
    /// The target as given.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The addresses that may be connected to, in the resolver's order; never empty.
    pub fn addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }
}

/// Loopback: 127/8 and `::1`, also as an IPv4-mapped address. Addresses that embed an IPv4 address in another way
/// (NAT64 `64:ff9b::/96`, 6to4, IPv4-compatible `::7f00:1`) are routed and therefore elsewhere.
fn is_this_machine(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

fn judge_literal(ip: IpAddr) -> Result<(), TargetError> {
    if is_this_machine(ip) {
        Ok(())
    } else if ip.to_canonical().is_unspecified() {
        Err(TargetError::Unspecified(ip))
    } else {
        Err(TargetError::AddressElsewhere(ip))
    }
}

/// A host of `--allow-host`: a name or an address in any spelling, IPv6 with or without brackets.
fn parse_host(text: &str) -> Option<Host<String>> {
    let text = text.trim();
    if let Ok(ip) = text.parse::<Ipv6Addr>() {
        return Some(Host::Ipv6(ip));
    }
    Host::parse(text).ok()
}

/// A host for comparing: no trailing dot, IPv4-mapped addresses as IPv4. The parser has lower-cased names already.
fn plain(host: &Host<String>) -> String {
    match host {
        Host::Domain(name) => name.strip_suffix('.').unwrap_or(name).to_owned(),
        Host::Ipv4(ip) => ip.to_string(),
        Host::Ipv6(ip) => IpAddr::V6(*ip).to_canonical().to_string(),
    }
}

fn with_scheme(text: &str) -> String {
    if text.contains("://") {
        text.to_owned()
    } else if text.bytes().all(|b| b.is_ascii_digit()) {
        format!("http://localhost:{text}")
    } else if text.starts_with(':') && !text.starts_with("::") {
        format!("http://localhost{text}")
    } else {
        format!("http://{text}")
    }
}

/// For messages: whatever stands before an `@` is cut, even where the text is not a URL.
fn without_credentials(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Target, TargetError> {
        Target::parse(text, &[])
    }

    fn block<F: Future>(f: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(f)
    }

    fn resolve(target: &Target, found: &[&str]) -> Result<Pinned, TargetError> {
        let found = found.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 1)).collect();
        block(target.resolve_with(async |_, _| Ok(found)))
    }

    #[test]
    fn spellings_of_this_machine() {
        for (text, want) in [
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://localhost:3000/", "http://localhost:3000"),
            ("localhost:3000", "http://localhost:3000"),
            ("LOCALHOST", "http://localhost"),
            ("3000", "http://localhost:3000"),
            (":3000", "http://localhost:3000"),
            ("https://127.0.0.1", "https://127.0.0.1"),
            ("https://127.0.0.1:443", "https://127.0.0.1"),
            ("http://127.1.2.3:80", "http://127.1.2.3"),
            ("http://2130706433/", "http://127.0.0.1"),
            ("http://0x7f000001:81", "http://127.0.0.1:81"),
            ("http://0177.0.0.1", "http://127.0.0.1"),
            ("http://127.1", "http://127.0.0.1"),
            ("http://127.0.0.1./", "http://127.0.0.1"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("[::1]:3000", "http://[::1]:3000"),
            ("http://[::ffff:127.0.0.1]", "http://[::ffff:7f00:1]"),
            ("http://%6c%6fcalhost:1", "http://localhost:1"),
            ("http://１２７.0.0.1", "http://127.0.0.1"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), want, "{text}");
        }
    }

    #[test]
    fn addresses_elsewhere_are_refused() {
        for text in [
            "http://10.0.0.1",
            "192.168.1.5:3000",
            "http://169.254.169.254/",
            "http://2852039166",
            "http://0xa9fea9fe",
            "http://0.0.0.0:3000",
            "http://0",
            "http://[::]:3000",
            "http://128.0.0.1",
            "http://126.255.255.255",
            "http://[::ffff:10.0.0.1]",
            "http://[::ffff:0.0.0.0]",
            "http://[::127.0.0.1]",
            "http://[64:ff9b::127.0.0.1]",
            "http://[2002:7f00:1::]",
            "http://[fe80::1]",
            "http://[::2]",
            "http://[fd00::1]",
        ] {
            let e = parse(text).unwrap_err();
            assert!(e.refused(), "{text}: {e}");
            assert!(e.to_string().contains("--allow-host"), "{text}: {e}");
        }
    }

    #[test]
    fn usage_errors() {
        for text in [
            "",
            "http://",
            "ftp://localhost",
            "file:///etc/passwd",
            "http://localhost:3000/voice",
            "http://localhost:3000?x=1",
            "http://localhost:3000/#x",
            "http://localhost:99999",
            "99999",
            "http://localhost:0",
            "http://local host",
            "http://localhost\r\nX: y",
            "http://[fe80::1%25eth0]/",
            "http://1.2.3.4.5",
            "mailto:me",
        ] {
            let e = parse(text).unwrap_err();
            assert!(!e.refused(), "{text}: {e}");
        }
    }

    #[test]
    fn credentials_are_refused_and_never_shown() {
        for text in [
            "http://user:hunter2@localhost",
            "user:hunter2@localhost:3000",
            "http://hunter2@127.0.0.1",
            "http://user:hunter2@localhost:99999",
            "ftp://u:hunter2@h",
        ] {
            let e = parse(text).unwrap_err();
            assert!(!format!("{e} {e:?}").contains("hunter2"), "{e:?}");
        }
        assert!(parse("http://user@localhost").unwrap_err().refused());
        assert!(parse("http://:p@localhost").unwrap_err().refused());
    }

    #[test]
    fn every_address_of_a_name_is_judged() {
        let name = parse("http://app.test:3000").unwrap();
        assert!(resolve(&name, &["127.0.0.1"]).is_ok());
        assert!(resolve(&name, &["::1", "::ffff:127.0.0.1"]).is_ok());
        for found in [
            &["10.0.0.1"][..],
            &["127.0.0.1", "10.0.0.1"],
            &["0.0.0.0"],
            &["::"],
            &["64:ff9b::7f00:1"],
        ] {
            assert!(resolve(&name, found).unwrap_err().refused(), "{found:?}");
        }
        // A name that does not resolve cannot be shown to be this machine.
        assert!(resolve(&name, &[]).unwrap_err().refused());
        let localhost = parse("localhost").unwrap();
        assert!(resolve(&localhost, &["192.0.2.1"]).unwrap_err().refused());
    }

    #[test]
    fn what_needs_no_resolver_is_known_before() {
        let sure = |to: &str| parse(to).unwrap().sure();
        for to in [
            "localhost:1",
            "app.localhost",
            "localhost.",
            "127.0.0.1",
            "http://[::1]:80",
            "3000",
        ] {
            assert!(sure(to), "{to}");
        }
        assert!(!sure("http://example.com") && !sure("http://localhost.example.com"));
        assert!(
            Target::parse("http://example.com", &["example.com".to_owned()])
                .unwrap()
                .sure()
        );
    }

    #[test]
    fn pinned_addresses_have_the_targets_port_and_no_doubles() {
        let pinned = resolve(&parse("localhost:3000").unwrap(), &["::1", "127.0.0.1", "::1"]).unwrap();
        let addrs: Vec<String> = pinned.addrs().iter().map(ToString::to_string).collect();
        assert_eq!(addrs, ["[::1]:3000", "127.0.0.1:3000"]);
    }

    #[test]
    fn an_address_is_never_looked_up() {
        let target = parse("http://2130706433:3000").unwrap();
        let pinned = block(target.resolve_with(async |_, _| panic!("asked"))).unwrap();
        assert_eq!(pinned.addrs(), ["127.0.0.1:3000".parse::<SocketAddr>().unwrap()]);
    }

    #[test]
    fn allow_host_names_exactly_one_host() {
        for (to, allow, fine) in [
            ("http://10.0.0.1", "10.0.0.1", true),
            ("http://167772161", "10.0.0.1", true),
            ("http://10.0.0.1", "0xa000001", true),
            ("http://[::ffff:10.0.0.1]", "10.0.0.1", true),
            ("http://[fd00::1]", "fd00::1", true),
            ("http://[fd00::1]", "[FD00:0::1]", true),
            ("http://169.254.169.254", "169.254.169.254", true),
            ("http://0.0.0.0:1", "0.0.0.0", true),
            ("http://10.0.0.1", "10.0.0.2", false),
            ("http://10.0.0.1", "example.com", false),
        ] {
            let got = Target::parse(to, &[allow.to_owned()]);
            assert_eq!(got.is_ok(), fine, "{to} {allow}");
        }
        for (to, allow, fine) in [
            ("https://Example.COM", "example.com", true),
            ("https://example.com.", "EXAMPLE.com", true),
            ("https://example.com", "example.com.", true),
            ("https://sub.example.com", "example.com", false),
            ("https://example.com.evil.test", "example.com", false),
            ("https://example.com", "192.0.2.1", false),
        ] {
            let target = Target::parse(to, &[allow.to_owned()]).unwrap();
            assert_eq!(resolve(&target, &["192.0.2.1"]).is_ok(), fine, "{to} {allow}");
        }
        for bad in ["http://example.com", "example.com:80", ""] {
            let e = Target::parse("localhost", &[bad.to_owned()]).unwrap_err();
            assert!(!e.refused(), "{bad}");
        }
    }
}
