//! The broker's events as log lines, in the words of mosquitto where it has them: people and their tools know those.

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

use mqtt_broker_core::Event;
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{ClientIdBuf, Version};
use mqtt_session::CloseReason;
use runtime_tokio::ServerEvent;
use tracing::{error, info, warn};

use crate::clock::Clock;
use crate::limiter::Limiter;

/// Writes events to the log, so many of each cause.
#[derive(Debug)]
pub(crate) struct EventLog {
    clock: Clock,
    limiter: Limiter<(&'static str, Level)>,
}

impl EventLog {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            limiter: Limiter::new(LINES, SPAN),
        }
    }

    pub(crate) fn write(&mut self, event: &ServerEvent<'_>) {
        let (cause, level) = kind(event);
        let Some(pass) = self.limiter.pass(self.clock.now(), (cause, level)) else {
            return;
        };
        if pass.suppressed > 0 {
            let left_out = format!("{} lines like the next one were left out.", pass.suppressed);
            level.log(left_out);
        }
        level.log(Line(event));
    }

    /// Tells how many lines were left out that no other of their cause has followed yet.
    pub(crate) fn write_left_out(&mut self) {
        for ((cause, level), lines) in self.limiter.take_suppressed() {
            level.log(format!("{lines} lines were left out: {cause}."));
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Info,
    Warning,
    Error,
}

impl Level {
    fn log(self, line: impl fmt::Display) {
        match self {
            Self::Info => info!("{line}"),
            Self::Warning => warn!("{line}"),
            Self::Error => error!("{line}"),
        }
    }
}

/// Of what there may be only so many lines, and how bad it is.
fn kind(event: &ServerEvent<'_>) -> (&'static str, Level) {
    match event {
        ServerEvent::Broker { event, .. } => match event {
            Event::Connected { .. } => ("connected", Level::Info),
            Event::Disconnected { .. } => ("disconnected", Level::Info),
            Event::Refused { cause, .. } => (cause.name(), Level::Warning),
            _ => ("other", Level::Info),
        },
        ServerEvent::Refused { refusal, .. } => (refusal.name(), Level::Warning),
        ServerEvent::NoConnect { .. } => ("no connect", Level::Info),
        ServerEvent::OutOfDescriptors { .. } => ("descriptors", Level::Warning),
        ServerEvent::AcceptingAgain => ("descriptors", Level::Info),
        ServerEvent::AcceptFailed { .. } => ("accept failed", Level::Warning),
        ServerEvent::StoreFailed { .. } => ("store", Level::Error),
        _ => ("other", Level::Info),
    }
}

struct Line<'a>(&'a ServerEvent<'a>);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ServerEvent::Broker { address, event } => fmt_event(f, event, Address(*address)),
            ServerEvent::Refused { address, refusal } => {
                let limit = refusal.name();
                write!(f, "Connection from {address} refused: limit of {limit}.")
            }
            ServerEvent::NoConnect { address, reason } => {
                write!(f, "Connection from {address} closed: {reason}.")
            }
            ServerEvent::OutOfDescriptors { error } => {
                write!(f, "No connections are accepted for now: {error}.")
            }
            ServerEvent::AcceptingAgain => f.write_str("Connections are accepted again."),
            ServerEvent::AcceptFailed { error } => {
                write!(f, "A connection could not be accepted: {error}.")
            }
            ServerEvent::StoreFailed { error } => write!(f, "Storage failed: {error}."),
            other => write!(f, "{other:?}"),
        }
    }
}

fn fmt_event(f: &mut fmt::Formatter<'_>, event: &Event, address: Address) -> fmt::Result {
    match event {
        Event::Connected {
            client_id,
            version,
            clean_start,
            keep_alive,
            user_name,
            ..
        } => {
            let client = Escaped(client_id.as_str());
            let (protocol, clean) = (protocol(*version), u8::from(*clean_start));
            write!(f, "New client connected from {address} as {client}")?;
            write!(f, " (p{protocol}, c{clean}, k{keep_alive}")?;
            if let Some(user_name) = user_name {
                write!(f, ", u'{}'", Escaped(user_name.as_str()))?;
            }
            f.write_str(").")
        }
        Event::Disconnected {
            client_id, reason, ..
        } => {
            write!(f, "Client {} [{address}] ", Escaped(name(client_id)))?;
            fmt_end(f, reason)
        }
        Event::Refused {
            client_id, cause, ..
        } => {
            let (client, cause) = (Escaped(name(client_id)), cause.name());
            write!(f, "Client {client} [{address}] was refused: {cause}.")
        }
        other => write!(f, "{other:?}"),
    }
}

fn fmt_end(f: &mut fmt::Formatter<'_>, reason: &CloseReason) -> fmt::Result {
    if let CloseReason::PeerDisconnected {
        reason: DisconnectReasonCode::Success,
    } = reason
    {
        f.write_str("disconnected.")
    } else if let CloseReason::ConnectionLost = reason {
        f.write_str("closed its connection.")
    } else {
        write!(f, "disconnected: {}.", Escaped(&reason.to_string()))
    }
}

fn name(client_id: &Option<ClientIdBuf>) -> &str {
    client_id.as_ref().map_or("<unknown>", ClientIdBuf::as_str)
}

struct Address(Option<SocketAddr>);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("<unknown>"),
        }
    }
}

/// Text of a client's, in which nothing acts on a terminal or looks like another line.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use core::fmt::Write as _;

        for character in self.0.chars() {
            if character.is_control() || is_invisible(character) {
                write!(f, "{}", character.escape_default())?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

/// What separates lines and paragraphs, and what changes the direction of text.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    )
}

/// As mosquitto numbers them.
fn protocol(version: Version) -> u8 {
    match version {
        Version::V3_1 => 1,
        Version::V3_1_1 => 2,
        Version::V5_0 => 5,
    }
}

/// Of each cause, in each [`SPAN`].
const LINES: u32 = 200;

const SPAN: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    /// With `--quiet` a number of warnings is told as one.
    #[test]
    fn what_is_left_out_is_told_at_the_level_of_its_lines() {
        let text = Text::default();
        let writer = text.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::WARN)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let mut log = EventLog::new(Clock::start());
            let address = "192.0.2.1:1".parse().unwrap();
            for _ in 0..LINES + 3 {
                log.write(&ServerEvent::Refused {
                    address,
                    refusal: runtime_tokio::Refusal::Rate,
                });
                log.write(&ServerEvent::NoConnect {
                    address,
                    reason: &runtime_tokio::NoConnect::Closed,
                });
            }
            log.write_left_out();
            log.write_left_out();
        });
        let text = String::from_utf8(text.0.lock().unwrap().clone()).unwrap();
        let left_out: Vec<_> = text.lines().filter(|line| line.contains("left")).collect();
        assert!(
            matches!(left_out[..], [line] if line.contains("WARN")
                && line.ends_with("3 lines were left out: connect rate.")),
            "{left_out:?}"
        );
    }

    #[derive(Clone, Default)]
    struct Text(alloc::sync::Arc<std::sync::Mutex<Vec<u8>>>);

    impl std::io::Write for Text {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_a_client_calls_itself_cannot_forge_a_line() {
        let id = "a\nNew client connected from 1.2.3.4:5 as root\x1b[2J\u{202e}é";
        assert_eq!(
            Escaped(id).to_string(),
            r"a\nNew client connected from 1.2.3.4:5 as root\u{1b}[2J\u{202e}é"
        );
    }
}
