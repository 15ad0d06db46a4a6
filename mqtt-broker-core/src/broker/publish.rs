//! PUBLISH from a client, and its acknowledgement.

use bytes::Bytes;
use mqtt_codec::packet::Publish;
use mqtt_codec::reason_code::{DisconnectReasonCode, PublishReasonCode};
use mqtt_codec::{PacketId, QoS, TopicName, Version};
use mqtt_session::{AcknowledgedQoS, Instant, Tx};

use super::Broker;
use super::limits;
use super::route::{Incoming, Origin, Outcome, expires_at};
use crate::counters::Cause;
use crate::durable::{Held, Mark};
use crate::link_id::LinkId;
use crate::matching::SessionKey;
use crate::record::{Position, Record};

impl Broker {
    #[inline]
    pub(super) fn handle_publish(
        &mut self,
        now: Instant,
        link: LinkId,
        key: SessionKey,
        topic: TopicName<'_>,
        publish: &Publish<'_>,
        whole: Option<&Bytes>,
    ) {
        self.hub.counters.publishes_received += 1;
        if let Some((cause, reason)) = self.refusal(topic, publish) {
            return self.refuse_publish(now, link, key, publish, cause, reason);
        }
        let mark = self.hub.durable.mark();
        let exactly_once = publish
            .delivery
            .packet_id()
            .filter(|_| publish.delivery.qos() == QoS::ExactlyOnce);
        if let Some(packet_id) = exactly_once {
            // Before routing: no subscriber meets a QoS 2 message whose publisher may send it again after a crash.
            self.hub.record_of(key, |client_id| Record::Unreleased {
                client_id,
                packet_id,
            });
        }
        let incoming = Incoming {
            topic,
            publish,
            origin: Origin::Client(key),
            expires_at: expires_at(now, publish),
            whole,
        };
        let outcome = self.route(now, &incoming);
        let Some(packet_id) = publish.delivery.packet_id() else {
            return;
        };
        let reason = match outcome {
            Outcome::Delivered => PublishReasonCode::Success,
            Outcome::NoSubscribers => PublishReasonCode::NoMatchingSubscribers,
            Outcome::AllRefused => PublishReasonCode::QuotaExceeded,
        };
        let is_v5 = self
            .hub
            .links
            .get(link)
            .is_some_and(|link| link.version == Version::V5_0);
        let is_over = exactly_once.is_some() && is_v5 && reason.is_error();
        if is_over {
            // [MQTT-4.3.3-9]
            self.hub.record_of(key, |client_id| Record::Released {
                client_id,
                packet_id,
            });
        }
        // A refusal promises nothing, and the exchange must not outlive a connection that is lost before it leaves.
        let position = self.promised(mark, publish).filter(|_| !is_over);
        self.acknowledge(
            now,
            link,
            key,
            publish.delivery.qos(),
            packet_id,
            reason,
            position,
        );
    }

    /// What has to be durable before a PUBLISH that came at `mark` is acknowledged.
    fn promised(&self, mark: Mark, publish: &Publish<'_>) -> Option<Position> {
        let durable = &self.hub.durable;
        durable.since(mark).or_else(|| {
            // Where no retained message was cleared, the end of an earlier one may not be durable.
            let clears = publish.retain && publish.payload.is_empty();
            durable.pending().filter(|_| clears)
        })
    }

    /// Whether and why a PUBLISH is refused.
    #[inline]
    fn refusal(
        &mut self,
        topic: TopicName<'_>,
        publish: &Publish<'_>,
    ) -> Option<(Cause, PublishReasonCode)> {
        let config = &self.hub.config;
        if !limits::topic_name(config, topic) {
            return Some((Cause::TopicName, PublishReasonCode::TopicNameInvalid));
        }
        if topic.is_dollar()
            && (topic.as_str().starts_with("$SYS/") || topic.as_str().starts_with("$CONTROL/"))
        {
            return Some((Cause::NotAuthorized, PublishReasonCode::NotAuthorized));
        }
        if !limits::user_properties(config, &publish.properties.user_properties) {
            return Some((Cause::UserProperties, PublishReasonCode::QuotaExceeded));
        }
        if self.memory_is_above(100) {
            return Some((Cause::Memory, PublishReasonCode::QuotaExceeded));
        }
        if publish.retain
            && !publish.payload.is_empty()
            && !self.may_retain(topic, publish.payload.len())
        {
            return Some((Cause::Retained, PublishReasonCode::QuotaExceeded));
        }
        None
    }

