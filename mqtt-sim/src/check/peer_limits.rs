use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use core::num::{NonZeroU16, NonZeroU32};

use mqtt_codec::packet::{Connect, Publish};
use mqtt_codec::reason_code::{ConnectReasonCode, ReleaseReasonCode};
use mqtt_codec::{Packet, PacketId, Version};

use crate::check::{Broken, Check, Rule};
use crate::messages::MessageNumber;
use crate::model::is_of_broker;
use crate::observation::{ConnectionNumber, Context, Observation};

/// [`Rule::PeerLimits`]: neither side sends larger packets than the other takes, or more messages at once [MQTT-3.3.4-7]
/// [MQTT-3.3.4-9]; a Packet Identifier means one message until its exchange is over [MQTT-2.2.1-3] [MQTT-2.2.1-4]; and a
/// new session has nothing that was sent before [MQTT-3.3.1-1].
#[derive(Debug, Default)]
pub struct PeerLimits {
    /// From CONNECT on.
    connections: BTreeMap<ConnectionNumber, Limits>,
}

#[derive(Debug)]
struct Limits {
    client: usize,
    version: Version,
    session: Novelty,
    /// What the client takes.
    to_client: Direction,
    /// What the server takes.
    to_server: Direction,
}

/// Whether there may be something that was sent on an earlier connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Novelty {
    New,
    /// Or it is not known: 3.1 does not say so.
    Resumed,
}

/// What one side sends, and the other takes.
#[derive(Debug)]
struct Direction {
    packet_bytes: usize,
    messages: usize,
    /// The Packet Identifiers of exchanges that are not over.
    open: BTreeMap<PacketId, Exchange>,
    /// How many of these are PUBLISHes of this connection: only they count.
    published: usize,
    /// Whether PUBREC came: a PUBREL may be the answer to one of a Packet Identifier that is not in use.
    pubrec: Pubrec,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exchange {
    /// PUBLISH went out on this connection; the message, if it is one of ours.
    Published(Option<MessageNumber>),
    /// PUBREL goes on with what began on an earlier connection.
    Releasing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pubrec {
    None,
    Came,
}

impl PeerLimits {
    /// Nobody is connected yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn received(
        &mut self,
        context: &Context<'_>,
        client: usize,
        connection: ConnectionNumber,
        packet: &Packet<'_>,
        bytes: usize,
    ) -> Result<(), Broken> {
        if let Packet::Connect(connect) = packet {
            let limits = Limits::new(context, client, connect);
            self.connections.insert(connection, limits);
        }
        let Some(limits) = self.connections.get_mut(&connection) else {
            return Ok(());
        };
        limits.to_client.answered(packet);
        let checked = limits.to_server.sent(limits.version, packet, bytes);
        checked.map_err(|(what, message)| broken("sent", limits.client, &what, message))
    }

    fn sent(
        &mut self,
        connection: ConnectionNumber,
        packet: &Packet<'_>,
        bytes: usize,
    ) -> Result<(), Broken> {
        let Some(limits) = self.connections.get_mut(&connection) else {
            return Ok(());
        };
        limits.to_server.answered(packet);
        let version = limits.version;
        if let Packet::Connack(connack) = packet {
            let is_new = connack.reason_code == ConnectReasonCode::Success
                && !connack.session_present
                && version != Version::V3_1;
            if is_new {
                limits.session = Novelty::New;
            }
        }
        let mut checked = limits.to_client.sent(version, packet, bytes);
        if let Packet::Publish(publish) = packet {
            if publish.delivery.dup() && limits.session == Novelty::New {
                let what = "DUP is set, though the session is new";
                checked = checked.and(Err((what.into(), MessageNumber::of(publish.payload))));
            }
        }
        checked.map_err(|(what, message)| broken("was sent", limits.client, &what, message))
    }
}

impl Check for PeerLimits {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "it takes note of a few observations only"
    )]
    fn observe(
        &mut self,
        context: &Context<'_>,
        observation: &Observation<'_>,
    ) -> Result<(), Broken> {
        match *observation {
            Observation::Received {
                connection,
                client: Some(client),
                packet,
                bytes,
            } => return self.received(context, client, connection, packet, bytes),
            Observation::Sent {
                connection,
                packet,
                bytes,
                ..
            } => return self.sent(connection, packet, bytes),
            Observation::Ended { connection, .. } | Observation::Lost { connection, .. } => {
                self.connections.remove(&connection);
            }
            Observation::Crashed => {
                let is_of_broker = |limits: &Limits| is_of_broker(context, limits.client);
                self.connections.retain(|_, limits| !is_of_broker(limits));
            }
            _ => {}
        }
        Ok(())
    }
}

