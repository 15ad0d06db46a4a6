use core::net::SocketAddr;
use core::time::Duration;
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use mqtt_broker_core::Message;
use tokio::runtime::{self, LocalOptions};
use tokio::sync::{mpsc, oneshot, watch};

use super::builder::{ServerBuilder, StartError};
use super::command::Command;
use super::local_shard::LocalShard;
use super::statistics::Statistics;

/// A running broker. It can be used from any thread and any runtime.
///
/// When it is dropped the broker stops at once; [`shutdown`](Self::shutdown) says farewell.
///
/// ```
/// use std::time::Duration;
///
/// use runtime_tokio::Server;
///
/// let server = Server::builder().bind("127.0.0.1:0".parse()?).start()?;
/// println!("listening at {:?}", server.local_addrs());
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// server.shutdown(Duration::from_secs(5)).await;
/// # });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Server {
    local_addrs: Vec<SocketAddr>,
    commands: mpsc::Sender<Command>,
    /// The numbers at the end, once it has come.
    ended: watch::Receiver<Option<Statistics>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// The server has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server has ended")]
pub struct ServerEnded;

impl Server {
    /// What it will be.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::new()
    }

    pub(crate) fn new(
        local_addrs: Vec<SocketAddr>,
        commands: mpsc::Sender<Command>,
        ended: watch::Receiver<Option<Statistics>>,
    ) -> Self {
        Self {
            local_addrs,
            commands,
            ended,
            thread: Mutex::new(None),
        }
    }

    pub(crate) fn start(builder: ServerBuilder) -> Result<Self, StartError> {
        // It blocks for a moment, inside a runtime too.
        let (sender, started) = std::sync::mpsc::channel();
        let thread = Builder::new()
            .name("mqtt-worker-0".to_owned())
            .spawn(move || work(builder, sender))?;
        match started.recv() {
            Ok(Ok(server)) => {
                *server.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
                Ok(server)
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(StartError::System(std::io::Error::other(
                "the worker did not start",
            ))),
        }
    }

    /// Where it listens, in the order of [`bind`](ServerBuilder::bind), with the ports that the system chose.
    #[must_use]
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.local_addrs
    }

    /// Publishes a message to all who subscribed to its topic.
    ///
    /// # Errors
    ///
    /// [`ServerEnded`]: nothing was published.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is ready, the message was not published.
    pub async fn publish(&self, message: Message) -> Result<(), ServerEnded> {
        self.commands
            .send(Command::Publish(message))
            .await
            .map_err(|_| ServerEnded)
    }

    /// The numbers of the server; after its end, those at its end.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect on the server.
    pub async fn statistics(&self) -> Statistics {
        let (sender, answer) = oneshot::channel();
        if self
            .commands
            .send(Command::Statistics(sender))
            .await
            .is_ok()
        {
            if let Ok(statistics) = answer.await {
                return statistics;
            }
        }
        let mut ended = self.ended.clone();
        let statistics = ended
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|statistics| *statistics);
        statistics.unwrap_or_default()
    }

    /// Stops accepting, tells every client (in 5.0 by DISCONNECT with Server shutting down), waits until their connections
    /// are gone, at most so long, and ends. It returns when all threads of the server have ended.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped after it was polled, the server ends all the same. It may be called again to wait for that.
    pub async fn shutdown(&self, grace: Duration) {
        // If it cannot be sent, the server has ended.
        let _ = self.commands.send(Command::Shutdown { grace }).await;
        self.ended().await;
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // It has told its end, so this takes no time. A panic of it was reported when it happened.
            let _ = thread.join();
        }
    }

    /// Waits until the server has ended, by [`shutdown`](Self::shutdown) or because its store failed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect on the server.
    pub async fn ended(&self) {
        // An error says that the shard is gone.
        let _ = self.ended.clone().wait_for(Option::is_some).await;
    }
}

/// A worker's thread: a runtime with one shard.
fn work(builder: ServerBuilder, started: std::sync::mpsc::Sender<Result<Server, StartError>>) {
    // One turn is: a poll, all that it found ready, and the flush behind them. The interval is how many tasks run before the
    // next poll in any case.
    let runtime = runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .event_interval(TASKS_PER_POLL)
        .build_local(LocalOptions::default());
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = started.send(Err(error.into()));
            return;
        }
    };
    runtime.block_on(async {
        match LocalShard::build(builder) {
            Ok((server, shard)) => {
                if started.send(Ok(server)).is_ok() {
                    shard.await;
                }
            }
            Err(error) => {
                let _ = started.send(Err(error));
            }
        }
    });
}

/// As many as one poll finds ready at most, and the flush.
const TASKS_PER_POLL: u32 = 1_025;
