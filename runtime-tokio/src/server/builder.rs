use core::fmt;
use core::future::Future;
use core::net::SocketAddr;
use std::io;

use mqtt_broker_core::{
    Authentication, AuthenticationOutcome, AuthenticationRequest, Config, Store, StoreError,
};

use super::event::ServerEvent;
use super::handle::Server;
use super::limits::ConnectionLimits;
use super::local_shard::LocalShard;

/// What a [`Server`] will be. Made by [`Server::builder`].
#[must_use = "it does nothing until it is started"]
pub struct ServerBuilder {
    pub(crate) config: Config,
    pub(crate) limits: ConnectionLimits,
    pub(crate) listeners: Vec<ListenerConfig>,
    pub(crate) anonymous: Anonymous,
    pub(crate) on_event: Box<dyn FnMut(ServerEvent<'_>) + Send>,
    pub(crate) authenticator: Option<SendAuthenticator>,
    pub(crate) store: Option<Box<dyn Store + Send>>,
}

/// As it comes from another thread.
pub(crate) type SendAuthenticator = Box<super::authenticate::Authenticator>;

/// A listener to be opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListenerConfig {
    pub(crate) address: SocketAddr,
    pub(crate) authentication: Authentication,
}

/// Where clients need not say who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anonymous {
    OnLoopback,
    Everywhere,
}

impl ServerBuilder {
    pub(crate) fn new() -> Self {
        Self {
            config: Config::default(),
            limits: ConnectionLimits::default(),
            listeners: Vec::new(),
            anonymous: Anonymous::OnLoopback,
            on_event: Box::new(|_| {}),
            authenticator: None,
            store: None,
        }
    }

    /// The limits and choices of the broker. Its `persistence` follows from [`store`](Self::store).
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// The limits on connections.
    pub fn limits(mut self, limits: ConnectionLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Listens at this address for clients that need not say who they are. The address must be of this machine's loopback,
    /// unless [`allow_anonymous`](Self::allow_anonymous) is called. Port 0 takes a free one. May be called again for more.
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.listeners.push(ListenerConfig {
            address,
            authentication: Authentication::Anonymous,
        });
        self
    }

    /// Listens at this address for clients that the function of [`authenticate`](Self::authenticate) lets in.
    pub fn bind_authenticated(mut self, address: SocketAddr) -> Self {
        self.listeners.push(ListenerConfig {
            address,
            authentication: Authentication::Ask,
        });
        self
    }

    /// Whoever can reach the server may use it, from other machines too.
    pub fn allow_anonymous(mut self) -> Self {
        self.anonymous = Anonymous::Everywhere;
        self
    }

    /// Who decides who a client is. The function is called on the server's thread and must not block; its future may take
    /// its time, and is dropped when the server stops.
    pub fn authenticate<F, Answer>(mut self, decide: F) -> Self
    where
        F: Fn(Box<AuthenticationRequest>) -> Answer + Send + 'static,
        Answer: Future<Output = AuthenticationOutcome> + Send + 'static,
    {
        self.authenticator = Some(Box::new(move |request| Box::pin(decide(request))));
        self
    }

    /// What is told of clients and connections, for logs. The function is called on the server's thread between messages, so
    /// it should be quick.
    pub fn on_event(mut self, on_event: impl FnMut(ServerEvent<'_>) + Send + 'static) -> Self {
        self.on_event = Box::new(on_event);
        self
    }

    /// Where what was acknowledged is kept. Without one a restart loses it. The store is used on a thread of its own.
    pub fn store(mut self, store: Box<dyn Store + Send>) -> Self {
        self.store = Some(store);
        self
    }

    /// Starts the server on a thread of its own, with its own runtime: it need not be called inside one.
    ///
    /// # Errors
    ///
    /// [`StartError`]. Nothing is left running.
    pub fn start(self) -> Result<Server, StartError> {
        Server::start(self)
    }

    /// The server as a future that runs on the caller's thread, for embedding and for tests. It must be called inside a
    /// runtime with I/O and time, and the future polled where [`spawn_local`](tokio::task::spawn_local) works: in a
    /// [`LocalRuntime`](tokio::runtime::LocalRuntime) or a [`LocalSet`](tokio::task::LocalSet).
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn build_local(self) -> Result<(Server, LocalShard), StartError> {
        LocalShard::build(self)
    }

    pub(crate) fn check(&self) -> Result<(), StartError> {
        if self.listeners.is_empty() {
            return Err(StartError::NoListener);
        }
        for &ListenerConfig {
            address,
            authentication,
        } in &self.listeners
        {
            match authentication {
                Authentication::Anonymous => {
                    if self.anonymous == Anonymous::OnLoopback
                        && !address.ip().to_canonical().is_loopback()
                    {
                        return Err(StartError::Anonymous { address });
                    }
                }
                Authentication::Ask => {
                    if self.authenticator.is_none() {
                        return Err(StartError::NoAuthenticator { address });
                    }
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("config", &self.config)
            .field("limits", &self.limits)
            .field("listeners", &self.listeners)
            .field("anonymous", &self.anonymous)
            .finish_non_exhaustive()
    }
}

/// Why a server was not started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Nowhere to listen.
    #[error("no address to listen at")]
    NoListener,
    /// Anyone on the network could use it, and nobody said that this is wanted.
    #[error(
        "{address} can be reached from other machines, and its clients need not say who they are"
    )]
    Anonymous {
        /// Where.
        address: SocketAddr,
    },
    /// Clients are to say who they are, and nobody is there to decide.
    #[error("nothing decides who the clients of {address} are")]
    NoAuthenticator {
        /// Where.
        address: SocketAddr,
    },
    /// The address cannot be listened at.
    #[error("cannot listen at {address}: {source}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// What the store kept cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gave no thread, no runtime or no random numbers.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}
