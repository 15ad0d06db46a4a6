//! The program: starts the server, publishes its numbers, and stops it when told to.

use alloc::sync::Arc;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;
use std::io::{self, IsTerminal as _, Write as _};
use std::net::TcpListener;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mqtt_broker_core::Config;
use runtime_tokio::{Server, StartError};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, info, warn};

use crate::arguments::Arguments;
use crate::clock::Clock;
use crate::drops::Drops;
use crate::event_log::EventLog;
use crate::{memory, process, sys_topics};

/// Why the program ended before it was told to.
#[derive(Debug)]
pub(crate) enum RunError {
    /// The system gave no runtime or no signals.
    System(io::Error),
    /// The server did not start.
    Start(StartError),
    /// The server ended by itself.
    Ended,
}

impl core::fmt::Display for RunError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::System(error) => error.fmt(f),
            Self::Start(StartError::Anonymous { address }) => write!(
                f,
                "with --bind {} everybody who reaches this machine could use the broker without a password; \
                 if that is what you want, add --allow-anonymous",
                address.ip()
            ),
            Self::Start(StartError::Bind { address, source })
                if source.kind() == io::ErrorKind::AddrInUse =>
            {
                write!(f, "port {} of {} is in use", address.port(), address.ip())?;
                match free_port(*address) {
                    Some(port) => write!(f, "; port {port} is free: mqttd -p {port}"),
                    None => f.write_str("; choose another one with -p"),
                }
            }
            Self::Start(error) => error.fmt(f),
            Self::Ended => f.write_str("the broker ended by itself; the log says why"),
        }
    }
}

/// Runs until a signal says to stop.
pub(crate) fn run(arguments: &Arguments) -> Result<(), RunError> {
    let clock = Clock::start();
    tracing_subscriber::fmt()
        .with_max_level(arguments.level())
        .with_target(false)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .init();
    process::keep_files_private();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(RunError::System)?;
    runtime.block_on(async {
        // Before anybody can know that we run.
        let mut stop = Stop::new().map_err(RunError::System)?;
        let log = Arc::new(Mutex::new(EventLog::new(clock)));
        let server = start(arguments, Arc::clone(&log)).map_err(RunError::Start)?;
        tell_start(arguments, &server);
        let publishing = publish_numbers(&server, clock, &log);
        let ended = server.ended();
        match first(stop.told(), publishing, ended).await {
            Some(signal) => info!("{signal}: shutting down"),
            None => return Err(RunError::Ended),
        }
        server.shutdown(GRACE).await;
        info!("mqttd {} terminating", env!("CARGO_PKG_VERSION"));
        Ok(())
    })
}

fn start(arguments: &Arguments, log: Arc<Mutex<EventLog>>) -> Result<Server, StartError> {
    let mut builder = Server::builder()
        .config(config(arguments))
        .bind(SocketAddr::new(arguments.bind, arguments.port))
        .on_event(move |event| locked(&log).write(&event));
    if arguments.allow_anonymous {
        builder = builder.allow_anonymous();
    }
    builder.start()
}

fn config(arguments: &Arguments) -> Config {
    let mut config = Config::default();
    if let Some(messages) = arguments.queue_messages {
        config.queue_messages = messages;
    }
    if let Some(bytes) = arguments.max_packet_size {
        config.maximum_packet_size = bytes;
    }
    match memory::limit() {
        Some(bytes) => config.memory_bytes = bytes,
        None => warn!("The memory of this machine is not known: there is no limit of it."),
    }
    debug!("{config:?}");
    config
}

/// The first lines: what was started, and how to try it.
fn tell_start(arguments: &Arguments, server: &Server) {
    if process::is_root() {
        warn!("Running as root. A user of its own is safer.");
    }
    if !arguments.no_persistence {
        warn!(
            "Nothing is kept on disk yet: a restart loses sessions, queues and retained messages. --no-persistence silences this."
        );
    }
    for address in server.local_addrs() {
        info!("mqttd {} listening at {address}", env!("CARGO_PKG_VERSION"));
        if !arguments.quiet {
            // Whoever started us may not read it.
            let _ = io::stdout().write_all(example(*address).as_bytes());
        }
    }
}

/// Two lines for a terminal.
fn example(address: SocketAddr) -> String {
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    let to = format!("-h {host} -p {}", address.port());
    format!(
        "mqttd listens at {address}. To try it, in two other terminals:\n\n    \
         mosquitto_sub {to} -v -t 'hello/#'\n    \
         mosquitto_pub {to} -t hello/world -m 'Hello, world'\n\n"
    )
}

/// A panic while it was held has left at most a wrong count of lines.
fn locked(log: &Mutex<EventLog>) -> MutexGuard<'_, EventLog> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Publishes the broker's numbers and logs what it dropped and what the log left out, for ever.
async fn publish_numbers(server: &Server, clock: Clock, log: &Mutex<EventLog>) {
    let mut due = interval(sys_topics::INTERVAL);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut drops = Drops::default();
    loop {
        due.tick().await;
        let statistics = server.statistics().await;
        for line in drops.lines(&statistics.counters) {
            warn!("{line}");
        }
        locked(log).write_left_out();
        for message in sys_topics::messages(&statistics, clock.now()) {
            if server.publish(message).await.is_err() {
                // It has ended, which `Server::ended` tells.
                return core::future::pending().await;
            }
        }
    }
}

/// The signal that came first, or `None` when the server ended before.
async fn first(
    told: impl Future<Output = &'static str>,
    publishing: impl Future<Output = ()>,
    ended: impl Future<Output = ()>,
) -> Option<&'static str> {
    let (mut told, mut publishing, mut ended) = (
        core::pin::pin!(told),
        core::pin::pin!(publishing),
        core::pin::pin!(ended),
    );
    core::future::poll_fn(|cx| {
        if let core::task::Poll::Ready(signal) = told.as_mut().poll(cx) {
            return core::task::Poll::Ready(Some(signal));
        }
        if ended.as_mut().poll(cx).is_ready() || publishing.as_mut().poll(cx).is_ready() {
            return core::task::Poll::Ready(None);
        }
        core::task::Poll::Pending
    })
    .await
}

/// The signals that end the program.
#[cfg(unix)]
struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Stop {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn told(&mut self) -> &'static str {
        core::future::poll_fn(|cx| {
            if self.terminate.poll_recv(cx).is_ready() {
                return core::task::Poll::Ready("SIGTERM");
            }
            self.interrupt.poll_recv(cx).map(|_| "SIGINT")
        })
        .await
    }
}

#[cfg(not(unix))]
struct Stop;

#[cfg(not(unix))]
impl Stop {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn told(&mut self) -> &'static str {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "Ctrl-C",
            Err(_) => core::future::pending().await,
        }
    }
}

/// A port near this one that nobody listens at.
fn free_port(address: SocketAddr) -> Option<u16> {
    let next = (1..=20).filter_map(|n| address.port().checked_add(n));
    next.into_iter()
        .find(|&port| TcpListener::bind((address.ip(), port)).is_ok())
}

/// How long clients have to take their leave.
const GRACE: Duration = Duration::from_secs(5);
