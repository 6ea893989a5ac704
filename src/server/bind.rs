//! Taking a port, and saying in words why it could not be had.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};

/// Why an address could not be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another program has it.
    #[error("port {} of {} is in use; choose another with --port, or --port 0 for any free one (lsof -i :{} names its owner)", .0.port(), .0.ip(), .0.port())]
    InUse(SocketAddr),
    /// A port below 1024 without the right to it.
    #[error("port {} may be taken by the administrator only; choose one above 1023 with --port", .0.port())]
    NotAllowed(SocketAddr),
    /// No address of this machine.
    #[error("{} is no address of this machine; --bind takes one of its own, such as 127.0.0.1 or 0.0.0.0", .0.ip())]
    NotOurs(SocketAddr),
    /// Anything else.
    #[error("cannot listen on {0}: {1}")]
    Other(SocketAddr, #[source] io::Error),
}

/// Takes a port (0: any free one) for a runtime: connections wait in the queue of the system until somebody takes them.
///
/// # Errors
/// See [`BindError`]: each variant says what to do.
pub fn bind(address: IpAddr, port: u16) -> Result<TcpListener, BindError> {
    let wanted = SocketAddr::new(address, port);
    let told = |e: io::Error| match e.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse(wanted),
        io::ErrorKind::PermissionDenied => BindError::NotAllowed(wanted),
        io::ErrorKind::AddrNotAvailable => BindError::NotOurs(wanted),
        _ => BindError::Other(wanted, e),
    };
    let listener = TcpListener::bind(wanted).map_err(told)?;
    listener.set_nonblocking(true).map_err(told)?;
    Ok(listener)
}

/// The URL under which a listener is reached from this machine: an address that means all of them becomes loopback.
pub fn url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_says_what_to_do() {
        let home = IpAddr::from([127, 0, 0, 1]);
        let first = bind(home, 0).unwrap();
        let port = first.local_addr().unwrap().port();
        let e = bind(home, port).unwrap_err();
        assert!(matches!(e, BindError::InUse(_)), "{e:?}");
        assert!(
            e.to_string().contains(&port.to_string()) && e.to_string().contains("--port"),
            "{e}"
        );
        // 192.0.2.0/24 is for documentation: nobody has it.
        let e = bind(IpAddr::from([192, 0, 2, 1]), 0).unwrap_err();
        assert!(matches!(e, BindError::NotOurs(_)), "{e:?}");
        assert!(e.to_string().contains("--bind"), "{e}");
    }

    #[test]
    fn the_url_can_be_opened_here() {
        for (address, want) in [
            ("127.0.0.1:80", "http://127.0.0.1:80"),
            ("0.0.0.0:4040", "http://127.0.0.1:4040"),
            ("[::]:4040", "http://[::1]:4040"),
            ("[::1]:4040", "http://[::1]:4040"),
        ] {
            assert_eq!(url(address.parse().unwrap()), want);
        }
    }
}