    /// Whether the counted memory is at `percent` of its limit or above, also when the cache of match results has given
    /// back its own.
    #[inline]
    pub(super) fn memory_is_above(&mut self, percent: usize) -> bool {
        self.counts_above(percent)
            && (!self.subscriptions.give_back() || self.counts_above(percent))
    }

    #[inline]
    fn counts_above(&self, percent: usize) -> bool {
        let limit = self.hub.config.memory_bytes;
        limit != usize::MAX && self.memory().saturating_mul(100) >= limit.saturating_mul(percent)
    }

    /// Whether a retained message of this size still has its place.
    pub(super) fn may_retain(&mut self, topic: TopicName<'_>, payload: usize) -> bool {
        if self.memory_is_above(90) {
            return false;
        }
        let bytes = topic.as_str().len() + payload;
        let (messages, had) = match self.retained.get(topic) {
            Some(old) => (0, old.topic().as_str().len() + old.payload().len()),
            None => (1, 0),
        };
        self.retained.len_counted() + messages <= self.hub.config.retained_messages
            && self.retained_bytes + bytes <= self.hub.config.retained_bytes + had
    }

    /// 5.0: in the packet's own acknowledgement, else DISCONNECT. 3.x: acknowledged and dropped [v3.1.1 MQTT-3.3.5-2].
    #[cold]
    fn refuse_publish(
        &mut self,
        now: Instant,
        link: LinkId,
        key: SessionKey,
        publish: &Publish<'_>,
        cause: Cause,
        reason: PublishReasonCode,
    ) {
        self.hub.refuse(link, cause);
        let is_v5 = self
            .hub
            .links
            .get(link)
            .is_some_and(|link| link.version == Version::V5_0);
        match publish.delivery.packet_id() {
            Some(packet_id) => self.acknowledge(
                now,
                link,
                key,
                publish.delivery.qos(),
                packet_id,
                reason,
                None,
            ),
            None if is_v5 => {
                let code = DisconnectReasonCode::from_byte(reason.byte());
                self.fail(
                    now,
                    link,
                    code.unwrap_or(DisconnectReasonCode::QuotaExceeded),
                );
            }
            None => {}
        }
    }

    /// PUBACK or PUBREC, now or when `position` is durable. Each kind leaves in the order of its PUBLISHes.
    #[expect(
        clippy::too_many_arguments,
        reason = "one acknowledgement, said in full"
    )]
    fn acknowledge(
        &mut self,
        now: Instant,
        link: LinkId,
        key: SessionKey,
        qos: QoS,
        packet_id: PacketId,
        reason: PublishReasonCode,
        position: Option<Position>,
    ) {
        let qos = match qos {
            QoS::AtMostOnce | QoS::AtLeastOnce => AcknowledgedQoS::AtLeastOnce,
            QoS::ExactlyOnce => AcknowledgedQoS::ExactlyOnce,
        };
        match position {
            Some(position) => {
                let Some(at) = self.hub.links.get_mut(link) else {
                    return;
                };
                let Some(session) = self.hub.sessions.get_mut(key) else {
                    return;
                };
                session.flows.hold(&mut at.connection, qos, packet_id);
                self.hub.durable.hold(
                    position,
                    Held::Acknowledge {
                        link,
                        qos,
                        packet_id,
                        reason,
                    },
                );
            }
            None => self.acknowledge_now(now, link, qos, packet_id, reason),
        }
    }

    #[inline]
    pub(super) fn acknowledge_now(
        &mut self,
        now: Instant,
        link: LinkId,
        qos: AcknowledgedQoS,
        packet_id: PacketId,
        reason: PublishReasonCode,
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
            .acknowledge(&mut at.connection, qos, packet_id, reason, &mut tx);
        self.hub.counters.packets_sent += 1;
        if !at.tx.is_empty() {
            self.hub.announce(now, link);
        }
    }

    /// PUBREC again [MQTT-4.3.3-10], behind those that are held.
    pub(super) fn acknowledge_duplicate(
        &mut self,
        now: Instant,
        link: LinkId,
        key: SessionKey,
        packet_id: PacketId,
    ) {
        self.acknowledge(
            now,
            link,
            key,
            QoS::ExactlyOnce,
            packet_id,
            PublishReasonCode::Success,
            None,
        );
    }
}
