//! Bytes in: packets, one by one, to what they ask for.

use bytes::Bytes;
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{DecodeError, Packet, decode};
use mqtt_session::{
    CloseReason, Instant, Known, ProtocolError, Received, Role, Tx, check_disconnect,
};

use super::Broker;
use super::limits;
use crate::action::Action;
use crate::counters::Cause;
use crate::durable::Held;
use crate::link::LinkState;
use crate::link_id::LinkId;
use crate::matching::SessionKey;
use crate::queue::Queued;
use crate::record::Record;

impl Broker {
    /// Bytes from a link's network connection. Returns how many were consumed: whole packets, from the front. The caller
    /// presents the rest again with more, or on [`Action::Resume`] when that was said.
    pub fn handle_bytes(&mut self, now: Instant, link: LinkId, rx: &[u8]) -> usize {
        let mut used = 0;
        let consumed = loop {
            let Some(at) = self.hub.links.get(link) else {
                break rx.len();
            };
            if matches!(at.state, LinkState::Closing | LinkState::Leaving { .. }) {
                // [MQTT-3.1.4-6], [MQTT-3.14.4-1]: nothing behind it is looked at.
                break rx.len();
            }
            let rest = rx.get(used..).unwrap_or_default();
            if rest.is_empty() || self.hub.choke(link) {
                break used;
            }
            if used >= self.hub.config.turn_bytes {
                self.hub.actions.push_back(Action::Resume { link });
                break used;
            }
            let Some(at) = self.hub.links.get(link) else {
                break rx.len();
            };
            match decode(at.version, &at.limits, rest) {
                Ok(Some((packet, len))) => {
                    used += len;
                    self.handle_decoded(now, link, packet, None);
                }
                Ok(None) => break used,
                Err(error) => {
                    self.fail_malformed(now, link, error);
                    break rx.len();
                }
            }
        };
        self.hub.counters.bytes_received += used as u64;
        consumed
    }

    /// One whole packet in a buffer of its own, so that a message that is kept is a slice of it. False when it is not taken
    /// now: present it again on [`Action::Resume`].
    pub fn handle_packet(&mut self, now: Instant, link: LinkId, packet: Bytes) -> bool {
        let Some(at) = self.hub.links.get(link) else {
            return true;
        };
        if matches!(at.state, LinkState::Closing | LinkState::Leaving { .. }) {
            return true;
        }
        if self.hub.choke(link) {
            return false;
        }
        let Some(at) = self.hub.links.get(link) else {
            return true;
        };
        match decode(at.version, &at.limits, &packet) {
            Ok(Some((decoded, len))) if len == packet.len() => {
                self.hub.counters.bytes_received += len as u64;
                self.handle_decoded(now, link, decoded, Some(&packet));
            }
            Ok(_) => debug_assert!(false, "the caller presents one whole packet"),
            Err(error) => self.fail_malformed(now, link, error),
        }
        true
    }

    /// One packet. Whatever kind it is: when it gave the store something and the store is behind, the next one waits.
    #[inline]
    fn handle_decoded(
        &mut self,
        now: Instant,
        link: LinkId,
        packet: Packet<'_>,
        whole: Option<&Bytes>,
    ) {
        let before = self.hub.durable.backlog();
        self.act_on(now, link, packet, whole);
        if self.hub.durable.backlog() > before {
            self.hub.pause_for_store(link);
        }
    }

    #[inline]
    fn act_on(&mut self, now: Instant, link: LinkId, packet: Packet<'_>, whole: Option<&Bytes>) {
        self.hub.counters.packets_received += 1;
        let Some(at) = self.hub.links.get_mut(link) else {
            return;
        };
        at.last_packet = now;
        let LinkState::Connected { session } = at.state else {
            return self.handle_unconnected(now, link, packet);
        };
        if let Some(properties) = limits::of_packet(&packet) {
            if !limits::user_properties(&self.hub.config, &properties) {
                self.hub.refuse(link, Cause::UserProperties);
                return self.fail(now, link, DisconnectReasonCode::QuotaExceeded);
            }
        }
        let Some(flows) = self
            .hub
            .sessions
            .get_mut(session)
            .map(|session| &mut session.flows)
        else {
            return;
        };
        match flows.receive(&mut at.connection, now, packet) {
            Ok(received) => self.handle_received(now, link, session, received, whole),
            Err(error) => self.fail_protocol(now, link, error),
        }
    }

