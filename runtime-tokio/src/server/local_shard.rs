use alloc::rc::Rc;
use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use core::time::Duration;
use std::io;
use std::panic::resume_unwind;
use std::sync::mpsc as std_mpsc;
use std::thread::{Builder, JoinHandle};

use mqtt_broker_core::{Broker, Config, Persistence, Store, StoreError};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::admission::Admission;
use super::authenticate::Authenticator;
use super::builder::{ListenerConfig, ServerBuilder, StartError};
use super::command::Command;
use super::descriptors;
use super::event::ServerEvent;
use super::handle::Server;
use super::identifiers::Identifiers;
use super::listener::{accept, listen};
use super::login::Listening;
use super::shard::{Hooks, Shard};
use super::statistics::Statistics;
use super::store_thread::{StoreResult, StoreThread};
use super::turn::Turn;
use super::unread::UnreadBytes;
use crate::clock::Clock;

/// One shard of a server as a future: the broker, its listeners and its connections, on the thread that polls it. It is
/// ready when the server has ended. Made by [`ServerBuilder::build_local`].
///
/// ```
/// use std::time::Duration;
///
/// use runtime_tokio::Server;
/// use tokio::runtime::{Builder, LocalOptions};
///
/// let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
/// runtime.block_on(async {
///     let (server, shard) = Server::builder().bind("127.0.0.1:0".parse()?).build_local()?;
///     let shard = tokio::task::spawn_local(shard);
///     server.shutdown(Duration::from_secs(5)).await;
///     shard.await?;
///     Ok::<(), Box<dyn std::error::Error>>(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Cancel safety
///
/// When it is dropped the server ends at once.
#[must_use = "a server runs only while this is polled"]
pub struct LocalShard {
    running: Pin<Box<dyn Future<Output = ()>>>,
}

impl LocalShard {
    pub(crate) fn build(builder: ServerBuilder) -> Result<(Server, Self), StartError> {
        builder.check()?;
        let ServerBuilder {
            mut config,
            mut limits,
            listeners,
            on_event,
            authenticator,
            store,
            ..
        } = builder;
        let listeners = listeners
            .into_iter()
            .map(open)
            .collect::<Result<Vec<_>, _>>()?;
        let local_addrs = listeners
            .iter()
            .map(|(listener, _)| listener.local_addr())
            .collect::<io::Result<_>>()?;
        let clock = Clock::start();
        config.persistence = if store.is_some() {
            Persistence::Store
        } else {
            Persistence::None
        };
        let unread = UnreadBytes::new(limits.unread_bytes_with(&config));
        // To the broker no larger one is a packet.
        limits.packet_before_login = limits.packet_before_login.min(config.maximum_packet_size);
        let (broker, store) = restore(config, store, clock)?;
        let store = store.map(StoreHandle::start).transpose()?;
        let hooks = Hooks {
            on_event,
            authenticator: authenticator.map(Rc::<Authenticator>::from),
            store: store.as_ref().map(|store| store.requests.clone()),
        };
        let connections = limits.connections.unwrap_or_else(descriptors::connections);
        let admission = Admission::new(limits.clone(), connections, listeners.len());
        let (commands, wanted) = mpsc::channel(COMMANDS);
        let (end, ended) = watch::channel(None);
        let shard = Shard::new(broker, clock, hooks, limits, unread, admission);
        let weak = commands.downgrade();
        let running = Running {
            shard,
            end,
            commands: weak,
            tasks: JoinSet::new(),
            listeners: JoinSet::new(),
        };
        let running = Box::pin(running.run(listeners_with_identifiers(listeners)?, wanted, store));
        Ok((Server::new(local_addrs, commands, ended), Self { running }))
    }
}

impl Future for LocalShard {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.running.as_mut().poll(cx)
    }
}

impl fmt::Debug for LocalShard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalShard").finish_non_exhaustive()
    }
}

/// What runs. Dropping it ends it.
struct Running {
    shard: Rc<Shard>,
    end: watch::Sender<Option<Statistics>>,
    commands: mpsc::WeakSender<Command>,
    /// The turn and the results of the store.
    tasks: JoinSet<()>,
    listeners: JoinSet<()>,
}

impl Running {
    async fn run(
        mut self,
        listeners: Vec<(TcpListener, Listening)>,
        mut commands: mpsc::Receiver<Command>,
        store: Option<StoreHandle>,
    ) {
        self.tasks.spawn_local(Turn::new(Rc::clone(&self.shard)));
        for (number, (listener, listening)) in listeners.into_iter().enumerate() {
            self.listeners.spawn_local(accept(
                Rc::clone(&self.shard),
                listener,
                number,
                Rc::new(listening),
            ));
        }
        let thread = store.map(|store| {
            self.tasks.spawn_local(take_results(
                Rc::clone(&self.shard),
                store.results,
                self.commands.clone(),
            ));
            (store.thread, store.ended)
        });
        let grace = self.serve(&mut commands).await;
        self.listeners.shutdown().await;
        self.leave(grace).await;
        self.shard.state().hooks.store = None;
        if let Some((thread, ended)) = thread {
            // It makes durable what it was given, and ends, which it tells by dropping its side. The executor is the
            // caller's, who has other things to do meanwhile.
            let _ = ended.await;
            let _ = thread.join();
        }
    }

