use std::io;

use bytes::BytesMut;
use mqtt_session::client::{Config, ConfigError, Refusal};
use mqtt_session::{Acknowledgement, ClientSession, CloseReason};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::Client;
use super::command::Commands;
use super::driver::{Driver, Handshake, Waiting};
use super::streams::Streams;
use super::waiters::Waiters;
use crate::clock::Clock;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// No CONNECT can say what the configuration wants.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// This client knows no enhanced authentication.
    #[error("enhanced authentication is not supported")]
    EnhancedAuthentication,
    /// There is no network connection.
    #[error("cannot connect: {0}")]
    Io(#[from] io::Error),
    /// The server did not take the network connection in time.
    #[error("the server did not answer in time")]
    TimedOut,
    /// The server refused us.
    #[error("the server refused the connection: {}", .0.reason)]
    Refused(Box<Refusal>),
    /// The connection ended before the server let us in.
    #[error("the connection ended: {0}")]
    Closed(CloseReason),
}

impl Client {
    /// Connects to a server, within the `connect_timeout` of the configuration for the network and the same again for
    /// CONNACK. It must be called inside a runtime with I/O and time, which then runs the task of the connection.
    ///
    /// # Errors
    ///
    /// [`ConnectError`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is ready, the connection is closed.
    pub async fn connect(
        address: impl ToSocketAddrs,
        config: Config,
    ) -> Result<Self, ConnectError> {
        if config.authentication.is_some() {
            return Err(ConnectError::EnhancedAuthentication);
        }
        let connect_timeout = config.connect_timeout;
        let receive_maximum = config.receive_maximum.get();
        let session = ClientSession::new(Config {
            acknowledgement: Acknowledgement::Manual,
            ..config
        })?;
        let connecting = timeout(connect_timeout, TcpStream::connect(address));
        let stream = connecting.await.map_err(|_| ConnectError::TimedOut)??;
        stream.set_nodelay(true)?;

        let (commands, wanted) = Commands::new();
        let (acknowledge, acknowledgements) = mpsc::unbounded_channel();
        let (end, mut ended) = watch::channel(None);
        let (handshake, done) = oneshot::channel();
        let driver = Driver {
            session,
            stream,
            rx: BytesMut::new(),
            clock: Clock::start(),
            wanted,
            waiting: Waiting::default(),
            leaving: None,
            fault: None,
            acknowledgements,
            streams: Streams::new(acknowledge, receive_maximum),
            waiters: Waiters::default(),
            handshake: Some(handshake),
            end,
        };
        tokio::spawn(driver.run());
        match done.await {
            Ok(Handshake::Connected(connected)) => Ok(Self {
                commands,
                ended,
                connected,
                stream: receive_maximum.into(),
            }),
            Ok(Handshake::Refused(refusal)) => Err(ConnectError::Refused(refusal)),
            Err(_) => {
                let reason = ended
                    .wait_for(Option::is_some)
                    .await
                    .ok()
                    .and_then(|reason| *reason);
                Err(ConnectError::Closed(
                    reason.unwrap_or(CloseReason::ConnectionLost),
                ))
            }
        }
    }
}
