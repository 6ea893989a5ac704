//! Why there is no (complete) answer, in plain words with what to do next, and the class that the judge knows.

use std::error::Error as _;
use std::io;

use thiserror::Error;
use tokio_rustls::rustls::{self, CertificateError};

use crate::judge::{Fault, FaultClass};

/// What kept an answer from arriving whole.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TransportError {
    /// The address refused the connection.
    #[error("nothing listens on {0}: start your server, or check the port")]
    Refused(String),
    /// No way to the address.
    #[error("cannot connect to {to}: {why}")]
    Unreachable {
        /// The addresses tried.
        to: String,
        /// What the system said.
        why: String,
    },
    /// Nobody answered the connect.
    #[error("no answer to the connect from {0}: a firewall, or the wrong address")]
    ConnectTimeout(String),
    /// The TLS handshake failed.
    #[error("TLS: {why}{advice}")]
    Tls {
        /// What failed.
        class: FaultClass,
        /// What the TLS library said.
        why: String,
        /// What to do.
        advice: &'static str,
    },
    /// Connected, but the TLS handshake did not end.
    #[error("TLS: no end of the handshake within {0} ms; does the port speak TLS at all?")]
    HandshakeTimeout(u128),
    /// The connection ended too early.
    #[error("the server closed the connection {0}: see its own log for a crash")]
    Closed(&'static str),
    /// Not HTTP/1.
    #[error("the answer is not HTTP/1: {0}; is this an https port, or another service?")]
    Malformed(String),
    /// The body is not what its Content-Encoding says.
    #[error("the answer's body is not valid {0}, as its Content-Encoding says")]
    Encoding(String),
    /// Too slow.
    #[error("no {} within {ms} ms", if *begun { "end of the answer" } else { "answer" })]
    Timeout {
        /// The limit.
        ms: u128,
        /// True where status and headers had arrived.
        begun: bool,
    },
    /// A plan that was changed into something that is no request.
    #[error("{0}")]
    Unsendable(String),
}

impl TransportError {
    /// Where it ended.
    pub fn class(&self) -> FaultClass {
        match self {
            Self::Refused(_) => FaultClass::Refused,
            Self::Unreachable { .. } => FaultClass::Unreachable,
            Self::ConnectTimeout(_) => FaultClass::ConnectTimeout,
            Self::Tls { class, .. } => *class,
            Self::HandshakeTimeout(_) => FaultClass::Tls,
            Self::Closed(_) => FaultClass::Closed,
            Self::Malformed(_) | Self::Encoding(_) | Self::Unsendable(_) => FaultClass::Protocol,
            Self::Timeout { .. } => FaultClass::Timeout,
        }
    }

    /// The words of a HAR entry's `_redial`: `error`, and what it was exactly (`fault`).
    pub fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Refused(_) => ("unreachable", "refused"),
            Self::ConnectTimeout(_) => ("unreachable", "connect-timeout"),
            Self::Tls { .. } | Self::HandshakeTimeout(_) => ("unreachable", "tls"),
            Self::Unreachable { .. } => ("unreachable", "unreachable"),
            Self::Malformed(_) | Self::Encoding(_) | Self::Unsendable(_) => ("protocol", "protocol"),
            Self::Closed(_) | Self::Timeout { .. } => ("closed", "closed"),
        }
    }

    /// For the judge.
    pub fn fault(&self) -> Fault {
        Fault {
            class: self.class(),
            message: self.to_string(),
        }
    }

    pub(super) fn connect(to: String, e: Option<io::Error>) -> Self {
        match e {
            Some(e) if e.kind() == io::ErrorKind::ConnectionRefused => Self::Refused(to),
            Some(e) if e.kind() == io::ErrorKind::TimedOut => Self::ConnectTimeout(to),
            Some(e) => Self::Unreachable { to, why: e.to_string() },
            None => Self::Unreachable {
                to,
                why: "it has no address".to_owned(),
            },
        }
    }

    pub(super) fn tls_setup(e: &dyn std::fmt::Display) -> Self {
        Self::Tls {
            class: FaultClass::Tls,
            why: e.to_string(),
            advice: "",
        }
    }

    pub(super) fn tls(host: &str, e: &io::Error) -> Self {
        let rustls = e.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
        let why = rustls.map_or_else(|| e.to_string(), ToString::to_string);
        let (class, advice) = match rustls {
            Some(rustls::Error::InvalidCertificate(e)) => certificate(e),
            Some(rustls::Error::InvalidMessage(_)) => (FaultClass::Tls, "; the port speaks plain http: use http://"),
            _ => (FaultClass::Tls, ""),
        };
        Self::Tls {
            class,
            why: format!("{why} (for {host})"),
            advice,
        }
    }

    /// `begun`: status and headers had arrived.
    pub(crate) fn http(e: &hyper::Error, begun: bool) -> Self {
        let io = e.source().and_then(|e| e.downcast_ref::<io::Error>());
        let malformed = |why: String| Self::Malformed(why);
        match io.map(io::Error::kind) {
            // A chunk or length that does not add up is reported as invalid data or input.
            Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => malformed(e.to_string()),
            None if e.is_parse() && !e.is_incomplete_message() => malformed(e.to_string()),
            _ if begun => Self::Closed("in the middle of its answer"),
            _ => Self::Closed("without an answer"),
        }
    }
}

fn certificate(e: &CertificateError) -> (FaultClass, &'static str) {
    match e {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
            FaultClass::CertificateName,
            "; use the name that the certificate is for",
        ),
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => (FaultClass::CertificateDate, "; renew the certificate"),
        _ => (
            FaultClass::CertificateChain,
            "; Twilio takes no self-signed certificates: locally use http://, or a certificate that this system trusts",
        ),
    }
}
