//! What [`ClientSession`](crate::ClientSession) and [`ServerSession`](crate::ServerSession) have in common.

mod publish;

use alloc::boxed::Box;

use bytes::Bytes;
use mqtt_codec::packet::{AcknowledgementProperties, Publish};
use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_codec::{Packet, PacketId};

use crate::received::{Received, ReceivedTopic};
use crate::session_state::{Outgoing, Releasing, SessionState, Unacknowledged};
use crate::topic_aliases::OutboundAliases;
use crate::{
    AcknowledgeError, AcknowledgedQoS, Capabilities, ChunkPool, Connection, Delivered,
    DeliveryToken, Instant, Message, Negotiated, ProtocolError, PublishOutcome, Resend, Role, Tx,
    TxBuffer,
};

/// A session with its send buffer.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) state: SessionState,
    pub(crate) tx: TxBuffer,
    pool: ChunkPool,
    /// Whether the caller knows that `tx` has something in it.
    is_announced: bool,
    send_buffer: usize,
    /// How long `tx` was with the last packet that the caller wanted sent, as far as that is not written.
    wanted: usize,
    counters: Counters,
}

/// What a session has counted, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Acknowledgements that came for nothing that was under way.
    pub ignored_acknowledgements: u64,
    /// QoS 0 messages that came while as many actions waited as the configuration allows.
    pub dropped_deliveries: u64,
}

/// What belongs to one connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) connection: Connection,
    pub(crate) capabilities: Capabilities,
    pub(crate) aliases: Option<Box<OutboundAliases>>,
    /// While something of an earlier connection is to be sent again.
    pub(crate) resend: Option<Resend>,
}

impl Link {
    pub(crate) fn new(negotiated: Negotiated, capabilities: Capabilities) -> Self {
        Self {
            connection: Connection::new(negotiated),
            capabilities,
            aliases: OutboundAliases::new(negotiated.topic_alias_maximum_out),
            resend: Some(Resend::new()),
        }
    }

    /// A client's that waits for CONNACK.
    pub(crate) fn connecting(negotiated: Negotiated) -> Self {
        let mut connection = Connection::connecting(negotiated.version);
        connection.negotiated = negotiated;
        Self {
            connection,
            capabilities: Capabilities::default(),
            aliases: None,
            resend: None,
        }
    }
}

/// What is left of a packet when the flows have done their part.
#[derive(Debug)]
pub(crate) enum Taken<'a> {
    Nothing,
    Outcome(PublishOutcome),
    Deliver(Delivered),
    Other(Received<'a, Outgoing>),
}

impl Endpoint {
    pub(crate) fn new(send_buffer: usize) -> Self {
        Self {
            state: SessionState::new(),
            tx: TxBuffer::new(),
            pool: ChunkPool::new(2 * ChunkPool::LARGE),
            is_announced: false,
            send_buffer,
            wanted: 0,
            counters: Counters::default(),
        }
    }

    pub(crate) const fn counters(&self) -> Counters {
        self.counters
    }

    pub(crate) fn count_dropped(&mut self) {
        self.counters.dropped_deliveries += 1;
    }

    /// A new connection begins: what an earlier one left unwritten is dropped.
    pub(crate) fn begin(&mut self) {
        self.state.generation += 1;
        self.tx.clear(&mut self.pool);
        (self.is_announced, self.wanted) = (false, 0);
    }

    /// Another session goes on here; gives back the one that there was. Tokens of earlier connections stay what they are.
    pub(crate) fn replace_state(&mut self, mut state: SessionState) -> SessionState {
        state.generation = state.generation.max(self.state.generation);
        core::mem::replace(&mut self.state, state)
    }

    /// Whether one more packet of the caller's is admitted.
    pub(crate) fn admits(&self) -> bool {
        self.tx.is_empty() || self.tx.len() < self.send_buffer
    }

    /// The caller wanted what was written last.
    pub(crate) fn note_wanted(&mut self) {
        self.wanted = self.tx.len();
    }

