use core::fmt;
use core::net::SocketAddr;
use std::io;

use mqtt_broker_core::StoreError;

/// What a [`Server`](crate::Server) tells the function given to
/// [`ServerBuilder::on_event`](crate::ServerBuilder::on_event): for logs.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServerEvent<'a> {
    /// The broker tells something of a client.
    Broker {
        /// From where the client comes.
        address: Option<SocketAddr>,
        /// What.
        event: &'a mqtt_broker_core::Event,
    },
    /// A connection was closed as soon as it came. Rate-limit it per cause.
    Refused {
        /// From where it came.
        address: SocketAddr,
        /// Why.
        refusal: Refusal,
    },
    /// A connection ended before its CONNECT was there.
    NoConnect {
        /// From where it came.
        address: SocketAddr,
        /// Why.
        reason: &'a NoConnect,
    },
    /// There are no descriptors left: nobody is accepted until there are.
    OutOfDescriptors {
        /// What the system says.
        error: &'a io::Error,
    },
    /// There are descriptors again.
    AcceptingAgain,
    /// A connection was lost while it was accepted.
    AcceptFailed {
        /// What the system says.
        error: &'a io::Error,
    },
    /// The store failed. What waits for it stays unacknowledged.
    StoreFailed {
        /// How.
        error: &'a StoreError,
    },
}

/// Which limit closed a connection as soon as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// Connections in all.
    Connections,
    /// Connections of its address.
    PerAddress,
    /// Connections that are not logged in.
    BeforeLogin,
    /// The rate of its listener.
    Rate,
    /// The rate of its address.
    RatePerAddress,
}

impl Refusal {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Connections,
        Self::PerAddress,
        Self::BeforeLogin,
        Self::Rate,
        Self::RatePerAddress,
    ];

    /// A name for logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::PerAddress => "connections per address",
            Self::BeforeLogin => "connections before login",
            Self::Rate => "connect rate",
            Self::RatePerAddress => "connect rate per address",
        }
    }
}

/// Why there was no CONNECT on a connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum NoConnect {
    /// It was closed before.
    Closed,
    /// The time was over.
    TimedOut,
    /// The network failed.
    Failed(io::Error),
    /// It begins like TLS, and the listener has none.
    TlsClientHello,
    /// It begins like an HTTP request.
    HttpRequest,
    /// It begins with something else.
    NotConnect {
        /// The first byte, which for CONNECT is 0x10.
        first_byte: u8,
    },
    /// Its first packet is larger than somebody may send who has not logged in.
    TooLarge {
        /// How many bytes it may have.
        limit: u32,
    },
}

impl fmt::Display for NoConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("closed before CONNECT"),
            Self::TimedOut => f.write_str("no CONNECT in time"),
            Self::Failed(error) => write!(f, "connection lost before CONNECT: {error}"),
            Self::TlsClientHello => f.write_str("this is TLS, on a port without TLS"),
            Self::HttpRequest => f.write_str("this is HTTP, on a port for MQTT"),
            Self::NotConnect { first_byte } => write!(
                f,
                "the first packet is no CONNECT: it begins with {first_byte:#04x}"
            ),
            Self::TooLarge { limit } => write!(f, "the first packet has more than {limit} bytes"),
        }
    }
}
