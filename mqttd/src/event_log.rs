//! The broker's events as log lines, in the words of mosquitto where it has them: people and their tools know those.

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

use mqtt_broker_core::Event;
use mqtt_codec::Version;
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_session::CloseReason;
use runtime_tokio::ServerEvent;
use tracing::{debug, error, info, warn};

use crate::clock::Clock;
use crate::limiter::Limiter;

/// Writes events to the log, so many of each cause.
#[derive(Debug)]
pub(crate) struct EventLog {
    clock: Clock,
    limiter: Limiter,
}

impl EventLog {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, limiter: Limiter::new(LINES, SPAN) }
    }

    pub(crate) fn write(&mut self, event: &ServerEvent<'_>) {
        let Some(pass) = self.limiter.pass(self.clock.now(), cause(event)) else { return };
        if pass.suppressed > 0 {
            info!("{} lines like the next one were left out", pass.suppressed);
        }
        match event {
            ServerEvent::Broker { event: Event::Refused { .. }, .. } | ServerEvent::Refused { .. } => warn!("{}", Line(event)),
            ServerEvent::NoConnect { .. } => info!("{}", Line(event)),
            ServerEvent::Broker { .. } | ServerEvent::AcceptingAgain => info!("{}", Line(event)),
            ServerEvent::OutOfDescriptors { .. } | ServerEvent::AcceptFailed { .. } => warn!("{}", Line(event)),
            ServerEvent::StoreFailed { .. } => error!("{}", Line(event)),
            #[allow(clippy::wildcard_enum_match_arm, reason = "events of a newer runtime")]
            other => debug!("{other:?}"),
        }
    }
}

/// Of what there may be only so many lines.
fn cause(event: &ServerEvent<'_>) -> &'static str {
    match event {
        ServerEvent::Broker { event: Event::Connected { .. }, .. } => "connected",
        ServerEvent::Broker { event: Event::Disconnected { .. }, .. } => "disconnected",
        ServerEvent::Broker { event: Event::Refused { cause, .. }, .. } => cause.name(),
        ServerEvent::Refused { refusal, .. } => refusal.name(),
        ServerEvent::NoConnect { .. } => "no connect",
        ServerEvent::OutOfDescriptors { .. } | ServerEvent::AcceptingAgain => "descriptors",
        ServerEvent::AcceptFailed { .. } => "accept failed",
        #[allow(clippy::wildcard_enum_match_arm, reason = "events of a newer runtime")]
        _ => "other",
    }
}

struct Line<'a>(&'a ServerEvent<'a>);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ServerEvent::Broker { address, event } => fmt_event(f, event, Address(*address)),
            ServerEvent::Refused { address, refusal } => {
                write!(f, "Connection from {address} refused: limit of {}.", refusal.name())
            }
            ServerEvent::NoConnect { address, reason } => write!(f, "Connection from {address} closed: {reason}."),
            ServerEvent::OutOfDescriptors { error } => {
                write!(f, "No connections are accepted until there are descriptors again: {error}.")
            }
            ServerEvent::AcceptingAgain => f.write_str("Connections are accepted again."),
            ServerEvent::AcceptFailed { error } => write!(f, "A connection could not be accepted: {error}."),
            ServerEvent::StoreFailed { error } => write!(f, "Storage failed: {error}."),
            #[allow(clippy::wildcard_enum_match_arm, reason = "events of a newer runtime")]
            other => write!(f, "{other:?}"),
        }
    }
}

fn fmt_event(f: &mut fmt::Formatter<'_>, event: &Event, address: Address) -> fmt::Result {
    match event {
        Event::Connected { client_id, version, clean_start, keep_alive, user_name, .. } => {
            write!(f, "New client connected from {address} as {}", Escaped(client_id.as_str()))?;
            write!(f, " (p{}, c{}, k{keep_alive}", protocol(*version), u8::from(*clean_start))?;
            if let Some(user_name) = user_name {
                write!(f, ", u'{}'", Escaped(user_name.as_str()))?;
            }
            f.write_str(").")
        }
        Event::Disconnected { client_id, reason, .. } => {
            let client_id = client_id.as_ref().map_or("<unknown>", |client_id| client_id.as_str());
            write!(f, "Client {} [{address}] ", Escaped(client_id))?;
            match reason {
                CloseReason::PeerDisconnected { reason: DisconnectReasonCode::Success } => f.write_str("disconnected."),
                CloseReason::ConnectionLost => f.write_str("closed its connection."),
                #[allow(clippy::wildcard_enum_match_arm, reason = "all others say what they are")]
                _ => write!(f, "disconnected: {}.", Escaped(&reason.to_string())),
            }
        }
        Event::Refused { client_id, cause, .. } => {
            let client_id = client_id.as_ref().map_or("<unknown>", |client_id| client_id.as_str());
            write!(f, "Client {} [{address}] was refused something: {}.", Escaped(client_id), cause.name())
        }
        #[allow(clippy::wildcard_enum_match_arm, reason = "events of a newer core")]
        other => write!(f, "{other:?}"),
    }
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

/// Line and paragraph separators, and what changes the direction of text.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
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

    #[test]
    fn what_a_client_calls_itself_cannot_forge_a_line() {
        let id = "a\nNew client connected from 1.2.3.4:5 as root\x1b[2J\u{202e}é";
        assert_eq!(Escaped(id).to_string(), r"a\nNew client connected from 1.2.3.4:5 as root\u{1b}[2J\u{202e}é");
    }
}
