//! The connection to a pinned address, in the clear or inside TLS: what sending a replay and passing a request on have in common.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;

use super::target::Pinned;
use super::transport::TransportError;

/// Twilio's limit for a connect (spec/twilio.md section 3); for all addresses of the target together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The first pinned address that takes the connection.
pub(crate) async fn connect(pinned: &Pinned) -> Result<(TcpStream, SocketAddr), TransportError> {
    let until = Instant::now() + CONNECT_TIMEOUT;
    let mut last = None;
    for addr in pinned.addrs() {
        match timeout_at(until, TcpStream::connect(addr)).await {
            Ok(Ok(stream)) => {
                // Small requests must not wait for an answer to their first half.
                let _ = stream.set_nodelay(true);
                return Ok((stream, *addr));
            }
            Ok(Err(e)) => last = Some(e),
            Err(_) => return Err(TransportError::ConnectTimeout(names(pinned))),
        }
    }
    Err(TransportError::connect(names(pinned), last))
}

/// TLS as this system trusts it, HTTP/1 only.
pub(crate) fn tls() -> Result<Arc<ClientConfig>, TransportError> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(|e| TransportError::tls_setup(&e))?;
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The handshake on a connection to `pinned`.
pub(crate) async fn handshake(
    pinned: &Pinned,
    config: Arc<ClientConfig>,
    tcp: TcpStream,
) -> Result<TlsStream<TcpStream>, TransportError> {
    let host = pinned.target().host();
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(bare).map_err(|e| TransportError::tls_setup(&e))?;
    TlsConnector::from(config)
        .connect(name, tcp)
        .await
        .map_err(|e| TransportError::tls(&host, &e))
}

/// The addresses that were tried, for messages.
pub(super) fn names(pinned: &Pinned) -> String {
    let all: Vec<String> = pinned.addrs().iter().map(ToString::to_string).collect();
    all.join(" or ")
}
