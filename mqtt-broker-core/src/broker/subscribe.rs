//! SUBSCRIBE and UNSUBSCRIBE. Standard: MQTT 5.0 §3.8.4, §3.10.4.

use alloc::vec;
use alloc::vec::Vec;

use mqtt_codec::packet::{
    AcknowledgementProperties, RetainHandling, Suback, Subscribe, SubscribeReasonCodes, Unsuback,
    Unsubscribe, UnsubscribeReasonCodes,
};
use mqtt_codec::reason_code::{DisconnectReasonCode, SubscribeReasonCode, UnsubscribeReasonCode};
use mqtt_codec::{Packet, TopicFilter, TopicFilterBuf, Version, variable_byte_integer};
use mqtt_session::Instant;

use super::Broker;
use super::connect::encode;
use super::limits;
use crate::config::Availability;
use crate::counters::Cause;
use crate::durable::Held;
use crate::link_id::LinkId;
use crate::matching::{Change, SessionKey, Subscription};
use crate::record::{Position, Record};
use crate::retained::ReplayCursor;
use crate::session::Replay;

impl Broker {
    pub(super) fn handle_subscribe(
        &mut self,
        now: Instant,
        link: LinkId,
        key: SessionKey,
        packet: &Subscribe<'_>,
    ) {
        let Some(version) = self.hub.links.get(link).map(|link| link.version) else {
            return;
        };
        let count = packet.subscriptions.len();
        let mut filters = packet.subscriptions.iter().map(|wanted| wanted.filter);
        if self.hub.config.shared_subscriptions == Availability::Unavailable
            && version == Version::V5_0
            && filters.any(|filter| filter.shared().is_some())
        {
            // A client that uses what CONNACK said there is not: [MQTT-4.13.1-1].
            let reason = DisconnectReasonCode::SharedSubscriptionsNotSupported;
            return self.fail(now, link, reason);
        }
        if !self.hub.fits(link, answer_len(count)) {
            // [MQTT-3.1.2-24] [MQTT-3.8.4-1]: there is no answer that it would take.
            self.hub.counters.count(Cause::PacketTooLargeForClient);
            return self.fail(now, link, DisconnectReasonCode::PacketTooLarge);
        }
        let mark = self.hub.durable.mark();
        let mut replays = Vec::new();
        let codes = if count > self.hub.config.filters_per_packet {
            self.hub.refuse(link, Cause::Subscriptions);
            vec![SubscribeReasonCode::QuotaExceeded; count]
        } else if !limits::user_properties(&self.hub.config, &packet.properties.user_properties) {
            self.hub.refuse(link, Cause::UserProperties);
            vec![SubscribeReasonCode::QuotaExceeded; count]
        } else {
            // [MQTT-3.8.4-5]: as if one by one, in their order.
            packet
                .subscriptions
                .iter()
                .map(|wanted| self.subscribe(link, key, packet, &wanted, &mut replays))
                .collect()
        };
        let codes = tell(version, codes, packet);
        let Some(reason_codes) = SubscribeReasonCodes::new(&codes) else {
            return;
        };
        let properties = AcknowledgementProperties::default();
        let suback = Packet::Suback(Suback {
            packet_id: packet.packet_id,
            properties,
            reason_codes,
        });
        let bytes = encode(&suback, version);
        let position = self.hub.durable.since(mark);
        self.answer_at(now, link, position, bytes, replays);
    }

    /// SUBACK or UNSUBACK, once everything up to `position` is durable.
    fn answer_at(
        &mut self,
        now: Instant,
        link: LinkId,
        position: Option<Position>,
        bytes: Vec<u8>,
        replays: Vec<Replay>,
    ) {
        match position {
            Some(position) => self.hub.durable.hold(
                position,
                Held::Packet {
                    link,
                    bytes,
                    replays,
                },
            ),
            None => self.answer(now, link, &bytes, replays),
        }
    }