    /// Before CONNACK: CONNECT first, and AUTH when it was asked for.
    fn handle_unconnected(&mut self, now: Instant, link: LinkId, packet: Packet<'_>) {
        let Some(at) = self.hub.links.get(link) else {
            return;
        };
        if matches!(at.state, LinkState::AwaitAuth(_)) {
            return self.handle_in_authentication(now, link, packet);
        }
        let packet_type = packet.packet_type();
        if matches!(at.state, LinkState::AwaitConnect) {
            if let Packet::Connect(connect) = packet {
                return self.handle_connect(now, link, &connect);
            }
        }
        // [MQTT-3.14.0-1]: there is no DISCONNECT before CONNACK.
        self.fail_protocol(now, link, ProtocolError::UnexpectedPacket(packet_type));
    }

    /// The client's AUTH is awaited.
    fn handle_in_authentication(&mut self, now: Instant, link: LinkId, packet: Packet<'_>) {
        let packet_type = packet.packet_type();
        match packet {
            Packet::Auth(auth) => self.handle_auth_before_connack(now, link, &auth),
            Packet::Disconnect(disconnect) => {
                let reason = match check_disconnect(Role::Server, &disconnect) {
                    Ok(()) => CloseReason::PeerDisconnected {
                        reason: disconnect.reason_code,
                    },
                    Err(error) => CloseReason::Protocol(error),
                };
                self.end_link(now, link, reason);
            }
            Packet::Connect(_) => self.fail_protocol(now, link, ProtocolError::SecondConnect),
            Packet::Connack(_)
            | Packet::Publish(_)
            | Packet::Puback(_)
            | Packet::Pubrec(_)
            | Packet::Pubrel(_)
            | Packet::Pubcomp(_)
            | Packet::Subscribe(_)
            | Packet::Suback(_)
            | Packet::Unsubscribe(_)
            | Packet::Unsuback(_)
            | Packet::Pingreq
            | Packet::Pingresp => {
                self.fail_protocol(now, link, ProtocolError::UnexpectedPacket(packet_type));
            }
        }
    }

    #[inline]
    fn handle_received(
        &mut self,
        now: Instant,
        link: LinkId,
        key: SessionKey,
        received: Received<'_, Queued>,
        whole: Option<&Bytes>,
    ) {
        match received {
            Received::Publish { topic, publish } => {
                self.handle_publish(now, link, key, topic.name(), &publish, whole);
            }
            Received::Duplicate { packet_id } => {
                self.acknowledge_duplicate(now, link, key, packet_id)
            }
            Received::Settled { kept, .. } => {
                self.hub.record_of(key, |client_id| Record::Settled {
                    client_id,
                    sequence: kept.sequence,
                });
                self.refill(now, key);
            }
            Received::PubrecReceived {
                packet_id, kept, ..
            } => self.handle_pubrec(now, link, key, packet_id, kept),
            Received::Completed { packet_id, .. } => self.handle_pubcomp(now, key, packet_id),
            Received::Released { packet_id, known } => {
                self.handle_pubrel(now, link, key, packet_id, known)
            }
            Received::Subscribe(subscribe) => self.handle_subscribe(now, link, key, &subscribe),
            Received::Unsubscribe(unsubscribe) => {
                self.handle_unsubscribe(now, link, key, &unsubscribe)
            }
            // [MQTT-3.12.4-1]
            Received::Pingreq => self.hub.send(now, link, &Packet::Pingresp),
            Received::Disconnect(disconnect) => self.handle_disconnect(now, link, key, &disconnect),
            Received::Auth(auth) => self.handle_reauthentication(now, link, &auth),
            // Only a client receives these: the flows refuse them.
            Received::Suback(_)
            | Received::Unsuback(_)
            | Received::Pingresp
            | Received::Connack(_) => {
                debug_assert!(false, "refused by the flows of a server");
            }
            Received::Ignored { .. } => {}
        }
    }

