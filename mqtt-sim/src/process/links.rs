//! The server's ends of connections: what its adapter has to know of each.

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use mqtt_broker_core::{Authentication, LinkId, Peer};
use mqtt_codec::{ClientIdBuf, Limits, Packet, PacketType, Version, decode, fixed_header};

use super::{Process, Running, broker_clock};
use crate::events::Event;
use crate::network::{Arrived, Direction, End};
use crate::observation::ConnectionNumber;
use crate::sabotage::Sabotage;
use crate::stage::Stage;
use crate::tap::Tap;

/// The server's end of a connection.
#[derive(Debug)]
pub(super) struct ServerEnd {
    pub(super) tap: Tap,
    /// There is one from CONNECT on.
    pub(super) link: Option<LinkId>,
    /// What was read and not taken.
    pub(super) unread: Vec<u8>,
    pub(super) reading: Reading,
}

/// Whether a server reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// It does.
    On,
    /// It does not, and nothing came since.
    Paused,
    /// It does not, and something waits.
    Due,
}

impl Process {
    /// A client opens a connection.
    pub(crate) fn handle_opened(
        &mut self,
        stage: &mut Stage,
        connection: ConnectionNumber,
        client: Option<usize>,
    ) {
        let Some(running) = self.running() else {
            return stage
                .network
                .release(stage.now, &mut stage.events, connection, End::Server);
        };
        let end = ServerEnd {
            tap: Tap::new(connection, client),
            link: None,
            unread: Vec::new(),
            reading: Reading::On,
        };
        running.ends.insert(connection, end);
        stage.after(CONNECT_DEADLINE, Event::ConnectDeadline(connection));
    }

    /// Bytes arrive, or the end.
    pub(crate) fn handle_arrival(&mut self, stage: &mut Stage, connection: ConnectionNumber) {
        if let Some(running) = self.running() {
            running.read(stage, connection);
            running.settle(stage);
        }
    }

    /// A connection is gone.
    pub(crate) fn handle_lost(&mut self, stage: &mut Stage, connection: ConnectionNumber) {
        if let Some(running) = self.running() {
            running.lose(stage, connection);
            running.settle(stage);
        }
    }

    /// The time for CONNECT is over.
    pub(crate) fn handle_connect_deadline(
        &mut self,
        stage: &mut Stage,
        connection: ConnectionNumber,
    ) {
        if let Some(running) = self.running() {
            if running
                .ends
                .get(&connection)
                .is_some_and(|end| end.link.is_none())
            {
                running.lose(stage, connection);
            }
        }
    }

    /// There is room on a connection again.
    pub(crate) fn handle_room(&mut self, stage: &mut Stage, connection: ConnectionNumber) {
        let Some(running) = self.running() else {
            return;
        };
        let link = running.ends.get(&connection).and_then(|end| end.link);
        if let Some(link) = link.filter(|link| running.blocked.contains(link)) {
            running.dirty.push(link);
            running.settle(stage);
        }
    }
}

impl Running {
    /// Reads what arrives, unless the link is paused.
    pub(super) fn read(&mut self, stage: &mut Stage, connection: ConnectionNumber) {
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
            Arrived::Bytes => self.present(stage, connection),
            Arrived::End => self.lose(stage, connection),
        }
    }

    /// Presents what was read to the broker: from a whole CONNECT on.
    pub(super) fn present(&mut self, stage: &mut Stage, connection: ConnectionNumber) {
        let Some(end) = self.ends.get_mut(&connection) else {
            return;
        };
        let link = match end.link {
            Some(link) => link,
            None => match first_packet(&end.unread) {
                First::Incomplete => return,
                First::Connect(version) => {
                    end.tap.version = version;
                    let Some(link) = self.admit(stage, connection) else {
                        return;
                    };
                    link
                }
                First::Other => return self.lose(stage, connection),
            },
        };
        let Some(end) = self.ends.get_mut(&connection) else {
            return;
        };
        let mut unread = core::mem::take(&mut end.unread);
        let now = broker_clock(stage);
        let used = match stage.sabotage {
            None => self.broker.handle_bytes(now, link, &unread),
            Some(sabotage) => self
                .broker
                .handle_bytes(now, link, &sabotage.received(&unread)),
        };
        let taken = unread.get(..used).unwrap_or_default();
        end.tap.received(stage, taken);
        unread.drain(..used);
        end.unread = unread;
    }

    fn admit(&mut self, stage: &Stage, connection: ConnectionNumber) -> Option<LinkId> {
        let now = broker_clock(stage);
        let name = format!("assigned-{}-{}", self.start, connection.0);
        let peer = Peer {
            address: None,
            connect_deadline: now + CONNECT_DEADLINE,
            assigned_client_id: ClientIdBuf::new(&name).ok()?,
            authentication: match self.random.percent(10) {
                true => Authentication::Ask,
                false => Authentication::Anonymous,
            },
        };
        let link = self.broker.handle_connected(now, peer)?;
        self.connections.insert(link, connection);
        self.ends.get_mut(&connection)?.link = Some(link);
        Some(link)
    }

    /// The connection is gone, and the broker is told.
    pub(super) fn lose(&mut self, stage: &mut Stage, connection: ConnectionNumber) {
        let Some(end) = self.ends.remove(&connection) else {
            return;
        };
        end.tap.lose(stage);
        if let Some(link) = end.link {
            self.connections.remove(&link);
            self.blocked.remove(&link);
            let now = broker_clock(stage);
            if stage.is_sabotaged(Sabotage::ForgeDisconnect) {
                self.broker.handle_bytes(now, link, &[0xE0, 0]);
            }
            self.broker.handle_closed(now, link);
        }
    }
}

enum First {
    Incomplete,
    Connect(Version),
    Other,
}

/// What the adapter looks at before there is a link.
fn first_packet(bytes: &[u8]) -> First {
    match fixed_header(bytes) {
        Ok(None) => First::Incomplete,
        Ok(Some(header))
            if header.packet_type == PacketType::Connect
                && header.packet_len() <= LARGEST_CONNECT =>
        {
            match decode(Version::V5_0, &Limits::default(), bytes) {
                Ok(None) => First::Incomplete,
                Ok(Some((Packet::Connect(connect), _))) => First::Connect(connect.version),
                // The broker says what is wrong with it.
                Ok(Some(_)) | Err(_) => First::Connect(Version::V5_0),
            }
        }
        Ok(Some(_)) | Err(_) => First::Other,
    }
}

/// The time for CONNECT and authentication.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// The largest CONNECT, in bytes.
const LARGEST_CONNECT: usize = 96 * 1_024;
