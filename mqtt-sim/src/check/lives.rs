//! How long the sessions of clients live.

mod known;

use alloc::vec::Vec;

use mqtt_codec::packet::Connect;
use mqtt_codec::{Packet, Version};
use mqtt_session::Instant;

use crate::observation::{ConnectionNumber, Context, Observation};
use crate::profile::Profile;

use known::{Known, Recording};

/// One session of a client, from its CONNACK without Session Present to its end. No number of a client is used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Life(u32);

/// Whether a server has a session of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It has to have it.
    Alive,
    /// It may have it.
    Unsure,
    /// It must not have one.
    Gone,
}

/// A CONNECT that the broker took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// On which connection.
    pub connection: ConnectionNumber,
    /// Whether it asked for a new session.
    pub clean_start: bool,
    /// Whether there was an older session.
    pub older: Presence,
    /// The session from then on.
    life: Life,
    /// In force, in seconds.
    expiry: u32,
    is_answered: bool,
}

/// What is known of the sessions of all clients: which one each is in, and whether the broker has it still.
///
/// The broker's promises make it known, and not its state. A session ends with a clean start and with its expiry after
/// its connection, and a crash brings back any of the states of the session since the last CONNACK whose end was not
/// durable. With a server that is no broker, each connection counts as a life of its own.
#[derive(Debug, Default)]
pub struct Lives {
    clients: Vec<Known>,
    /// The batch that has what is recorded now.
    next_batch: u64,
    durable: u64,
    /// What the broker's clock said when it was last told the time, in this process.
    timed_out_at: Option<Instant>,
}

impl Lives {
    /// Nothing was observed yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Something was observed.
    pub fn observe(&mut self, context: &Context<'_>, observation: &Observation<'_>) {
        if self.clients.is_empty() {
            let clients = context.setting.clients.len();
            self.clients.resize_with(clients, Known::default);
            self.next_batch = 1;
        }
        if let Observation::Received {
            connection,
            client,
            packet,
            ..
        } = *observation
        {
            self.received(context, connection, client, packet);
        } else if let Observation::Sent {
            connection,
            client: Some(client),
            packet: Packet::Connack(connack),
            ..
        } = *observation
        {
            let recording = self.recording(context);
            if let Some(known) = self.clients.get_mut(client) {
                match connack.reason_code.is_error() {
                    true => known.refuses(&recording, connection),
                    false => known.answers(&recording, connection),
                }
            }
        } else if let Observation::Ended {
            connection,
            client: Some(client),
            ..
        }
        | Observation::Lost {
            connection,
            client: Some(client),
        } = *observation
        {
            let recording = self.recording(context);
            if let Some(known) = self.clients.get_mut(client) {
                known.leaves(&recording, connection, None);
            }
        } else if let Observation::Connected {
            client,
            connection,
            session_present,
        } = *observation
        {
            let server = context.setting.clients.get(client).map(|it| it.server);
            if let Some(client) = self.clients.get_mut(client) {
                client.connected(connection, session_present, server);
            }
        } else {
            self.process(context, observation);
        }
    }

    /// The session that a client is in, as far as it knows; `None` before its first CONNACK.
    #[must_use]
    pub fn life(&self, client: usize) -> Option<Life> {
        self.clients.get(client)?.life
    }

    /// The session that the broker surely has, and on a connection.
    #[must_use]
    pub fn connected_life(&self, client: usize) -> Option<Life> {
        self.clients.get(client)?.connected_life()
    }

    /// Whether the broker has a session of a client now.
    #[must_use]
    pub fn presence(&self, client: usize, broker_now: Instant) -> Presence {
        self.clients.get(client).map_or(Presence::Unsure, |client| {
            client.presence(broker_now, self.timed_out_at)
        })
    }

    /// The CONNECT of a connection, when it was answered and no later one was.
    #[must_use]
    pub fn arrival(&self, client: usize, connection: ConnectionNumber) -> Option<Arrival> {
        self.clients.get(client)?.arrival(connection)
    }

    fn received(
        &mut self,
        context: &Context<'_>,
        connection: ConnectionNumber,
        client: Option<usize>,
        packet: &Packet<'_>,
    ) {
        let recording = self.recording(context);
        if let Packet::Connect(connect) = packet {
            let named = || Profile::client(connect.client_id.as_str());
            let known = client.or_else(named);
            let Some(known) = known.and_then(|client| self.clients.get_mut(client)) else {
                return;
            };
            match client {
                Some(_) => {
                    let expiry = expiry_in_force(context, connect);
                    known.arrives(&recording, connection, connect.clean_start, expiry);
                }
                None => known.is_in_doubt(&recording),
            }
        } else if let (Packet::Disconnect(disconnect), Some(client)) = (packet, client) {
            let maximum = context.setting.broker.maximum_session_expiry;
            let expiry = disconnect.properties.session_expiry_interval;
            let expiry = expiry.map(|expiry| expiry.min(maximum));
            if let Some(known) = self.clients.get_mut(client) {
                known.leaves(&recording, connection, expiry);
            }
        }
    }

    const fn recording(&self, context: &Context<'_>) -> Recording {
        Recording {
            now: context.broker_now,
            timed_out_at: self.timed_out_at,
            batch: self.next_batch,
            durable: self.durable,
        }
    }

    fn process(&mut self, context: &Context<'_>, observation: &Observation<'_>) {
        if matches!(observation, Observation::TimedOut) {
            self.timed_out_at = Some(context.broker_now);
        } else if let Observation::HandedOut { position } = observation {
            self.next_batch = position.0 + 1;
        } else if let Observation::Durable { position } = observation {
            self.durable = self.durable.max(position.0);
        } else if matches!(observation, Observation::Crashed) {
            for client in &mut self.clients {
                client.crashed(context);
            }
        } else if let Observation::Started { recovered } = observation {
            for client in &mut self.clients {
                client.restored(context.broker_now, *recovered);
            }
            (self.next_batch, self.durable, self.timed_out_at) = (1, 0, None);
        }
    }
}

fn expiry_in_force(context: &Context<'_>, connect: &Connect<'_>) -> u32 {
    let asked = match connect.version {
        Version::V5_0 => connect.properties.session_expiry_interval.unwrap_or(0),
        Version::V3_1 | Version::V3_1_1 if connect.clean_start => 0,
        Version::V3_1 | Version::V3_1_1 => u32::MAX,
    };
    asked.min(context.setting.broker.maximum_session_expiry)
}