    /// SUBACK or UNSUBACK, and the retained messages behind it.
    pub(super) fn answer(
        &mut self,
        now: Instant,
        link: LinkId,
        bytes: &[u8],
        mut replays: Vec<Replay>,
    ) {
        self.hub.send_encoded(now, link, bytes);
        let Some(key) = self.hub.session_of(link) else {
            return;
        };
        // The answer may have waited for the store, and an UNSUBSCRIBE have come meanwhile.
        replays.retain(|replay| {
            self.subscriptions
                .get(key, replay.filter.borrowed())
                .is_some()
        });
        if replays.is_empty() {
            return;
        }
        let Some(session) = self.hub.sessions.get_mut(key) else {
            return;
        };
        let waiting = &mut session.rare_mut().replays;
        waiting.retain(|earlier| replays.iter().all(|replay| replay.filter != earlier.filter));
        waiting.extend(replays);
        self.refill(now, key);
    }

    fn subscribe(
        &mut self,
        link: LinkId,
        key: SessionKey,
        packet: &Subscribe<'_>,
        wanted: &mqtt_codec::packet::Subscription<'_>,
        replays: &mut Vec<Replay>,
    ) -> SubscribeReasonCode {
        let filter = wanted.filter;
        if let Some(code) = self.subscription_refusal(link, key, filter) {
            return code;
        }
        let identifier = packet.properties.subscription_identifier;
        let options = wanted.options;
        let subscribed = self.subscriptions.subscribe(
            key,
            filter,
            Subscription {
                options,
                identifier,
            },
        );
        let Some(subscribed) = subscribed else {
            return SubscribeReasonCode::QuotaExceeded;
        };
        let is_new = matches!(subscribed.change, Change::New);
        if is_new {
            if let Some(session) = self.hub.sessions.get_mut(key) {
                session.subscribed(subscribed.key);
            }
        }
        let filter = TopicFilterBuf::from(filter);
        let stored = filter.clone();
        self.hub.record_of(key, |client_id| Record::Subscribed {
            client_id,
            filter: stored,
            options,
            identifier,
        });
        let wants_retained = match options.retain_handling {
            RetainHandling::SendAtSubscribe => true,
            RetainHandling::SendIfNew => is_new,
            RetainHandling::DoNotSend => false,
        };
        // Retained messages are not sent for shared subscriptions. Standard: MQTT 5.0 §4.8.2.
        if wants_retained && wanted.filter.shared().is_none() && self.retained.len() > 0 {
            let cursor = ReplayCursor::default();
            let maximum_qos = options.maximum_qos;
            replays.push(Replay {
                filter,
                cursor,
                maximum_qos,
                identifier,
                found: Default::default(),
            });
        }
        SubscribeReasonCode::granted(options.maximum_qos)
    }

    /// Why a filter is not subscribed to.
    fn subscription_refusal(
        &mut self,
        link: LinkId,
        key: SessionKey,
        filter: TopicFilter<'_>,
    ) -> Option<SubscribeReasonCode> {
        if !limits::topic_filter(&self.hub.config, filter) {
            self.hub.refuse(link, Cause::TopicFilter);
            return Some(SubscribeReasonCode::TopicFilterInvalid);
        }
        if filter.shared().is_some()
            && self.hub.config.shared_subscriptions == Availability::Unavailable
        {
            return Some(SubscribeReasonCode::SharedSubscriptionsNotSupported);
        }
        let Some(session) = self.hub.sessions.get(key) else {
            return Some(SubscribeReasonCode::UnspecifiedError);
        };
        let is_new = self.subscriptions.get(key, filter).is_none();
        let full = session.subscriptions.len() >= self.hub.config.subscriptions_per_session;
        if !is_new || !(full || self.memory_is_above(100)) {
            return None;
        }
        let cause = if full {
            Cause::Subscriptions
        } else {
            Cause::Memory
        };
        self.hub.refuse(link, cause);
        Some(SubscribeReasonCode::QuotaExceeded)
    }