    /// Whether the peer makes us answer and does not read: the answers alone have passed the limit.
    pub(crate) fn is_overrun(&self) -> bool {
        self.tx.len() > self.send_buffer.max(self.wanted) + self.send_buffer
    }

    /// Whether the caller must be told that `tx` has something in it. Says so once until it was drained.
    pub(crate) fn announce(&mut self) -> bool {
        let is_news = !self.is_announced && !self.tx.is_empty();
        self.is_announced |= is_news;
        is_news
    }

    /// What `Close` says includes what is left to be written.
    pub(crate) fn hush(&mut self) {
        self.is_announced = true;
    }

    pub(crate) fn written(&mut self, n: usize) {
        self.tx.advance(n, &mut self.pool);
        self.wanted = self.wanted.min(self.tx.len());
        if self.tx.is_empty() {
            self.is_announced = false;
        }
    }

    /// Writes a packet, without what does not fit. False when it does not fit at all.
    pub(crate) fn put(&mut self, connection: &Connection, packet: Packet<'_>) -> bool {
        let Some(packet) = connection.trim(packet) else {
            return false;
        };
        self.tx_mut().put(connection.version(), &packet);
        true
    }

    pub(crate) fn tx_mut(&mut self) -> Tx<'_> {
        Tx {
            buffer: &mut self.tx,
            pool: &mut self.pool,
        }
    }

    /// Does the flows' part of what was received. `source` is the buffer that the packet is in, if it has one of its own.
    pub(crate) fn take<'a>(
        &mut self,
        link: &mut Link,
        received: Received<'a, Outgoing>,
        source: Option<&Bytes>,
    ) -> Taken<'a> {
        let tx = &mut Tx {
            buffer: &mut self.tx,
            pool: &mut self.pool,
        };
        match received {
            Received::Publish { topic, publish } => {
                return Taken::Deliver(self.deliver(link, &topic, &publish, source));
            }
            Received::Duplicate { packet_id } => {
                let qos = AcknowledgedQoS::ExactlyOnce;
                if let Some(unacknowledged) = self.state.unacknowledged.get_mut(&packet_id) {
                    unacknowledged.came_again(self.state.generation);
                    self.state
                        .session
                        .hold(&mut link.connection, qos, packet_id);
                } else {
                    let reason = PublishReasonCode::Success;
                    self.state.session.acknowledge(
                        &mut link.connection,
                        qos,
                        packet_id,
                        reason,
                        tx,
                    );
                }
            }
            Received::Settled { kept, reason, .. } => {
                return Taken::Outcome(PublishOutcome::Acknowledged {
                    token: kept.token,
                    reason,
                });
            }
            Received::PubrecReceived {
                packet_id,
                kept,
                reason,
            } => {
                if let Some(kept) = kept {
                    self.state.releasing.insert(
                        packet_id,
                        Releasing {
                            token: kept.token,
                            reason,
                        },
                    );
                }
                self.state.session.release(&link.connection, packet_id, tx);
            }
            Received::Completed { packet_id, .. } => {
                if let Some(Releasing { token, reason }) = self.state.releasing.remove(&packet_id) {
                    return Taken::Outcome(PublishOutcome::Acknowledged { token, reason });
                }
            }
            Received::Released { packet_id, known } => {
                self.state
                    .session
                    .complete(&mut link.connection, packet_id, known, tx);
            }
            Received::Ignored { .. } => self.counters.ignored_acknowledgements += 1,
            Received::Subscribe(_)
            | Received::Unsubscribe(_)
            | Received::Suback(_)
            | Received::Unsuback(_)
            | Received::Pingreq
            | Received::Pingresp
            | Received::Disconnect(_)
            | Received::Auth(_)
            | Received::Connack(_) => return Taken::Other(received),
        }
        Taken::Nothing
    }

    fn deliver(
        &mut self,
        link: &mut Link,
        topic: &ReceivedTopic<'_>,
        publish: &Publish<'_>,
        source: Option<&Bytes>,
    ) -> Delivered {
        let qos = publish.delivery.qos();
        let token = AcknowledgedQoS::new(qos)
            .zip(publish.delivery.packet_id())
            .map(|(qos, packet_id)| {
                self.state
                    .session
                    .hold(&mut link.connection, qos, packet_id);
                if qos == AcknowledgedQoS::ExactlyOnce {
                    let unacknowledged =
                        Unacknowledged::new(self.state.generation, link.connection.version());
                    self.state.unacknowledged.insert(packet_id, unacknowledged);
                }
                DeliveryToken {
                    connection: self.state.generation,
                    qos,
                    packet_id,
                }
            });
        let payload = match source {
            Some(source) => source.slice_ref(publish.payload),
            None => Bytes::copy_from_slice(publish.payload),
        };
        let message = Message {
            topic: topic.to_owned(),
            payload,
            qos,
            retain: publish.retain,
            properties: Delivered::properties(&publish.properties),
        };
        let subscription_identifiers =
            Delivered::identifiers(publish.properties.subscription_identifiers);
        Delivered {
            message,
            dup: publish.delivery.dup(),
            subscription_identifiers,
            token,
        }
    }

    /// Acknowledges a message that came in. `link` is the connection that there is now.
    pub(crate) fn acknowledge(
        &mut self,
        link: Option<&mut Link>,
        token: DeliveryToken,
        reason: PublishReasonCode,
        properties: &AcknowledgementProperties<'_>,
    ) -> Result<(), AcknowledgeError> {
        if let Some(link) = &link {
            let is_client = link.connection.role() == Role::Client;
            if is_client && reason == PublishReasonCode::NoMatchingSubscribers {
                return Err(AcknowledgeError::ReasonForServers);
            }
        }
        let DeliveryToken {
            connection,
            qos,
            packet_id,
        } = token;
        let came = match qos {
            AcknowledgedQoS::AtLeastOnce => None,
            AcknowledgedQoS::ExactlyOnce => {
                let came = self.settle(connection, packet_id);
                Some(came.ok_or(AcknowledgeError::ConnectionGone)?)
            }
        };
        let came_on = came.map_or(connection, |came| came.last);
        let tx = &mut Tx {
            buffer: &mut self.tx,
            pool: &mut self.pool,
        };
        match (link, came) {
            (Some(link), _) if came_on == self.state.generation => {
                let connection = &mut link.connection;
                let session = &mut self.state.session;
                match qos {
                    AcknowledgedQoS::AtLeastOnce => {
                        session.acknowledge_with(connection, qos, packet_id, reason, properties, tx)
                    }
                    // [MQTT-4.3.3-10]: as often as it came.
                    AcknowledgedQoS::ExactlyOnce => {
                        session.acknowledge_repeats(connection, packet_id, reason, properties, tx);
                    }
                }
                Ok(())
            }
            (_, Some(came)) if reason.is_error() && came.version.has_properties() => {
                // The refusal cannot be said now: the message comes again, as a new one.
                self.state.session.forget_unreleased(packet_id);
                Err(AcknowledgeError::ConnectionGone)
            }
            (_, Some(_)) => Ok(()),
            (_, None) => Err(AcknowledgeError::ConnectionGone),
        }
    }

    /// Takes the entry of the QoS 2 message that a token names. The message is the session's, not the connection's: it may
    /// have come again in the meantime, or will.
    fn settle(&mut self, first: u64, packet_id: PacketId) -> Option<Unacknowledged> {
        self.state
            .unacknowledged
            .get(&packet_id)
            .filter(|came| came.first == first)?;
        self.state.unacknowledged.remove(&packet_id)
    }

    /// One packet through the rules and flows of the session.
    pub(crate) fn receive<'a>(
        &mut self,
        link: &mut Link,
        now: Instant,
        packet: Packet<'a>,
    ) -> Result<Received<'a, Outgoing>, ProtocolError> {
        self.state
            .session
            .receive(&mut link.connection, now, packet)
    }
}
