use mqtt_codec::packet::{Delivery, Publish, PublishTopic, Subscribe};
use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_codec::{Packet, PacketId, PacketType, Version};

use super::sender::check_sender;
use crate::connection::{Phase, ProblemInformation, problem_information};
use crate::received::{Known, Received, ReceivedTopic};
use crate::{AcknowledgedQoS, Connection, Instant, OutboundExchange, ProtocolError, Role, Session};

impl<T> Session<T> {
    /// Takes one packet of the peer's. It writes nothing: what [`Received`] asks for is the caller's to do, at once or
    /// when something is durable.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] when the packet breaks a rule. The session is unchanged; the connection is to be closed.
    #[inline]
    pub fn receive<'a>(
        &mut self,
        connection: &mut Connection,
        now: Instant,
        packet: Packet<'a>,
    ) -> Result<Received<'a, T>, ProtocolError> {
        // The whole of QoS 0 from a client without aliases.
        if let Packet::Publish(publish) = &packet {
            if let (Delivery::AtMostOnce, PublishTopic::Name(name)) =
                (publish.delivery, publish.topic)
            {
                if connection.phase == Phase::Connected
                    && (publish.properties.subscription_identifiers.is_empty()
                        || connection.role() == Role::Client)
                {
                    return Ok(Received::Publish {
                        topic: ReceivedTopic::Name(name),
                        publish: *publish,
                    });
                }
            }
        }
        self.receive_other(connection, now, packet)
    }

    /// Apart, so that the fast path is short enough to be inlined.
    #[inline(never)]
    fn receive_other<'a>(
        &mut self,
        connection: &mut Connection,
        _now: Instant,
        packet: Packet<'a>,
    ) -> Result<Received<'a, T>, ProtocolError> {
        check_direction(connection, &packet)?;
        match packet {
            Packet::Publish(publish) => self.publish(connection, publish),
            Packet::Puback(it) => self.puback(connection, it.packet_id, it.reason_code),
            Packet::Pubrec(it) => self.pubrec(connection, it.packet_id, it.reason_code),
            Packet::Pubrel(it) => self.pubrel(connection, it.packet_id),
            Packet::Pubcomp(it) => {
                let Some(at) = self.outbound.find_release(it.packet_id) else {
                    return self.unknown(connection, PacketType::Pubcomp, it.packet_id);
                };
                self.outbound.remove_release(at);
                self.ids.release(it.packet_id);
                Ok(Received::Completed {
                    packet_id: it.packet_id,
                    reason: it.reason_code,
                })
            }
            Packet::Connect(_) => Err(ProtocolError::SecondConnect),
            Packet::Connack(connack) => Ok(Received::Connack(connack)),
            Packet::Subscribe(subscribe) => {
                check_subscribe(&subscribe).map(|()| Received::Subscribe(subscribe))
            }
            Packet::Suback(suback) => Ok(Received::Suback(suback)),
            Packet::Unsubscribe(unsubscribe) => Ok(Received::Unsubscribe(unsubscribe)),
            Packet::Unsuback(unsuback) => Ok(Received::Unsuback(unsuback)),
            Packet::Pingreq => Ok(Received::Pingreq),
            Packet::Pingresp => Ok(Received::Pingresp),
            Packet::Disconnect(disconnect) => Ok(Received::Disconnect(disconnect)),
            Packet::Auth(auth) => Ok(Received::Auth(auth)),
        }
    }

    fn publish<'a>(
        &mut self,
        connection: &mut Connection,
        publish: Publish<'a>,
    ) -> Result<Received<'a, T>, ProtocolError> {
        if connection.role() == Role::Server
            && !publish.properties.subscription_identifiers.is_empty()
        {
            return Err(ProtocolError::SubscriptionIdentifierFromClient);
        }
        let topic = connection
            .aliases_in
            .resolve(publish.topic, connection.negotiated.topic_alias_maximum_in)?;
        let (qos, packet_id) = match publish.delivery {
            Delivery::AtMostOnce => return Ok(Received::Publish { topic, publish }),
            Delivery::AtLeastOnce { packet_id, .. } => (AcknowledgedQoS::AtLeastOnce, packet_id),
            Delivery::ExactlyOnce { packet_id, .. } => (AcknowledgedQoS::ExactlyOnce, packet_id),
        };
        if let Some((qos, packet_id)) = connection.unanswered.take() {
            // The caller has forgotten it: it keeps its place.
            self.hold(connection, qos, packet_id);
        }
        let is_known = qos == AcknowledgedQoS::ExactlyOnce && self.unreleased.contains(packet_id);
        // One that was open on this connection before takes no second place in the window.
        if !is_known || self.earlier.contains(packet_id) {
            let limit = connection.negotiated.receive_maximum;
            if self.open(connection) >= usize::from(limit) {
                return Err(ProtocolError::ReceiveMaximumExceeded { limit });
            }
        }
        if qos == AcknowledgedQoS::ExactlyOnce && connection.pubrecs.len() >= usize::from(u16::MAX)
        {
            // A repeat takes no place in the window, nor does what was refused, but its answer waits behind others.
            return Err(ProtocolError::ReceiveMaximumExceeded { limit: u16::MAX });
        }
        connection.unanswered = Some((qos, packet_id));
        if is_known {
            if self.earlier.remove(packet_id) {
                self.unreceived.insert(packet_id);
            }
            return Ok(Received::Duplicate { packet_id });
        }
        if qos == AcknowledgedQoS::ExactlyOnce {
            self.unreleased.insert(packet_id);
            self.unreceived.insert(packet_id);
        }
        Ok(Received::Publish { topic, publish })
    }

    /// How many QoS 1 and 2 PUBLISHes of this connection are open, as the peer counts them [MQTT-3.3.4-7] [MQTT-3.3.4-9]:
    /// PUBACK, PUBCOMP and a PUBREC of 0x80 or above have not been sent.
    fn open(&self, connection: &Connection) -> usize {
        connection.pubacks.len() + self.unreleased.len() - self.earlier.len()
            + connection.completing.len()
    }

    fn puback<'a>(
        &mut self,
        connection: &Connection,
        packet_id: PacketId,
        reason: PublishReasonCode,
    ) -> Result<Received<'a, T>, ProtocolError> {
        match self.outbound.find_publish(packet_id) {
            Some((at, OutboundExchange::AwaitPuback(_))) => Ok(self.settle(at, packet_id, reason)),
            Some((_, OutboundExchange::AwaitPubrec(_) | OutboundExchange::AwaitPubcomp)) | None => {
                self.unknown(connection, PacketType::Puback, packet_id)
            }
        }
    }

    fn pubrec<'a>(
        &mut self,
        connection: &Connection,
        packet_id: PacketId,
        reason: PublishReasonCode,
    ) -> Result<Received<'a, T>, ProtocolError> {
        match self.outbound.find_publish(packet_id) {
            // [MQTT-4.4.0-2]: it is not sent again.
            Some((at, OutboundExchange::AwaitPubrec(_))) if reason.is_error() => {
                Ok(self.settle(at, packet_id, reason))
            }
            Some((at, OutboundExchange::AwaitPubrec(_))) => {
                let kept = self
                    .outbound
                    .remove_publish(at)
                    .and_then(OutboundExchange::into_kept);
                // [MQTT-4.3.3-6]: from now on there is a PUBREL to be sent again, and no PUBLISH.
                self.outbound
                    .push(packet_id, OutboundExchange::AwaitPubcomp);
                Ok(Received::PubrecReceived {
                    packet_id,
                    kept,
                    reason,
                })
            }
            Some((_, OutboundExchange::AwaitPuback(_) | OutboundExchange::AwaitPubcomp)) => {
                self.unknown(connection, PacketType::Pubrec, packet_id)
            }
            // The peer has an exchange that we do not have, or whose PUBREC came before. PUBREL lets it go on.
            None if !reason.is_error() => Ok(Received::PubrecReceived {
                packet_id,
                kept: None,
                reason,
            }),
            None => Ok(Received::Ignored {
                packet_type: PacketType::Pubrec,
                packet_id,
            }),
        }
    }

    fn settle<'a>(
        &mut self,
        at: usize,
        packet_id: PacketId,
        reason: PublishReasonCode,
    ) -> Received<'a, T> {
        self.ids.release(packet_id);
        match self
            .outbound
            .remove_publish(at)
            .and_then(OutboundExchange::into_kept)
        {
            Some(kept) => Received::Settled {
                packet_id,
                kept,
                reason,
            },
            None => Received::Ignored {
                packet_type: PacketType::Puback,
                packet_id,
            },
        }
    }

    fn pubrel<'a>(
        &mut self,
        connection: &mut Connection,
        packet_id: PacketId,
    ) -> Result<Received<'a, T>, ProtocolError> {
        // [MQTT-4.3.3-4]: it answers a PUBREC, which has not left. Its identifier could be taken again and again
        // otherwise, whatever the window.
        if self.unreceived.contains(packet_id) {
            return Err(ProtocolError::WrongAcknowledgement {
                packet_type: PacketType::Pubrel,
                packet_id,
            });
        }
        if !self.unreleased.remove(packet_id) {
            return Ok(Received::Released {
                packet_id,
                known: Known::No,
            });
        }
        if !self.earlier.remove(packet_id) {
            connection.completing.insert(packet_id);
        }
        Ok(Received::Released {
            packet_id,
            known: Known::Yes,
        })
    }

    /// An acknowledgement that fits no exchange. In 5.0, which forbids to send anything twice on a connection, it is an
    /// error when there is an exchange that wants another one. In 3.x it may be a late copy.
    fn unknown<'a>(
        &self,
        connection: &Connection,
        packet_type: PacketType,
        packet_id: PacketId,
    ) -> Result<Received<'a, T>, ProtocolError> {
        let has_exchange = self.outbound.find_publish(packet_id).is_some()
            || self.outbound.find_release(packet_id).is_some();
        if has_exchange && connection.version() == Version::V5_0 {
            return Err(ProtocolError::WrongAcknowledgement {
                packet_type,
                packet_id,
            });
        }
        Ok(Received::Ignored {
            packet_type,
            packet_id,
        })
    }
}