    pub(super) fn handle_unsubscribe(
        &mut self,
        now: Instant,
        link: LinkId,
        key: SessionKey,
        packet: &Unsubscribe<'_>,
    ) {
        let Some(version) = self.hub.links.get(link).map(|link| link.version) else {
            return;
        };
        if packet.filters.len() > self.hub.config.filters_per_packet {
            // UNSUBACK has no code for it.
            self.hub.refuse(link, Cause::Subscriptions);
            return self.fail(now, link, DisconnectReasonCode::QuotaExceeded);
        }
        if !self.hub.fits(link, answer_len(packet.filters.len())) {
            // [MQTT-3.1.2-24] [MQTT-3.10.4-4]
            self.hub.counters.count(Cause::PacketTooLargeForClient);
            return self.fail(now, link, DisconnectReasonCode::PacketTooLarge);
        }
        let mark = self.hub.durable.mark();
        let codes: Vec<_> = packet
            .filters
            .iter()
            .map(|filter| self.unsubscribe(link, key, filter))
            .collect();
        let Some(reason_codes) = UnsubscribeReasonCodes::new(&codes) else {
            return;
        };
        let properties = AcknowledgementProperties::default();
        let unsuback = Packet::Unsuback(Unsuback {
            packet_id: packet.packet_id,
            properties,
            reason_codes,
        });
        let bytes = encode(&unsuback, version);
        // Where there was no subscription, the end of an earlier one may not be durable.
        let position = self.hub.durable.since(mark);
        let position = position.or_else(|| self.hub.pending_of(key));
        self.answer_at(now, link, position, bytes, Vec::new());
    }

    fn unsubscribe(
        &mut self,
        link: LinkId,
        key: SessionKey,
        filter: TopicFilter<'_>,
    ) -> UnsubscribeReasonCode {
        if !limits::topic_filter(&self.hub.config, filter) {
            self.hub.refuse(link, Cause::TopicFilter);
            return UnsubscribeReasonCode::TopicFilterInvalid;
        }
        let Some((subscription, _)) = self.subscriptions.unsubscribe(key, filter) else {
            return UnsubscribeReasonCode::NoSubscriptionExisted;
        };
        if let Some(session) = self.hub.sessions.get_mut(key) {
            session.unsubscribed(subscription);
            if let Some(rare) = &mut session.rare {
                // [MQTT-3.10.4-2]
                rare.replays
                    .retain(|replay| replay.filter.borrowed() != filter);
            }
            session.tidy();
        }
        let filter = TopicFilterBuf::from(filter);
        self.hub
            .record_of(key, |client_id| Record::Unsubscribed { client_id, filter });
        UnsubscribeReasonCode::Success
    }
}

/// What the version can say: 3.1 has no code for a refusal, so that a refused filter is granted and ignored.
fn tell(
    version: Version,
    codes: Vec<SubscribeReasonCode>,
    packet: &Subscribe<'_>,
) -> Vec<SubscribeReasonCode> {
    match version {
        Version::V3_1 => packet
            .subscriptions
            .iter()
            .map(|subscription| SubscribeReasonCode::granted(subscription.options.maximum_qos))
            .collect(),
        Version::V3_1_1 | Version::V5_0 => codes,
    }
}

/// How long a SUBACK or UNSUBACK of 5.0 with so many codes is. In 3.x, where it is shorter, there is no limit to it.
fn answer_len(codes: usize) -> usize {
    // Packet Identifier and Property Length.
    let remaining = 2 + 1 + codes;
    let length = u32::try_from(remaining)
        .ok()
        .and_then(variable_byte_integer::len);
    length.map_or(usize::MAX, |length| 1 + length + remaining)
}

#[cfg(test)]
mod tests {
    use mqtt_codec::PacketId;

    use super::*;

    /// Up to where the Remaining Length takes a byte more, and behind it.
    #[test]
    fn the_length_of_an_answer_is_that_of_its_packet() {
        let packet_id = PacketId::new(1).unwrap();
        let properties = AcknowledgementProperties::default();
        for count in (1..=130).chain(16_370..=16_390) {
            let granted = vec![SubscribeReasonCode::Success; count];
            let removed = vec![UnsubscribeReasonCode::Success; count];
            let suback = Suback {
                packet_id,
                properties,
                reason_codes: SubscribeReasonCodes::new(&granted).unwrap(),
            };
            let unsuback = Unsuback {
                packet_id,
                properties,
                reason_codes: UnsubscribeReasonCodes::new(&removed).unwrap(),
            };
            let len = Some(answer_len(count));
            assert_eq!(unsuback.encoded_len(Version::V5_0), len);
            assert_eq!(suback.encoded_len(Version::V5_0), len);
        }
        assert_eq!(answer_len(usize::MAX >> 1), usize::MAX);
    }
}
