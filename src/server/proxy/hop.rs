//! Which headers belong to one connection only, and are not passed on (RFC 9110, 7.6.1).
//!
//! Everything else goes on as it came: `Host`, because an app rebuilds from it the URL that was signed, and what a tunnel
//! says of the client (`X-Forwarded-*`). Nothing is added: the app sees what it would see without the proxy.

use hyper::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue, TE, TRANSFER_ENCODING, UPGRADE};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// The protocol that a message asks to go over to, when it asks for one.
pub(super) fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let wanted = listed(headers).any(|name| name.eq_ignore_ascii_case("upgrade"));
    headers.get(UPGRADE).filter(|_| wanted).cloned()
}

/// Takes the connection's own headers away; an upgrade is asked for anew.
pub(super) fn strip(headers: &mut HeaderMap, upgrade: Option<HeaderValue>) {
    let named: Vec<HeaderName> = listed(headers)
        .filter_map(|n| HeaderName::from_bytes(n.as_bytes()).ok())
        .collect();
    let trailers = headers
        .get(TE)
        .is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"trailers"));
    for name in named
        .iter()
        .chain(&[CONNECTION, KEEP_ALIVE, PROXY_CONNECTION, TE, TRANSFER_ENCODING, UPGRADE])
    {
        headers.remove(name);
    }
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.insert(CONNECTION, HeaderValue::from_static("TE"));
    }
    if let Some(protocol) = upgrade {
        headers.insert(UPGRADE, protocol);
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    }
}

/// The names that `Connection` lists.
fn listed(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(CONNECTION).into_iter().filter_map(|v| v.to_str().ok());
    values
        .flat_map(|v| v.split(','))
        .map(str::trim)
        .filter(|n| !n.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> HeaderMap {
        let name = |n: &str| HeaderName::from_bytes(n.as_bytes()).unwrap();
        pairs
            .iter()
            .map(|(n, v)| (name(n), HeaderValue::from_str(v).unwrap()))
            .collect()
    }

    #[test]
    fn only_the_connections_own_go() {
        let mut headers = map(&[
            ("Host", "a.example"),
            ("Connection", "keep-alive, X-Hop"),
            ("Connection", "close"),
            ("Keep-Alive", "timeout=5"),
            ("X-Hop", "1"),
            ("Transfer-Encoding", "chunked"),
            ("X-Forwarded-For", "203.0.113.7"),
            ("Upgrade", "h2c"),
            ("X-A", "1"),
        ]);
        assert_eq!(upgrade(&headers), None);
        strip(&mut headers, None);
        assert_eq!(
            headers,
            map(&[("host", "a.example"), ("x-forwarded-for", "203.0.113.7"), ("x-a", "1")])
        );
    }

    #[test]
    fn an_upgrade_goes_on() {
        let mut headers = map(&[
            ("Connection", "keep-alive, Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Key", "k"),
        ]);
        let wanted = upgrade(&headers);
        strip(&mut headers, wanted);
        let want = map(&[
            ("sec-websocket-key", "k"),
            ("upgrade", "websocket"),
            ("connection", "Upgrade"),
        ]);
        assert_eq!(headers, want);
    }
}