/// Whether this side takes such a packet in this state of the connection.
fn check_direction(connection: &Connection, packet: &Packet<'_>) -> Result<(), ProtocolError> {
    let is_server = connection.role() == Role::Server;
    let has_properties = connection.version().has_properties();
    let is_expected = match packet {
        Packet::Connect(_) => is_server,
        Packet::Connack(_) => !is_server && connection.phase == Phase::Connecting,
        Packet::Auth(_) => has_properties,
        Packet::Publish(_)
        | Packet::Puback(_)
        | Packet::Pubrec(_)
        | Packet::Pubrel(_)
        | Packet::Pubcomp(_) => connection.phase == Phase::Connected,
        Packet::Subscribe(_) | Packet::Unsubscribe(_) | Packet::Pingreq => is_server,
        Packet::Suback(_) | Packet::Unsuback(_) | Packet::Pingresp => {
            !is_server && connection.phase == Phase::Connected
        }
        // [MQTT-3.14.0-1]: not from a server before its CONNACK.
        Packet::Disconnect(_) => {
            is_server || (has_properties && connection.phase == Phase::Connected)
        }
    };
    if !is_expected {
        return Err(ProtocolError::UnexpectedPacket(packet.packet_type()));
    }
    check_sender(connection.role(), packet)?;
    if is_server || connection.negotiated.problem_information == ProblemInformation::Wanted {
        return Ok(());
    }
    match problem_information(packet) {
        Some((reason_string, user_properties))
            if reason_string.is_some() || !user_properties.is_empty() =>
        {
            Err(ProtocolError::UnwantedProblemInformation(
                packet.packet_type(),
            ))
        }
        Some(_) | None => Ok(()),
    }
}

/// [MQTT-3.8.3-4].
fn check_subscribe(subscribe: &Subscribe<'_>) -> Result<(), ProtocolError> {
    let breaks = subscribe
        .subscriptions
        .iter()
        .any(|it| it.options.no_local && it.filter.shared().is_some());
    if breaks {
        Err(ProtocolError::NoLocalOnShared)
    } else {
        Ok(())
    }
}