    /// Carries out commands until one says to end, or nobody is left who could: how long to wait for connections then.
    ///
    /// # Panics
    ///
    /// When a task has panicked: what they share may be half changed, so nothing goes on.
    async fn serve(&mut self, commands: &mut mpsc::Receiver<Command>) -> Duration {
        let shard = Rc::clone(&self.shard);
        let mut failed = pin!(shard.failed.notified());
        loop {
            let command = poll_fn(|cx| {
                assert!(
                    failed.as_mut().poll(cx).is_pending(),
                    "a task of the server has panicked"
                );
                if let Poll::Ready(Some(Err(error))) = self.tasks.poll_join_next(cx) {
                    resume_unwind(error.into_panic());
                }
                commands.poll_recv(cx)
            });
            match command.await {
                Some(Command::Publish(message)) => shard.publish(message),
                // Who asked may have lost interest.
                Some(Command::Statistics(answer)) => drop(answer.send(shard.statistics())),
                Some(Command::Shutdown { grace }) => return grace,
                None => return Duration::ZERO,
            }
        }
    }

    /// Says farewell to everybody and waits for them.
    async fn leave(&self, grace: Duration) {
        self.shard.apply(|broker, now| broker.shutdown(now));
        let gone = async {
            loop {
                let left = self.shard.admission.left.notified();
                if self.shard.admission.open() == 0 {
                    return;
                }
                left.await;
            }
        };
        // Who is not gone by then is cut off.
        let _ = timeout(grace, gone).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let statistics = self.shard.statistics();
        let connections: Vec<_> = self.shard.state().connections.drain().collect();
        for connection in connections {
            connection.wake_reader();
        }
        self.end.send_replace(Some(statistics));
    }
}

/// Gives the broker what the store's thread has done.
async fn take_results(
    shard: Rc<Shard>,
    mut results: mpsc::UnboundedReceiver<StoreResult>,
    commands: mpsc::WeakSender<Command>,
) {
    while let Some(result) = results.recv().await {
        match result {
            StoreResult::Persisted(position) => {
                shard.apply(|broker, now| broker.handle_persisted(now, position))
            }
            StoreResult::Paged(page) => shard.apply(|broker, now| broker.handle_paged(now, page)),
            StoreResult::Failed(error) => {
                shard.tell(ServerEvent::StoreFailed { error: &error });
                // Else it is not known what is durable: only a new start can go on.
                if error != StoreError::OutOfSpace {
                    if let Some(commands) = commands.upgrade() {
                        let _ = commands
                            .send(Command::Shutdown {
                                grace: GRACE_OF_BROKEN_STORE,
                            })
                            .await;
                    }
                }
            }
        }
    }
}

/// The thread of a store.
struct StoreHandle {
    requests: std_mpsc::Sender<super::store_thread::StoreRequest>,
    results: mpsc::UnboundedReceiver<StoreResult>,
    ended: oneshot::Receiver<()>,
    thread: JoinHandle<()>,
}

impl StoreHandle {
    fn start(store: Box<dyn Store + Send>) -> io::Result<Self> {
        let (requests, waiting) = std_mpsc::channel();
        let (sender, results) = mpsc::unbounded_channel();
        let (end, ended) = oneshot::channel();
        let thread = StoreThread::new(store, waiting, sender);
        let thread = Builder::new()
            .name("mqtt-store".to_owned())
            .spawn(move || {
                thread.serve();
                drop(end);
            })?;
        Ok(Self {
            requests,
            results,
            ended,
            thread,
        })
    }
}

fn open(config: ListenerConfig) -> Result<(TcpListener, ListenerConfig), StartError> {
    let listener = listen(config.address);
    listener
        .map(|listener| (listener, config))
        .map_err(|source| StartError::Bind {
            address: config.address,
            source,
        })
}

fn listeners_with_identifiers(
    listeners: Vec<(TcpListener, ListenerConfig)>,
) -> Result<Vec<(TcpListener, Listening)>, StartError> {
    let with = |(listener, config): (TcpListener, ListenerConfig)| {
        let identifiers = Identifiers::new().map_err(io::Error::from)?;
        Ok((
            listener,
            Listening {
                authentication: config.authentication,
                identifiers,
            },
        ))
    };
    listeners.into_iter().map(with).collect()
}

/// A broker with what the store kept.
fn restore(
    config: Config,
    mut store: Option<Box<dyn Store + Send>>,
    clock: Clock,
) -> Result<(Broker, Option<Box<dyn Store + Send>>), StartError> {
    let mut key = [0; 16];
    getrandom::fill(&mut key).map_err(io::Error::from)?;
    let now = clock.now();
    let queue_head = config.queue_head_messages;
    let mut broker = Broker::new(config, key, now);
    if let Some(store) = &mut store {
        let incarnation = store.incarnation()?;
        store.load(queue_head, &mut |loaded| {
            broker.restore(now, incarnation, loaded)
        })?;
    }
    Ok((broker, store))
}

/// How many commands may wait.
const COMMANDS: usize = 1_024;

/// How long connections have when the store broke: their farewell needs no store.
const GRACE_OF_BROKEN_STORE: Duration = Duration::from_secs(1);
