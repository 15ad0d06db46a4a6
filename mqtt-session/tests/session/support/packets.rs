//! Packets as the tests name them.

use core::num::{NonZeroU16, NonZeroU32};

use mqtt_codec::packet::{
    ConnackProperties, Delivery, Disconnect, DisconnectProperties, Puback, Pubcomp, Publish,
    PublishProperties, PublishTopic, Pubrec, Pubrel, Suback, Subscribe, SubscribeProperties,
    SubscribeReasonCodes, Subscription, SubscriptionOptions, Subscriptions, TopicFilters,
    Unsubscribe,
};
use mqtt_codec::property::{TopicAlias, UserProperties};
use mqtt_codec::reason_code::{DisconnectReasonCode, SubscribeReasonCode};
use mqtt_codec::{PacketId, QoS, TextBuf, TopicFilter, TopicName, TopicNameBuf};
use mqtt_session::{AcknowledgedQoS, Message, Transmission};

pub(crate) fn id(value: u16) -> PacketId {
    PacketId::new(value).unwrap()
}

pub(crate) fn alias(value: u16) -> TopicAlias {
    TopicAlias::new(value).unwrap()
}

pub(crate) fn topic(name: &str) -> TopicName<'_> {
    TopicName::new(name).unwrap()
}

pub(crate) fn publish<'a>(delivery: Delivery, name: &'a str, payload: &'a str) -> Publish<'a> {
    Publish {
        delivery,
        retain: false,
        topic: PublishTopic::Name(topic(name)),
        properties: PublishProperties::default(),
        payload: payload.as_bytes(),
    }
}

pub(crate) fn qos0<'a>(name: &'a str, payload: &'a str) -> Publish<'a> {
    publish(Delivery::AtMostOnce, name, payload)
}

pub(crate) fn qos1<'a>(packet_id: u16, name: &'a str, payload: &'a str) -> Publish<'a> {
    publish(
        AcknowledgedQoS::AtLeastOnce.delivery(id(packet_id), Transmission::First),
        name,
        payload,
    )
}

pub(crate) fn qos2<'a>(packet_id: u16, name: &'a str, payload: &'a str) -> Publish<'a> {
    publish(
        AcknowledgedQoS::ExactlyOnce.delivery(id(packet_id), Transmission::First),
        name,
        payload,
    )
}

/// With DUP 1.
pub(crate) fn again(publish: Publish<'_>) -> Publish<'_> {
    let delivery = match publish.delivery {
        Delivery::AtMostOnce => Delivery::AtMostOnce,
        Delivery::AtLeastOnce { packet_id, .. } => Delivery::AtLeastOnce {
            packet_id,
            dup: true,
        },
        Delivery::ExactlyOnce { packet_id, .. } => Delivery::ExactlyOnce {
            packet_id,
            dup: true,
        },
    };
    Publish {
        delivery,
        ..publish
    }
}

pub(crate) fn puback(packet_id: u16) -> Puback<'static> {
    Puback::success(id(packet_id))
}

pub(crate) fn pubrec(packet_id: u16) -> Pubrec<'static> {
    Pubrec::success(id(packet_id))
}

pub(crate) fn pubrel(packet_id: u16) -> Pubrel<'static> {
    Pubrel::success(id(packet_id))
}

pub(crate) fn pubcomp(packet_id: u16) -> Pubcomp<'static> {
    Pubcomp::success(id(packet_id))
}

pub(crate) fn disconnect(reason_code: DisconnectReasonCode) -> Disconnect<'static> {
    Disconnect {
        reason_code,
        properties: DisconnectProperties::default(),
    }
}

pub(crate) fn message(qos: QoS, name: &str, payload: &str) -> Message {
    Message {
        qos,
        ..Message::new(TopicNameBuf::new(name).unwrap(), payload.to_owned())
    }
}

pub(crate) fn filter(filter: &str) -> TopicFilter<'_> {
    TopicFilter::new(filter).unwrap()
}

pub(crate) fn subscription(name: &str, maximum_qos: QoS) -> Subscription<'_> {
    Subscription {
        filter: filter(name),
        options: SubscriptionOptions {
            maximum_qos,
            ..Default::default()
        },
    }
}

pub(crate) fn subscribe<'a>(
    packet_id: u16,
    subscriptions: &'a [Subscription<'a>],
) -> Subscribe<'a> {
    let subscriptions = Subscriptions::new(subscriptions).unwrap();
    Subscribe {
        packet_id: id(packet_id),
        properties: SubscribeProperties::default(),
        subscriptions,
    }
}

pub(crate) fn unsubscribe<'a>(packet_id: u16, filters: &'a [TopicFilter<'a>]) -> Unsubscribe<'a> {
    let filters = TopicFilters::new(filters).unwrap();
    Unsubscribe {
        packet_id: id(packet_id),
        user_properties: UserProperties::EMPTY,
        filters,
    }
}

pub(crate) fn suback(packet_id: u16, reason_codes: &[SubscribeReasonCode]) -> Suback<'_> {
    let reason_codes = SubscribeReasonCodes::new(reason_codes).unwrap();
    Suback {
        packet_id: id(packet_id),
        properties: Default::default(),
        reason_codes,
    }
}

pub(crate) fn text(text: &str) -> TextBuf {
    TextBuf::new(text).unwrap()
}

/// What DISCONNECT says.
pub(crate) fn code(byte: u8) -> DisconnectReasonCode {
    DisconnectReasonCode::from_byte(byte).unwrap()
}

/// What a server with the default configuration announces.
pub(crate) fn announced() -> ConnackProperties<'static> {
    ConnackProperties {
        receive_maximum: NonZeroU16::new(1_024),
        maximum_packet_size: NonZeroU32::new(2 * 1024 * 1024),
        topic_alias_maximum: Some(16),
        ..ConnackProperties::default()
    }
}