impl Limits {
    fn new(context: &Context<'_>, client: usize, connect: &Connect<'_>) -> Self {
        let config = &context.setting.broker;
        let properties = &connect.properties;
        let is_v5 = connect.version == Version::V5_0;
        let receive_maximum = properties.receive_maximum.map_or(u16::MAX, NonZeroU16::get);
        let packet_bytes = properties
            .maximum_packet_size
            .map_or(u32::MAX, NonZeroU32::get);
        // The echo server has limits of its own.
        let is_of_broker = is_of_broker(context, client);
        let to_client = match is_v5 {
            true if is_of_broker => receive_maximum.min(config.send_maximum),
            true => receive_maximum,
            false if is_of_broker => config.send_maximum_v3,
            false => u16::MAX,
        };
        let to_server = match is_v5 && is_of_broker {
            true => config.receive_maximum,
            false => u16::MAX,
        };
        let bytes_to_server = match is_of_broker {
            true => config.maximum_packet_size,
            false => u32::MAX,
        };
        Self {
            client,
            version: connect.version,
            session: Novelty::Resumed,
            to_client: Direction::new(packet_bytes, to_client),
            to_server: Direction::new(bytes_to_server, to_server),
        }
    }
}

impl Direction {
    fn new(packet_bytes: u32, messages: u16) -> Self {
        Self {
            packet_bytes: usize::try_from(packet_bytes).unwrap_or(usize::MAX),
            messages: usize::from(messages),
            open: BTreeMap::new(),
            published: 0,
            pubrec: Pubrec::None,
        }
    }

    /// A packet goes this way. What is wrong with it, and the message that it is about.
    fn sent(
        &mut self,
        version: Version,
        packet: &Packet<'_>,
        bytes: usize,
    ) -> Result<(), (String, Option<MessageNumber>)> {
        if bytes > self.packet_bytes {
            let what = format!(
                "{:?} of {bytes} bytes, above {}",
                packet.packet_type(),
                self.packet_bytes
            );
            return Err((what, None));
        }
        if let Packet::Publish(publish) = packet {
            let message = MessageNumber::of(publish.payload);
            return self
                .published(version, publish, message)
                .map_err(|what| (what, message));
        }
        if let Packet::Pubrel(pubrel) = packet {
            let is_known = pubrel.reason_code == ReleaseReasonCode::Success;
            if is_known && self.pubrec == Pubrec::None {
                let exchange = self.open.entry(pubrel.packet_id);
                exchange.or_insert(Exchange::Releasing);
            }
        }
        Ok(())
    }

    fn published(
        &mut self,
        version: Version,
        publish: &Publish<'_>,
        message: Option<MessageNumber>,
    ) -> Result<(), String> {
        let Some(packet_id) = publish.delivery.packet_id() else {
            return Ok(());
        };
        match self.open.insert(packet_id, Exchange::Published(message)) {
            None => self.published += 1,
            // Only 5.0 forbids to send it again on the same connection [MQTT-4.4.0-1].
            Some(open) if open == Exchange::Published(message) && version != Version::V5_0 => {}
            Some(open) => {
                return Err(format!(
                    "PUBLISH with Packet Identifier {packet_id}, which is in use: {open:?}"
                ));
            }
        }
        if self.published > self.messages {
            return Err(format!(
                "{} unacknowledged messages, above {}",
                self.published, self.messages
            ));
        }
        Ok(())
    }

    /// A packet came the other way: it may end an exchange.
    fn answered(&mut self, packet: &Packet<'_>) {
        let packet_id = if let Packet::Puback(puback) = packet {
            puback.packet_id
        } else if let Packet::Pubcomp(pubcomp) = packet {
            pubcomp.packet_id
        } else if let Packet::Pubrec(pubrec) = packet {
            self.pubrec = Pubrec::Came;
            if !pubrec.reason_code.is_error() {
                return;
            }
            pubrec.packet_id
        } else {
            return;
        };
        if let Some(Exchange::Published(_)) = self.open.remove(&packet_id) {
            self.published -= 1;
        }
    }
}

fn broken(how: &str, client: usize, what: &str, message: Option<MessageNumber>) -> Broken {
    let broken =
        Broken::new(Rule::PeerLimits, format!("client {client} {how}: {what}")).of_client(client);
    match message {
        Some(message) => broken.of_message(message),
        None => broken,
    }
}

#[cfg(test)]
mod tests;
