//! The echo server, made of `ServerSession`: it sends each message back to who published it.

mod act;
mod session;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use mqtt_session::server::{Config, ServerSession};
use mqtt_session::{Capabilities, Instant};

use crate::events::Event;
use crate::network::{Arrived, Direction};
use crate::observation::ConnectionNumber;
use crate::process::Reading;
use crate::stage::Stage;
use crate::tap::Tap;
use session::{EchoSession, Presence};

/// A server that lives in memory, and never ends: it keeps what the standard asks of sessions, and takes one connection of
/// a client at a time.
#[derive(Debug, Default)]
pub(crate) struct Echo {
    ends: BTreeMap<ConnectionNumber, EchoEnd>,
    /// Of the clients with these numbers.
    sessions: BTreeMap<usize, EchoSession>,
}

/// The server's end of a connection.
#[derive(Debug)]
struct EchoEnd {
    client: usize,
    session: ServerSession,
    tap: Tap,
    /// What was read and not taken.
    unread: Vec<u8>,
    reading: Reading,
    /// When the next `EchoTimer` comes.
    timer: Option<Instant>,
}

impl Echo {
    /// A client opens a connection.
    pub(crate) fn handle_opened(
        &mut self,
        stage: &mut Stage,
        connection: ConnectionNumber,
        client: usize,
    ) {
        let mut session = ServerSession::new(config());
        session.handle_connected(stage.now);
        let end = EchoEnd {
            client,
            session,
            tap: Tap::new(connection, Some(client)),
            unread: Vec::new(),
            reading: Reading::On,
            timer: None,
        };
        self.ends.insert(connection, end);
        self.settle(stage, connection);
    }

    /// Bytes arrive, or the end.
    pub(crate) fn handle_arrival(&mut self, stage: &mut Stage, connection: ConnectionNumber) {
        self.read(stage, connection);
        self.settle(stage, connection);
    }

    /// There is room on a connection again.
    pub(crate) fn handle_room(&mut self, stage: &mut Stage, connection: ConnectionNumber) {
        if self
            .ends
            .get(&connection)
            .is_some_and(|end| !end.session.tx().is_empty())
        {
            self.settle(stage, connection);
        }
    }

    /// A connection is gone.
    pub(crate) fn handle_lost(&mut self, stage: &mut Stage, connection: ConnectionNumber) {
        if let Some(mut end) = self.ends.remove(&connection) {
            end.tap.lose(stage);
            end.session.handle_closed(stage.now);
            self.part(stage, connection, &mut end);
        }
    }

    /// The time of a connection's next deadline may have come.
    pub(crate) fn handle_timeout(&mut self, stage: &mut Stage, connection: ConnectionNumber) {
        if let Some(end) = self.ends.get_mut(&connection) {
            end.timer = None;
            end.session.handle_timeout(stage.now);
            self.settle(stage, connection);
        }
    }

    /// What is under way, with so many clients connected.
    pub(crate) fn restless(&self, connections: usize) -> Option<String> {
        if self.ends.len() != connections {
            let ends = self.ends.len();
            return Some(format!(
                "the echo server has {ends} connections, where {connections} clients are connected"
            ));
        }
        let is_busy = |end: &EchoEnd| {
            let has_bytes = !end.unread.is_empty() || !end.session.tx().is_empty();
            has_bytes || end.reading != Reading::On || end.session.state().in_flight() > 0
        };
        if let Some(end) = self.ends.values().find(|end| is_busy(end)) {
            let client = end.client;
            return Some(format!("the echo server works for client {client}"));
        }
        let mut sessions = self.sessions.iter();
        let (client, session) = sessions.find(|(_, session)| session.waiting() > 0)?;
        let waiting = session.waiting();
        Some(format!(
            "{waiting} messages wait to go back to client {client}"
        ))
    }

    /// What is there though all clients have ended their sessions.
    pub(crate) fn left(&self, now: Instant) -> Option<String> {
        let mut sessions = self.sessions.values();
        if self.ends.is_empty() && !sessions.any(|session| session.is_alive(now)) {
            return None;
        }
        let (ends, sessions) = (self.ends.len(), self.sessions.keys());
        Some(format!(
            "the echo server has {ends} connections, and sessions of clients {sessions:?}"
        ))
    }

    /// Reads what arrives, unless the connection is paused.
    fn read(&mut self, stage: &mut Stage, connection: ConnectionNumber) {
        let Some(end) = self.ends.get_mut(&connection) else {
            return;
        };
        if end.reading != Reading::On {
            end.reading = Reading::Due;
            return;
        }
        let at = (connection, Direction::Up);
        match stage
            .network
            .arrive(stage.now, &mut stage.events, at, &mut end.unread)
        {
            Arrived::Nothing => {}
            Arrived::Bytes => end.present(stage),
            Arrived::End => self.handle_lost(stage, connection),
        }
    }

    fn set_timer(&mut self, stage: &mut Stage, connection: ConnectionNumber) {
        let Some(end) = self.ends.get_mut(&connection) else {
            return;
        };
        let Some(at) = end.session.poll_timeout() else {
            return;
        };
        if end.timer.is_none_or(|timer| at < timer) {
            end.timer = Some(at);
            stage.events.add(at, Event::EchoTimer(connection));
        }
    }

    /// A connection has ended. What the session keeps waits for the next.
    fn part(&mut self, stage: &Stage, connection: ConnectionNumber, end: &mut EchoEnd) {
        let Some(session) = self.sessions.get_mut(&end.client) else {
            return;
        };
        let is_its = matches!(session.presence, Presence::Connected(it) if it == connection);
        if let Some(state) = end.session.take_state().filter(|_| is_its) {
            session.leave(stage.now, state);
            if !session.is_alive(stage.now) {
                self.sessions.remove(&end.client);
            }
        }
    }
}

impl EchoEnd {
    /// Presents what was read.
    fn present(&mut self, stage: &mut Stage) {
        let used = self.session.handle_bytes(stage.now, &self.unread);
        let taken = self.unread.get(..used).unwrap_or_default();
        self.tap.received(stage, taken);
        self.unread.drain(..used);
    }
}

/// What the server offers: no retained messages, and nothing that makes one message two.
fn config() -> Config {
    Config {
        send_buffer: SEND_BUFFER,
        capabilities: Capabilities {
            retain: false,
            shared_subscriptions: false,
            ..Capabilities::default()
        },
        ..Config::default()
    }
}

/// Small, so that it is full now and then, in bytes.
const SEND_BUFFER: usize = 16 * 1_024;