    fn handle_pubrec(
        &mut self,
        now: Instant,
        link: LinkId,
        key: SessionKey,
        packet_id: mqtt_codec::PacketId,
        kept: Option<Queued>,
    ) {
        let position = match kept {
            // PUBREC once more: PUBREL does not leave before what the first one changed is durable.
            None => self.hub.pending_of(key),
            Some(kept) => {
                let (mark, sequence) = (self.hub.durable.mark(), kept.sequence);
                self.hub.record_of(key, |client_id| Record::Received {
                    client_id,
                    sequence,
                });
                let position = self.hub.durable.since(mark);
                if let Some(session) = self
                    .hub
                    .sessions
                    .get_mut(key)
                    .filter(|_| position.is_some())
                {
                    session
                        .rare_mut()
                        .releasing
                        .push_back((packet_id, sequence));
                }
                position
            }
        };
        match position {
            Some(position) => self
                .hub
                .durable
                .hold(position, Held::Release { link, packet_id }),
            None => self.release(now, link, packet_id),
        }
    }

    /// PUBREL: from now on the message is the client's.
    pub(super) fn release(&mut self, now: Instant, link: LinkId, packet_id: mqtt_codec::PacketId) {
        let Some(at) = self.hub.links.get_mut(link) else {
            return;
        };
        let Some(session) = at
            .connected_session()
            .and_then(|key| self.hub.sessions.get_mut(key))
        else {
            return;
        };
        let mut tx = Tx {
            buffer: &mut at.tx,
            pool: &mut self.hub.pool,
        };
        session.flows.release(&at.connection, packet_id, &mut tx);
        self.hub.counters.packets_sent += 1;
        self.hub.announce(now, link);
    }

    fn handle_pubcomp(&mut self, now: Instant, key: SessionKey, packet_id: mqtt_codec::PacketId) {
        if let Some(session) = self.hub.sessions.get_mut(key) {
            let place = session.rare.as_mut().and_then(|rare| {
                let at = rare.releasing.iter().position(|&(id, _)| id == packet_id)?;
                rare.releasing.remove(at)
            });
            session.tidy();
            if let Some((_, sequence)) = place {
                self.hub.record_of(key, |client_id| Record::Settled {
                    client_id,
                    sequence,
                });
            }
        }
        self.refill(now, key);
    }

    fn handle_pubrel(
        &mut self,
        now: Instant,
        link: LinkId,
        key: SessionKey,
        packet_id: mqtt_codec::PacketId,
        known: Known,
    ) {
        let position = match known {
            Known::Yes => {
                let mark = self.hub.durable.mark();
                self.hub.record_of(key, |client_id| Record::Released {
                    client_id,
                    packet_id,
                });
                self.hub.durable.since(mark)
            }
            // PUBREL once more: no PUBCOMP leaves before what the first one changed is durable.
            Known::No => self.hub.pending_of(key),
        };
        match position {
            Some(position) => self.hub.durable.hold(
                position,
                Held::Complete {
                    link,
                    packet_id,
                    known,
                },
            ),
            None => self.complete(now, link, packet_id, known),
        }
    }

    /// PUBCOMP: from now on the id means a new message.
    pub(super) fn complete(
        &mut self,
        now: Instant,
        link: LinkId,
        packet_id: mqtt_codec::PacketId,
        known: Known,
    ) {
        let Some(at) = self.hub.links.get_mut(link) else {
            return;
        };
        let Some(session) = at
            .connected_session()
            .and_then(|key| self.hub.sessions.get_mut(key))
        else {
            return;
        };
        let mut tx = Tx {
            buffer: &mut at.tx,
            pool: &mut self.hub.pool,
        };
        session
            .flows
            .complete(&mut at.connection, packet_id, known, &mut tx);
        self.hub.counters.packets_sent += 1;
        self.hub.announce(now, link);
    }

    fn fail_malformed(&mut self, now: Instant, link: LinkId, error: DecodeError) {
        if let Some(at) = self.hub.links.get(link) {
            if matches!(at.state, LinkState::AwaitConnect) {
                return self.refuse_malformed_connect(now, link, error);
            }
        }
        self.end_link(now, link, CloseReason::Malformed(error));
    }

    /// [MQTT-4.13.1-1]
    pub(super) fn fail_protocol(&mut self, now: Instant, link: LinkId, error: ProtocolError) {
        self.end_link(now, link, CloseReason::Protocol(error));
    }

    /// A limit of ours ends the connection.
    pub(super) fn fail(&mut self, now: Instant, link: LinkId, reason: DisconnectReasonCode) {
        self.end_link(now, link, CloseReason::Disconnected { reason });
    }
}
